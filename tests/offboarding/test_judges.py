"""What became of a value, from what is known of it: no doubt may make it "rotated". Pure."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from plana_secrets.offboarding.evidence import Era, judge, split_eras
from plana_secrets.offboarding.keysets import KeysetPast, Retired
from plana_secrets.offboarding.report import KnownValue, _Judges, _ticked
from plana_secrets.rotation.keyset import Key, Keyset, Status, found_keyset
from plana_secrets.secretfiles.ciphertexts import Version
from tests.rotation.examples import API, counting_material


def version(blob: str, *links: bytes, **values: bytes) -> Version:
    return Version(blob, frozenset(), values, frozenset(links or {b"key"}), {})


def test_versions_are_put_together_by_the_data_key_that_they_share() -> None:
    a, b, c, d = (
        version(blob, link) for blob, link in zip("abcd", (b"1", b"2", b"1", b"2"), strict=True)
    )
    assert [[one.blob for one in era.versions] for era in split_eras([a, b, c, d])] == [
        ["a", "c"],
        ["b", "d"],
    ]
    both = version("e", b"1", b"2")
    (era,) = split_eras([a, b, both, d])
    assert [one.blob for one in era.versions] == ["a", "b", "e", "d"]
    assert split_eras([]) == []


@pytest.mark.parametrize(
    ("eras", "known", "verdict"),
    [
        ([], {b"1"}, "gone"),
        ([[{"q": b"1"}]], {b"1"}, "gone"),
        ([[{"p": b"1"}]], {b"1"}, "open"),
        ([[{"p": b"2"}, {"p": b"1"}]], {b"1"}, "rotated"),
        ([[{"p": b"3"}, {"p": b"2"}, {"p": b"1"}]], {b"2"}, "rotated"),
        ([[{"p": b"2"}]], {b"1"}, "open"),
        ([[{"p": b"2"}], [{"p": b"1"}]], {b"1"}, "open"),
        ([[{"p": b"3"}], [{"p": b"2"}, {"p": b"1"}]], {b"1"}, "rotated"),
        ([[{"p": b"3"}, {"p": b"2"}], [{"p": b"1"}]], {b"1"}, "rotated"),
        ([[{"p": b"3"}, {"p": b"3"}], [{"p": b"1"}]], {b"1"}, "open"),
        ([[{"p": b"3"}], [{"q": b"2"}, {"p": b"1"}]], {b"1"}, "open"),
        ([[{"p": b"3"}, {"p": b"2"}, {"p": b"3"}]], {b"2"}, "rotated"),
    ],
)  # fmt: skip
def test_only_another_ciphertext_under_one_data_key_is_another_value(
    eras: list[list[dict[str, bytes]]], known: set[bytes], verdict: str
) -> None:
    found = [Era(tuple(version("x", **one) for one in era)) for era in eras]
    assert judge(found, "p", known) == verdict


# -- by the moves of a keyset

make = counting_material()
FIRST = found_keyset(API.name, API.kind, make())
SECOND = make()


def keyset(first: Status, second: Status | None = None) -> Keyset:
    keys = [replace(FIRST.active, status=first)]
    if second is not None:
        keys.append(Key(SECOND.kid, second, None, SECOND.value))
    return replace(FIRST, keys=tuple(keys))


ACTIVE, STANDBY, RETIRING, DISABLED = (
    Status.ACTIVE,
    Status.STANDBY,
    Status.RETIRING,
    Status.DISABLED,
)


def looked(now: Keyset | None, *then: Keyset | None) -> Retired | None:
    past: Any = KeysetPast(SimpleNamespace(), SimpleNamespace(), "keysets")  # type: ignore[arg-type]
    past._now = {API.name: now}
    past._former = {(API.name, "a.yaml"): list(then)}
    file: Any = SimpleNamespace(name="a.yaml")
    assert past.is_older(API.name, file) is (None in then)
    return past.look(API.name, file)


@pytest.mark.parametrize(
    ("now", "then", "done"),
    [
        (keyset(ACTIVE), [keyset(ACTIVE)], False),
        (keyset(DISABLED, ACTIVE), [keyset(ACTIVE)], True),
        (keyset(RETIRING, ACTIVE), [keyset(ACTIVE)], False),
        (keyset(DISABLED, ACTIVE), [keyset(ACTIVE, STANDBY)], False),
        (keyset(DISABLED, ACTIVE), [keyset(ACTIVE), keyset(RETIRING, ACTIVE)], False),
        (keyset(DISABLED, ACTIVE), [keyset(ACTIVE), None], True),
        (replace(FIRST, keys=keyset(ACTIVE, ACTIVE).keys[1:]), [keyset(ACTIVE)], False),
        (keyset(DISABLED, ACTIVE), [keyset(DISABLED)], True),
        (None, [keyset(ACTIVE)], None),
        (keyset(DISABLED, ACTIVE), [None], None),
        (keyset(DISABLED, ACTIVE), [], None),
    ],
)  # fmt: skip
def test_a_keyset_is_done_once_no_key_that_was_readable_is_in_use(
    now: Keyset | None, then: list[Keyset | None], done: bool | None
) -> None:
    found = looked(now, *then)
    assert (None if found is None else found.done) is done


@pytest.mark.parametrize(
    ("status", "done"), [(ACTIVE, False), (STANDBY, False), (RETIRING, False), (DISABLED, True)]
)
def test_one_key_is_done_once_it_is_out_of_use(status: Status, done: bool) -> None:
    past: Any = KeysetPast(SimpleNamespace(), SimpleNamespace(), "keysets")  # type: ignore[arg-type]
    past._now = {API.name: keyset(status), "gone": None}
    found = past.look_at_key(API.name, FIRST.active.kid)
    assert found is not None
    assert found.done is done
    assert past.look_at_key(API.name, "k0") is None
    assert past.look_at_key("gone", FIRST.active.kid) is None


# -- all that is known together

FILE: Any = SimpleNamespace(name="a.yaml", today="a.yaml", ciphertexts=lambda _: set())
DONE, OPEN = Retired(True, "out of use"), Retired(False, "in use")


def judged(
    history: tuple[str, str], moves: dict[str, Retired | None], *, older: bool = False,
    elsewhere: tuple[tuple[str, str], ...] = (), file: Any = FILE, path: str = "p",
) -> KnownValue:  # fmt: skip
    judges: Any = object.__new__(_Judges)
    judges._folder = "keysets"
    judges._owner = lambda *_: ", ".join(moves) or None
    judges._keysets = SimpleNamespace(
        look=lambda name, _: moves[name], is_older=lambda *_: older,
        look_at_key=lambda name, kid: moves[f"{name} {kid}"],
    )  # fmt: skip
    judges._values = SimpleNamespace(still_at=lambda *_: elsewhere)
    judges._by_history = lambda *_: history
    return judges._judge(file, path, None)


CHANGED, SAME = ("rotated", "changed since"), ("open", "the value is the same")


@pytest.mark.parametrize(
    ("history", "moves", "older", "status"),
    [
        (CHANGED, {}, False, "rotated"),
        (SAME, {}, False, "open"),
        (SAME, {"x": DONE}, False, "rotated"),
        (CHANGED, {"x": OPEN}, False, "open"),
        (SAME, {"x": DONE}, True, "open"),
        (CHANGED, {"x": DONE}, True, "rotated"),
        (CHANGED, {"x": OPEN}, True, "open"),
        (SAME, {"x": DONE, "y": OPEN}, False, "open"),
        (SAME, {"x": DONE, "y": DONE}, False, "rotated"),
        (SAME, {"x": DONE, "y": None}, False, "open"),
        (CHANGED, {"x": DONE, "y": None}, False, "rotated"),
    ],
)
def test_moves_and_history_count_together(
    history: tuple[str, str], moves: dict[str, Retired | None], older: bool, status: str
) -> None:
    found = judged(history, moves, older=older)
    assert (found.status, found.keyset) == (status, ", ".join(moves) or None)


def test_a_value_that_is_somewhere_else_today_is_open_with_its_places() -> None:
    places = (("b.yaml", "q"), ("c.yaml", "r"))
    found = judged(CHANGED, {}, elsewhere=places)
    assert (found.status, found.also_at) == ("open", places)
    assert "b.yaml#q and 1 other has the value" in found.why
    gone = ("open", "the file was deleted")
    assert (
        judged(gone, {}, elsewhere=places[:1]).why == "the file was deleted; b.yaml#q has the value"
    )
    assert judged(gone, {}).why == "the file was deleted; the value may be valid elsewhere"
    assert judged(SAME, {}, elsewhere=places).also_at == ()


def test_a_key_in_a_keyset_file_is_judged_by_its_own_status() -> None:
    file: Any = SimpleNamespace(name="keysets/x.yaml", today=None, ciphertexts=lambda _: set())
    for moved, status in ((DONE, "rotated"), (OPEN, "open"), (None, "open")):
        found = judged(SAME, {"x k1": moved}, file=file, path="keys.k1.value")
        assert (found.status, found.keyset) == (status, "x")
    assert judged(CHANGED, {}, file=file, path="name").status == "rotated"


@pytest.mark.parametrize(
    ("status", "accepted", "read", "after"),
    [
        ("open", None, ("1",), "open"),
        ("open", ("1",), ("1",), "accepted"),
        ("open", ("1", "2"), ("1",), "accepted"),
        ("open", ("1",), ("1", "2"), "open"),
        ("open", (), ("1",), "accepted"),
        ("rotated", ("1",), ("1",), "rotated"),
    ],
)
def test_what_was_accepted_is_accepted_as_it_was_read_then(
    status: Any, accepted: tuple[str, ...] | None, read: tuple[str, ...], after: str
) -> None:
    value = KnownValue("a.yaml", "p", None, None, status, "why", versions=read)
    entry = None if accepted is None else SimpleNamespace(versions=accepted, reason="known")
    tick_off: Any = SimpleNamespace(acceptance_of=lambda *_: entry)
    found = _ticked(value, tick_off)
    assert found.status == after
    assert (found.why == "known") is (after == "accepted")
