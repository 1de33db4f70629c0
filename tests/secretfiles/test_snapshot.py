"""One interface to the secret files in the work tree, in the index and at a commit."""

from __future__ import annotations

import pytest

from plana_secrets.config import settings_in
from plana_secrets.errors import MissingFileError
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.secretfiles.snapshot import Snapshot, at_commit, index, work_tree
from plana_secrets.secretfiles.versions import compare_snapshots
from plana_secrets.secretfiles.workspace import Workspace
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE
from tests.world import World

NEW = "infra/secrets/dev/new.yaml"


def places(workspace: Workspace) -> dict[str, Snapshot]:
    head = at_commit(workspace, workspace.repository.head())
    return {"disk": work_tree(workspace), "index": index(workspace), "commit": head}


def test_every_place_opens_its_own_version(files_world: World, workspace: Workspace) -> None:
    files_world.encrypt(PLAIN_FILE, "port: 2\n")
    files_world.git("add", "-A")
    files_world.encrypt(PLAIN_FILE, "port: 3\n")
    ports = {
        name: place.open(PLAIN_FILE).find(("port",))[1].reveal_text()
        for name, place in places(workspace).items()
    }
    assert ports == {"disk": "3", "index": "2", "commit": "5432"}


def test_secret_files_are_those_of_the_place(files_world: World, workspace: Workspace) -> None:
    (files_world.repo / "infra/secrets/README.md").write_text("readable\n")
    files_world.encrypt(NEW, "a: b\n")
    files_world.git("add", "-A")
    (files_world.repo / SECRET_FILE).unlink()
    found = {name: place.secret_files for name, place in places(workspace).items()}
    assert found == {
        "disk": (PLAIN_FILE, NEW),
        "index": (SECRET_FILE, PLAIN_FILE, NEW),
        "commit": (SECRET_FILE, PLAIN_FILE),
    }


def test_rules_and_settings_are_those_of_the_place(
    files_world: World, workspace: Workspace
) -> None:
    files_world.write_rules("creation_rules:\n  - path_regex: ^other/\n    age: {recipients}\n")
    (files_world.repo / "plana-secrets.toml").write_text('[files]\nroots = ["other"]\n')
    files_world.git("add", "-A")
    (files_world.repo / ".sops.yaml").unlink()
    (files_world.repo / "plana-secrets.toml").write_text('[files]\nroots = ["third"]\n')
    found = places(workspace)
    assert {name: place.rule_for("other/a.yaml") is None for name, place in found.items()} == {
        "disk": True, "index": False, "commit": True,
    }  # fmt: skip
    assert found["disk"].rule_book.known == ()
    assert len(found["commit"].rule_book.known[0].creation_rules) == 3
    assert {name: settings_in(place.tree).files.roots for name, place in found.items()} == {
        "disk": ("third",), "index": ("other",), "commit": ("infra/secrets",),
    }  # fmt: skip


def test_other_settings_list_the_same_place(files_world: World, workspace: Workspace) -> None:
    (files_world.repo / "elsewhere").mkdir()
    (files_world.repo / PLAIN_FILE).rename(files_world.repo / "elsewhere/a.yaml")
    files_world.commit()
    for place in places(workspace).values():
        other = place.under(FilesSettings(roots=("elsewhere",)))
        assert other.listed == ("elsewhere/a.yaml",)
        assert other.secret_files == ("elsewhere/a.yaml", SECRET_FILE)
        assert (other.commit, other.rule_book.known) == (place.commit, place.rule_book.known)


def test_any_file_can_be_read_also_outside_the_roots(
    files_world: World, workspace: Workspace
) -> None:
    (files_world.repo / "docs").mkdir()
    (files_world.repo / "docs/a.md").write_text("x\n")
    files_world.commit()
    for place in places(workspace).values():
        assert place.secret_files
        assert place.read("docs/a.md") == b"x\n"
        with pytest.raises(MissingFileError):
            place.read("docs/b.md")


def test_a_sparse_checkout_is_understood(files_world: World, workspace: Workspace) -> None:
    files_world.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{PLAIN_FILE}")
    disk = work_tree(workspace)
    head = at_commit(workspace, workspace.repository.head())
    assert (disk.secret_files, disk.absent) == ((SECRET_FILE,), (PLAIN_FILE,))
    assert (head.absent, index(workspace).absent) == ((), ())
    assert head.differences(disk) == {}
    assert not compare_snapshots(head, disk)


def test_a_checkout_with_other_line_breaks_does_not_differ(
    files_world: World, workspace: Workspace
) -> None:
    files_world.git("config", "core.autocrlf", "true")
    path = files_world.repo / PLAIN_FILE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    files_world.git("add", "-A")
    assert files_world.git("status", "--porcelain") == ""
    assert not compare_snapshots(
        at_commit(workspace, workspace.repository.head()), work_tree(workspace)
    )


def test_the_index_is_compared_like_any_place(files_world: World, workspace: Workspace) -> None:
    files_world.encrypt(NEW, "a: b\n")
    files_world.git("add", "-A")
    (files_world.repo / NEW).unlink()
    found = places(workspace)
    staged = compare_snapshots(found["commit"], found["index"])
    assert [(one.file, one.change) for one in staged.files] == [(NEW, "added")]
    assert not compare_snapshots(found["commit"], found["disk"])


def test_only_some_files_may_be_listed(files_world: World, workspace: Workspace) -> None:
    for place in places(workspace).values():
        some = place.only([PLAIN_FILE, "infra/secrets/none"])
        assert some.secret_files == (PLAIN_FILE,)
        assert some.rule_for(PLAIN_FILE) == place.rule_for(PLAIN_FILE)
        assert place.only(["infra/secrets/dev"]).secret_files == place.secret_files
