"""A value that was typed into the name of a key, where everyone can read it."""

from __future__ import annotations

from collections.abc import Iterator

from plana_secrets.sops.model import Comment
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject


def check_key_names(subject: Subject) -> Iterator[Finding]:
    """``set FILE name=value`` of an old script makes a readable key of the value."""
    for item in subject.structure.items:
        if isinstance(item, Comment):
            continue
        if any(isinstance(step, str) and "=" in step for step in item.path):
            # no path: the name may be the value
            message = "the name of a key contains ="
            yield subject.found("value-in-key-name", message, line=item.line)
