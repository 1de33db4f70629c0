"""Commands that look end with 0 whatever they see, and with 1 only when they are asked to."""

from __future__ import annotations

import pytest

from tests.world import World


@pytest.fixture
def untidy(world: World) -> World:
    """A change that is not committed, and a file that nothing encrypts."""
    world.encrypt("infra/secrets/prod/a.yaml", "a: x\n")
    world.commit()
    world.encrypt("infra/secrets/prod/a.yaml", "a: y\n")
    (world.repo / "infra/secrets/prod/plain.yaml").write_text("a: b\n")
    return world


@pytest.mark.parametrize("command", ["ls", "diff", "status"])
def test_looking_is_no_judgement_until_it_is_asked_for(untidy: World, command: str) -> None:
    assert untidy.run(command).status == 0
    assert untidy.run(command, "--check").status == 1
    assert untidy.run(command, "--json").status == 0
    assert untidy.run(command, "--json", "--check").status == 1


@pytest.mark.parametrize("command", ["ls", "diff", "status"])
def test_where_nothing_is_open_asking_changes_nothing(world: World, command: str) -> None:
    world.encrypt("infra/secrets/prod/a.yaml", "a: x\n")
    world.commit()
    assert world.run(command, "--check").status == 0


@pytest.mark.parametrize("command", ["ls", "diff", "status", "verify"])
def test_outside_of_a_repository_is_a_usage_error(world: World, command: str) -> None:
    done = world.run(command, "--repo", str(world.home))
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr


def test_judging_ends_with_1_on_an_error_and_on_a_warning_when_strict(untidy: World) -> None:
    assert untidy.run("verify").status == 1
    (untidy.repo / "infra/secrets/prod/plain.yaml").unlink()
    assert untidy.run("verify").status == 0
    (untidy.repo / "infra/secrets/prod/a.yaml").chmod(0o755)
    assert untidy.run("verify").status == 0
    assert untidy.run("verify", "--strict").status == 1
