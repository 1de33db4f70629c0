"""Several repositories and one mirror: whose item is whose, forks, and ids that change."""

from __future__ import annotations

import pytest

from tests.cli.commands.mirror.mirrored import (
    A,
    B,
    drift_of,
    make_place,
    mirror,
    mirror_object,
    read_mirror,
    sync,
)
from tests.world import World


@pytest.fixture
def place(world: World) -> World:
    make_place(world)
    set_id(world, "r-first")
    world.commit()
    return world


def set_id(world: World, repository: str | None) -> None:
    path = world.repo / "plana-secrets.toml"
    lines = [one for one in path.read_text().splitlines() if not one.startswith("repository")]
    named = [f'repository = "{repository}"'] if repository else []
    path.write_text("\n".join([*named, *lines]) + "\n")


def restart_history(world: World) -> None:
    """Another repository with the same files: no commit in common."""
    world.git("checkout", "-q", "--orphan", "other")
    world.git("branch", "-q", "-D", "main")
    world.git("branch", "-q", "-m", "main")


def test_a_second_repository_sees_the_items_of_the_first_as_foreign(place: World) -> None:
    """Today's answer was a refusal whose hint deleted the items of the first."""
    sync(place)
    first = read_mirror(place)["items"]
    restart_history(place)
    set_id(place, "r-second")
    place.git("rm", "-q", "--cached", B)
    (place.repo / B).unlink()
    place.commit()
    done = sync(place, "--prune", "--allow-older", "--confirm")
    assert (done["created"], done["deleted"], done["foreign"]) == (1, 0, len(first))
    assert [one for one in read_mirror(place)["items"] if one in first] == first
    assert sync(place, "--prune")["in_sync"]


def test_items_of_an_earlier_release_are_not_deleted_by_another_repository(place: World) -> None:
    set_id(place, None)
    place.commit()
    sync(place)
    restart_history(place)
    set_id(place, "r-second")
    place.git("rm", "-q", "--cached", B)
    (place.repo / B).unlink()
    place.commit()
    assert mirror_object(place, "sync", "--prune", status=6)["kind"] == "older-than-mirror"
    before = read_mirror(place)
    refused = mirror_object(place, "sync", "--prune", "--allow-older", status=6)
    assert (refused["kind"], refused["retry"]) == ("unclaimed", False)
    assert read_mirror(place) == before


def test_a_clone_from_before_the_id_makes_no_second_copies(place: World) -> None:
    """Its commit is older than those of the items, so nothing else says that they are its own."""
    set_id(place, None)
    without = place.commit()
    set_id(place, "r-first")
    place.commit()
    sync(place)
    before = read_mirror(place)
    place.git("reset", "-q", "--hard", without)
    refused = mirror_object(place, "sync", "--prune", "--allow-older", "--confirm", status=6)
    assert (refused["kind"], refused["retry"]) == ("unnamed-repository", False)
    assert "pull first" in refused["hint"]
    assert read_mirror(place) == before
    restart_history(place)  # another repository, which follows the hint
    mirror_object(place, "init", "--new-id")
    place.commit()
    assert sync(place, "--prune")["created"] == 2


def test_a_changed_id_is_a_conflict_until_it_is_changed_back(place: World) -> None:
    sync(place)
    before = read_mirror(place)
    for changed in ("r-changed", None):
        set_id(place, changed)
        place.commit()
        refused = mirror_object(place, "sync", "--prune", "--allow-older", status=6)
        assert refused["kind"] == "another-repository"
        assert 'repository = "r-first"' in refused["hint"]
        assert read_mirror(place) == before
    set_id(place, "r-first")
    place.commit()
    assert sync(place)["in_sync"]


def test_a_fork_gets_an_id_of_its_own(place: World) -> None:
    """Also where the id was changed by hand before."""
    sync(place)
    first = read_mirror(place)["items"]
    set_id(place, "r-typed")
    place.commit()
    rehearsed = mirror_object(place, "init", "--new-id", "--dry-run")
    assert not rehearsed["changed"]
    done = mirror_object(place, "init", "--new-id")
    assert sorted(done["forked_from"]) == ["r-first", "r-typed"]
    assert done["repository"] in (place.repo / "plana-secrets.toml").read_text()
    place.commit()
    assert sync(place, "--prune")["created"] == 2
    assert [one for one in read_mirror(place)["items"] if one in first] == first
    assert mirror_object(place, "init", "--new-id")["repository"] != done["repository"]


def test_init_without_a_kind_says_what_is_missing(place: World) -> None:
    result = mirror(place, "init")
    assert (result.status, "--new-id" in result.stderr) == (2, True)


def test_a_lost_repository_gets_its_files_back(place: World) -> None:
    """The settings are lost, too: the only other repository is meant, of two one is named."""
    sync(place)
    set_id(place, "r-empty")
    back = place.folder / "back"
    shown = mirror_object(place, "restore", "--to", str(back), "--dry-run")
    assert [one["file"] for one in shown["restored"]] == sorted([A, B])
    restart_history(place)
    set_id(place, "r-second")
    place.commit()
    sync(place)
    set_id(place, "r-empty")
    refused = mirror_object(place, "restore", "--to", str(back), status=2)
    assert refused["kind"] == "several-repositories"
    assert "r-first, r-second" in refused["message"]
    unknown = mirror_object(place, "restore", "--to", str(back), "--repository", "x", status=2)
    assert unknown["kind"] == "no-such-repository"
    done = mirror_object(place, "restore", "--to", str(back), "--repository", "r-first")
    assert len(done["restored"]) == 2


def test_status_counts_and_names_no_drift_of_others(place: World) -> None:
    sync(place)
    restart_history(place)
    set_id(place, "r-second")
    place.commit()
    seen = mirror_object(place, "status")
    assert seen["foreign"] == 2
    assert {kind for kind, _, _ in drift_of(seen)} == {"missing"}
