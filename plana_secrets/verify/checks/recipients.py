"""For whom a file is encrypted, against its rule and the policy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from plana_secrets.age.recipients import canonical_recipient, is_post_quantum
from plana_secrets.counts import counted
from plana_secrets.sops.model import Severity
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.people import names_of
from plana_secrets.verify.policy import Policy
from plana_secrets.verify.subject import Subject

PUBLIC_DEMO_FINGERPRINTS: Final = frozenset(
    {
        "363fb6aec171a7a7838538e48a204514c75ab83f01a4cbe71f3f4e04b51dafc6",
        "10e724e8d6e6bec57e2dd6641c62ad339f7dbdb5b715a0ed4cb618bdeaeef907",
    }
)
"""Recipients whose private keys we published with our examples, by ``fingerprint_of``."""


@lru_cache(maxsize=1024)
def fingerprint_of(recipient: str) -> str:
    """SHA-256 of a recipient's text, in hex: how a public demo recipient is known.

    Remembered, since every file names the same few.
    """
    return hashlib.sha256(recipient.encode()).hexdigest()


def check_recipients(subject: Subject) -> Iterator[Finding]:
    """Set equality with the rule, and what the policy demands of every file."""
    actual = {canonical_recipient(stanza.recipient) for stanza in subject.metadata.recipients}
    line = subject.metadata.line
    yield from _comments(subject)
    yield from _twice(subject)
    if subject.rule is not None:
        difference = _difference(
            actual, set(map(canonical_recipient, subject.rule.recipients)), subject.policy
        )
        if difference:
            yield subject.found("recipients-differ", difference, line=line)
    yield from _demanded(subject, actual, line)
    yield from _public(subject, actual, line)
    yield from _classic(subject, actual, line)


def _classic(subject: Subject, actual: set[str], line: int) -> Iterator[Finding]:
    """One classic recipient undoes what the others promise: it opens the same data key."""
    classic = {one for one in actual if not is_post_quantum(one)}
    if subject.policy.post_quantum and classic:
        mixture = ", beside post-quantum ones" if actual - classic else ""
        message = f"not post-quantum: {names_of(classic, subject.policy)}{mixture}"
        yield subject.found("classic-recipient", message, line=line)


def _comments(subject: Subject) -> Iterator[Finding]:
    """sops copies what follows an ssh key from the rule; anything else could hide there."""
    ruled = set(subject.rule.recipients) if subject.rule else set()
    known = set(map(canonical_recipient, ruled))
    for stanza in subject.metadata.recipients:
        if canonical_recipient(stanza.recipient) in known and stanza.recipient not in ruled:
            yield subject.found(
                "recipients-differ",
                "the comment after an ssh recipient differs from its rule",
                line=stanza.line,
                severity=Severity.WARNING,
            )


def _twice(subject: Subject) -> Iterator[Finding]:
    """A second entry under a label may be for anyone, and only the person named can tell."""
    seen: set[str] = set()
    for stanza in subject.metadata.recipients:
        label = canonical_recipient(stanza.recipient)
        if label in seen:
            is_ruled = subject.rule is None or stanza.recipient in subject.rule.repeated
            words = f"a second entry for {names_of([label], subject.policy)}"
            severity = Severity.WARNING if is_ruled else Severity.ERROR
            yield subject.found("stanza", words, line=stanza.line, severity=severity)
        seen.add(label)


def _difference(actual: set[str], ruled: set[str], policy: Policy) -> str:
    parts = []
    if actual - ruled:
        parts.append(f"not in its rule: {names_of(actual - ruled, policy)}")
    if ruled - actual:
        parts.append(f"not encrypted for {names_of(ruled - actual, policy)}")
    return "; ".join(parts)


def _demanded(subject: Subject, actual: set[str], line: int) -> Iterator[Finding]:
    policy = subject.policy
    if len(actual) < policy.min_recipients:
        yield subject.found(
            "too-few-recipients",
            f"{counted(len(actual), 'recipient')}; at least {policy.min_recipients} required",
            line=line,
        )
    required = {canonical_recipient(policy.recipients[name].key) for name in policy.required}
    missing = required - actual
    if missing:
        yield subject.found(
            "required-recipient", f"not encrypted for {names_of(missing, policy)}", line=line
        )


def _public(subject: Subject, actual: set[str], line: int) -> Iterator[Finding]:
    allowed = {entry.key for entry in subject.policy.recipients.values() if entry.kind == "demo"}
    for recipient in sorted(actual - allowed):
        if fingerprint_of(recipient) in PUBLIC_DEMO_FINGERPRINTS:
            yield subject.found(
                "demo-recipient", f"the private key for {recipient} is public", line=line
            )
