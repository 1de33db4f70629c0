"""The history of one file: renames followed, merges counted once, nothing of git's settings."""

from __future__ import annotations

import pytest

from plana_secrets.git.filelog import FileCommit, log_of_file, names_of_file
from plana_secrets.git.history import list_commits
from plana_secrets.git.repository import Repository
from tests.world import World

BODY = "".join(f"line {number}\n" for number in range(30))


def put(world: World, file: str, text: str) -> None:
    path = world.repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def log(world: World, file: str) -> list[FileCommit]:
    return list(log_of_file(Repository.open(world.repo).command, file, "HEAD"))


def test_every_change_has_its_commit_author_and_both_sides(world: World) -> None:
    put(world, "a.txt", "1")
    first = world.commit()
    put(world, "b.txt", "x")
    world.commit()
    put(world, "a.txt", "2")
    third = world.commit()
    (world.repo / "a.txt").unlink()
    fourth = world.commit()
    found = log(world, "a.txt")
    assert [one.id for one in found] == [fourth, third, first]
    assert [(one.old_id is None, one.new_id is None) for one in found] == [
        (False, True), (False, False), (True, False),
    ]  # fmt: skip
    assert found[1].old_id == found[2].new_id
    assert (found[0].author, found[0].email) == ("T", "t@example.test")


@pytest.mark.parametrize("change", ["", "one more line\n"])
def test_renames_are_followed_also_where_the_content_changed(world: World, change: str) -> None:
    put(world, "old.txt", BODY)
    first = world.commit()
    world.git("mv", "old.txt", "mid dle\n.txt")
    put(world, "mid dle\n.txt", BODY + change)
    second = world.commit()
    put(world, "sub/new.txt", BODY + change * 2)
    (world.repo / "mid dle\n.txt").unlink()
    third = world.commit()
    found = log(world, "sub/new.txt")
    assert [(one.id, one.old_file) for one in found] == [
        (third, "mid dle\n.txt"), (second, "old.txt"), (first, None),
    ]  # fmt: skip
    git = Repository.open(world.repo).command
    assert names_of_file(git, "sub/new.txt", "HEAD") == ["sub/new.txt", "mid dle\n.txt", "old.txt"]


def test_a_file_that_was_removed_and_created_again_keeps_its_first_life(world: World) -> None:
    put(world, "a.txt", "1")
    world.commit()
    (world.repo / "a.txt").unlink()
    world.commit()
    put(world, "a.txt", "2")
    world.commit()
    assert len(log(world, "a.txt")) == 3


def test_a_merge_counts_where_it_made_a_content_of_its_own(world: World) -> None:
    put(world, "a.txt", BODY)
    world.commit()
    world.git("checkout", "-q", "-b", "side")
    put(world, "a.txt", "top\n" + BODY)
    side = world.commit()
    world.git("checkout", "-q", "main")
    put(world, "b.txt", "x")
    world.commit()
    world.git("merge", "-q", "--no-edit", "side")
    assert [one.id for one in log(world, "a.txt")][:1] == [side]
    world.git("checkout", "-q", "-b", "other", "HEAD~1")
    put(world, "a.txt", BODY + "end\n")
    world.commit()
    world.git("checkout", "-q", "main")
    world.git("merge", "-q", "--no-edit", "other")
    assert log(world, "a.txt")[0].id == world.git("rev-parse", "HEAD").strip()


def test_settings_of_git_change_nothing(world: World) -> None:
    put(world, "a.txt", "1")
    world.commit()
    for setting in (
        "log.showRoot=false", "log.diffMerges=off", "diff.renames=false", "diff.relative=true",
        "core.quotePath=true", "log.follow=true", "format.pretty=oneline",
    ):  # fmt: skip
        world.git("config", *setting.split("="))
    world.git("mv", "a.txt", "ä.txt")
    world.commit()
    assert [one.old_file for one in log(world, "ä.txt")] == ["a.txt", None]


def test_a_rename_on_one_branch_keeps_the_changes_of_the_other(world: World) -> None:
    put(world, "old.txt", BODY)
    first = world.commit()
    world.git("checkout", "-q", "-b", "side")
    world.git("mv", "old.txt", "new.txt")
    put(world, "new.txt", "top\n" + BODY)
    side = world.commit()
    world.git("checkout", "-q", "main")
    put(world, "old.txt", BODY + "end\n")
    main = world.commit()
    world.git("merge", "-q", "--no-edit", "side")
    merge = world.git("rev-parse", "HEAD").strip()
    found = {one.id: one for one in log(world, "new.txt")}
    assert set(found) == {merge, main, side, first}
    assert (found[main].file, found[side].file) == ("old.txt", "new.txt")
    assert found[side].old_file == found[merge].old_file == "old.txt"
    assert found[merge].old_id == found[main].new_id


def test_another_file_that_takes_the_old_name_is_not_ours(world: World) -> None:
    put(world, "old.txt", BODY)
    first = world.commit()
    world.git("mv", "old.txt", "new.txt")
    second = world.commit()
    put(world, "old.txt", "something else\n")
    world.commit()
    put(world, "new.txt", BODY + "end\n")
    put(world, "old.txt", "something else again\n")
    last = world.commit()
    (world.repo / "old.txt").unlink()
    world.commit()
    found = log(world, "new.txt")
    assert [(one.id, one.file) for one in found] == [
        (last, "new.txt"), (second, "new.txt"), (first, "old.txt"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("claimed", "year"),
    [("253402300800", 9999), ("9" * 30, 9999), ("-1", 1970), ("", 1970), ("x", 1970), ("0", 1970)],
)
def test_a_date_that_no_clock_shows_is_the_nearest_one(
    world: World, claimed: str, year: int
) -> None:
    put(world, "a.txt", "1")
    tree = world.git("rev-parse", f"{world.commit()}^{{tree}}").strip()
    who = f"T <t@example.test> {claimed} +9999"
    text = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nx\n"
    write = ("git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin")
    commit = world.command(*write, stdin=text.encode()).stdout.strip()
    git = Repository.open(world.repo).command
    (found,) = log_of_file(git, "a.txt", commit)
    (listed,) = list_commits(git, commit)
    assert (found.moment.year, listed.date.year) == (year, year)
