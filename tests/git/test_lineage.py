"""What files were before, under each name that they had."""

from __future__ import annotations

from plana_secrets.git.lineage import commits_of, earlier_contents
from plana_secrets.git.repository import Repository
from tests.world import World


def past_of(
    world: World, *files: str, under: str = "a", at_any_time: bool = False
) -> dict[str, list[str]]:
    """The earlier contents as text, newest first."""
    repository = Repository.open(world.repo)
    head = repository.head()
    assert head is not None
    found = earlier_contents(
        repository.command, files, head, under=[under], at_any_time=at_any_time
    )
    contents = repository.read_objects([one for ids in found.values() for one in ids])
    return {file: [contents[one].decode() for one in ids] for file, ids in found.items()}


def write(world: World, file: str, text: str) -> None:
    path = world.repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    world.commit()


LONG = "".join(f"line {number}\n" for number in range(30))


def test_each_content_once_and_newest_first(world: World) -> None:
    for text in ("1", "2", "1", "3"):
        write(world, "a/x", text)
    write(world, "a/y", "4")
    assert past_of(world, "a/x", "a/y") == {"a/x": ["3", "1", "2"], "a/y": ["4"]}
    assert past_of(world, "a/none") == {"a/none": []}


def test_through_renames_with_another_content(world: World) -> None:
    write(world, "a/x", LONG)
    write(world, "a/x", LONG + "more\n")
    world.git("mv", "a/x", "a/y")
    write(world, "a/y", LONG + "and more\n")
    assert past_of(world, "a/y")["a/y"] == [LONG + "and more\n", LONG + "more\n", LONG]


def test_a_merge_and_both_of_its_sides(world: World) -> None:
    write(world, "a/x", "base")
    world.git("checkout", "-q", "-b", "side")
    write(world, "a/x", "side")
    world.git("checkout", "-q", "main")
    write(world, "a/x", "main")
    world.command("git", "merge", "-q", "side", check=False)
    write(world, "a/x", "merged")
    assert sorted(past_of(world, "a/x")["a/x"]) == ["base", "main", "merged", "side"]


def test_another_branch_is_no_past(world: World) -> None:
    write(world, "a/x", "base")
    world.git("checkout", "-q", "-b", "side")
    write(world, "a/x", "side")
    world.git("checkout", "-q", "main")
    assert past_of(world, "a/x") == {"a/x": ["base"]}


def test_a_link_of_the_same_name_is_no_content(world: World) -> None:
    write(world, "a/x", "base")
    (world.repo / "a/x").unlink()
    (world.repo / "a/x").symlink_to("y")
    world.commit()
    assert past_of(world, "a/x") == {"a/x": ["base"]}


def test_a_branch_that_changed_the_file_by_its_earlier_name(world: World) -> None:
    """git may list its commits before the rename, which it does not have."""
    write(world, "a/x", LONG)
    world.git("checkout", "-q", "-b", "side")
    write(world, "a/x", LONG + "side\n")
    world.git("checkout", "-q", "main")
    world.git("mv", "a/x", "a/y")
    world.commit()
    world.git("checkout", "-q", "side")
    (world.repo / "a/x").unlink()
    world.commit()
    world.git("checkout", "-q", "main")
    world.git("merge", "-q", "-s", "ours", "--no-edit", "side")
    past = past_of(world, "a/y", at_any_time=True)
    assert sorted(past["a/y"]) == [LONG, LONG + "side\n"]


def test_the_commits_that_gave_a_name_a_content_are_known_by_both(
    git_world: World, repository: Repository
) -> None:
    commits = []
    for text in ("one", "two", "one"):
        (git_world.repo / "a").write_text(text)
        commits.append(git_world.commit(text))
    blobs = {
        text: git_world.git("rev-parse", f"{commit}:a").strip()
        for text, commit in zip(("one", "two"), commits, strict=False)
    }
    found = commits_of(repository.command, blobs.values())
    assert found == {
        ("a", blobs["one"]): [commits[2], commits[0]],
        ("a", blobs["two"]): [commits[1]],
    }
    assert commits_of(repository.command, [blobs["two"]]) == {("a", blobs["two"]): [commits[1]]}
    assert commits_of(repository.command, []) == {}
