"""What each reader of the settings accepts, in the words of JSON Schema, for editors.

A schema is looser than its reader where the words do not reach: what is a glob, a branch or
a recipient, and whether a name exists, is said when the file is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

Shape = dict[str, Any]

_Reader = TypeVar("_Reader", bound=Callable[..., Any])
_SHAPES: Final[dict[Any, Shape]] = {}


def shaped(**words: Any) -> Callable[[_Reader], _Reader]:
    """Give a reader its shape."""

    def give(read: _Reader) -> _Reader:
        _SHAPES[read] = words
        return read

    return give


def shape_of(read: Callable[..., Any]) -> Shape:
    return _SHAPES[read]


def table_words(
    make: Callable[..., Any], required: Iterable[str], fields: Mapping[str, Callable[..., Any]]
) -> Shape:
    """The words for a table of known fields, with the defaults of its settings type."""
    defaults = {one.name: _spelled(one.default) for one in dataclasses.fields(make)}  # type: ignore[arg-type]
    properties = {
        name: shape_of(read) | ({"default": defaults[name]} if defaults.get(name) else {})
        for name, read in fields.items()
    }
    words: Shape = {"type": "object", "additionalProperties": False, "properties": properties}
    needed = [name for name in required if name in fields]
    return words | ({"required": needed} if needed else {})


def _spelled(default: object) -> object:
    """A default as the file spells it; None where it needs no words."""
    if isinstance(default, timedelta):
        from plana_secrets.fields.durations import format_duration

        return format_duration(default)
    if isinstance(default, tuple):
        return list(default)
    if "__str__" in vars(type(default)) and dataclasses.is_dataclass(default):  # it has a spelling
        return str(default)
    return default if isinstance(default, (str, int)) else None
