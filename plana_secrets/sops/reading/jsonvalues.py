"""The values of a document in the types and the JSON that sops gives them."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Final

from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Document, Leaf, LeafType

MASK: Final = "***"

_Node = dict[str | int, "_Node | str"]
"""A map by keys or a list by positions, with JSON text at the leaves."""


def typed_value(leaf: Leaf, value: Secret) -> str | int | float | bool | None:
    """A value as Python means it. A time stays text, in RFC 3339 as sops writes it."""
    content = value.reveal()
    if leaf.type is LeafType.NULL:
        return None
    if leaf.type is LeafType.INT:
        return int(content)
    if leaf.type is LeafType.FLOAT:
        return float(content)
    if leaf.type is LeafType.BOOL:
        return content == b"True"
    return _text(content)


def to_json_text(document: Document, *, reveal: bool) -> str:
    """What ``sops decrypt --output-type json`` prints; each value is masked unless ``reveal``.

    JSON has no infinity and no NaN, and sops fails on them: here they are text.
    """
    root: _Node = {}
    lists: set[int] = set()
    for item, value in zip(document.structure.items, document.values, strict=True):
        if isinstance(item, Comment):
            continue
        node = root
        for step, below in zip(item.path, item.path[1:], strict=False):
            child = node.setdefault(step, {})
            assert isinstance(child, dict)  # noqa: S101 - a path through a leaf cannot be read
            node = child
            if isinstance(below, int):
                lists.add(id(node))
        if isinstance(item, Leaf):
            assert value is not None  # noqa: S101 - every leaf has one
            node[item.path[-1]] = _scalar_json(item, value) if reveal else json.dumps(MASK)
        else:
            node[item.path[-1]] = "{}" if item.container == "map" else "[]"
    return _write(root, lists, "") + "\n"


def _write(node: _Node | str, lists: set[int], indent: str) -> str:
    if isinstance(node, str):
        return node
    if not node:
        return "{}"
    deeper = indent + "\t"
    is_list = id(node) in lists
    lines = (
        deeper
        + ("" if is_list else json.dumps(step, ensure_ascii=False) + ": ")
        + _write(child, lists, deeper)
        for step, child in node.items()
    )
    opening, closing = "[]" if is_list else "{}"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{indent}{closing}"


def _scalar_json(leaf: Leaf, value: Secret) -> str:
    typed = typed_value(leaf, value)
    if isinstance(typed, float):
        return _float_json(typed, value)
    return json.dumps(typed, ensure_ascii=False)


def _float_json(number: float, value: Secret) -> str:
    """As Go writes a float into JSON: with an exponent only where it is very small or large."""
    if not math.isfinite(number):
        return json.dumps(value.reveal().decode())
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        return format(Decimal(repr(number)), "f").removesuffix(".0")
    return repr(number).replace("e-0", "e-")


def _text(content: bytes) -> str:
    """UTF-8, with U+FFFD for each byte that is none, as Go writes it."""
    text = content.decode("utf-8", "surrogateescape")
    if any("\udc80" <= character <= "\udcff" for character in text):
        return "".join("\ufffd" if "\udc80" <= one <= "\udcff" else one for one in text)
    return text
