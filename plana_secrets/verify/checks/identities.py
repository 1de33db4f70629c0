"""Private age identities in tracked files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

MARK: Final = "AGE-SECRET-KEY-"
"""What every private age identity begins with."""

_IDENTITY: Final = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58,}")


def check_identities(
    file: str, content: bytes, *, allowed: frozenset[str], used: frozenset[str], inside: bool
) -> Iterator[Finding]:
    """Every identity in a file that is none of the public demo ones.

    ``allowed``: recipients that the policy calls ``demo``. ``used``: recipients of the
    rules and the policy. One that nothing is encrypted to, outside of the roots, is a
    warning: it may be a test's.
    """
    for match in _IDENTITY.finditer(content):
        recipient = _recipient_of(match.group())
        is_placeholder = recipient is None and not inside and b"-PQ-" not in match.group()
        if recipient in allowed or is_placeholder:
            continue
        line = content.count(b"\n", 0, match.start()) + 1
        severity = Severity.ERROR if inside or recipient in used else Severity.WARNING
        whose = f"the identity of {recipient}" if recipient else "an age identity"
        yield found(
            "private-identity", f"contains {whose}", file=file, line=line, severity=severity
        )


def _recipient_of(identity: bytes) -> str | None:
    """The recipient of an X25519 identity; None for what cannot be read."""
    from plana_secrets.age.identities import parse_identity_file
    from plana_secrets.secret import Secret

    members = parse_identity_file(Secret(identity), "").members
    return members[0].recipient.text if members else None
