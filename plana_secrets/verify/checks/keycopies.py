"""Values of keysets that are where no rotation reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from plana_secrets.document.manifest import decode_data
from plana_secrets.paths import format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Leaf, Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject

if TYPE_CHECKING:
    from plana_secrets.rotation.copies import Copy, KeyCopies


def check_key_copies(subject: Subject, copies: KeyCopies) -> Iterator[Finding]:
    """Every value and comment of an opened file, also decoded where it may be base64."""
    document = subject.document
    if document is None:
        return
    for item, value in zip(document.structure.items, document.values, strict=True):
        if value is None:
            continue
        path = "" if isinstance(item, Comment) else format_path(item.path)
        readable = isinstance(item, Leaf) and not item.in_scope
        each = [
            copies.find(text, subject.file, path, readable=readable) for text in _texts_of(value)
        ]
        for copy in dict.fromkeys(chain.from_iterable(each)):
            check, words, severity = _describe(copy)
            yield subject.found(
                check, words, path=item.path if path else None, line=item.line, severity=severity
            )


def check_readable_copies(file: str, content: bytes, copies: KeyCopies) -> Iterator[Finding]:
    """A file that may be readable: a key in it is in plaintext."""
    for copy in copies.find(Secret(content), file, "", readable=True):
        check, words, _ = _describe(copy)
        yield found(check, f"{words}, in plaintext", file=file, severity=Severity.ERROR)


def _texts_of(value: Secret) -> Iterator[Secret]:
    """A Secret's ``data`` is base64, and so is what people copy from a cluster."""
    yield value
    decoded = decode_data(value)
    if decoded is not None:
        yield decoded


def _describe(copy: Copy) -> tuple[str, str, Severity | None]:
    name = f"{copy.kid} of {copy.keyset}"
    if copy.status == "destroyed":
        return "destroyed-copy", f"the destroyed value of {name} is still here", None
    if copy.adopted:
        words = f"{name} was adopted from here: its readers have to move to the keyset"
        return "key-copied", words, Severity.NOTE
    return "key-copied", f"the value of {name} ({copy.status}), but no target of it", None
