"""The journal: a torn line was never written, and nothing in it is a value."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.errors import IncompleteError
from plana_secrets.secretfiles.state import state_folder
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing import writer as change
from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Pending, Stage
from plana_secrets.secretfiles.writing.writer import write_files, writing
from plana_secrets.storage import digest_of
from tests.secretfiles.conftest import PLAIN_FILE
from tests.secretfiles.writing.bothfiles import DIGESTS, in_child, stage_both
from tests.world import World

BEGUN = Intent("set", "/repo", (IntendedFile(PLAIN_FILE, *DIGESTS),), base="b" * 40, branch="main")


def records_of(workspace: Workspace) -> Path:
    return state_folder(workspace.repository) / "journal" / "records"


@given(cut=st.integers(min_value=1, max_value=400))
def test_a_torn_last_line_was_never_written(workspace: Workspace, cut: int) -> None:
    journal = Journal(workspace.repository)
    journal.begin(BEGUN, [b"content"])
    begun = records_of(workspace).read_bytes()
    journal.advance(Stage.REPLACING)
    whole = records_of(workspace).read_bytes()
    records_of(workspace).write_bytes(whole[: max(0, len(whole) - cut)])
    found = journal.read()
    assert found is not None
    if cut <= len(whole) - len(begun):
        assert found == Pending(BEGUN, Stage.BEGUN)
    else:
        assert found == Pending(None, Stage.BEGUN)
    journal.clear()


def test_a_damaged_line_in_the_middle_is_said(workspace: Workspace) -> None:
    journal = Journal(workspace.repository)
    journal.begin(BEGUN, [b"content"])
    journal.advance(Stage.REPLACING)
    data = records_of(workspace).read_bytes()
    records_of(workspace).write_bytes(data.replace(PLAIN_FILE.encode(), b"other.yaml", 1))
    with pytest.raises(IncompleteError) as caught:
        journal.read()
    assert caught.value.kind == "damaged-journal"


def test_nothing_in_the_journal_is_a_value(files_world: World, workspace: Workspace) -> None:
    """Staged contents are ciphertext, records hold names and digests; all is private."""

    def stop_in_the_middle() -> None:
        change.put_in_place = lambda *_: os._exit(9)  # type: ignore[assignment]
        with writing(workspace, "test"):
            write_files(workspace, stage_both(workspace, "sentinel-x"), operation="test")

    assert in_child(stop_in_the_middle) == 9
    folder = records_of(workspace).parent
    assert folder.stat().st_mode & 0o77 == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["new-0", "new-1", "records"]
    for path in folder.iterdir():
        assert b"sentinel-x" not in path.read_bytes()
        assert path.stat().st_mode & 0o77 == 0
    record = json.loads(records_of(workspace).read_bytes().split(b"\n")[0].split(b" ", 1)[1])
    assert record["begin"]["files"][0]["old"] == digest_of(
        (files_world.repo / PLAIN_FILE).read_bytes()
    )
