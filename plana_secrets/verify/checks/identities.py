"""Private age identities in tracked files, and in what else a repository can say."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from plana_secrets.secretfiles.discovery import text_of
from plana_secrets.sops.model import Severity
from plana_secrets.sops.rules.rulesfile import Rules
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policy import Policy

MARK: Final = "AGE-SECRET-KEY-"
"""What every private age identity begins with."""

_ENCODED: Final = (
    ("QUdFLVNFQ1", "JFVC1LRVkt", 0),
    ("FHRS1TRUNS", "RVQtS0VZL", 2),
    ("BR0UtU0VDU", "kVULUtFWS", 3),
)
"""The mark in base64 behind 0, 1 and 2 other bytes, in halves: a line ends in one at the most.

The number is that of the characters before it that belong to the same group of four.
"""

IDENTITY_MARKS: Final = (MARK, MARK.lower(), *(half for *both, _ in _ENCODED for half in both))
"""What is in every file with an identity, be it in small letters, which rage reads, or base64."""
_MARKS: Final = tuple(mark.encode() for mark in IDENTITY_MARKS)

_IDENTITY: Final = re.compile(rb"(?i)AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58}")
_BLANK: Final = re.compile(rb"\s+|\\[nr]")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{1,200}")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def may_hold_identity(content: bytes) -> bool:
    """A quick look, before anything is decoded."""
    text = text_of(content)
    return any(mark in text for mark in _MARKS)


def check_identities(
    file: str, content: bytes, *, allowed: frozenset[str], used: frozenset[str], inside: bool
) -> Iterator[Finding]:
    """Every identity in a file that is none of the public demo ones.

    ``allowed``: recipients that the policy calls ``demo``. ``used``: recipients of the
    rules and the policy. One that nothing is encrypted to, outside of the roots, is a
    warning: it may be a test's.
    """
    text = text_of(content)
    for identity, start in _identities_in(text):
        recipient = _recipient_of(identity)
        is_placeholder = recipient is None and not inside and b"-PQ-" not in identity
        if recipient in allowed or is_placeholder:
            continue
        line = text.count(b"\n", 0, start) + 1
        severity = Severity.ERROR if inside or recipient in used else Severity.WARNING
        whose = f"the identity of {recipient}" if recipient else "an age identity"
        yield found(
            "private-identity", f"contains {whose}", file=file, line=line, severity=severity
        )


def identity_search(policy: Policy, rules: Iterable[Rules]) -> Callable[..., Iterator[Finding]]:
    """``check_identities`` by the people of ``policy`` and the recipients of ``rules``."""
    people = policy.recipients.values()
    allowed = frozenset(one.key for one in people if one.kind == "demo")
    named = (key for each in rules for rule in each.creation_rules for key in rule.recipients)
    used = frozenset([*(one.key for one in people), *named])
    return partial(check_identities, allowed=allowed, used=used)


def check_file_names(
    files: Collection[str], find: Callable[..., Iterator[Finding]]
) -> Iterator[Finding]:
    """Identities in names of files, which are not shown. ``find``: in a content."""
    if not may_hold_identity(os.fsencode("\n".join(files))):
        return
    for file in files:
        for one in find("", os.fsencode(file), inside=False):
            message = f"the name of a file {one.message}"
            yield replace(one, file=None, line=None, message=message)


def _identities_in(text: bytes) -> Iterator[tuple[bytes, int]]:
    """Each identity as age spells it, and where it begins."""
    for match in _IDENTITY.finditer(text):
        yield match.group().upper(), match.start()
    joined = b""
    for first, second, skipped in _ENCODED:
        halves = (first.encode(), second.encode())
        start = next((at for half in halves if (at := text.find(half)) >= 0), None)
        if start is None:
            continue
        joined = joined or _BLANK.sub(b"", text)
        for place in re.finditer(b"".join(halves), joined):
            encoded = _BASE64.match(joined, max(0, place.start() - skipped))
            inner = _IDENTITY.search(_decoded(encoded.group())) if encoded else None
            if inner:
                yield inner.group().upper(), start


def _decoded(text: bytes) -> bytes:
    length = len(text) - (len(text) % 4 == 1)
    return base64.b64decode(text[:length].translate(_URL_SAFE) + b"=" * (-length % 4))


def _recipient_of(identity: bytes) -> str | None:
    """The recipient of an X25519 identity; None for what cannot be read."""
    from plana_secrets.age.identities import parse_identity_file
    from plana_secrets.secret import Secret

    members = parse_identity_file(Secret(identity), "").members
    return members[0].recipient.text if members else None
