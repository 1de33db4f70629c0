"""Where a move lands: a branch of its own, several remotes, a server that refuses a date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands.rotate.shop import NAME, as_json, keyset
from tests.world import World


@pytest.mark.long
def test_a_move_on_a_branch_of_its_own_comes_with_the_pull_request_to_open(
    shop: World, tmp_path: Path
) -> None:
    shop.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote"))
    shop.git("remote", "add", "origin", str(tmp_path / "remote"))
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    shop.git("push", "-q", "origin", "main")
    step = {"name": NAME, "from": "rotation/shop--portal", "into": "main"}
    refused = shop.run("rotate", "run", NAME, "--push", "--push-branch", "rotation/", "--json")
    assert (refused.status, json.loads(refused.stdout)["kind"]) == (2, "rotate-where")
    told = shop.run("rotate", "run", NAME, "--push-branch", "rotation/")
    assert told.status == 0, told
    assert f"{NAME}: publish is on rotation/shop--portal" in told.stdout
    assert "open a pull request from rotation/shop--portal into main" in told.stdout
    again = as_json(shop.run("rotate", "run", "--due", "--push-branch", "rotation/", "--json"))
    assert (again["moved"], again["waiting"]) == ([], [step])
    other = as_json(shop.run("rotate", "run", NAME, "--push-branch", "r2/", "--json"))
    assert [one["pull_request"] for one in other["moved"]] == [step | {"from": "r2/shop--portal"}]


@pytest.mark.long
def test_every_command_that_pushes_can_push_to_a_branch_of_its_own(
    shop: World, tmp_path: Path
) -> None:
    shop.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote"))
    shop.git("remote", "add", "origin", str(tmp_path / "remote"))
    shop.git("push", "-q", "origin", "main")
    head = shop.git("rev-parse", "HEAD")
    branch = ("--push-branch", "rotation/", "--json")
    done = as_json(shop.run("rotate", "init", NAME, "--fresh", *branch))
    assert done["keysets"] == []
    assert done["moved"][0]["pull_request"]["from"] == "rotation/shop--portal"
    assert (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain")) == (head, "")
    again = shop.run("rotate", "init", NAME, "--fresh", *branch)
    assert (again.status, json.loads(again.stdout)["kind"]) == (3, "proposed-already")
    shop.git("fetch", "-q", "origin", "rotation/shop--portal")
    shop.git("merge", "-q", "--ff-only", "FETCH_HEAD")
    shop.git("push", "-q", "origin", "main")
    for command, kind in (("confirm", "wrong-phase"), ("redate", "nothing-to-redate")):
        more = ("--clock-is-right",) if command == "redate" else ()
        refused = shop.run("rotate", command, NAME, *more, *branch)
        assert (refused.status, json.loads(refused.stdout)["kind"]) == (3, kind)
        assert "NAME" not in str(json.loads(refused.stdout)["hint"])
        both = shop.run("rotate", command, NAME, *more, *branch, "--commit")
        assert json.loads(both.stdout)["kind"] == "rotate-where"


def test_several_remotes_are_said_to_be_the_reason_that_a_move_is_not_dated(shop: World) -> None:
    shop.git("remote", "add", "forgejo", str(shop.folder / "a.git"))
    shop.git("remote", "add", "github", str(shop.folder / "b.git"))
    done = shop.run("rotate", "init", NAME, "--fresh", "--commit")
    assert (done.status, "[git] remote" in done.stderr) == (0, True)
    pushed = shop.run("rotate", "run", NAME, "--push")
    assert (pushed.status, "[git] remote" in pushed.stderr) == (2, True)
    settings = shop.repo / "plana-secrets.toml"
    settings.write_text(f'[git]\nremote = "gone"\n{settings.read_text()}')
    shop.git("commit", "-q", "-m", "settings", "plana-secrets.toml")
    unknown = shop.run("rotate", "run", NAME, "--commit")
    assert (unknown.status, "gone" in unknown.stderr) == (2, True)


@pytest.mark.long
def test_a_pushed_move_that_could_not_be_dated_is_said_to_be_made(shop: World) -> None:
    """The server takes the move and refuses the commit that dates it; the next run does that."""
    remote = shop.folder / "remote.git"
    shop.git("clone", "-q", "--bare", ".", str(remote))
    shop.git("remote", "add", "origin", str(remote))
    assert shop.run("rotate", "init", NAME, "--fresh", "--push").status == 0
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nread old new ref\n! git log -1 --format=%s $new | grep -q landed\n")
    hook.chmod(0o755)
    done = shop.run("rotate", "run", NAME, "--push")
    assert done.status == 0
    assert "publish done" in done.stdout
    assert "the next run on main dates it" in done.stdout
    hook.unlink()
    due = as_json(shop.run("--json", "rotate", "run", "--due", "--push"))
    assert [key["since"] is None for key in keyset(shop)["keys"]] == [False, False]
    assert due["moved"] == []
    aborted = as_json(shop.run("--json", "rotate", "run", NAME, "abort", "--push"))
    assert [(one["landed"], one["dated"]) for one in aborted["moved"]] == [(True, True)]
    assert shop.git("rev-parse", "HEAD").strip() in shop.git("ls-remote", str(remote), "main")
