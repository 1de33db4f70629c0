"""A change of two files, a process that is killed in it, and the next run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from plana_secrets.document.edits import SetLeaf
from plana_secrets.git import commits
from plana_secrets.paths import parse_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import (
    CommitRequest,
    StagedFile,
    stage_edits,
    write_files,
    writing,
)
from plana_secrets.storage import digest_of
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE, make_workspace
from tests.world import World

DIGESTS = (digest_of(b"old"), digest_of(b"new"))
FILES = (PLAIN_FILE, SECRET_FILE)


def stage_both(workspace: Workspace, value: str = "both-new") -> list[StagedFile]:
    value_of = Secret.from_text(value)
    return [
        stage_edits(workspace, PLAIN_FILE, [SetLeaf(parse_path("db.password"), value_of)]),
        stage_edits(workspace, SECRET_FILE, [SetLeaf(parse_path("stringData.API_KEY"), value_of)]),
    ]


def contents(world: World) -> list[bytes]:
    return [(world.repo / file).read_bytes() for file in FILES]


def tip(world: World, place: Path) -> str:
    return world.git("-C", str(place), "rev-parse", "main").strip()


def in_child(action: Callable[[], None]) -> int:
    """Run ``action`` in a forked process; its exit status."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:  # noqa: BLE001 - a child must not run on as a second pytest
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def recover(world: World) -> None:
    """What the next writing command does first."""
    with writing(make_workspace(world), "next"):
        pass


def kill_before_the_branch_moves(workspace: Workspace, staged: list[StagedFile]) -> None:
    def stop() -> None:
        commits.move_head = lambda *_, **__: os._exit(9)  # type: ignore[assignment]
        with writing(workspace, "test"):
            write_files(workspace, staged, operation="test", commit=CommitRequest("x"))

    assert in_child(stop) == 9
