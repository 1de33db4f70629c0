"""What may be readable in a Kubernetes Secret manifest, and of what type the rest is."""

from __future__ import annotations

from collections.abc import Iterator

from plana_secrets.document.kinds import FileKind
from plana_secrets.document.manifest import decode_data
from plana_secrets.document.shape import problems_of
from plana_secrets.sops.model import Document, Leaf, LeafType
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject


def check_manifest(subject: Subject) -> Iterator[Finding]:
    """One v1 Secret: readable fields from the closed list, flat data and stringData, names
    and keys that the API server takes."""
    if subject.kind is not FileKind.SECRET_MANIFEST:
        return
    for one in problems_of(subject.structure.items):
        yield subject.found(
            one.check, one.message, path=one.path, line=one.line, severity=one.severity
        )


def check_manifest_data(subject: Subject) -> Iterator[Finding]:
    """With the identity: every entry of ``data`` is base64."""
    if subject.kind is not FileKind.SECRET_MANIFEST or subject.document is None:
        return
    for leaf in _undecodable(subject.document):
        yield subject.found("data-not-base64", "not base64", path=leaf.path, line=leaf.line)


def _undecodable(document: Document) -> Iterator[Leaf]:
    for leaf, value in document.entries():
        is_entry = len(leaf.path) == 2 and leaf.path[0] == "data" and leaf.type is LeafType.STR
        if is_entry and decode_data(value) is None:
            yield leaf
