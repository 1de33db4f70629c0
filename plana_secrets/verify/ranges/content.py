"""One file before and after, without a key: what no single version of it shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.errors import FailedError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import (
    Comment,
    Empty,
    Item,
    Leaf,
    LeafType,
    Metadata,
    Severity,
    Structure,
    Token,
)
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

_TOLERANCE: Final = timedelta(minutes=5)
"""So much may the clocks of two people differ."""

_Form = tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Pair:
    """A file before and after; both have metadata. ``was``: its name before."""

    file: str
    was: str
    old: Structure
    new: Structure


def read_pair(
    file: str, was: str, old: bytes | FailedError | None, new: bytes | FailedError | None
) -> Pair | None:
    """The pair of two contents; None where one of them is no SOPS file."""
    if not (isinstance(old, bytes) and isinstance(new, bytes)):
        return None
    before, after = read_structure(old, format_of(was)), read_structure(new, format_of(file))
    is_pair = before.metadata is not None and after.metadata is not None
    return Pair(file, was, before, after) if is_pair else None


def compare_content(pair: Pair) -> Iterator[Finding]:
    """Moved, reshaped and hand-made changes, nulls that came or went, and older dates.

    An old version that was broken says nothing about the new one.
    """
    yield from changed_by_hand(pair)
    if pair.old.is_sound:
        yield from _check_nulls(pair)
        yield from _check_date(pair)


def changed_by_hand(pair: Pair) -> Iterator[Finding]:
    """What sops does not write: other contents with the same MAC, the same ciphertext elsewhere."""
    if pair.old.is_sound:
        yield from _check_mac(pair)
        yield from _check_places(pair)


def _metadata(structure: Structure) -> Metadata:
    assert structure.metadata is not None  # noqa: S101 - see Pair
    return structure.metadata


def _form(token: Token) -> _Form:
    return token.data, token.iv, token.tag


def _has_old_mac(pair: Pair) -> bool:
    old, new = _metadata(pair.old).mac, _metadata(pair.new).mac
    return old is not None and new is not None and _form(old) == _form(new)


def _check_mac(pair: Pair) -> Iterator[Finding]:
    """sops encrypts each MAC again: the same one with other contents is of no sops."""
    if not _has_old_mac(pair) or _is_of_one_second(pair):
        return
    old, new = _metadata(pair.old), _metadata(pair.new)
    protected = old.mac_only_encrypted or new.mac_only_encrypted
    before, after = (_contents(one, only_encrypted=protected) for one in (pair.old, pair.new))
    if before != after or old.lastmodified != new.lastmodified:
        path = next((one[0] for one in after if one not in before), None)
        line = next((one.line for one in pair.new.items if path and one.path == path), new.line)
        words = "changed, but the MAC is the old one"
        yield found(
            "changed-without-sops",
            words,
            file=pair.file,
            line=line,
            path=format_path(path) if path else None,
        )


def _is_of_one_second(pair: Pair) -> bool:
    """Whether sops wrote both in one second, and other comments alone: then the MAC is the same.

    Its start is remembered with what it says and when. An encrypted comment that is new is of
    no one but sops.
    """
    old, new = pair.old, pair.new
    if _metadata(old).lastmodified != _metadata(new).lastmodified or _values(old) != _values(new):
        return False
    return not _encrypted_comments(new) <= _encrypted_comments(old)


def _values(structure: Structure) -> list[tuple[LeafPath, object]]:
    return [(one.path, _meaning(one)) for one in structure.items if not isinstance(one, Comment)]


def _encrypted_comments(structure: Structure) -> set[_Form]:
    comments = (one.token for one in structure.items if isinstance(one, Comment))
    return {_form(token) for token in comments if token is not None}


def _contents(structure: Structure, *, only_encrypted: bool) -> list[tuple[LeafPath, object]]:
    """What a file says, item by item in their order.

    No comment is under the MAC, but only sops writes an encrypted one; a readable one is anyone's.
    """
    return [
        (item.path, _meaning(item))
        for item in structure.items
        if _token(item) is not None or not (only_encrypted or isinstance(item, Comment))
    ]


def _token(item: Item) -> Token | None:
    return None if isinstance(item, Empty) else item.token


def _meaning(item: Item) -> object:
    if isinstance(item, Empty):
        return item.container
    if item.token is not None:
        return (*_form(item.token), item.token.type)
    return str(item.type) if isinstance(item, Leaf) else "", _plain(item)


def _plain(item: Item) -> bytes | None:
    return None if isinstance(item, Empty) or item.plain is None else item.plain.reveal()


def _check_places(pair: Pair) -> Iterator[Finding]:
    """The same ciphertext elsewhere, or of another type; a position in a list is no place."""
    before: dict[_Form, list[Leaf]] = {}
    for leaf in pair.old.leaves():
        if leaf.token is not None:
            before.setdefault(_form(leaf.token), []).append(leaf)
    for leaf in pair.new.leaves():
        was = before.get(_form(leaf.token), []) if leaf.token is not None else []
        if not was or any(_is_same_place(leaf, one) for one in was):
            continue
        path = format_path(leaf.path)
        origin = format_path(was[0].path)
        if _keys(leaf.path) != _keys(was[0].path):
            words = f"this ciphertext was at {origin}"
            yield found("moved-value", words, file=pair.file, line=leaf.line, path=path)
        elif any(leaf.type is one.type for one in was):
            # sops writes this, too, where a person makes a list of one value
            severity = None if _has_old_mac(pair) else Severity.WARNING
            words = f"this ciphertext was at {origin}"
            yield found(
                "reshaped-value",
                words,
                file=pair.file,
                line=leaf.line,
                path=path,
                severity=severity,
            )
        else:
            words = f"the same ciphertext as before, of type {leaf.type} and not {was[0].type}"
            yield found("reshaped-value", words, file=pair.file, line=leaf.line, path=path)


def _is_same_place(one: Leaf, other: Leaf) -> bool:
    return _shape(one.path) == _shape(other.path) and one.type is other.type


def _keys(path: LeafPath) -> tuple[str, ...]:
    return tuple(step for step in path if isinstance(step, str))


def _shape(path: LeafPath) -> tuple[object, ...]:
    return tuple(step if isinstance(step, str) else 0 for step in path)


def _check_nulls(pair: Pair) -> Iterator[Finding]:
    before, after = _unprotected(pair.old), _unprotected(pair.new)
    for path in dict.fromkeys([*after, *before]):
        one, other = before.get(path), after.get(path)
        if (one or other) and one != other and path:
            words = f"{other} appeared" if other else f"{one} is gone"
            yield found("null-changed", words, file=pair.file, path=format_path(path))


def _unprotected(structure: Structure) -> dict[LeafPath, str]:
    """Nulls and empty containers by their path, in words; not a null that is meant to be readable,
    such as the date of a key that has not landed."""
    found_here: dict[LeafPath, str] = {}
    for item in structure.items:
        if isinstance(item, Empty):
            found_here[item.path] = f"an empty {item.container}"
        elif isinstance(item, Leaf) and item.type is LeafType.NULL and item.in_scope:
            found_here[item.path] = "null"
    return found_here


def _check_date(pair: Pair) -> Iterator[Finding]:
    old, new = (_date(_metadata(one).lastmodified) for one in (pair.old, pair.new))
    if old is not None and new is not None and old - new > _TOLERANCE:
        line = _metadata(pair.new).line
        words = f"lastmodified is earlier than before ({_metadata(pair.old).lastmodified})"
        yield found("rolled-back", words, file=pair.file, line=line)


def _date(text: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def readers(structure: Structure | None) -> frozenset[str]:
    """The recipients that a file names, in their canonical spelling."""
    if structure is None or structure.metadata is None:
        return frozenset()
    return frozenset(canonical_recipient(one.recipient) for one in structure.metadata.recipients)


def shares_ciphertext(old: Structure, new: Structure) -> bool:
    """Whether a value of before is still there as it was: the data key is the same."""
    before = {_form(leaf.token) for leaf in old.leaves() if leaf.token is not None}
    return any(leaf.token is not None and _form(leaf.token) in before for leaf in new.leaves())


def has_new_plaintext(old: Structure, new: Structure) -> bool:
    """Whether the new version has readable text that the old one does not have."""
    before = {_plain(item) for item in old.items}
    return any(_plain(item) not in before for item in new.items)
