"""What git or a forge merged as text: a wrong MAC, two texts in one file, markers in a commit."""

from __future__ import annotations

import json

import pytest

from tests.cli.commands.resolve.sides import both_change, merge, resolve, stages
from tests.merging.teams import FILE, on_branch, put, start
from tests.world import World


@pytest.mark.long
def test_a_clean_merge_of_text_with_a_wrong_mac_is_named_and_fixed(world: World) -> None:
    """As a forge does it, or ``-X theirs``; first while nothing is committed, then afterwards."""
    both_change(world)
    assert merge(world, "-X", "theirs").status == 0
    found = world.run("verify", "--json")
    (finding,) = json.loads(found.stdout)["findings"]
    assert finding["check"] == "mac-mismatch"
    assert f"`plana-secrets resolve {FILE}` merges its values" in finding["message"]
    assert resolve(world, FILE, "--all", "--ours").status == 0
    text = world.decrypt(FILE)
    assert "user: ours-user" in text
    assert "password: ours-value" in text
    assert "port: 1\n" in text


@pytest.mark.long
def test_two_texts_in_one_file_are_named_and_merged_by_value(world: World) -> None:
    """``merge.default`` can be union: both lines of the MAC are then in the file."""
    both_change(world)
    (world.repo / ".gitattributes").unlink()
    world.commit("no driver")
    world.git("config", "merge.default", "union")
    assert merge(world).status == 0
    found = world.run("verify")
    assert found.status == 1
    assert f"`plana-secrets resolve {FILE}` merges its values" in found.stdout
    assert resolve(world, FILE, "--all", "--ours").status == 0
    world.commit("resolved")
    assert world.run("verify").status == 0


@pytest.mark.long
def test_markers_that_were_committed_are_resolved_from_the_two_parents(world: World) -> None:
    both_change(world)
    merge(world)
    world.commit("markers and all")
    done = resolve(world, FILE, "--all", "--theirs")
    assert done.status == 0, done
    assert f"next: git commit -m MESSAGE -- {FILE}" in done.stderr
    assert "password: theirs-value" in world.decrypt(FILE)


@pytest.mark.long
def test_a_file_that_was_added_too_early_is_resolved_while_the_merge_is_open(world: World) -> None:
    both_change(world, driver=True)
    merge(world)
    world.git("add", FILE)
    status = world.run("status")
    assert f"next: plana-secrets resolve {FILE}" in status.stdout
    assert resolve(world, FILE, "--all", "--theirs").status == 0
    text = world.decrypt(FILE)
    assert "user: ours-user" in text
    assert "password: theirs-value" in text
    assert world.git("diff", "--cached", "--name-only").split() == [FILE]
    assert world.git("diff", "--name-only") == ""


@pytest.mark.long
@pytest.mark.parametrize("is_committed", [False, True], ids=["open", "committed"])
def test_every_command_on_markers_says_how_they_are_resolved(
    world: World, is_committed: bool
) -> None:
    both_change(world)
    merge(world)
    if is_committed:
        world.git("commit", "-qam", "markers")
    next_command = f"plana-secrets resolve {FILE}"
    for command in (
        ("show", FILE), ("get", FILE, "port"), ("ls", FILE), ("status",), ("verify",),
        ("set", FILE, "db.user", "--generate", "hex:8"), ("edit", FILE), ("repair", FILE),
    ):  # fmt: skip
        done = world.run(*command, env={"EDITOR": "true"})
        assert next_command in done.stdout + done.stderr, (command, done)
    assert resolve(world, FILE, "--all", "--theirs").status == 0


@pytest.mark.long
@pytest.mark.parametrize("operation", ["rebase", "cherry-pick", "revert", "stash"])
def test_every_way_of_git_to_merge_names_its_sides(world: World, operation: str) -> None:
    start(world)
    world.git("config", "--remove-section", "merge.plana-secrets")
    match operation:
        case "stash":
            put(world, "db.password", "theirs-value")
            world.git("stash", "-q")
        case "revert":
            put(world, "db.password", "wrong-value")
            world.commit("a wrong value")
        case _:
            on_branch(world, "theirs", lambda: put(world, "db.password", "theirs-value"))
    put(world, "db.password", "ours-value")
    world.commit("our value")
    argv = {
        "rebase": ("rebase", "-q", "main", "theirs"),
        "cherry-pick": ("cherry-pick", "theirs"),
        "revert": ("revert", "--no-edit", "HEAD~1"),
        "stash": ("stash", "pop", "-q"),
    }[operation]
    assert world.command("git", *argv, check=False).status == 1
    (one,) = json.loads(resolve(world, "--json").stdout)["files"]
    expected = {
        "rebase": ("main and what is rebased already", "theirs"),
        "cherry-pick": ("main", "theirs"),
        "revert": ("main", "before"),
        "stash": ("main", "the other side"),
    }[operation]
    assert one["ours"] == expected[0]
    assert one["theirs"].startswith(expected[1])
    done = resolve(world, FILE, "--theirs", "db.password")
    assert done.status == 0
    wanted = "old-password" if operation == "revert" else "theirs-value"
    assert f"password: {wanted}" in world.decrypt(FILE)
    assert not stages(world)
