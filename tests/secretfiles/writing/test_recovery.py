"""A journal is acted upon only as far as a change of ours could have written it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plana_secrets.errors import FailedError, IncompleteError
from plana_secrets.git import commits
from plana_secrets.secretfiles.state import shared_state_folder, state_folder
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.journal import Journal, pending
from plana_secrets.secretfiles.writing.lock import discard_pending, writing
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Stage
from plana_secrets.secretfiles.writing.writer import CommitRequest, StagedFile, write_files
from plana_secrets.storage import digest_of
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE, make_workspace
from tests.world import World

EVIL = b"evil\n"


def forge(workspace: Workspace, file: str, old: bytes | None, new: bytes | None = EVIL) -> None:
    """A journal with every checksum right, as somebody with an editor can write it."""
    folder = state_folder(workspace.repository) / "journal"
    folder.mkdir(parents=True)
    digests = [None if one is None else digest_of(one) for one in (old, new)]
    files = [{"file": file, "old": digests[0], "new": digests[1]}]
    if new is not None:
        (folder / "new-0").write_bytes(new)
    lines: list[dict[str, Any]] = [
        {"begin": {"operation": "x", "root": str(workspace.root), "files": files}},
        {"stage": "REPLACING"},
    ]
    with (folder / "records").open("w") as records:
        for line in lines:
            text = json.dumps(line)
            records.write(f"{hashlib.sha256(text.encode()).hexdigest()[:16]} {text}\n")


def expect_damaged(workspace: Workspace) -> IncompleteError:
    with pytest.raises(IncompleteError) as caught, writing(workspace, "next"):
        pass
    assert caught.value.kind == "damaged-journal"
    return caught.value


@pytest.mark.parametrize(
    "file",
    [
        "../victim", ".git/config", ".github/workflows/ci.yaml", "Makefile", "infra/other.yaml",
        "infra/secrets/README.md", "infra/secrets/.gitattributes",
    ],
)  # fmt: skip
@pytest.mark.parametrize("new", [EVIL, None], ids=["overwritten", "removed"])
def test_a_file_that_is_no_secret_file_is_left_alone(
    files_world: World, workspace: Workspace, file: str, new: bytes | None
) -> None:
    path = files_world.repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(b"precious")
    before = path.read_bytes()
    forge(workspace, file, before, new)
    expect_damaged(workspace)
    assert path.read_bytes() == before
    assert discard_pending(workspace)
    with writing(workspace, "next"):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("rule", ["", "path_regex: .*\n    "], ids=["no-regex", "any"])
def test_a_rule_for_everything_makes_no_secret_file_of_a_readable_one(
    files_world: World, rule: str
) -> None:
    text = (files_world.repo / ".sops.yaml").read_text()
    recipient = text[text.index("age1") :].split()[0]
    (files_world.repo / ".sops.yaml").write_text(f"creation_rules:\n  - {rule}age: {recipient}\n")
    (files_world.repo / "Makefile").write_bytes(b"precious")
    workspace = make_workspace(files_world)
    forge(workspace, "Makefile", b"precious")
    expect_damaged(workspace)
    assert (files_world.repo / "Makefile").read_bytes() == b"precious"


def test_a_file_of_a_rule_beside_the_roots_is_changed_and_recovered(files_world: World) -> None:
    text = (files_world.repo / ".sops.yaml").read_text()
    recipient = text[text.index("age1") :].split()[0]
    (files_world.repo / ".sops.yaml").write_text(
        f"creation_rules:\n  - path_regex: ^apps/\n    age: {recipient}\n"
    )
    old = files_world.encrypt("apps/a.yaml", "a: old\n").read_bytes()
    new = files_world.encrypt("apps/a.yaml", "a: new\n").read_bytes()
    (files_world.repo / "apps/a.yaml").write_bytes(old)
    workspace = make_workspace(files_world)
    forge(workspace, "apps/a.yaml", old, new)
    with writing(workspace, "next") as recovery:
        assert recovery.action == "finish"
    assert (files_world.repo / "apps/a.yaml").read_bytes() == new


def test_what_is_not_encrypted_is_not_put_in_place(
    files_world: World, workspace: Workspace
) -> None:
    before = (files_world.repo / PLAIN_FILE).read_bytes()
    forge(workspace, PLAIN_FILE, before, b"password: plain\n")
    expect_damaged(workspace)
    assert (files_world.repo / PLAIN_FILE).read_bytes() == before


def test_rules_that_are_none_are_not_put_in_place(files_world: World, workspace: Workspace) -> None:
    before = (files_world.repo / ".sops.yaml").read_bytes()
    forge(workspace, ".sops.yaml", before, b"evil\n")
    expect_damaged(workspace)
    assert (files_world.repo / ".sops.yaml").read_bytes() == before


def swap(staged: Path) -> None:
    staged.write_bytes(EVIL)


def link(staged: Path) -> None:
    staged.rename(staged.with_name("elsewhere"))
    staged.symlink_to("elsewhere")


@pytest.mark.parametrize("harm", [swap, Path.unlink, link])
def test_a_staged_file_that_is_another_one_stops_all_of_it(
    files_world: World, workspace: Workspace, harm: Callable[[Path], None]
) -> None:
    """The first file is not written either: nothing is, before all is checked."""
    files = (PLAIN_FILE, SECRET_FILE)
    before = [(files_world.repo / file).read_bytes() for file in files]
    intended = tuple(
        IntendedFile(file, digest_of(old), digest_of(new))
        for file, old, new in zip(files, before, reversed(before), strict=True)
    )
    journal = Journal(workspace.repository)
    journal.begin(Intent("x", str(workspace.root), intended), before[::-1])
    journal.advance(Stage.REPLACING)
    harm(journal.path.with_name("new-1"))
    expect_damaged(workspace)
    assert [(files_world.repo / file).read_bytes() for file in files] == before


@pytest.mark.parametrize("more", ["README.md", PLAIN_FILE, None])
def test_the_branch_moves_to_no_other_commit(
    files_world: World, workspace: Workspace, more: str | None
) -> None:
    """The commit in the journal has another file too, another content, or another parent."""
    git = workspace.repository.command
    base = workspace.repository.head()
    old = (files_world.repo / SECRET_FILE).read_bytes()
    new = (files_world.repo / PLAIN_FILE).read_bytes()
    changed: dict[str, bytes | None] = {SECRET_FILE: new}
    if more == PLAIN_FILE:
        changed[SECRET_FILE] = new + b"# other\n"
    elif more:
        changed[more] = EVIL
    parent = base
    if more is None:
        parent = commits.build_commit(git, {"x": EVIL}, "between", parent=base)
    commit = commits.build_commit(git, changed, "x", parent=parent)
    intended = (IntendedFile(SECRET_FILE, digest_of(old), digest_of(new)),)
    intent = Intent("x", str(workspace.root), intended, base, "main", commit=True, push="main")
    journal = Journal(workspace.repository)
    journal.begin(intent, [new])
    journal.advance(Stage.PUSHED, commit=commit)
    assert "commit" in expect_damaged(workspace).message
    assert workspace.repository.head() == base
    assert (files_world.repo / SECRET_FILE).read_bytes() == old


def test_a_torn_record_is_cut_off_before_the_next(workspace: Workspace, files_world: World) -> None:
    """A recovery that goes on after a torn record, and is killed, leaves a whole journal."""
    old, new = ((files_world.repo / file).read_bytes() for file in (SECRET_FILE, PLAIN_FILE))
    intended = (IntendedFile(SECRET_FILE, digest_of(old), digest_of(new)),)
    journal = Journal(workspace.repository)
    journal.begin(Intent("x", str(workspace.root), intended), [new])
    whole = journal.path.read_bytes()
    with journal.path.open("ab") as records:
        records.write(b'0123456789abcdef {"stage": "PUSH')
    journal.advance(Stage.REPLACING)
    assert journal.path.read_bytes().startswith(whole)
    with writing(workspace, "next") as recovery:
        assert recovery.action == "finish"


def test_a_file_that_recovery_would_refuse_is_not_begun(
    files_world: World, workspace: Workspace
) -> None:
    changes = [StagedFile(file, None, EVIL) for file in ("Makefile", "infra/x.txt")]
    with writing(workspace, "test"), pytest.raises(FailedError) as caught:
        write_files(workspace, changes, operation="x", commit=CommitRequest("x"))
    assert caught.value.kind == "not-a-secret-file"
    assert pending(workspace) is None
    assert not (files_world.repo / "Makefile").exists()


# -- what is where the journal should be


def as_file(folder: Path, _elsewhere: Path) -> None:
    folder.write_bytes(b"")


def as_link(folder: Path, elsewhere: Path) -> None:
    folder.symlink_to(elsewhere)


def with_folder_of_records(folder: Path, _elsewhere: Path) -> None:
    (folder / "records" / "deep").mkdir(parents=True)


def with_pipe(folder: Path, _elsewhere: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "records")


def with_zeros(folder: Path, _elsewhere: Path) -> None:
    folder.mkdir()
    with (folder / "records").open("wb") as records:
        records.truncate(20 << 30)


@pytest.mark.parametrize("make", [as_file, as_link, with_folder_of_records, with_pipe, with_zeros])
def test_something_else_in_its_place_is_damage_that_can_be_discarded(
    workspace: Workspace, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "records").write_bytes(b"precious")
    folder = state_folder(workspace.repository) / "journal"
    folder.parent.mkdir(exist_ok=True)
    make(folder, tmp_path)
    expect_damaged(workspace)
    assert discard_pending(workspace)
    assert (tmp_path / "records").read_bytes() == b"precious"
    with writing(workspace, "next"):
        pass


@pytest.mark.parametrize("make", [as_file, as_link])
def test_a_state_folder_that_is_none_is_refused(
    workspace: Workspace, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    folder = state_folder(workspace.repository)
    shutil.rmtree(folder, ignore_errors=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    make(folder, elsewhere)
    for action in (lambda: pending(workspace), lambda: writing(workspace, "x").__enter__()):
        with pytest.raises(FailedError) as caught:
            action()
        assert caught.value.kind == "no-state-folder"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another user")
def test_a_state_folder_of_another_user_is_refused_but_not_the_owners(
    workspace: Workspace,
) -> None:
    folder = state_folder(workspace.repository)
    folder.mkdir(exist_ok=True)
    os.chown(folder, 12345, 12345)
    with pytest.raises(FailedError) as caught:
        shared_state_folder(workspace.repository)
    assert caught.value.kind == "foreign-state-folder"
    os.chown(workspace.repository.git_dir, 12345, 12345)
    assert state_folder(workspace.repository) == folder


def test_what_is_no_file_of_ours_is_not_swept(files_world: World, workspace: Workspace) -> None:
    """A folder with the name of a leftover stops no write."""
    folders = [files_world.repo / place / ".x.plana-01234567" for place in ("", "infra/secrets")]
    for folder in folders:
        folder.mkdir()
    with writing(workspace, "next"):
        pass
    assert all(folder.is_dir() for folder in folders)
