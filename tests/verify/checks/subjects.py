"""A secret file as a check sees it, made of facts alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pyrage

from plana_secrets.document.kinds import FileKind
from plana_secrets.sops.model import Metadata, RecipientStanza, Selector, Structure
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.verify.policy import Policy
from plana_secrets.verify.subject import Subject

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FILE = "infra/secrets/a.yaml"
ONE, TWO, THREE = (str(pyrage.x25519.Identity.generate().to_public()) for _ in range(3))


def subject(
    *recipients: str,
    lastmodified: str = "2026-11-23T11:00:00Z",
    selector: Selector | None = None,
    mac_only: bool = False,
    policy: Policy | None = None,
    rule: CreationRule | None = None,
    rules_known: bool = True,
) -> Subject:
    stanzas = tuple(RecipientStanza(one, "", 7 + place) for place, one in enumerate(recipients))
    own = selector or Selector()
    metadata = Metadata(stanzas, own, mac_only, lastmodified, None, "3.11.0", 5)
    return Subject(
        file=FILE,
        structure=Structure([], metadata),
        metadata=metadata,
        rule=rule,
        kind=FileKind.PLAIN_MAP,
        policy=policy or Policy(),
        now=NOW,
        keysets_folder="infra/secrets/keysets",
        rules_known=rules_known,
    )


def short(findings: object) -> list[tuple[str, str]]:
    return [(one.check, str(one.severity)) for one in findings]  # type: ignore[attr-defined]


def rule(*recipients: str, selector: Selector | None = None) -> CreationRule:
    return CreationRule(1, 1, None, recipients, selector or Selector())
