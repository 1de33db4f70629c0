"""A scalar means what was typed: kept as text where its YAML reading would change it. Pure.

``0042``, ``1.10``, ``0x1F``, ``2024-01-02`` and numbers of more digits than a float holds
come back from sops as something else. A person who types one into a secret file means these
characters; a number or a word that comes back as it was typed keeps its type.
"""

from __future__ import annotations

import codecs
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

from plana_secrets.document.edits import Content
from plana_secrets.document.values import written
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Leaf, LeafType
from plana_secrets.sops.reading.scalars import resolve_plain


def without_marks(content: bytes) -> bytes:
    """A text without what an editor for Windows adds: a byte order mark, carriage returns.

    To YAML and JSON both mean nothing: a line break is a line feed, however it is written.
    """
    return content.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")


PlainScalars = Mapping[LeafPath, str]
"""The text of every scalar that is written without quotes, by its path."""


@dataclass(frozen=True, slots=True)
class Typed:
    """``as_text``: paths kept as text. ``nulls``: paths that are null without saying so.

    ``cut``: paths of values behind which ``#`` begins a comment that looks like more of them.
    """

    content: Content
    as_text: tuple[LeafPath, ...] = ()
    nulls: tuple[LeafPath, ...] = ()
    cut: tuple[LeafPath, ...] = ()


def keep_as_typed(content: Content, scalars: PlainScalars, before: PlainScalars) -> Typed:
    """``content`` with text where the type would change it.

    ``before``: the scalars of the text that a person started from. One that is still
    there has not been typed, and means what it meant.
    """
    known = {(_shape(path), text) for path, text in before.items()}
    items, values = list(content.items), list(content.values)
    as_text: list[LeafPath] = []
    nulls: list[LeafPath] = []
    for at, (item, value) in enumerate(zip(items, values, strict=True)):
        if not isinstance(item, Leaf) or value is None:
            continue
        text = scalars.get(item.path)
        if text is None or (_shape(item.path), text) in known:
            continue
        if item.type is LeafType.NULL:
            nulls += [item.path] if text != "null" else []
        elif _is_changed(item.type, value, text):
            items[at] = replace(item, type=LeafType.STR)
            values[at] = Secret.from_text(text)
            as_text.append(item.path)
    after = Content(tuple(items), tuple(values))
    return Typed(after, tuple(as_text), tuple(nulls), _find_cut(content, scalars, known))


def _find_cut(
    content: Content, scalars: PlainScalars, known: Container[tuple[object, str]]
) -> tuple[LeafPath, ...]:
    """``pw: abc #1`` is ``abc``, and may have been meant to be more; ``# 1`` is a comment."""
    lines = {
        item.line
        for item, value in zip(content.items, content.values, strict=True)
        if isinstance(item, Comment) and value is not None and value.reveal()[:1].strip()
    }
    return tuple(
        item.path
        for item in content.items
        if isinstance(item, Leaf)
        and item.line in lines
        and item.type is not LeafType.NULL
        and item.path in scalars
        and (_shape(item.path), scalars[item.path]) not in known
    )


def _is_changed(kind: LeafType, value: Secret, text: str) -> bool:
    if kind is LeafType.STR:
        return resolve_plain(text) is None  # sops itself refuses such a number
    return written(kind, value) != text.encode()


def is_kept_as_text(text: str) -> bool:
    """Whether YAML reads a scalar without quotes as what would come back otherwise."""
    kind, content = resolve_plain(text) or (LeafType.INT, b"")
    return kind is not LeafType.STR and written(kind, Secret(content)) != text.encode()


def typed_as(text: str, *, yaml_types: bool = False) -> tuple[LeafType, Secret]:
    """What a scalar without quotes means; ``yaml_types``: as YAML reads it."""
    resolved = resolve_plain(text)
    if resolved is None or (is_kept_as_text(text) and not yaml_types):
        return LeafType.STR, Secret.from_text(text)
    return resolved[0], Secret(resolved[1])


def _shape(path: LeafPath) -> tuple[str | None, ...]:
    """The path without its positions: those move when an entry is added."""
    return tuple(step if isinstance(step, str) else None for step in path)
