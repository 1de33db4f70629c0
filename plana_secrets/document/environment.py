"""Values as variables of an environment, as a container would see them. Pure.

A file gives one variable for each of its values. A value at the top of a plain map, or
in ``data`` (decoded) or ``stringData`` of a Secret manifest, keeps its name as it is; a
nested one is named by its whole path in capitals: ``db.password`` is ``DB_PASSWORD``,
``hosts[0]`` is ``HOSTS_0``. A name that two values give is an error, for either choice
would be a surprise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.document.kinds import ENTRIES, is_secret_manifest
from plana_secrets.document.manifest import decode_data
from plana_secrets.errors import MalformedError, UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Document, Leaf, LeafType

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_]+")


class NameCollisionError(UsageError):
    """Two values want one name."""

    default_kind = "name-collision"


@dataclass(slots=True)
class Variables:
    """Names with their values, and where each comes from.

    ``skipped``: places whose path makes no variable name.
    """

    values: dict[str, Secret] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def add(self, name: str, value: Secret, origin: str) -> None:
        """Raises:
        UsageError: it is no name of a variable (kind ``bad-variable``), the value cannot
            be in an environment (same kind).
        NameCollisionError: the name is taken.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{origin}: {name!r} is not a valid variable name", kind="bad-variable"
            )
        if b"\0" in value.reveal():
            raise UsageError(f"{origin}: a variable cannot contain NUL", kind="bad-variable")
        if name in self.origins:
            raise NameCollisionError(
                f"{name} comes from {self.origins[name]} and from {origin}", name=name
            )
        self.values[name] = value
        self.origins[name] = origin


def add_document(variables: Variables, file: str, document: Document, prefix: str = "") -> None:
    """A variable for each value of a whole file; a null gives none.

    A key that makes no variable name (``my-key`` at the top) is skipped, and told.

    Raises:
        UsageError: see ``add``.
    """
    is_manifest = is_secret_manifest(document)
    for leaf, value in document.entries():
        if is_manifest and leaf.path[0] not in ENTRIES:
            continue
        if leaf.type is LeafType.NULL:
            continue
        origin = f"{file}#{format_path(leaf.path)}"
        name = prefix + variable_name(leaf.path[1:] if is_manifest else leaf.path)
        if _NAME.fullmatch(name):
            variables.add(name, _text(leaf, value, origin, is_manifest), origin)
        else:
            variables.skipped.append(origin)


def variable_name(path: LeafPath) -> str:
    """The name of the variable for a value at ``path``; it may be none that a shell takes."""
    if len(path) == 1:
        return str(path[0])
    return "_".join(_NOT_IN_NAMES.sub("_", str(step)) for step in path).upper()


def add_leaf(
    variables: Variables, name: str, file: str, path: LeafPath, document: Document
) -> None:
    """The one value at ``path`` under a name of its own.

    Raises:
        UsageError: there is none (kind ``no-such-path``); see ``add``.
    """
    found = document.find(path)
    if found is None:
        raise UsageError(
            f"no value at {format_path(path)} in {file}", kind="no-such-path", file=file
        )
    leaf, value = found
    origin = f"{file}#{format_path(path)}"
    variables.add(name, _text(leaf, value, origin, is_secret_manifest(document)), origin)


def _text(leaf: Leaf, value: Secret, origin: str, is_manifest: bool) -> Secret:
    if leaf.type is LeafType.BOOL:
        return Secret(value.reveal().lower())
    if is_manifest and leaf.path[0] == "data":
        decoded = decode_data(value)
        if decoded is None:
            raise MalformedError(f"{origin} is not base64", kind="not-base64-value")
        return decoded
    return value


def references(pairs: Iterator[str]) -> Iterator[tuple[str, str]]:
    """``NAME=file#path`` to its name and its reference.

    Raises:
        UsageError: kind ``bad-reference``; its text is not repeated.
    """
    for pair in pairs:
        name, mark, reference = pair.partition("=")
        if not mark or "#" not in reference:
            raise UsageError("--env needs NAME=FILE#PATH", kind="bad-reference")
        yield name, reference


ADVICE: Final = {
    "bad-variable": "give it a name with --env NAME=FILE#PATH",
    "name-collision": "rename one of them with --env NAME=FILE#PATH",
}
