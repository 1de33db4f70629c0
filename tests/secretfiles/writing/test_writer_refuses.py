"""What stops a write, and a sops that is not believed: nothing is changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from plana_secrets.document.edits import Unset
from plana_secrets.errors import ConflictError, MalformedError, PlanaSecretsError, UsageError
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import stage_edits, stage_new, write_files, writing
from tests.secretfiles.conftest import PLAIN_FILE, PLAIN_TEXT, FakeSops, make_workspace
from tests.secretfiles.writing.onefile import Snapshot, change, put
from tests.world import DEFAULT_RULES, PROGRAM, World


def refused(workspace: Workspace, snapshot: Snapshot, file: str = PLAIN_FILE) -> PlanaSecretsError:
    """The error of a change that must leave everything as it was."""
    before = snapshot()
    with pytest.raises(PlanaSecretsError) as caught:
        change(workspace, file, put("db.password", "sentinel-value"))
    assert snapshot() == before
    assert "sentinel-value" not in str(caught.value)
    return caught.value


class TestWhatStandsInTheWay:
    def test_no_rule(self, files_world: World, snapshot: Snapshot) -> None:
        files_world.write_rules(
            "creation_rules:\n    - path_regex: ^elsewhere/\n      age: {recipients}\n"
        )
        assert refused(make_workspace(files_world), snapshot).kind == "no-rule"

    def test_no_rules_file(self, files_world: World, snapshot: Snapshot) -> None:
        (files_world.repo / ".sops.yaml").unlink()
        assert refused(make_workspace(files_world), snapshot).kind == "no-rules"

    def test_a_selector_that_sops_answers_with_plaintext(
        self, files_world: World, snapshot: Snapshot
    ) -> None:
        files_world.write_rules(
            "creation_rules:\n    - encrypted_regex: ^(?!other)\n      age: {recipients}\n"
        )
        error = refused(make_workspace(files_world), snapshot)
        assert isinstance(error, MalformedError)
        assert error.kind == "bad-rule"

    def test_the_same_for_a_new_file(self, files_world: World, snapshot: Snapshot) -> None:
        files_world.write_rules(
            "creation_rules:\n    - encrypted_regex: ^(?!other)\n      age: {recipients}\n"
        )
        before = snapshot()
        workspace = make_workspace(files_world)
        with writing(workspace, "new"), pytest.raises(MalformedError):
            stage_new(workspace, "infra/secrets/new.yaml", Secret(b"a: sentinel\n"))
        assert snapshot() == before

    def test_a_rule_with_other_recipients(self, files_world: World, snapshot: Snapshot) -> None:
        import pyrage

        files_world.others.append(pyrage.x25519.Identity.generate())
        files_world.write_rules(DEFAULT_RULES)
        assert refused(make_workspace(files_world), snapshot).kind == "recipients-differ"

    def test_the_comment_of_an_ssh_key_is_no_other_recipient(self, files_world: World) -> None:
        """verify calls such a file good, so it can be written, too."""
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMtyI7e4IDgRKNsJmYTZ3q+Cw+Vx9qAkjhzWsyVOGtWY"
        rule = "creation_rules:\n    - age: {recipients},"
        files_world.write_rules(rule + f"{key}\n")
        files_world.encrypt(PLAIN_FILE, PLAIN_TEXT)
        files_world.write_rules(rule + f"{key} ann@laptop\n")
        done = files_world.run("set", PLAIN_FILE, "db.user", "--stdin", stdin=b"new")
        assert done.status == 0, done.stderr
        assert files_world.run("verify", PLAIN_FILE, "--level", "L3").status == 0

    def test_a_rule_with_another_selector(self, files_world: World, snapshot: Snapshot) -> None:
        files_world.write_rules(
            "creation_rules:\n    - encrypted_regex: ^db$\n      age: {recipients}\n"
        )
        assert refused(make_workspace(files_world), snapshot).kind == "selector-differs"

    def test_no_identity_that_fits(self, files_world: World, snapshot: Snapshot) -> None:
        import pyrage

        files_world.key_file.write_text(f"{pyrage.x25519.Identity.generate()}\n")
        error = refused(make_workspace(files_world), snapshot)
        assert error.exit_code == 4
        assert PLAIN_FILE in error.message

    def test_a_file_that_is_a_symlink(
        self, files_world: World, workspace: Workspace, snapshot: Snapshot
    ) -> None:
        path = files_world.repo / PLAIN_FILE
        path.rename(path.with_name("real.yaml"))
        path.symlink_to("real.yaml")
        assert refused(workspace, snapshot).kind == "symlink"
        assert path.is_symlink()

    def test_a_folder_that_is_a_symlink(
        self, files_world: World, workspace: Workspace, snapshot: Snapshot
    ) -> None:
        outside = files_world.folder / "outside"
        (files_world.repo / "infra").rename(outside)
        (files_world.repo / "infra").symlink_to(outside)
        error = refused(workspace, snapshot)
        assert error.kind == "symlink"
        assert error.facts["link"] == "infra"

    def test_a_folder_without_write_permission(
        self, files_world: World, snapshot: Snapshot
    ) -> None:
        """By a run of its own: root, who may write everywhere, gives that power up first."""
        before = snapshot()
        folder = (files_world.repo / PLAIN_FILE).parent
        folder.chmod(0o500)
        powerless = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
        arguments = ("set", PLAIN_FILE, "db.password", "--stdin", "--json")
        try:
            done = files_world.command(*powerless, *PROGRAM, *arguments, stdin=b"x", check=False)
        finally:
            folder.chmod(0o700)
        assert (done.status, json.loads(done.stdout)["kind"]) == (3, "unwritable-file")
        assert snapshot() == before

    def test_a_lock_that_another_run_holds(
        self, files_world: World, workspace: Workspace, snapshot: Snapshot
    ) -> None:
        with writing(workspace, "first"):
            error = refused(make_workspace(files_world), snapshot)
        assert error.kind == "locked"
        assert error.exit_code == 6

    def test_a_file_that_changed_while_sops_ran(
        self, files_world: World, workspace: Workspace
    ) -> None:
        with writing(workspace, "set"):
            staged = stage_edits(workspace, PLAIN_FILE, [put("db.password")])
            files_world.encrypt(PLAIN_FILE, "theirs: x\n")
            with pytest.raises(ConflictError) as caught:
                write_files(workspace, [staged], operation="set")
        assert caught.value.kind == "changed-meanwhile"
        assert files_world.decrypt(PLAIN_FILE) == "theirs: x\n"

    def test_a_leaf_that_a_keyset_renders(self, files_world: World, snapshot: Snapshot) -> None:
        def owner(file: str, path: object) -> str | None:
            return "svc/api" if (file, path) == (PLAIN_FILE, ("db", "password")) else None

        workspace = make_workspace(files_world, owned_leaf=owner)
        error = refused(workspace, snapshot)
        assert error.kind == "rendered-leaf"
        assert "svc/api" in error.message
        with pytest.raises(UsageError):
            change(workspace, PLAIN_FILE, Unset(("db",)))
        assert change(workspace, PLAIN_FILE, put("db.password"), by_rotation=True)


class TestSopsIsNotBelieved:
    """Status 0 and a wrong answer: each is found, and nothing is written."""

    @pytest.mark.parametrize(
        "falsify",
        [
            lambda data: b"",
            lambda data: data[:-40],
            lambda data: data.replace(b"hosts:", b"hostz:"),
            lambda data: data.replace(b"port: ENC", b"port: 5432 #ENC"),
            lambda data: data + b"extra: plain\n",
            lambda data: b"\n".join(
                line for line in data.split(b"\n") if b"#ENC" not in line or b"- #" in line
            ),
        ],
        ids=["nothing", "cut", "renamed", "plain", "added", "comment-lost"],
    )
    def test_a_damaged_answer(
        self, workspace: Workspace, snapshot: Snapshot, falsify: Callable[[bytes], bytes]
    ) -> None:
        workspace.sops = FakeSops(workspace.sops, falsify)  # type: ignore[assignment]
        assert refused(workspace, snapshot).exit_code == 3

    def test_the_same_content_for_one_more_recipient(
        self, files_world: World, workspace: Workspace, snapshot: Snapshot
    ) -> None:
        import pyrage

        rules = (files_world.repo / ".sops.yaml").read_bytes()
        files_world.others.append(pyrage.x25519.Identity.generate())
        files_world.write_rules(DEFAULT_RULES)
        plain = files_world.decrypt(PLAIN_FILE).replace("old-password", "sentinel-value")
        copy = files_world.encrypt("infra/secrets/dev/copy.yaml", plain).read_bytes()
        (files_world.repo / ".sops.yaml").write_bytes(rules)
        workspace.sops = FakeSops(workspace.sops, lambda _: copy)  # type: ignore[assignment]
        assert refused(workspace, snapshot).kind == "recipients-differ"

    def test_the_answer_for_another_edit(
        self, files_world: World, workspace: Workspace, snapshot: Snapshot
    ) -> None:
        other = stage_edits(workspace, PLAIN_FILE, [put("db.password", "somebody-elses")])
        workspace.sops = FakeSops(workspace.sops, lambda _: other.content or b"")  # type: ignore[assignment]
        assert refused(workspace, snapshot).kind == "unexpected-result"

    def test_a_file_encrypted_anew_under_another_key(
        self, files_world: World, workspace: Workspace, snapshot: Snapshot
    ) -> None:
        plain = files_world.decrypt(PLAIN_FILE).replace("old-password", "sentinel-value")
        copy = files_world.encrypt("infra/secrets/dev/copy.yaml", plain).read_bytes()
        workspace.sops = FakeSops(workspace.sops, lambda _: copy)  # type: ignore[assignment]
        assert refused(workspace, snapshot).kind == "unexpected-result"
