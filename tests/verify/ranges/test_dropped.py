"""Changes that a merge left out although only one side had them, and none that a person chose."""

from __future__ import annotations

import pytest

from tests.merging.teams import FILE, on_branch, put, start, use_driver
from tests.verify.inprocess import of_check
from tests.verify.ranges.inprocess import verify_commits
from tests.world import World

OTHER = "infra/secrets/dev/other.yaml"
GONE = "infra/secrets/dev/gone.yaml"
NEW = "infra/secrets/dev/new.yaml"


def set_by_sops(world: World, path: str, value: str, file: str = FILE) -> None:
    world.sops("set", file, path, f'"{value}"')


@pytest.fixture
def two(world: World) -> World:
    """Both changed one file, at other paths and at one in common; theirs three more files."""
    start(world)
    world.git("config", "--remove-section", "merge.plana-secrets")
    for file in (OTHER, GONE):
        world.encrypt(file, "token: before\nport: 1\n")
    world.commit()
    world.git("tag", "base")

    def theirs() -> None:
        set_by_sops(world, '["db"]["password"]', "theirs")
        set_by_sops(world, '["port"]', "theirs")
        set_by_sops(world, '["token"]', "theirs", OTHER)
        (world.repo / GONE).unlink()
        world.encrypt(NEW, "token: new\n")

    on_branch(world, "theirs", theirs)
    set_by_sops(world, '["db"]["user"]', "ours")
    set_by_sops(world, '["port"]', "ours")
    world.commit("ours")
    return world


def told(world: World) -> list[tuple[str | None, str | None, str]]:
    report = verify_commits(world, "base..")
    found = of_check(report, "merge-dropped")
    assert all(one.severity == "warning" and one.commit for one in found)
    return sorted((one.file, one.path, one.message.partition(" of ")[0]) for one in found)


def test_our_side_as_a_whole(two: World) -> None:
    theirs = two.git("rev-parse", "theirs").strip()
    two.git("merge", "-q", "-s", "ours", "--no-edit", "theirs")
    change = "the merge left out the change"
    assert told(two) == [
        (FILE, "db.password", change),
        (GONE, None, "the merge left out the removal"),
        (NEW, None, "the merge left out the new file"),
        (OTHER, "token", change),
    ]
    (one, *_) = of_check(verify_commits(two, "base.."), "merge-dropped")
    assert theirs[:12] in one.message
    two.git("checkout", "-q", "theirs", "--", NEW, OTHER)
    two.git("rm", "-q", GONE)
    put(two, "db.password", "theirs")
    two.commit("made good")
    assert told(two) == []


def test_one_file_of_theirs_and_the_rest_merged(two: World) -> None:
    two.command("git", "merge", "-q", "--no-edit", "theirs", check=False)
    two.git("checkout", "-q", "--theirs", FILE)
    two.commit("merged")
    assert told(two) == [(FILE, "db.user", "the merge left out the change")]


@pytest.mark.long
def test_what_a_person_chose_is_not_told(two: World) -> None:
    use_driver(two)
    assert two.command("git", "merge", "-q", "theirs", check=False).status == 1
    assert two.run("resolve", "--all", "--ours").status == 0
    two.commit("merged")
    assert told(two) == []


@pytest.mark.long
def test_the_same_change_on_both_sides_and_a_folder_with_another_name(world: World) -> None:
    start(world)
    world.git("tag", "base")

    def theirs() -> None:
        set_by_sops(world, '["db"]["password"]', "same")
        world.encrypt(NEW, "token: new\n")

    on_branch(world, "theirs", theirs)
    set_by_sops(world, '["db"]["password"]', "same")
    world.git("mv", "infra/secrets/dev", "infra/secrets/prod")
    world.commit("ours")
    world.command("git", "merge", "-q", "--no-edit", "-X", "ours", "theirs", check=False)
    world.commit("merged") if world.git("status", "--porcelain") else None
    assert (world.repo / NEW.replace("dev", "prod")).exists()
    assert told(world) == []


@pytest.mark.long
def test_a_new_data_key_that_is_left_out(world: World) -> None:
    start(world)
    world.git("tag", "base")
    on_branch(world, "theirs", lambda: world.sops("rotate", "-i", FILE))
    put(world, "db.user", "ours")
    world.commit("ours")
    world.git("merge", "-q", "--no-edit", "-s", "ours", "theirs")
    assert told(world) == [(FILE, None, "the merge left out the new data key")]
