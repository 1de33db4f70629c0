"""``recover``: readers warn of an interrupted change, and the next writer finishes it."""

from __future__ import annotations

import json

from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Stage
from plana_secrets.storage import digest_of
from tests.secretfiles.conftest import PLAIN_FILE, make_workspace
from tests.world import World


def leave_pending(world: World, *, stage: Stage, old: str | None = None) -> bytes:
    """A journal as a killed run leaves it; the new content that it means to write."""
    path = world.repo / PLAIN_FILE
    before = path.read_bytes()
    new = world.encrypt(PLAIN_FILE, "db:\n    password: from-the-journal\n").read_bytes()
    path.write_bytes(before)
    workspace = make_workspace(world)
    journal = Journal(workspace.repository)
    intended = IntendedFile(PLAIN_FILE, old or digest_of(before), digest_of(new))
    journal.begin(Intent("rotate run", str(world.repo), (intended,)), [new])
    if stage is not Stage.BEGUN:
        journal.advance(stage)
    return new


def test_readers_warn_and_recover_finishes(files_world: World) -> None:
    new = leave_pending(files_world, stage=Stage.REPLACING)
    for command in (("ls",), ("show", PLAIN_FILE), ("get", PLAIN_FILE, "port"), ("diff",)):
        done = files_world.run(*command)
        assert done.status == 0
        assert "interrupted change is unfinished (rotate run)" in done.stderr
    status = files_world.run("status", "--json", "--check")
    assert (status.status, json.loads(status.stdout)["pending"]) == (1, "rotate run")
    done = files_world.run("recover", "--json")
    assert json.loads(done.stdout)["action"] == "finish"
    assert json.loads(done.stdout)["files"] == [PLAIN_FILE]
    assert (files_world.repo / PLAIN_FILE).read_bytes() == new
    assert "nothing to recover" in files_world.run("recover").stderr


def test_a_writer_undoes_what_had_not_begun(files_world: World) -> None:
    leave_pending(files_world, stage=Stage.BEGUN)
    done = files_world.run("set", PLAIN_FILE, "db.password", "--stdin", stdin=b"mine")
    assert done.status == 0
    assert files_world.run("get", PLAIN_FILE, "db.password").stdout == "mine"


def test_what_cannot_be_decided_is_7_until_it_is_discarded(files_world: World) -> None:
    leave_pending(files_world, stage=Stage.REPLACING, old="0" * 64)
    before = (files_world.repo / PLAIN_FILE).read_bytes()
    for command in (("recover",), ("set", PLAIN_FILE, "a", "--generate", "hex:3")):
        done = files_world.run(*command)
        assert done.status == 7
        assert PLAIN_FILE in done.stderr
    assert files_world.run("recover", "--discard").status == 0
    assert (files_world.repo / PLAIN_FILE).read_bytes() == before
    assert files_world.run("set", PLAIN_FILE, "a", "--generate", "hex:3").status == 0
