"""A file that one side moved or removed, or that both added."""

from __future__ import annotations

import json

import pyrage
import pytest

from tests.cli.commands.resolve.sides import merge, resolve, stages
from tests.merging.teams import FILE, on_branch, put, start
from tests.world import World

APART = """\
creation_rules:
    - path_regex: ^infra/secrets/prod/.*\\.yaml$
      age: {more}
    - path_regex: ^infra/secrets/.*\\.yaml$
      age: {recipients}
"""


@pytest.mark.long
@pytest.mark.parametrize("moved_by", ["ours", "theirs"])
def test_a_file_that_one_side_moved_for_other_readers_is_merged_under_its_new_name(
    world: World, moved_by: str
) -> None:
    """Nothing of the ciphertext is left, so git sees no rename."""
    new, other = "infra/secrets/prod/moved.yaml", pyrage.x25519.Identity.generate()
    world.write_rules(APART.replace("{more}", f"{{recipients}},{other.to_public()}"))
    start(world)
    deeds = [lambda: put(world, "db.password", "edited"), lambda: world.run("mv", FILE, new)]
    theirs, ours = deeds if moved_by == "ours" else reversed(deeds)
    on_branch(world, "theirs", theirs)
    ours()
    world.commit("ours")
    assert merge(world).status == 1
    asked = resolve(world, new, "--dry-run", "--json")
    (one,) = json.loads(asked.stdout)["files"]
    assert (one["file"], one["moved_from"], one["conflicts"]) == (new, FILE, [])
    newer = (world.repo / FILE).read_bytes()
    world.sops("set", FILE, '["db"]["password"]', '"newer"')
    assert resolve(world).status == 6  # what only the disk has is not removed with the old name
    (world.repo / FILE).write_bytes(newer)
    done = resolve(world)
    assert (done.status, f"it was {FILE} until one side moved it" in done.stderr) == (0, True)
    assert "password: edited" in world.decrypt(new)
    assert not stages(world)
    world.git("commit", "-q", "--no-edit")
    assert (world.git("status", "--porcelain"), (world.repo / FILE).exists()) == ("", False)
    assert world.run("verify").status == 0


@pytest.mark.long
def test_a_file_that_both_moved_and_git_merged_as_text_has_its_versions_in_the_commits(
    world: World,
) -> None:
    """git puts one text with markers in the place of both names."""
    names = {"ours": "infra/secrets/dev/ours.yaml", "theirs": "infra/secrets/dev/theirs.yaml"}
    start(world, "user: app\npassword: pass\n")  # too little for the values to tell
    world.git("config", "--remove-section", "merge.plana-secrets")

    def move(side: str, path: str) -> None:
        world.git("mv", FILE, names[side])
        put(world, path, f"{side}-value", names[side])

    on_branch(world, "theirs", lambda: move("theirs", "password"))
    move("ours", "user")
    world.commit("ours")
    assert merge(world).status == 1
    assert "<<<<<<<" in (world.repo / names["theirs"]).read_text()
    done = resolve(world)
    assert done.status == 0, done
    assert f"{names['theirs']} is the same file: `git rm` one of the two" in done.stderr
    for name in names.values():
        text = world.decrypt(name)
        assert "user: ours-value\npassword: theirs-value\n" in text
    assert (world.repo / FILE).exists() is False
    assert not stages(world)


@pytest.mark.long
def test_a_file_that_was_removed_beside_a_new_one_of_other_values_was_not_moved(
    world: World,
) -> None:
    start(world)

    def theirs() -> None:
        (world.repo / FILE).unlink()
        world.encrypt("infra/secrets/dev/new.yaml", "db:\n    user: app\nport: 5432\n")

    on_branch(world, "theirs", theirs)
    put(world, "db.password", "edited")
    world.commit("ours")
    assert merge(world).status == 1
    (one,) = json.loads(resolve(world, "--json").stdout)["files"]
    assert (one["file"], one["moved_from"]) == (FILE, None)
    assert [conflict["reason"] for conflict in one["conflicts"]] == ["removed"]


def removed_on_one_side(world: World, by: str) -> None:
    start(world)

    def remove() -> object:
        return world.git("rm", "-q", FILE)

    def change() -> object:
        return put(world, "db.user", "changed")

    on_branch(world, "theirs", remove if by == "theirs" else change)
    (change if by == "theirs" else remove)()
    world.commit("ours")
    assert merge(world).status == 1


@pytest.mark.long
@pytest.mark.parametrize("by", ["ours", "theirs"])
@pytest.mark.parametrize("take", ["ours", "theirs"])
def test_a_file_that_one_side_removed_is_kept_or_removed(world: World, by: str, take: str) -> None:
    removed_on_one_side(world, by)
    (one,) = json.loads(resolve(world, "--json").stdout)["files"]
    assert one["conflicts"] == [{"reason": "removed", "path": None, "chosen": None}]
    assert resolve(world, FILE, "--all", f"--{take}").status == 0
    assert not stages(world)
    if by == take:
        assert not (world.repo / FILE).exists()
        assert world.git("ls-files", FILE) == ""
    else:
        assert "user: changed" in world.decrypt(FILE)


@pytest.mark.long
def test_a_file_that_both_added_and_one_that_was_renamed(world: World) -> None:
    other = "infra/secrets/dev/other.yaml"
    start(world)
    world.git("config", "--remove-section", "merge.plana-secrets")

    def theirs() -> None:
        world.encrypt(other, "a: theirs-value\nb: same\n")
        world.git("mv", FILE, "infra/secrets/dev/renamed.yaml")

    on_branch(world, "theirs", theirs)
    world.encrypt(other, "a: ours-value\nb: same\nc: ours\n")
    put(world, "db.user", "ours-user")
    world.commit("ours")
    assert merge(world).status == 1
    assert resolve(world, "--all", "--theirs").status == 0
    assert world.decrypt(other) == "a: theirs-value\nb: same\nc: ours\n"
    assert "user: ours-user" in world.decrypt("infra/secrets/dev/renamed.yaml")
    assert not stages(world)
