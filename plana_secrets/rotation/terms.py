"""The terms of a rotation: the waits, callers and reload under which it began. Pure.

They are recorded in the keyset file as a list of statements. SOPS authenticates the
values of a file but not the names of its readable keys, so each name is part of its
value, and a list has exactly one spelling::

    rollout 30m                              how long the present rotation waits, by setting
    reload file
    awaits acme                              external callers
    reader infra/secrets/prod/a.yaml#key     every target that was rendered and may still be read
    adopted infra/secrets/prod/a.yaml#old    the path that the first value was adopted from
    lifetime k7f3a9b2c 30d                   the longest life of what this key was used for
    confirmed acme
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from plana_secrets.document.references import parse_reference
from plana_secrets.errors import UsageError
from plana_secrets.fields.durations import format_duration, parse_duration

RELOADS: Final = ("file", "restart", "manual")
"""Later ones ask more of a rotation."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KID: Final = re.compile(r"k[0-9a-f]{8,16}|legacy")


@dataclass(frozen=True, slots=True)
class Terms:
    """``waits`` by the name of the setting, in the order of ``WAITS``; ``lifetimes`` by kid."""

    waits: tuple[tuple[str, timedelta], ...]
    reload: str = "file"
    awaits: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    lifetimes: tuple[tuple[str, timedelta], ...] = ()

    def wait(self, name: str) -> timedelta:
        """The wait of a setting; nothing where this kind of keyset has none."""
        return dict(self.waits).get(name, timedelta(0))


def lengthen(recorded: Terms, configured: Terms) -> Terms:
    """``configured``, but no wait shorter and no caller fewer than ``recorded`` has."""
    waits = tuple((name, max(wait, recorded.wait(name))) for name, wait in configured.waits)
    return replace(
        configured,
        waits=waits,
        reload=max(recorded.reload, configured.reload, key=RELOADS.index),
        awaits=tuple(sorted({*recorded.awaits, *configured.awaits})),
    )


def format_terms(terms: Terms, confirmed: Sequence[str] = ()) -> tuple[str, ...]:
    """The statements of a keyset file, in their order."""
    return (
        *(f"{name} {format_duration(wait)}" for name, wait in terms.waits),
        f"reload {terms.reload}",
        *(f"awaits {name}" for name in sorted(set(terms.awaits))),
        *(f"reader {place}" for place in sorted(set(terms.readers))),
        *(f"adopted {place}" for place in sorted(set(terms.adopted))),
        *(f"lifetime {kid} {format_duration(life)}" for kid, life in sorted(set(terms.lifetimes))),
        *(f"confirmed {name}" for name in sorted(set(confirmed))),
    )


def parse_terms(lines: Sequence[str], waits: Sequence[str]) -> tuple[Terms, tuple[str, ...]]:
    """The terms, and who confirmed, that ``format_terms`` spelled; ``waits``: the kind's.

    Raises:
        ValueError: a statement is none, or they are spelled otherwise; the message says which.
    """
    stated: dict[str, list[str]] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        stated.setdefault(word, []).append(rest)
    reload = _only(stated, "reload")
    if reload not in RELOADS:
        raise ValueError("an unknown reload")
    terms = Terms(
        tuple((name, parse_duration(_only(stated, name))) for name in waits),
        reload,
        awaits=_names(stated.get("awaits", ())),
        readers=_places(stated.get("reader", ())),
        adopted=_places(stated.get("adopted", ())),
        lifetimes=tuple(_parse_lifetime(text) for text in stated.get("lifetime", ())),
    )
    confirmed = _names(stated.get("confirmed", ()))
    if format_terms(terms, confirmed) != tuple(lines):
        raise ValueError("the terms are not in canonical form")
    return terms, confirmed


def _only(stated: Mapping[str, Sequence[str]], name: str) -> str:
    texts = stated.get(name, ())
    if len(texts) != 1:
        raise ValueError(f"{name} must be there once")
    return texts[0]


def _names(texts: Iterable[str]) -> tuple[str, ...]:
    names = tuple(texts)
    if not all(_NAME.fullmatch(name) for name in names):
        raise ValueError("an invalid name")
    return names


def _places(texts: Iterable[str]) -> tuple[str, ...]:
    places = tuple(texts)
    try:
        spelled = tuple(str(parse_reference(place)) for place in places)
    except UsageError:
        spelled = ()
    if spelled != places:
        raise ValueError("not of the form file#path")
    return places


def _parse_lifetime(text: str) -> tuple[str, timedelta]:
    kid, _, life = text.partition(" ")
    if not _KID.fullmatch(kid):
        raise ValueError("a lifetime without a key")
    return kid, parse_duration(life)
