"""What may be readable in a Kubernetes Secret manifest, and of what type the rest is.

sops authenticates no key name, no type and no nesting, so the readable part is held to
a closed list, and what Kubernetes would refuse is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plana_secrets.document.kinds import FileKind
from plana_secrets.document.manifest import CREATED, MANIFEST_MAPS, decode_data, readable_type
from plana_secrets.sops.model import Comment, Document, Empty, Leaf, LeafType, Severity
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject

_PARENTS: Final = MANIFEST_MAPS | {("metadata",), ("data",), ("stringData",)}
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_REQUIRED: Final = {("apiVersion",): b"v1", ("kind",): b"Secret", ("metadata", "name"): None}


def check_manifest(subject: Subject) -> Iterator[Finding]:
    """One v1 Secret: readable fields from the closed list, flat data and stringData."""
    if subject.kind is not FileKind.SECRET_MANIFEST:
        return
    yield from _check_identity(subject)
    for item in subject.structure.items:
        if isinstance(item, Comment):
            continue
        if item.path[0] in {"data", "stringData"}:
            yield from _check_entry(subject, item)
        else:
            yield from _check_readable(subject, item)


def _check_identity(subject: Subject) -> Iterator[Finding]:
    leaves = {leaf.path: leaf for leaf in subject.structure.leaves()}
    for path, needed in _REQUIRED.items():
        leaf = leaves.get(path)
        if leaf is None:
            yield subject.found("manifest-shape", "a Secret manifest needs it", path=path)
        elif leaf.plain is not None and needed not in {None, leaf.plain.reveal()}:
            yield subject.found(
                "manifest-shape",
                f"must be {needed.decode() if needed else ''}",
                path=path,
                line=leaf.line,
            )


def _check_readable(subject: Subject, item: Leaf | Empty) -> Iterator[Finding]:
    path = item.path
    if isinstance(item, Empty):
        if path not in _PARENTS or item.container == "list":
            yield _unknown(subject, item)
    elif item.type is LeafType.NULL:
        yield from _check_null(subject, item)
    elif (wanted := readable_type(path)) is None:
        yield _unknown(subject, item)
    elif item.type is not wanted:
        yield subject.found(
            "manifest-shape",
            f"of type {item.type}, but Kubernetes needs {wanted}",
            path=path,
            line=item.line,
        )
    elif path[2:] == (_APPLIED,):
        yield subject.found(
            "manifest-last-applied",
            "this kubectl annotation contains the whole Secret, readable",
            path=path,
            line=item.line,
        )


def _check_null(subject: Subject, leaf: Leaf) -> Iterator[Finding]:
    """kubectl writes ``creationTimestamp: null``; any other null is at best an oversight."""
    if leaf.path == CREATED or leaf.path in _PARENTS:
        yield subject.found(
            "manifest-shape",
            "an empty field left by kubectl",
            path=leaf.path,
            line=leaf.line,
            severity=Severity.NOTE,
        )
    else:
        yield _unknown(subject, leaf)


def _check_entry(subject: Subject, item: Leaf | Empty) -> Iterator[Finding]:
    """An entry of data or stringData: a string, directly below it."""
    if len(item.path) == 1:
        if isinstance(item, Empty) and item.container == "map":
            return
        if isinstance(item, Leaf) and item.type is LeafType.NULL:
            return
        yield subject.found("manifest-data", "must be a map", path=item.path, line=item.line)
    elif len(item.path) > 2 or isinstance(item, Empty) or isinstance(item.path[1], int):
        yield subject.found(
            "manifest-data",
            "a list or a map, but Kubernetes needs a string",
            path=item.path,
            line=item.line,
        )
    elif item.type not in {LeafType.STR, LeafType.NULL}:
        yield subject.found(
            "manifest-data",
            f"of type {item.type}, but Kubernetes needs a string",
            path=item.path,
            line=item.line,
        )


def _unknown(subject: Subject, item: Leaf | Empty) -> Finding:
    return subject.found(
        "manifest-shape",
        "this field must not be readable in a Secret manifest",
        path=item.path,
        line=item.line,
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
