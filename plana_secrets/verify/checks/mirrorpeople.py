"""For whom a local mirror is encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plana_secrets.mirror.people import describe, find_strangers, known_people
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.sops.rules.rulesfile import Rules
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policy import Policy


def check_mirror_recipients(
    settings: MirrorSettings, policy: Policy, rules: Iterable[Rules]
) -> Iterator[Finding]:
    """A local mirror holds every value: its recipients are people of ``[recipients]``.

    With any configured backend, since one line changes that.
    """
    named = (one.key for one in policy.recipients.values())
    for place, recipient in find_strangers(settings, lambda: known_people(named, rules)):
        yield found(
            "mirror-recipient",
            f"not in [recipients]: {describe(recipient)}",
            file=SETTINGS_FILE,
            path=place,
        )
