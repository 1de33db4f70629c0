"""The table of all checks: what each looks for, why it matters, how to fix it.

`found` makes a finding from it, so that no finding can name a check that is not
explained here. The ids are part of the interface: scripts, exceptions and reports name
them, so they are added to, never changed. ``examples`` shows each, bad and good.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue.commits import COMMIT_CHECKS
from plana_secrets.verify.catalogue.content import CONTENT_CHECKS
from plana_secrets.verify.catalogue.policy import POLICY_CHECKS
from plana_secrets.verify.catalogue.repository import REPOSITORY_CHECKS
from plana_secrets.verify.catalogue.rules import RULES_CHECKS
from plana_secrets.verify.check import Check
from plana_secrets.verify.finding import Finding

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        check.id: check
        for check in (
            *CONTENT_CHECKS,
            *POLICY_CHECKS,
            *RULES_CHECKS,
            *REPOSITORY_CHECKS,
            *COMMIT_CHECKS,
        )
    }
)


def found(
    check: str,
    message: str,
    *,
    file: str | None,
    line: int | None = None,
    path: str | None = None,
    severity: Severity | None = None,
    keyset: str | None = None,
) -> Finding:
    """A finding of ``check``, of its usual severity unless the caller knows better."""
    usual = CHECKS[check].severity
    return Finding(check, severity or usual, message, file, line, path, keyset=keyset)
