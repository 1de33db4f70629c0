"""Values as variables of an environment, as a container would see them. Pure.

A file gives one variable for each of its values: a plain map those at its top, a Secret
manifest those of ``data`` (decoded) and ``stringData``. A name that two sources give is
an error, for either choice would be a surprise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.document.manifest import decode_data
from plana_secrets.errors import MalformedError, UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Document, Leaf, LeafType

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class Variables:
    """Names with their values, and where each comes from."""

    values: dict[str, Secret] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: Secret, origin: str) -> None:
        """Raises:
        UsageError: it is no name of a variable (kind ``bad-variable``), the value cannot
            stand in an environment (same kind), or the name is taken (``name-collision``).
        """
        if not _NAME.fullmatch(name):
            raise UsageError(f"{origin}: {name!r} is no variable name", kind="bad-variable")
        if b"\0" in value.reveal():
            raise UsageError(f"{origin}: a NUL cannot stand in a variable", kind="bad-variable")
        if name in self.origins:
            raise UsageError(
                f"{name} comes from {self.origins[name]} and from {origin}",
                kind="name-collision",
                name=name,
            )
        self.values[name] = value
        self.origins[name] = origin


def add_document(variables: Variables, file: str, document: Document) -> None:
    """A variable for each value of a whole file; a null gives none.

    Raises:
        UsageError: a value lies deeper than a variable can (kind ``not-flat``); see ``add``.
    """
    is_manifest = _is_manifest(document)
    for leaf, value in document.entries():
        if is_manifest and leaf.path[0] not in {"data", "stringData"}:
            continue
        if len(leaf.path) != (2 if is_manifest else 1) or not isinstance(leaf.path[-1], str):
            _refuse(file, leaf.path, "lies too deep to name a variable")
        if leaf.type is not LeafType.NULL:
            origin = f"{file}#{format_path(leaf.path)}"
            variables.add(leaf.path[-1], _text(leaf, value, origin, is_manifest), origin)


def add_leaf(
    variables: Variables, name: str, file: str, path: LeafPath, document: Document
) -> None:
    """The one value at ``path`` under a name of its own.

    Raises:
        UsageError: there is none (kind ``no-such-path``); see ``add``.
    """
    found = document.find(path)
    if found is None:
        raise UsageError(f"no {format_path(path)} in {file}", kind="no-such-path", file=file)
    leaf, value = found
    origin = f"{file}#{format_path(path)}"
    variables.add(name, _text(leaf, value, origin, _is_manifest(document)), origin)


def _is_manifest(document: Document) -> bool:
    metadata = document.structure.metadata
    return metadata is not None and kind_of(metadata.selector) is FileKind.SECRET_MANIFEST


def _text(leaf: Leaf, value: Secret, origin: str, is_manifest: bool) -> Secret:
    if leaf.type is LeafType.BOOL:
        return Secret(value.reveal().lower())
    if is_manifest and leaf.path[0] == "data":
        decoded = decode_data(value)
        if decoded is None:
            raise MalformedError(f"{origin} is not base64", kind="not-base64-value")
        return decoded
    return value


def _refuse(file: str, path: LeafPath, reason: str) -> NoReturn:
    spelled = format_path(path)
    raise UsageError(f"{file}#{spelled} {reason}", kind="not-flat", file=file, path=spelled)


def references(pairs: Iterator[str]) -> Iterator[tuple[str, str]]:
    """``NAME=file#path`` to its name and its reference.

    Raises:
        UsageError: kind ``bad-reference``; what stands there is not repeated.
    """
    for pair in pairs:
        name, mark, reference = pair.partition("=")
        if not mark or "#" not in reference:
            raise UsageError("--env wants NAME=FILE#PATH", kind="bad-reference")
        yield name, reference
