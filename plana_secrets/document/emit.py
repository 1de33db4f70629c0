"""Items and their values to plaintext YAML that sops reads back as exactly these.

Only a small part of YAML is written: block maps and lists, quoted keys and strings in
ASCII, plain scalars for the other types, comments on lines of their own (one that was
beside a value stays beside it). Nothing is left for a reader to guess.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Empty, Item, Leaf, LeafType

METADATA_KEY: Final = "sops"

_INDENT: Final = "    "
_NOT_PLAIN: Final = re.compile(r'["\\]|[^\x20-\x7e]')
_LONGEST_SIMPLE_KEY: Final = 1000
_SPECIAL_FLOATS: Final = {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}
_PLAIN_FORMS: Final = {
    LeafType.INT: re.compile(r"-?[0-9]+"),
    LeafType.FLOAT: re.compile(r"-?[0-9]+(\.[0-9]+)?"),
    LeafType.BOOL: re.compile(r"True|False"),
    LeafType.TIME: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})"),
}


@dataclass(slots=True)
class _Scalar:
    text: str
    beside: str | None = None


@dataclass(slots=True)
class _Container:
    """``entries`` in order; a step of None is a comment. ``children`` finds them again."""

    entries: list[tuple[str | int | None, _Scalar | _Container]] = field(default_factory=list)
    children: dict[str | int, _Scalar | _Container] = field(default_factory=dict)

    def add(self, step: str | int, node: _Scalar | _Container) -> None:
        self.entries.append((step, node))
        self.children[step] = node


def emit_yaml(items: Sequence[Item], values: Sequence[Secret | None]) -> Secret:
    """The document that ``items`` in their order, with ``values``, make up.

    Raises:
        MalformedError: the items are no document (kind ``bad-items``), or a value is none
            of its type or not possible in YAML (kind ``bad-value``); names the path.
    """
    root = _Container()
    beside = _comments_beside(items)
    for at, (item, value) in enumerate(zip(items, values, strict=True)):
        if isinstance(item, Comment):
            if at not in beside.values():
                _container(root, item.path).entries.append((None, _comment(item, value)))
            continue
        node = _node(item, value)
        if at in beside:
            comment = items[beside[at]]
            node.beside = _comment(comment, values[beside[at]]).text
        parent = _container(root, item.path[:-1])
        if not item.path or item.path[-1] in parent.children:
            raise _bad(item.path, "occurs twice", "bad-items")
        parent.add(item.path[-1], node)
    if METADATA_KEY in root.children:
        raise _bad((METADATA_KEY,), "is where sops keeps its own metadata", "bad-items")
    lines = list(_lines(root, "")) if root.children else ["{}", *_lines(root, "")]
    return Secret.from_text("\n".join(lines).rstrip("\n") + "\n")


def _comments_beside(items: Sequence[Item]) -> dict[int, int]:
    """Which leaf had which comment on its own line, by position."""
    found: dict[int, int] = {}
    for at, item in enumerate(items):
        if not isinstance(item, Comment) or item.line < 1:
            continue
        for other in (at - 1, at + 1):
            if 0 <= other < len(items) and _share_line(item, items[other]):
                found.setdefault(other, at)
                break
    return found


def _share_line(comment: Comment, item: Item) -> bool:
    is_value = not isinstance(item, Comment) and item.path[:-1] == comment.path
    return is_value and item.line == comment.line


def _container(root: _Container, path: LeafPath) -> _Container:
    """The container at ``path``, created if it is not there yet."""
    container = root
    for step in path:
        child = container.children.get(step)
        if child is None:
            child = _Container()
            container.add(step, child)
        if isinstance(child, _Scalar):
            raise _bad(path, "is inside a value", "bad-items")
        container = child
    return container


def _lines(container: _Container, indent: str) -> Iterator[str]:
    is_list = _is_list(container)
    trailing = _trailing_comments(container)
    entries = container.entries
    last = entries[-trailing - 1][1] if trailing else None
    if isinstance(last, _Container) and (is_list or _trailing_comments(last)):
        # sops would take these comments for those of another container: one entry up.
        entries = [*entries[: -trailing - 1], *entries[-trailing:], entries[-trailing - 1]]
        trailing = 0
    for step, node in entries:
        if isinstance(node, _Container) and not node.children:
            yield from _lines(node, indent)  # only comments are left of it
        elif step is None and isinstance(node, _Scalar):
            yield f"{indent}#{node.text}"
        else:
            head = f"{indent}-" if is_list else f"{indent}{_key(step)}:"
            yield from _entry_lines(head, node, indent)
    if trailing:
        yield ""  # else the comments would count as the nested map's


def _trailing_comments(container: _Container) -> int:
    """How many comments end a container behind a last entry that is nested, if any."""
    for count, (step, node) in enumerate(reversed(container.entries)):
        if step is not None:
            return count if isinstance(node, _Container) and node.children else 0
    return 0


def _entry_lines(head: str, node: _Scalar | _Container, indent: str) -> Iterator[str]:
    if isinstance(node, _Scalar):
        beside = "" if node.beside is None else f" #{node.beside}"
        yield f"{head} {node.text}{beside}"
        return
    yield head
    yield from _lines(node, indent + _INDENT)


def _is_list(container: _Container) -> bool:
    kinds = {type(step) for step in container.children}
    if len(kinds) > 1:
        raise MalformedError("keys and list positions in one container", kind="bad-items")
    return kinds == {int}


def _key(step: str | int | None) -> str:
    quoted = _quote(str(step))
    if len(quoted) > _LONGEST_SIMPLE_KEY:
        raise MalformedError("a key is too long to be written", kind="bad-items")
    return quoted


def _node(item: Leaf | Empty, value: Secret | None) -> _Scalar:
    if isinstance(item, Empty):
        return _Scalar("{}" if item.container == "map" else "[]")
    if item.type is LeafType.NULL:
        return _Scalar("null")
    if value is None:
        raise _bad(item.path, "has no value", "bad-items")
    if item.type is LeafType.STR:
        return _Scalar(_string(value))
    return _Scalar(_plain(item, value))


def _string(value: Secret) -> str:
    try:
        return _quote(value.reveal_text())
    except ValueError:
        return f'!!binary "{base64.b64encode(value.reveal()).decode("ascii")}"'


def _quote(text: str) -> str:
    return f'"{_NOT_PLAIN.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in {'"', "\\"}:
        return f"\\{character}"
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _plain(leaf: Leaf, value: Secret) -> str:
    """The plain scalar of a typed value, from the bytes by which sops knows it."""
    text = value.reveal().decode("ascii", "replace")
    if leaf.type is LeafType.FLOAT and text in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[text]
    form = _PLAIN_FORMS.get(leaf.type)
    if form is None or form.fullmatch(text) is None:
        raise _bad(leaf.path, f"is no {leaf.type} as sops writes it", "bad-value")
    if leaf.type is LeafType.BOOL:
        return text.lower()
    if leaf.type is LeafType.FLOAT and "." not in text:
        return f"{text}.0"
    return text


def _comment(item: Item, value: Secret | None) -> _Scalar:
    """A comment's text, if one line of a comment can hold it."""
    if value is None:
        raise _bad(item.path, "has a comment without text", "bad-items")
    try:
        text = value.reveal_text()
    except ValueError:
        text = "\n"
    if not all(character == "\t" or character.isprintable() for character in text):
        raise _bad(item.path, "has a comment that cannot be written", "bad-value")
    return _Scalar(text)


def _bad(path: LeafPath, what: str, kind: str) -> MalformedError:
    place = format_path(path) if path else "the document"
    return MalformedError(f"{place} {what}", kind=kind)


ADVICE: Final = {
    "bad-items": "change it with `plana-secrets edit`, which writes the whole file",
}
