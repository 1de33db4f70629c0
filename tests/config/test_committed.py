"""Which settings count for a move: the committed ones, and what else is said."""

from __future__ import annotations

import pytest

from plana_secrets.config.committed import compare, settings_in_force
from plana_secrets.config.schema import parse_settings
from plana_secrets.errors import UsageError
from plana_secrets.git.repository import Repository
from tests.world import World

KEYSET = '[keysets.{name}]\nkind = "jwt-hs256"\ntargets = ["infra/secrets/a.yaml#{name}"]\n'


def settings(*names: str, more: str = ""):
    text = "".join(KEYSET.format(name=name) + more for name in names)
    return parse_settings(text.encode())


def test_a_wait_counts_as_it_is_committed() -> None:
    before, now = settings("a", "b"), settings("a", "b", more='rollout = "0s"\n')
    found = compare(before, now)
    assert found.policies == before.keysets
    assert found.ignored == ("keysets.a", "keysets.b")
    assert compare(now, before).policies == now.keysets


def test_a_keyset_that_only_the_work_tree_has_is_new() -> None:
    found = compare(settings("a"), settings("a", "b"))
    assert ([one.name for one in found.policies], found.new) == (["a", "b"], {"b"})
    assert found.ignored == ()


def test_a_keyset_that_the_work_tree_lacks_still_counts() -> None:
    found = compare(settings("a", "b"), settings("b"))
    assert [one.name for one in found.policies] == ["a", "b"]
    assert found.ignored == ("keysets.a",)


def test_the_deployed_branch_and_remote_count_as_committed() -> None:
    committed = parse_settings(b'[git]\nbranch = "main"\n')
    found = compare(committed, parse_settings(b'[git]\nbranch = "mine"\nremote = "fork"\n'))
    assert (found.branch, found.remote) == ("main", None)
    assert found.ignored == ("git.branch", "git.remote")


def test_the_commit_at_head_is_read(world: World) -> None:
    file = world.repo / "plana-secrets.toml"
    file.write_text(KEYSET.format(name="a"))
    present = parse_settings(file.read_bytes())
    repository = Repository.open(world.repo)
    assert settings_in_force(repository, present).new == frozenset()
    (world.repo / "x").touch()
    world.git("add", "x")
    world.git("commit", "-q", "-m", "without the settings")
    assert settings_in_force(repository, present).new == {"a"}
    world.commit()
    assert settings_in_force(repository, present).new == frozenset()


def test_a_committed_mistake_is_an_error_that_says_where(world: World) -> None:
    (world.repo / "plana-secrets.toml").write_text("[polcy]\n")
    world.commit()
    with pytest.raises(UsageError, match=r"HEAD: plana-secrets\.toml: polcy") as caught:
        settings_in_force(Repository.open(world.repo), settings("a"))
    assert caught.value.kind == "bad-committed-config"
