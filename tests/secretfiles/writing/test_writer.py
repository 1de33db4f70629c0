"""Changing files with the real sops: exactly what was meant, or nothing at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from plana_secrets.document.edits import Unset
from plana_secrets.errors import ConflictError, FailedError
from plana_secrets.locks import locked
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import read_document_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import stage_new, write_files, writing
from plana_secrets.sops.model import LeafType
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE, make_workspace
from tests.secretfiles.writing.onefile import Snapshot, change, put
from tests.world import DEFAULT_RULES, World


def changed_lines(before: str, after: str) -> list[str]:
    old, new = before.split("\n"), after.split("\n")
    assert len(old) == len(new)
    return [two.split(":")[0].strip() for one, two in zip(old, new, strict=True) if one != two]


class TestOneFile:
    def test_sops_decrypts_the_new_value_and_only_its_lines_changed(
        self, files_world: World, workspace: Workspace
    ) -> None:
        before = (files_world.repo / PLAIN_FILE).read_text()
        assert change(workspace, PLAIN_FILE, put("db.password")) == ("db.password",)
        plain = files_world.decrypt(PLAIN_FILE)
        assert "password: new-value" in plain
        assert "# the database of the example" in plain
        assert "# beside it" in plain
        after = (files_world.repo / PLAIN_FILE).read_text()
        assert set(changed_lines(before, after)) <= {"password", "mac", "lastmodified"}

    def test_types_of_all_others_stay(self, files_world: World, workspace: Workspace) -> None:
        change(workspace, PLAIN_FILE, put("db.password"))
        plain = files_world.decrypt(PLAIN_FILE)
        for line in ("port: 5432", "ratio: 0.5", "debug: false", "nothing: null", 'empty: ""'):
            assert line in plain

    def test_several_edits_at_once(self, files_world: World, workspace: Workspace) -> None:
        changed = change(
            workspace, PLAIN_FILE,
            put("port", "99", LeafType.INT), put("hosts[2]", "three"), put("new.map.key", "v"),
            Unset(("db", "user")), put("debug", "true", LeafType.BOOL),
        )  # fmt: skip
        assert set(changed) == {"port", "hosts[2]", "new.map.key", "db.user", "debug"}
        plain = files_world.decrypt(PLAIN_FILE)
        for line in ("port: 99", "    - three", "        key: v", "debug: true"):
            assert line in plain
        assert "user" not in plain

    def test_the_value_that_is_there_already_changes_nothing(
        self, files_world: World, workspace: Workspace, snapshot: Snapshot
    ) -> None:
        before = snapshot()
        assert change(workspace, PLAIN_FILE, put("db.password", "old-password")) == ()
        assert snapshot() == before

    @pytest.mark.parametrize(
        "value", ["# no comment", "two\nlines\n", "  ", "'", '"', "null", "1", "ENC[x]", "ü€😀", "\t",
                  "yes", "- a", "a: b", "\u2028", "{}", "\\", "x" * 9000],
    )  # fmt: skip
    def test_any_text_comes_back_byte_for_byte(self, workspace: Workspace, value: str) -> None:
        change(workspace, PLAIN_FILE, put("db.password", value))
        found = read_document_of(workspace, PLAIN_FILE).find(("db", "password"))
        assert found is not None
        assert found[0].type is LeafType.STR
        assert found[1].reveal_text() == value

    def test_a_secret_manifest_keeps_its_readable_part(
        self, files_world: World, workspace: Workspace
    ) -> None:
        change(workspace, SECRET_FILE, put("stringData.API_KEY"), put("data.TOKEN", "bmV3"))
        text = (files_world.repo / SECRET_FILE).read_text()
        assert "kind: Secret" in text
        assert "app: example" in text
        assert "bmV3" not in text
        assert "TOKEN: bmV3" in files_world.decrypt(SECRET_FILE)

    def test_the_mode_stays(self, files_world: World, workspace: Workspace) -> None:
        path = files_world.repo / PLAIN_FILE
        path.chmod(0o640)
        change(workspace, PLAIN_FILE, put("db.password"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_several_recipients_with_ours_second(
        self, files_world: World, workspace: Workspace
    ) -> None:
        import pyrage

        files_world.others.append(files_world.identity)
        files_world.identity = pyrage.x25519.Identity.generate()
        files_world.write_rules(DEFAULT_RULES)
        files_world.encrypt(PLAIN_FILE, "a: x\n")
        change(make_workspace(files_world), PLAIN_FILE, put("a"))
        assert files_world.decrypt(PLAIN_FILE) == "a: new-value\n"


class TestNewFiles:
    def test_a_new_file_is_encrypted_by_its_rule(
        self, files_world: World, workspace: Workspace
    ) -> None:
        file = "infra/secrets/prod/new.yaml"
        with writing(workspace, "new"):
            staged = stage_new(
                workspace, file, Secret(b"# note\na:\n    b: value-of-b\n    c: 1\n")
            )
            write_files(workspace, [staged], operation="new")
        text = (files_world.repo / file).read_text()
        assert "value-of-b" not in text
        assert "note" not in text
        assert files_world.decrypt(file) == "# note\na:\n    b: value-of-b\n    c: 1\n"

    def test_edits_can_make_a_file(self, files_world: World, workspace: Workspace) -> None:
        file = "infra/secrets/prod/new.yaml"
        change(workspace, file, put("a.b"), create=True)
        assert files_world.decrypt(file) == "a:\n    b: new-value\n"

    def test_without_being_asked_no_file_is_made(self, workspace: Workspace) -> None:
        with pytest.raises(FailedError) as caught:
            change(workspace, "infra/secrets/prod/new.yaml", put("a.b"))
        assert caught.value.kind == "missing-file"

    def test_a_file_that_appeared_meanwhile_is_not_overwritten(
        self, files_world: World, workspace: Workspace
    ) -> None:
        file = "infra/secrets/prod/new.yaml"
        with writing(workspace, "new"):
            staged = stage_new(workspace, file, Secret(b"a: b\n"))
            files_world.encrypt(file, "theirs: x\n")
            with pytest.raises(ConflictError) as caught:
                write_files(workspace, [staged], operation="new")
        assert caught.value.kind == "file-exists"
        assert files_world.decrypt(file) == "theirs: x\n"


class TestLeftovers:
    def test_the_next_writer_sweeps_what_a_killed_one_left(
        self, files_world: World, workspace: Workspace
    ) -> None:
        left = files_world.repo / "infra/secrets/dev/.example.yaml.plana-0a1b2c3d"
        left.write_text("half")
        at_the_top = files_world.repo / "..sops.yaml.plana-0a1b2c3d"
        at_the_top.write_text("half")
        change(workspace, PLAIN_FILE, put("db.password"))
        assert not left.exists()
        assert not at_the_top.exists()

    def test_a_sweep_does_not_follow_a_link_out_of_the_repository(
        self, files_world: World, workspace: Workspace
    ) -> None:
        outside = files_world.folder / "outside"
        (files_world.repo / "infra").rename(outside)
        (files_world.repo / "infra").symlink_to(outside)
        theirs = outside / "secrets/.theirs.plana-0a1b2c3d"
        theirs.write_text("x")
        with writing(workspace, "set"):
            pass
        assert theirs.exists()

    def test_the_lock_file_says_who_holds_it(self, workspace: Workspace) -> None:
        lock = workspace.repository.common_dir / "plana-secrets" / "lock"
        with (
            writing(workspace, "set"),
            pytest.raises(ConflictError, match=f"set, process {os.getpid()}"),
            locked(Path(lock), command="x"),
        ):
            pass
