"""Ciphertexts that were in another file at the base, in a file that keeps its own data key.

sops never writes this: each file has a data key, and what another one encrypted does not open.
A file that is replaced by a copy, or shares its data key since it once was one, is another case.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plana_secrets.paths import format_path
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Leaf, Severity, Structure
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.ranges.content import Pair, shares_ciphertext
from plana_secrets.verify.ranges.past import leaves_by_tag, tags_in


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """A leaf of ``pair`` with a ciphertext that its file did not have at the base."""

    pair: Pair
    leaf: Leaf


def check_between(base: Snapshot, files: Sequence[str], pairs: Sequence[Pair]) -> Iterator[Finding]:
    """One git reads ``files`` of the base, if a changed file has a new ciphertext."""
    wanted: dict[bytes, list[_Newcomer]] = {}
    for pair in filter(_keeps_its_key, pairs):
        for tag, leaf in _newcomers(pair):
            wanted.setdefault(tag, []).append(_Newcomer(pair, leaf))
    if not wanted:
        return
    for file, content in base.contents(files):
        here = tags_in(content) & wanted.keys() if isinstance(content, bytes) else ()
        if here and isinstance(content, bytes):
            yield from _from(file, content, [one for tag in sorted(here) for one in wanted[tag]])


def _newcomers(pair: Pair) -> Iterator[tuple[bytes, Leaf]]:
    before = leaves_by_tag(pair.old)
    for tag, leaf in leaves_by_tag(pair.new).items():
        if tag not in before:
            yield tag, leaf


def _keeps_its_key(pair: Pair) -> bool:
    return shares_ciphertext(pair.old, pair.new) or bool(_wrapped(pair.old) & _wrapped(pair.new))


def _wrapped(structure: Structure) -> set[str]:
    """The data key as it is encrypted for each recipient."""
    return {one.enc for one in structure.metadata.recipients} if structure.metadata else set()


def _from(file: str, content: bytes, newcomers: Sequence[_Newcomer]) -> Iterator[Finding]:
    origin = read_structure(content, format_of(file))
    held = leaves_by_tag(origin)
    for one in newcomers:
        was = held.get(base64.b64encode(one.leaf.token.tag)) if one.leaf.token else None
        if was is None or file == one.pair.was:
            continue
        related = shares_ciphertext(origin, one.pair.old) or bool(
            _wrapped(origin) & _wrapped(one.pair.old)
        )
        yield found(
            "moved-value",
            f"this ciphertext was in {file}, at {format_path(was.path)}",
            file=one.pair.file,
            line=one.leaf.line,
            path=format_path(one.leaf.path),
            severity=Severity.WARNING if related else None,
        )
