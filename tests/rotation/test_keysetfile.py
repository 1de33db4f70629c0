"""The file of a keyset: closed, ordered, and the same keyset when it is read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.edits import EMPTY_CONTENT, Content, plan_edits
from plana_secrets.document.kinds import KEYSET_SELECTOR
from plana_secrets.errors import MalformedError
from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.inforce import conditions_of, record_terms
from plana_secrets.rotation.keyset import (
    Key,
    Keyset,
    Move,
    Status,
    check_move,
    confirm,
    found_keyset,
)
from plana_secrets.rotation.keysetfile import (
    SCHEMA,
    file_of,
    name_of,
    parse_keyset,
    plan_file_edits,
    read_keyset_shape,
)
from plana_secrets.rotation.material import make_fingerprint
from plana_secrets.secret import Secret
from plana_secrets.sops.model import (  # fmt: skip
    Comment,
    Defect,
    Empty,
    Item,
    Leaf,
    LeafType,
    Structure,
    Token,
)
from tests.rotation.examples import ACCEPTED, API, CALLER, START, after, counting_material
from tests.rotation.fleet import Fleet

TOKEN = Token(b"data", b"iv", b"tag", "str")


def written(before: Content, edits: list) -> Content:
    return plan_edits(before, edits, KEYSET_SELECTOR, by_rotation=True)


def opened(content: Content) -> Structure:
    """What the reader would make of the file: readable leaves in plain, values as tokens."""
    items: list[Item] = []
    for line, (item, value) in enumerate(zip(content.items, content.values, strict=True), 1):
        if isinstance(item, Leaf):
            token = TOKEN if item.in_scope else None
            items.append(replace(item, line=line, token=token, plain=None if token else value))
        else:
            items.append(item)
    return Structure(items, None)


def read_back(content: Content) -> Keyset | Defect:
    return parse_keyset(opened(content), content.values)


@st.composite
def histories(draw: st.DrawFn) -> list[Keyset]:
    """A keyset through random permitted moves, landed or not, confirmed or not."""
    make, now = counting_material(), START
    founded = found_keyset(API.name, API.kind, make())
    history = [founded if draw(st.booleans()) else record_terms(None, founded, API)]
    for _ in range(draw(st.integers(0, 8))):
        current = stamp(history[-1], now)
        history.append(current)
        now += timedelta(days=30)
        possible = [
            one for one in Move if not check_move(current, one, conditions_of(current, API), now)
        ]
        history.append(after(current, draw(st.sampled_from(possible)), API, now, make))
        if draw(st.booleans()):
            names = draw(st.sets(st.sampled_from(["acme", "zeta", "reload"]), min_size=1))
            history.append(confirm(history[-1], tuple(names)))
    return history


@given(histories())
def test_every_version_written_over_the_one_before_reads_back_the_same(
    history: list[Keyset],
) -> None:
    content, before = EMPTY_CONTENT, None
    for keyset in history:
        content = written(content, plan_file_edits(before, keyset))
        assert read_back(content) == keyset
        before = keyset


@given(histories())
def test_a_file_written_at_once_is_the_file_written_step_by_step(history: list[Keyset]) -> None:
    """No trace of the way is left: what destroyed values there were, only the end tells."""
    content, before = EMPTY_CONTENT, None
    for keyset in history:
        content = written(content, plan_file_edits(before, keyset))
        before = keyset
    at_once = written(EMPTY_CONTENT, plan_file_edits(None, history[-1]))
    assert list(content.leaves()) == list(at_once.leaves())


def test_a_move_leaves_the_ciphertext_of_other_values_alone() -> None:
    make = counting_material()
    landed = stamp(found_keyset(API.name, API.kind, make()), START)
    published = after(landed, Move.PUBLISH, API, START, make)
    paths = [edit.path for edit in plan_file_edits(landed, published)]
    assert ("keys", landed.active.kid, "value") not in paths


def test_a_keyset_lies_where_its_name_says() -> None:
    folder = "infra/secrets/keysets"
    assert file_of(folder, "a/b") == "infra/secrets/keysets/a/b.yaml"
    assert name_of(folder, file_of(folder, "a/b")) == "a/b"
    assert name_of(folder, "infra/secrets/prod/a.yaml") is None


def sound() -> Content:
    make = counting_material()
    keyset = stamp(found_keyset(API.name, API.kind, make()), START)
    keyset = stamp(after(keyset, Move.PUBLISH, API, START, make), START)
    return written(EMPTY_CONTENT, plan_file_edits(None, confirm(keyset, ("acme",))))


def with_text(content: Content, path: tuple, text: str, type_: LeafType = LeafType.STR) -> Content:
    items, values = list(content.items), list(content.values)
    at = next(at for at, item in enumerate(items) if item.path == path)
    items[at] = replace(items[at], type=type_)
    values[at] = Secret.from_text(text)
    return Content(tuple(items), tuple(values))


def moved(content: Content, start: int, to: int) -> Content:
    items, values = list(content.items), list(content.values)
    items.insert(to, items.pop(start))
    values.insert(to, values.pop(start))
    return Content(tuple(items), tuple(values))


def swapped(content: Content, one: tuple, other: tuple) -> Content:
    texts = {item.path: value for item, value in zip(content.items, content.values, strict=True)}
    values = [texts[{one: other, other: one}.get(item.path, item.path)] for item in content.items]
    return Content(content.items, tuple(values))


def added(content: Content, item: Item, at: int) -> Content:
    items, values = list(content.items), list(content.values)
    items.insert(at, item)
    values.insert(at, Secret(b"x"))
    return Content(tuple(items), tuple(values))


KID = "k000000000001"
TAMPERINGS: dict[str, Callable[[Content], Content]] = {
    "nothing at all": lambda _: EMPTY_CONTENT,
    "another schema": lambda c: with_text(c, ("schema",), SCHEMA + "0"),
    "another kind": lambda c: with_text(c, ("kind",), "password"),
    "a version in quotes": lambda c: with_text(c, ("version",), "2", LeafType.STR),
    "version zero": lambda c: with_text(c, ("version",), "0", LeafType.INT),
    "active names the standby": lambda c: with_text(c, ("active",), "k000000000002"),
    "two active keys": lambda c: with_text(c, ("keys", "k000000000002", "status"), "active"),
    "no active key": lambda c: with_text(c, ("keys", KID, "status"), "disabled"),
    "an unknown status": lambda c: with_text(c, ("keys", KID, "status"), "retired"),
    "a date without time": lambda c: with_text(c, ("keys", KID, "since"), "2026-11-23"),
    "a status without its fingerprint": lambda c: with_text(c, ("keys", KID, "status"), "destroyed"),
    "a rotation id by hand": lambda c: with_text(c, ("rotation_id",), "now"),
    "a value that is no key": lambda c: with_text(c, ("keys", KID, "value"), "two\nlines"),
    "an empty value": lambda c: with_text(c, ("keys", KID, "value"), ""),
    "a statement that is none": lambda c: with_text(c, ("terms", 0), "rollout soon"),
    "names swapped in the head": lambda c: moved(c, 0, 1),
    "the value before its status": lambda c: moved(c, 8, 6),
    "the terms before the keys": lambda c: moved(c, len(c.items) - 1, 6),
    "statements in another order": lambda c: swapped(c, ("terms", 0), ("terms", 1)),
    "a wait in another spelling": lambda c: with_text(c, ("terms", 0), "rollout 1800s"),
    "a wait that is missing": lambda c: with_text(c, ("terms", 0), "drain 1h"),
    "a wait beyond the calendar": lambda c: with_text(c, ("terms", 0), "rollout 9999999d"),
    "an unknown reload": lambda c: with_text(c, ("terms", 3), "reload never"),
    "a place outside": lambda c: with_text(c, ("terms", 4), "reader ../a.yaml#b"),
    "a lifetime of another key": lambda c: with_text(c, ("terms", 6), "lifetime k000000000000 1h"),
    "a name that is none": lambda c: with_text(c, ("terms", 8), "confirmed ac me"),
    "a term that is no text": lambda c: with_text(c, ("terms", 8), "7", LeafType.INT),
    "a version of many digits": lambda c: with_text(c, ("version",), "9" * 5000, LeafType.INT),
    "an instant of another age": lambda c: with_text(c, ("keys", KID, "since"), "9999-12-31T23:59:59Z"),
    "an instant before us": lambda c: with_text(c, ("keys", KID, "since"), "0001-01-01T00:00:00Z"),
    "one more key in the head": lambda c: added(c, Leaf(("note",), 0, LeafType.STR, False, None, None), 3),
    "one more key in a key": lambda c: added(c, Leaf(("keys", KID, "note"), 0, LeafType.STR, False, None, None), 9),
    "one more key at the end": lambda c: added(c, Leaf(("zz",), 0, LeafType.STR, False, None, None), len(c.items)),
    "an empty map": lambda c: added(c, Empty(("extra",), 0, "map"), 3),
    "a comment": lambda c: added(c, Comment((), 0, False, None, Secret(b"plain")), 3),
    "a key in a list": lambda c: added(c, Leaf(("keys", 0, "status"), 0, LeafType.STR, False, None, None), 9),
}  # fmt: skip


def test_the_file_that_is_tampered_with_below_is_sound() -> None:
    assert isinstance(read_back(sound()), Keyset)


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_is_not_exactly_of_the_schema_is_a_defect(name: str) -> None:
    found = read_back(TAMPERINGS[name](sound()))
    assert isinstance(found, Defect), name
    assert found.check == "keyset-schema"


@pytest.mark.parametrize(
    "name", sorted(set(TAMPERINGS) - {"a value that is no key", "an empty value"})
)
def test_all_but_the_values_is_checked_without_an_identity(name: str) -> None:
    assert isinstance(parse_keyset(opened(TAMPERINGS[name](sound()))), Defect)


def test_a_defect_names_line_and_path_and_no_value() -> None:
    found = read_back(with_text(sound(), ("keys", KID, "value"), "hunter2\n"))
    assert isinstance(found, Defect)
    assert (found.line, found.path) == (9, ("keys", KID, "value"))
    assert "hunter2" not in repr(found)


def test_a_value_in_plain_is_a_defect_even_though_it_can_be_read() -> None:
    structure = opened(sound())
    for item in structure.items:
        if isinstance(item, Leaf) and item.path[-1] == "value":
            item.token, item.plain = None, Secret(b"hunter2")
    assert isinstance(parse_keyset(structure), Defect)


def test_the_real_sops_keeps_the_file_readable_but_for_its_values(fleet: Fleet) -> None:
    from plana_secrets.rotation.initialise import Source, init_keyset

    init_keyset(fleet.rotation(), API.name, Source(fresh=True))
    store = fleet.rotation().store()
    keyset = store.load(API.name)
    text = (fleet.world.repo / store.file(API.name)).read_text()
    head, _, _ = text.partition("sops:")
    lines = [line for line in head.splitlines() if "ENC[" not in line]
    assert lines == [
        "schema: plana-secrets/keyset/2",
        "name: pulse-data/portal",
        "kind: api-key",
        "version: 1",
        f"active: {keyset.active.kid}",
        f"rotation_id: {keyset.rotation_id}",
        "keys:",
        f"    {keyset.active.kid}:",
        "        status: active",
        "        since: null",
        "terms:",
        "    - rollout 30m",
        "    - drain 1h",
        "    - grace 7d",
        "    - reload file",
        f"    - reader {ACCEPTED}",
        f"    - reader {CALLER}",
        f"    - lifetime {keyset.active.kid} 1h",
    ]
    assert head.count("ENC[") == 1


def test_a_file_that_is_no_keyset_is_an_error_of_ours_with_its_line_where_it_has_one() -> None:
    structure = opened(with_text(sound(), ("kind",), "password"))
    for broken, place in ((structure, "a.yaml:3: "), (opened(EMPTY_CONTENT), "a.yaml: ")):
        with pytest.raises(MalformedError) as caught:
            read_keyset_shape(broken, "a.yaml")
        assert caught.value.kind == "keyset-schema"
        assert caught.value.message.startswith(place)


def first_schema(confirmed: str | None = "acme") -> Content:
    """A file of the first schema, whose first key was destroyed, as an old release wrote it."""
    make = counting_material()
    keyset = replace(stamp(found_keyset(API.name, API.kind, make()), START), terms=None)
    old = Key("k00000000", Status.DESTROYED, START, None, make_fingerprint(keyset.active))
    keyset = confirm(replace(keyset, keys=(old, *keyset.keys)), ("acme",))
    content = written(EMPTY_CONTENT, plan_file_edits(None, keyset))
    return content if confirmed is None else with_text(content, ("confirmed",), confirmed)


@pytest.mark.parametrize("confirmed", ["acme", "acme zeta"])
def test_a_file_of_the_first_schema_is_read(confirmed: str) -> None:
    keyset = read_back(first_schema(confirmed))
    assert isinstance(keyset, Keyset)
    assert keyset.confirmed == tuple(confirmed.split(" "))
    assert keyset.terms is None


@pytest.mark.parametrize(
    "content",
    [
        first_schema("zeta acme"),
        first_schema("acme acme"),
        first_schema("acme  zeta"),
        first_schema(""),
        with_text(first_schema(), ("keys", "k00000000", "fingerprint"), "hmac-sha256/0/0"),
        with_text(first_schema(), ("keys", "k00000000", "fingerprint"), ""),
        added(first_schema(), Leaf(("zz",), 0, LeafType.STR, False, None, None), len(first_schema().items)),
    ],
    ids=["unsorted", "twice", "a blank", "none", "another fingerprint", "no fingerprint", "more"],
)  # fmt: skip
def test_another_end_of_the_first_schema_is_a_defect(content: Content) -> None:
    assert isinstance(read_back(content), Defect)
