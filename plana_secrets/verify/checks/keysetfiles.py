"""Keyset files: a closed, ordered schema, and a place that says whose keyset it is."""

from __future__ import annotations

from collections.abc import Iterator

from plana_secrets.document.kinds import FileKind
from plana_secrets.sops.model import Defect
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject


def check_keyset_file(subject: Subject) -> Iterator[Finding]:
    """Without an identity: everything but the values."""
    if subject.kind is not FileKind.KEYSET:
        return
    from plana_secrets.rotation.keysetfile import name_of, parse_keyset

    parsed = parse_keyset(subject.structure)
    if isinstance(parsed, Defect):
        yield _of_defect(subject, parsed)
    elif parsed.name != name_of(subject.keysets_folder, subject.file):
        yield subject.found(
            "keyset-name", f"{parsed.name} does not belong at this path", path=("name",)
        )


def check_keyset_values(subject: Subject) -> Iterator[Finding]:
    """With the identity: every value is one of its kind."""
    if subject.kind is not FileKind.KEYSET or subject.document is None:
        return
    from plana_secrets.rotation.keysetfile import parse_keyset

    if isinstance(parse_keyset(subject.structure), Defect):
        return
    parsed = parse_keyset(subject.structure, subject.document.values)
    if isinstance(parsed, Defect):
        yield _of_defect(subject, parsed)


def _of_defect(subject: Subject, defect: Defect) -> Finding:
    return subject.found("keyset-schema", defect.message, line=defect.line, path=defect.path)
