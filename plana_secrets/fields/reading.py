"""Readers: from a piece of a TOML tree to a typed value, or an error with its place.

A reader is a function of the piece and its place. Tables are read by name, so that a
field cannot land in the place of another, and a field that is absent is left to the
default of the settings type: no default is written twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from plana_secrets.fields.place import Place
from plana_secrets.fields.shapes import shape_of, shaped, table_words

T = TypeVar("T")
Reader = Callable[[object, Place], T]
Fields = Mapping[str, Reader[Any]]

_LONGEST_TEXT = 4096


@shaped(type="string", minLength=1, maxLength=_LONGEST_TEXT)
def text(raw: object, place: Place) -> str:
    """One line of text, not empty."""
    line = any_text(raw, place)
    if line.isspace():
        raise place.fault("must not be empty")
    if len(line) > _LONGEST_TEXT:
        raise place.fault(f"longer than {_LONGEST_TEXT} characters")
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in line):
        raise place.fault("contains a line break or control character")
    return line


@shaped(type="string", minLength=1)
def any_text(raw: object, place: Place) -> str:
    """Text of any characters: names of files that are there, words for people."""
    if not isinstance(raw, str):
        raise place.fault(f"expected text in quotes, not {_name_of(raw)}")
    if not raw:
        raise place.fault("must not be empty")
    return raw


def integer(least: int, most: int) -> Reader[int]:
    @shaped(type="integer", minimum=least, maximum=most)
    def read(raw: object, place: Place) -> int:
        if type(raw) is not int:
            raise place.fault(f"expected a whole number, not {_name_of(raw)}")
        if not least <= raw <= most:
            raise place.fault(f"expected a number from {least} to {most}")
        return raw

    return read


@shaped(type="boolean")
def flag(raw: object, place: Place) -> bool:
    if not isinstance(raw, bool):
        raise place.fault(f"expected true or false, not {_name_of(raw)}")
    return raw


@shaped(type="string", format="date")
def day(raw: object, place: Place) -> date:
    if not isinstance(raw, date) or isinstance(raw, datetime):
        raise place.fault(f"expected a date like 2027-03-31 without quotes, not {_name_of(raw)}")
    return raw


def choice(*names: str) -> Reader[Any]:
    """One of ``names``, as from ``get_args`` of a ``Literal``."""
    quoted = [f'"{name}"' for name in names]
    listed = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)

    @shaped(enum=list(names))
    def read(raw: object, place: Place) -> str:
        if not isinstance(raw, str) or raw not in names:
            raise place.fault(f"expected {listed}")
        return raw

    return read


def list_of(read_item: Reader[T], *, least: int = 0) -> Reader[tuple[T, ...]]:
    @shaped(type="array", minItems=least, items=shape_of(read_item))
    def read(raw: object, place: Place) -> tuple[T, ...]:
        if not isinstance(raw, list):
            raise place.fault(f"expected a list in brackets, not {_name_of(raw)}")
        if len(raw) < least:
            raise place.fault("must not be empty")
        return tuple(read_item(item, place.item(position)) for position, item in enumerate(raw))

    return read


def set_of(read_item: Reader[T], *, least: int = 0) -> Reader[tuple[T, ...]]:
    """A list in its order, without two equal items."""
    read_list = list_of(read_item, least=least)

    @shaped(**shape_of(read_list), uniqueItems=True)
    def read(raw: object, place: Place) -> tuple[T, ...]:
        items = read_list(raw, place)
        first: dict[T, int] = {}
        for position, item in enumerate(items):
            if first.setdefault(item, position) != position:
                same = place.item(first[item]).text
                raise place.item(position).fault(f"the same as {same}")
        return items

    return read


def one_or_several(read_one: Reader[T], read_item: Reader[T]) -> Reader[tuple[T, ...]]:
    """One piece, or a list of at least one without two equal items."""
    read_several = set_of(read_item, least=1)

    @shaped(anyOf=[shape_of(read_one), shape_of(read_several)])
    def read(raw: object, place: Place) -> tuple[T, ...]:
        return read_several(raw, place) if isinstance(raw, list) else (read_one(raw, place),)

    return read


def mapping(read_name: Callable[[str, Place], None], read_item: Reader[T]) -> Reader[dict[str, T]]:
    """A table whose names are the reader's own."""

    @shaped(
        type="object", propertyNames=shape_of(read_name), additionalProperties=shape_of(read_item)
    )
    def read(raw: object, place: Place) -> dict[str, T]:
        found = {}
        for name, item in read_table(raw, place).items():
            here = place.field(name)
            read_name(name, here)
            found[name] = read_item(item, here)
        return found

    return read


def table(make: Callable[..., T], fields: Fields) -> Reader[T]:
    """A table of known fields as a settings type, by keyword."""

    @shaped(**table_words(make, required_fields(make), fields))
    def read(raw: object, place: Place) -> T:
        return make(**read_fields(raw, place, required_fields(make), fields))

    return read


def read_fields(
    raw: object, place: Place, required: Iterable[str], fields: Fields
) -> dict[str, Any]:
    """The fields that a table has, to be passed on by keyword."""
    entries = read_table(raw, place)
    for name in entries:
        if name not in fields:
            raise place.field(name).fault(f"unknown field{_nearest(name, fields)}")
    for name in required:
        if name in fields and name not in entries:
            raise place.fault(f"{name} is missing")
    return {name: fields[name](value, place.field(name)) for name, value in entries.items()}


def required_fields(make: Callable[..., object]) -> list[str]:
    """The fields of a settings type that have no default."""
    return [
        one.name
        for one in dataclasses.fields(make)  # type: ignore[arg-type]
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    ]


def read_table(raw: object, place: Place) -> dict[str, object]:
    """The names and pieces of a table."""
    if not isinstance(raw, dict):
        raise place.fault(f"expected a table, not {_name_of(raw)}")
    return raw


def _name_of(raw: object) -> str:
    """What a piece is, in the words of a person."""
    names = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
    names |= {list: "a list", dict: "a table"}
    return names.get(type(raw), "a date or time")


def _nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean rollout?``, or what there may be."""
    from difflib import get_close_matches

    every = sorted(known)
    near = get_close_matches(name[:100], every, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known fields: {', '.join(every)}"
