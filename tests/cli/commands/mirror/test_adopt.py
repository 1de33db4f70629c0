"""Every command that is hinted for a hand edit works as it is printed, and settles it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from plana_secrets.locks import locked
from tests.cli.commands.mirror.mirrored import (
    PORTAL,
    SENTINEL,
    A,
    B,
    configure,
    hinted,
    make_place,
    mirror,
    mirror_object,
    read_mirror,
    sync,
    write_mirror,
)
from tests.cli.terminal import run_at_terminal
from tests.world import World

NEW = f"{SENTINEL}-by-hand"
TITLE = {A: "db (prod)", B: "app (prod)"}
Entry = dict[str, Any]
Hand = Callable[[Entry], None]


@pytest.fixture
def place(world: World) -> World:
    made = make_place(world)
    sync(made)
    return made


def by_hand(world: World, file: str, *hands: Hand) -> None:
    content = read_mirror(world)
    item = next(one for one in content["items"] if one["name"] == TITLE[file])
    for hand in hands:
        hand(item)
    write_mirror(world, content)


def put(name: str, value: str = NEW) -> Hand:
    def hand(item: Entry) -> None:
        found = [one for one in item["fields"] if one["name"] == name]
        if found:
            found[0]["value"] = value
        else:
            item["fields"].append({"name": name, "value": value, "type": 1, "linkedId": None})

    return hand


def drop(name: str) -> Hand:
    def hand(item: Entry) -> None:
        item["fields"] = [one for one in item["fields"] if one["name"] != name]

    return hand


def text(key: str) -> Hand:
    return lambda item: item.update({key: f"{SENTINEL} by hand"})


CHANGES = {
    "changed": (A, [put("user")], "user: s3nt1nel-value-by-hand\n"),
    "a number": (A, [put("port", "5433")], "port: 5433\n"),
    "spelled with quotes": (A, [put('["a.b"]')], "a.b: s3nt1nel-value-by-hand\n"),
    "with dots": (A, [put("a.b")], "a.b: s3nt1nel-value-by-hand\n"),
    "in a list": (A, [put("list[1].b")], "- b: s3nt1nel-value-by-hand\n"),
    "a null": (A, [put("none")], "none: s3nt1nel-value-by-hand\n"),
    "blanks": (A, [put("pin of the safe")], "pin of the safe: s3nt1nel-value-by-hand\n"),
    "quotes": (A, [put("it's \"so\"")], "s3nt1nel-value-by-hand\n"),
    "unicode": (A, [put("Schlüssel 🔑")], "s3nt1nel-value-by-hand\n"),
    "a backtick": (A, [put("a`b")], "s3nt1nel-value-by-hand\n"),
    "a dash": (A, [put("-x")], "s3nt1nel-value-by-hand\n"),
    "a dot": (A, [put(".env")], "s3nt1nel-value-by-hand\n"),
    "as a path": (A, [put("['x")], "s3nt1nel-value-by-hand\n"),
    "like the title": (A, [put(".title")], "s3nt1nel-value-by-hand\n"),
    "deeper": (A, [put("new.deeper")], "    deeper: s3nt1nel-value-by-hand\n"),
    "removed": (A, [drop("port")], "user: "),
    "removed with dots": (A, [drop('["a.b"]')], "user: "),
    "an entry of a list": (A, [drop("list[0]")], None),
    "control characters": (B, [put("data.TEXT", "a\x07b")], "TEXT: YQdi\n"),
    "emptied": (A, [put("user", "")], 'user: ""\n'),
    "a Secret's entry": (B, [put("data.TEXT", "word")], "TEXT: d29yZA==\n"),
    "new in a Secret": (B, [put("PIN")], "PIN: s3nt1nel-value-by-hand\n"),
    "a file in a Secret": (B, [put("stringData.tls.key")], "tls.key: s3nt1nel-value-by-hand\n"),
    "new data": (B, [put("data.PIN", "word")], "PIN: d29yZA==\n"),
    "several": (B, [put("data.TEXT", "word"), put("PIN"), drop("stringData.URL")], "TEXT: d29yZA==\n"),
    "title": (A, [text("name")], None),
    "note": (A, [text("notes")], None),
    "no key": (A, [put("Bank: PIN")], None),
    "no key of a Secret": (B, [put("pin of the safe")], None),
    "no name": (A, [put("")], None),
    "no number": (A, [put("port", "many")], None),
}  # fmt: skip


OVERWRITE = ["mirror", "sync", "--overwrite-edits"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, object]:
    """A place that is put back after each use, and its mirror."""
    made = make_place(World(tmp_path_factory.mktemp("shared")))
    sync(made)
    return made, read_mirror(made)


@pytest.mark.long
@pytest.mark.parametrize("kind", CHANGES)
def test_each_hinted_command_works_as_it_is_printed(
    shared: tuple[World, object], kind: str
) -> None:
    place, before = shared
    file, hands, expected = CHANGES[kind]
    write_mirror(place, before)
    by_hand(place, file, *hands)
    left = mirror(place, "sync")
    commands = hinted(left)
    assert (left.status, OVERWRITE in commands) == (1, True)
    own = [one for one in commands if one != OVERWRITE]
    assert bool(own) == (expected is not None or kind == "an entry of a list"), own
    try:
        for command in own or [OVERWRITE]:
            result = place.run(*command)
            assert result.status == 0, (command, result)
            assert SENTINEL not in result.stdout + result.stderr
        assert not expected or expected in place.decrypt(file)
        assert sync(place, "--worktree")["in_sync"] is True, own
    finally:
        place.git("checkout", "-q", ".")


@pytest.mark.long
def test_the_hints_of_a_look_are_those_of_a_sync(place: World) -> None:
    by_hand(place, A, put('it\'s "so" 🔑'), text("name"))
    by_hand(place, B, put("data.TEXT", "word"), put("PIN"), drop("stringData.URL"))
    found = hinted(mirror(place, "diff"))
    assert hinted(mirror(place, "sync")) == found
    for command in found:
        if command != OVERWRITE:
            assert place.run(*command).status == 0, command
    assert NEW in place.decrypt(A)
    plain = place.decrypt(B)
    assert "TEXT: d29yZA==\n" in plain
    assert f"PIN: {NEW}\n" in plain
    assert "URL" not in plain
    place.commit()
    left = sync(place, status=1)
    assert [(one["file"], one["paths"]) for one in left["drift"]] == [(A, [".title"])]
    assert place.run(*OVERWRITE).status == 0
    assert mirror_object(place, "status")["in_sync"] is True


@pytest.mark.long
def test_the_whole_of_a_file_is_asked_about_with_its_values_masked(place: World) -> None:
    by_hand(place, A, put("user"), put("pin of the safe"), drop("port"), text("name"))
    before = (place.repo / A).read_bytes()
    refused = mirror_object(place, "adopt", A, status=2)
    assert (refused["kind"], (place.repo / A).read_bytes()) == ("needs-yes", before)
    rehearsed = mirror_object(place, "adopt", A, "--dry-run")
    assert (rehearsed["changed"], (place.repo / A).read_bytes()) == (True, before)
    assert (rehearsed["path"], rehearsed["texts"]) == (None, ["title"])
    said = run_at_terminal(place, "mirror", "adopt", A, answers=[("[y/N]", "n\n")])
    assert said.status != 0
    assert (place.repo / A).read_bytes() == before
    said = run_at_terminal(place, "mirror", "adopt", A, "-q", answers=[("[y/N]", "y\n")])
    assert said.status == 0, said.screen
    for part in ("user", "pin of the safe", "removed", "3 changes", "***", "1 of them"):
        assert part in said.screen
    assert SENTINEL not in said.screen
    plain = place.decrypt(A)
    assert f"user: {NEW}" in plain
    assert f"pin of the safe: {NEW}" in plain
    assert "port" not in plain
    assert "# a comment" in plain
    again = mirror_object(place, "adopt", A, "--yes")
    assert (again["changed"], any(one["taken"] for one in again["edits"])) == (False, False)


def test_another_run_that_writes_is_waited_for(place: World) -> None:
    by_hand(place, A, put("user"))
    before = (place.repo / A).read_bytes()
    with locked(place.repo / ".git/plana-secrets/lock", command="a"):
        done = mirror(place, "adopt", A, "--yes", "--wait", "0")
    assert (done.status, "another run holds the lock" in done.stderr) == (6, True)
    assert (place.repo / A).read_bytes() == before


def test_what_the_file_cannot_take_is_left_and_the_rest_is_taken(place: World) -> None:
    configure(place, PORTAL)
    place.commit()
    sync(place)
    by_hand(place, B, put("stringData.URL"), put("data.TEXT", "word"), put("not a key"))
    done = mirror_object(place, "adopt", B, "--yes", status=1)
    assert {one["name"]: one["taken"] for one in done["edits"]} == {
        "stringData.URL": False, "data.TEXT": True, "not a key": False,
    }  # fmt: skip
    assert "TEXT: d29yZA==" in place.decrypt(B)
    said = mirror(place, "adopt", B, "--yes")
    assert "keyset shop/portal" in said.stderr
    assert "a Secret's key" in said.stderr
    by_hand(place, A, put("user", NEW), put("port", "no number"))
    assert mirror(place, "adopt", A, "user").status == 0
    assert f"{A} says the same; commit it" in mirror(place, "diff").stderr
    place.commit()
    said = mirror(place, "diff")
    assert "commit it" not in said.stderr
    assert f"{A}: the value is not of type int" in said.stderr


def test_a_value_that_both_changed_is_taken_only_by_its_path(place: World) -> None:
    by_hand(place, A, put("user"), put("rate", "2.5"))
    assert place.run("set", A, "user", "--stdin", stdin=b"not committed").status == 0
    done = mirror(place, "adopt", A, "--yes")
    assert done.status == 1
    plain = place.decrypt(A)
    assert "user: not committed" in plain
    assert "rate: 2.5" in plain
    (command,) = [one for one in hinted(done) if "adopt" in one]
    assert place.run(*command).status == 0
    assert f"user: {NEW}" in place.decrypt(A)


def test_a_removed_field_is_no_edit_once_the_file_has_another_value(place: World) -> None:
    by_hand(place, A, drop("user"))
    assert place.run("set", A, "user", "--stdin", stdin=b"newer").status == 0
    place.commit("newer")
    assert mirror_object(place, "adopt", A, "user", status=2)["kind"] == "nothing-to-adopt"
    done = sync(place)
    assert [(one["kind"], one["paths"]) for one in done["healed"]] == [("stale", ["user"])]


def test_nothing_to_adopt_is_said(place: World) -> None:
    place.encrypt("infra/secrets/dev/new.yaml", "a: b\n")
    for words in (["infra/secrets/dev/new.yaml"], ["infra/secrets/dev/new.yaml", "a"]):
        assert mirror_object(place, "adopt", *words, status=2)["kind"] == "not-in-mirror"
    by_hand(place, A, put("user", ""))
    assert "(empty)" in mirror(place, "adopt", A, "--dry-run").stdout
    by_hand(place, A, put("user", SENTINEL))
    assert mirror_object(place, "adopt", A, "--yes", status=2)["kind"] == "nothing-to-adopt"
    by_hand(place, A, text("name"))
    assert mirror_object(place, "adopt", A, "--yes", status=2)["kind"] == "not-in-file"
    refused = mirror(place, "adopt", A, ".title")
    assert (refused.status, "sync --overwrite-edits" in refused.stderr) == (2, True)


def test_the_hint_for_a_file_that_is_gone_deletes_its_item_and_keeps_a_copy(place: World) -> None:
    by_hand(place, A, put("user"))
    place.git("rm", "-q", A)
    place.commit()
    left = mirror(place, "sync")
    (command, *_) = [one for one in hinted(left) if "--overwrite-edits" in one]
    done = place.run(*command, "--json")
    content = json.loads(done.stdout)
    assert (done.status, content["deleted"], len(content["kept"])) == (0, 1, 1)
