"""Which files are secret files, and which one a person means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.secretfiles.listing import is_secret_file, resolve_file
from plana_secrets.secretfiles.names import check_name
from plana_secrets.secretfiles.open import read_bytes_of
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.secretfiles.workspace import Workspace
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE
from tests.world import PROGRAM, World


def test_lists_tracked_and_new_files_and_not_what_is_ignored_or_gone(
    files_world: World, workspace: Workspace
) -> None:
    folder = files_world.repo / "infra/secrets"
    (folder / "new.yaml").write_text("x")
    (folder / "skipped.yaml").write_text("x")
    (folder / "README.md").write_text("x")
    (folder / "kustomization.yaml").write_text("x")
    (folder / ".new.yaml.plana-01234567").write_text("x")
    (files_world.repo / ".gitignore").write_text("skipped.yaml\n")
    (files_world.repo / "elsewhere.yaml").write_text("x")
    (files_world.repo / SECRET_FILE).unlink()
    assert work_tree(workspace).secret_files == (PLAIN_FILE, "infra/secrets/new.yaml")


def test_a_file_in_a_folder_that_may_not_be_entered_is_not_taken_for_gone(
    files_world: World,
) -> None:
    """A mirror that prunes would delete its item; root gives up the power to look first."""
    folder = (files_world.repo / PLAIN_FILE).parent
    folder.chmod(0o600)
    powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    try:
        words = powerless if os.getuid() == 0 else []
        done = files_world.command(*words, *PROGRAM, "ls", check=False)
    finally:
        folder.chmod(0o700)
    assert PLAIN_FILE in done.stdout


@pytest.mark.parametrize(
    ("file", "verdict"),
    [
        ("infra/secrets/a.yaml", True),
        ("infra/secrets/a.json", True),
        ("infra/secretsx/a.yaml", False),
        ("infra/secrets/.sops.yaml", False),
        ("infra/secrets/.gitattributes", False),
        ("infra/secrets/x/README.md", False),
        ("a.yaml", False),
    ],
)
def test_the_name_decides(file: str, verdict: bool) -> None:
    assert is_secret_file(FilesSettings(), file) is verdict


def test_a_root_may_be_the_repository_itself() -> None:
    assert is_secret_file(FilesSettings(roots=(".",)), "a.yaml")
    assert not is_secret_file(FilesSettings(roots=(".",)), ".sops.yaml")


class TestResolving:
    def test_relative_to_the_folder_first_then_to_the_repository(
        self, files_world: World, workspace: Workspace
    ) -> None:
        folder = files_world.repo / "infra/secrets/dev"
        assert resolve_file(workspace, "example.yaml", folder) == PLAIN_FILE
        assert resolve_file(workspace, PLAIN_FILE, folder) == PLAIN_FILE
        assert resolve_file(workspace, "../dev/./example.yaml", folder) == PLAIN_FILE
        assert resolve_file(workspace, str(folder / "example.yaml"), Path("/")) == PLAIN_FILE
        assert resolve_file(workspace, PLAIN_FILE, Path("/")) == PLAIN_FILE

    def test_through_a_folder_that_is_reached_by_a_link(
        self, files_world: World, workspace: Workspace
    ) -> None:
        link = files_world.folder / "link"
        link.symlink_to(files_world.repo)
        assert resolve_file(workspace, PLAIN_FILE, link) == PLAIN_FILE
        assert resolve_file(workspace, str(link / PLAIN_FILE), Path("/")) == PLAIN_FILE

    def test_a_new_file_is_looked_for_where_secrets_are(
        self, files_world: World, workspace: Workspace
    ) -> None:
        new = "infra/secrets/prod/new.yaml"
        for folder in (files_world.repo, files_world.repo / "infra"):
            assert resolve_file(workspace, new, folder, must_exist=False) == new
        inside = files_world.repo / "infra/secrets"
        assert resolve_file(workspace, "n.yaml", inside, must_exist=False) == "infra/secrets/n.yaml"

    @pytest.mark.parametrize("text", ["/etc/passwd", "../../etc/passwd", ".git/config", "."])
    def test_outside_is_refused(self, files_world: World, workspace: Workspace, text: str) -> None:
        with pytest.raises(UsageError) as caught:
            resolve_file(workspace, text, files_world.repo)
        assert caught.value.kind == "outside-repository"

    def test_what_is_not_there_is_said(self, files_world: World, workspace: Workspace) -> None:
        with pytest.raises(UsageError) as caught:
            resolve_file(workspace, "none.yaml", files_world.repo)
        assert caught.value.kind == "no-such-file"


def test_a_link_out_of_the_repository_is_not_read(files_world: World, workspace: Workspace) -> None:
    outside = files_world.folder / "outside"
    outside.mkdir()
    (outside / "a.yaml").write_text("theirs")
    (files_world.repo / "infra/secrets/link").symlink_to(outside)
    with pytest.raises(FailedError) as caught:
        read_bytes_of(workspace, "infra/secrets/link/a.yaml")
    assert caught.value.kind == "symlink"


def test_a_file_that_a_sparse_checkout_leaves_out_is_said_to_be(
    files_world: World, workspace: Workspace
) -> None:
    files_world.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{PLAIN_FILE}")
    for text in (PLAIN_FILE, str(files_world.repo / PLAIN_FILE)):
        with pytest.raises(UsageError) as caught:
            resolve_file(workspace, text, files_world.repo)
        assert caught.value.kind == "not-checked-out"
    with pytest.raises(UsageError) as caught:
        check_name(workspace, PLAIN_FILE)
    assert caught.value.kind == "not-checked-out"
    assert check_name(workspace, "infra/secrets/dev/another.yaml") == ()


def test_a_root_may_be_one_file() -> None:
    settings = FilesSettings(roots=("a/b.yaml",))
    assert is_secret_file(settings, "a/b.yaml")
    assert not is_secret_file(settings, "a/b.yaml.bak")
