"""Files broken in every way a hand, a bot or a merge can: each comes back, and loses nothing."""

from __future__ import annotations

import re

import pytest

from plana_secrets.document.edits import content_of
from plana_secrets.errors import UsageError
from plana_secrets.paths import format_path
from plana_secrets.secretfiles.editing.repairing import examine
from plana_secrets.secretfiles.open import read_document_of
from tests.secretfiles.conftest import make_workspace
from tests.secretfiles.editing.damage import (
    FILE,
    PLAIN,
    VALUES,
    WAYS,
    apply,
    damage,
    examined,
    plan,
    values,
    wait_for_the_next_second,
)
from tests.verify.inprocess import verify
from tests.world import World


@pytest.mark.parametrize("way", WAYS)
def test_with_what_git_had_all_of_it_comes_back(broken: World, way: str) -> None:
    change, readable = WAYS[way]
    damage(broken, change)
    if way == "only the first half":
        wait_for_the_next_second()
    assert verify(broken).exit_code() == 1
    case = examined(broken)
    repair = plan(case, "git")
    assert [format_path(path) for path in case.exposed] == readable
    apply(broken, case, repair)
    assert values(broken) == VALUES
    assert verify(broken).exit_code() == 0
    assert examine(make_workspace(broken), FILE) is None


KEPT = {
    "a value added by hand": VALUES | {"new": "hunter2"},
    "a value replaced by hand": VALUES | {"a": "hunter2"},
    "a key renamed": {"aa": "one"} | {path: one for path, one in VALUES.items() if path != "a"},
    "a key removed": {path: one for path, one in VALUES.items() if path != "b"},
    "two values swapped": VALUES | {"a": "two", "b": "one"},
}


@pytest.mark.long
@pytest.mark.parametrize("way", KEPT)
def test_what_is_kept_is_encrypted_and_what_nobody_touched_stays_as_it_was(
    broken: World, way: str
) -> None:
    before = (broken.repo / FILE).read_text()
    damage(broken, WAYS[way][0])
    if way == "a key renamed":
        wait_for_the_next_second()
    case = examined(broken)
    apply(broken, case, plan(case, "keep"))
    assert values(broken) == KEPT[way]
    assert verify(broken).exit_code() == 0
    after = (broken.repo / FILE).read_text()
    assert "hunter2" not in after
    for line in re.findall(r"(?m)^    password: .*$|^c: .*$", before):
        assert line in after


def test_each_value_has_a_choice_of_its_own(broken: World) -> None:
    damage(broken, lambda text: "new: hunter2\n" + re.sub("(?m)^a: .*", "a: other", text))
    case = examined(broken)
    assert [format_path(path) for path in plan(case).undecided] == ["new", "a"]
    assert plan(case, new="git").content is None
    apply(broken, case, plan(case, new="git", a="keep"))
    assert values(broken) == VALUES | {"a": "other"}


def test_what_does_not_open_cannot_be_kept_and_what_is_the_same_is_no_choice(
    broken: World,
) -> None:
    damage(broken, WAYS["a ciphertext of nothing"][0])
    case = examined(broken)
    with pytest.raises(UsageError) as caught:
        plan(case, "keep")
    assert (caught.value.kind, caught.value.facts["path"]) == ("cannot-be-kept", "c")
    with pytest.raises(UsageError) as caught:
        plan(case, "git", a="keep")
    assert caught.value.kind == "nothing-to-choose"


def test_the_newest_sound_version_counts_also_under_another_name(broken: World) -> None:
    broken.git("mv", FILE, "infra/secrets/dev/b.yaml")
    broken.commit()
    broken.git("mv", "infra/secrets/dev/b.yaml", FILE)
    damage(broken, WAYS["a value replaced by hand"][0])
    broken.commit()
    damage(broken, WAYS["a key removed"][0])
    broken.commit()
    case = examined(broken)
    apply(broken, case, plan(case, "git"))
    assert values(broken) == VALUES


def test_without_a_version_in_git_what_opens_can_be_kept(world: World) -> None:
    world.encrypt(FILE, PLAIN)
    damage(world, WAYS["a value added by hand"][0])
    case = examined(world)
    assert case.sound is None
    apply(world, case, plan(case, "keep"))
    assert values(world) == VALUES | {"new": "hunter2"}
    assert verify(world).exit_code() == 0


def test_recipients_that_git_had_otherwise_are_those_of_the_rule(broken: World) -> None:
    damage(broken, WAYS["a value replaced by hand"][0])
    broken.others.append(type(broken.identity).generate())
    broken.write_rules("creation_rules:\n  - age: {recipients}\n")
    case = examined(broken)
    apply(broken, case, plan(case, "git"))
    assert values(broken) == VALUES
    assert verify(broken).exit_code() == 0


def test_a_key_that_keeps_its_value_readable_loses_its_suffix(world: World) -> None:
    world.encrypt(FILE, "a: one\nb_unencrypted: hunter2\n")
    world.commit()
    case = examined(world)
    assert [format_path(path) for path in case.exposed] == ["b"]
    apply(world, case, plan(case, "keep"))
    assert values(world) == {"a": "one", "b": "hunter2"}
    assert "hunter2" not in (world.repo / FILE).read_text()
    assert verify(world).exit_code() == 0


@pytest.mark.parametrize("option", ["encrypted_regex: ^a$", "mac_only_encrypted: true"])
def test_a_file_with_another_selector_is_encrypted_again_by_its_rule(
    world: World, option: str
) -> None:
    world.write_rules("creation_rules:\n  - age: {recipients}\n    " + option + "\n")
    world.encrypt(FILE, "a: one\nb: two\n")
    world.write_rules("creation_rules:\n  - age: {recipients}\n")
    world.commit()
    assert verify(world).exit_code() == 1
    case = examined(world)
    assert [format_path(path) for path in case.exposed] == (["b"] if "regex" in option else [])
    apply(world, case, plan(case))
    assert values(world) == {"a": "one", "b": "two"}
    assert verify(world).exit_code() == 0


def test_what_comes_back_is_byte_for_byte_what_git_had(broken: World) -> None:
    before = (broken.repo / FILE).read_bytes()
    damage(broken, WAYS["a key removed"][0])
    case = examined(broken)
    repair = plan(case, "git")
    assert repair.content is not None
    assert case.sound is not None
    apply(broken, case, repair)
    after = read_document_of(make_workspace(broken), FILE)
    assert content_of(after) is not None
    assert (broken.repo / FILE).read_bytes() == before
