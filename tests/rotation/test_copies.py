"""Where the value of a key is found outside of its targets, from facts alone."""

from __future__ import annotations

import base64
import json

import pytest

from plana_secrets.paths import LeafPath
from plana_secrets.rotation.copies import Copy, KeyCopies, _Known, _share_places
from plana_secrets.rotation.instants import parse_instant
from plana_secrets.rotation.keyset import Key, Status
from plana_secrets.rotation.material import encode_base64url, make_fingerprint
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Document, Item, Leaf, LeafType, Structure
from plana_secrets.verify.checks.keycopies import check_key_copies, check_readable_copies
from tests.verify.checks.subjects import FILE, short, subject

LONG, SHORT = b"a-long-value-of-a-key", b"short"
GONE = encode_base64url(bytes(range(32))).encode()
TARGET, ADOPTED = f"{FILE}#target", f"{FILE}#adopted"


def key(value: bytes) -> Key:
    return Key("k1", Status.ACTIVE, parse_instant("2026-11-23T10:00:00Z"), Secret(value))


COPIES = KeyCopies(
    tuple(
        _Known("app", "k1", Status.ACTIVE, one, frozenset({TARGET}), frozenset({ADOPTED}))
        for one in (LONG, SHORT)
    ),
    {make_fingerprint(key(GONE)): ("old", "k0")},
    {"old": frozenset({f"{FILE}#of-old"})},
    frozenset({"keysets/app.yaml"}),
)
LIVE, DESTROYED = Copy("app", "k1", Status.ACTIVE), Copy("old", "k0", Status.DESTROYED)


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        (LONG, "other", [LIVE]),
        (b"x " + LONG + b" y", "other", [LIVE]),
        (LONG, "target", []),
        (LONG, "adopted", [Copy("app", "k1", Status.ACTIVE, adopted=True)]),
        (SHORT, "other", [LIVE]),
        (b"x " + SHORT, "other", []),
        (LONG[:-1], "other", []),
        (LONG + SHORT, "other", [LIVE]),
        (GONE, "other", [DESTROYED]),
        (b'{"k":"' + GONE + b'"}', "other", [DESTROYED]),
        (GONE + b"x", "other", []),
        (GONE, "of-old", []),
        (GONE + b" " + LONG, "other", [LIVE, DESTROYED]),
    ],
)  # fmt: skip
def test_a_value_is_found_in_every_text_but_its_targets(
    text: bytes, place: str, found: list[Copy]
) -> None:
    assert list(COPIES.find(Secret(text), FILE, place)) == found


def test_the_file_of_a_keyset_and_short_words_in_readable_text_are_no_copies() -> None:
    assert list(COPIES.find(Secret(LONG + GONE), "keysets/app.yaml", "x")) == []
    assert list(COPIES.find(Secret(SHORT), FILE, "x", readable=True)) == []
    assert list(COPIES.find(Secret(LONG), FILE, "x", readable=True)) == [LIVE]


def test_two_keysets_of_one_value_share_their_places() -> None:
    one, other, third = (
        _Known(name, "k1", Status.ACTIVE, spelling, frozenset({name}))
        for name, spelling in (("a", LONG), ("b", LONG), ("c", SHORT))
    )
    shared = [known.places for known in _share_places([one, other, third])]
    assert shared == [{"a", "b"}, {"a", "b"}, {"c"}]


def leaf(path: LeafPath, *, in_scope: bool = True) -> Leaf:
    return Leaf(path, 3, LeafType.STR, in_scope, None, None)


def checked(*entries: tuple[Item, bytes | None]) -> list[tuple[str, str, str | None, int | None]]:
    from dataclasses import replace

    structure = Structure([item for item, _ in entries], subject().metadata)
    values = [None if value is None else Secret(value) for _, value in entries]
    document = Document(structure, values, Secret(bytes(32)))
    found = check_key_copies(replace(subject(), structure=structure, document=document), COPIES)
    return [(one.check, str(one.severity), one.path, one.line) for one in found]


def test_every_value_and_comment_of_a_file_is_looked_at() -> None:
    encoded = base64.b64encode(LONG)
    assert checked((leaf(("other",)), LONG)) == [("key-copied", "warning", "other", 3)]
    assert checked((leaf(("other",)), encoded)) == [("key-copied", "warning", "other", 3)]
    assert checked((leaf(("adopted",)), LONG)) == [("key-copied", "note", "adopted", 3)]
    assert checked((leaf(("target",)), LONG), (leaf(("x",)), None)) == []
    assert checked((leaf(("other",)), GONE)) == [("destroyed-copy", "error", "other", 3)]
    comment = Comment((), 5, in_scope=True, token=None, plain=None)
    assert checked((comment, LONG)) == [("key-copied", "warning", None, 5)]
    assert checked((leaf(("x",), in_scope=False), SHORT)) == []
    assert checked((leaf(("x",)), SHORT)) == [("key-copied", "warning", "x", 3)]
    assert list(check_key_copies(subject(), COPIES)) == []


def test_a_key_in_a_readable_file_is_always_an_error() -> None:
    content = json.dumps({"a": LONG.decode(), "b": GONE.decode()}).encode()
    found = short(check_readable_copies("readable.yaml", content, COPIES))
    assert found == [("key-copied", "error"), ("destroyed-copy", "error")]
