"""What git leaves in place of a secret file is named as what it is, with a way out."""

from __future__ import annotations

import json

import pytest

from tests.world import World

FILE = "infra/secrets/a.yaml"
POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


@pytest.fixture
def conflict(world: World) -> World:
    """Two branches that changed the same value, merged by git."""
    world.encrypt(FILE, "a: one\nb: two\n")
    world.commit()
    world.git("checkout", "-q", "-b", "side")
    for branch, value in (("side", b"theirs"), ("main", b"ours")):
        world.git("checkout", "-q", branch)
        assert world.run("set", FILE, "a", "--stdin", stdin=value).status == 0
        world.commit()
    world.command("sh", "-c", "git merge side >/dev/null 2>&1 || true")
    assert "<<<<<<< " in (world.repo / FILE).read_text()
    return world


def checks_of(world: World) -> list[tuple[str, int | None]]:
    report = json.loads(world.run("verify", "--json").stdout)
    return [(one["check"], one["line"]) for one in report["findings"] if one["file"] == FILE]


def test_an_open_conflict_is_one_finding_with_its_line(conflict: World) -> None:
    text = (conflict.repo / FILE).read_text()
    line = text[: text.index("<<<<<<< ")].count("\n") + 1
    assert checks_of(conflict) == [("merge-conflict", line)]


@pytest.mark.parametrize("command", [("get", FILE, "a"), ("show", FILE)])
def test_every_reader_names_the_conflict(conflict: World, command: tuple[str, ...]) -> None:
    assert "an unresolved merge conflict" in conflict.run(*command).stderr


def test_diff_says_nothing_of_what_it_could_not_read(conflict: World) -> None:
    done = conflict.run("diff")
    assert "after: " in done.stdout
    assert "an unresolved merge conflict" in done.stdout
    assert "not encrypted" not in done.stdout
    assert "- b" not in done.stdout


def test_the_fix_of_a_conflict_works(conflict: World) -> None:
    """A value set before git has merged the file would be lost when it is resolved."""
    conflict.git("checkout", "--ours", FILE)
    refused = conflict.run("set", FILE, "b", "--stdin", stdin=b"merged")
    assert (refused.status, "plana-secrets resolve" in refused.stderr) == (2, True)
    conflict.git("add", FILE)
    assert conflict.run("set", FILE, "b", "--stdin", stdin=b"merged").status == 0
    assert checks_of(conflict) == []
    assert conflict.run("get", FILE, "b").stdout == "merged"
    assert conflict.run("get", FILE, "a").stdout == "ours"


def test_a_pointer_of_lfs_is_named(world: World) -> None:
    (world.repo / FILE).parent.mkdir(parents=True, exist_ok=True)
    (world.repo / FILE).write_text(POINTER)
    assert checks_of(world) == [("lfs-pointer", 1)]
    assert "Git LFS" in world.run("get", FILE, "a").stderr


def test_conflict_markers_inside_a_value_are_no_conflict(world: World) -> None:
    world.encrypt(FILE, "a: |\n    <<<<<<< x\n    >>>>>>> y\n")
    assert checks_of(world) == []


def test_a_plain_file_is_called_plain_whatever_else_is_wrong_with_it(world: World) -> None:
    world.encrypt("infra/secrets/b.yaml", "a: b\n")
    (world.repo / FILE).write_bytes(b"token: hunter2\r\n")
    assert checks_of(world)[0][0] == "not-sops"


def test_a_checkout_with_carriage_returns_of_git_has_a_way_out(world: World) -> None:
    world.encrypt(FILE, "a: one\n")
    world.commit()
    world.git("config", "core.autocrlf", "true")
    (world.repo / FILE).unlink()
    world.git("checkout", "--", FILE)
    assert "*.yaml text eol=lf" in world.run("verify").stdout
    (world.repo / ".gitattributes").write_text("*.yaml text eol=lf\n")
    (world.repo / FILE).unlink()
    world.git("checkout", "--", FILE)
    assert checks_of(world) == []
