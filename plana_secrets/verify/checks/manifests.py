"""What may be readable in a Kubernetes Secret manifest, and of what type the rest is."""

from __future__ import annotations

import json
from collections.abc import Iterator

from plana_secrets.document.kinds import ENTRIES, FileKind
from plana_secrets.document.kubernetes import JSON_KEYS
from plana_secrets.document.manifest import decode_data
from plana_secrets.document.shape import problems_of
from plana_secrets.secret import Secret
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
    """With the identity: every entry of ``data`` is base64, and JSON is JSON."""
    if subject.kind is not FileKind.SECRET_MANIFEST or subject.document is None:
        return
    for leaf in _undecodable(subject.document):
        yield subject.found("data-not-base64", "not base64", path=leaf.path, line=leaf.line)
    for leaf in _no_json(subject.document):
        yield subject.found("value-of-type", "not JSON", path=leaf.path, line=leaf.line)


def _no_json(document: Document) -> Iterator[Leaf]:
    """What a registry's Secret holds in place of the JSON that its type demands."""
    named = document.find(("type",))
    kind = named[1].reveal().decode("utf-8", "replace") if named is not None else ""
    for place in ENTRIES if kind in JSON_KEYS else ():
        entry = document.find((place, JSON_KEYS[kind]))
        if entry is not None:
            held = decode_data(entry[1]) if place == "data" else entry[1]
            if held is not None and not _is_json(held):
                yield entry[0]


def _is_json(value: Secret) -> bool:
    try:
        json.loads(value.reveal())
    except (ValueError, RecursionError):
        return False
    return True


def _undecodable(document: Document) -> Iterator[Leaf]:
    for leaf, value in document.entries():
        is_entry = len(leaf.path) == 2 and leaf.path[0] == "data" and leaf.type is LeafType.STR
        if is_entry and decode_data(value) is None:
            yield leaf
