"""Changing files with the real sops: exactly what was meant, or nothing at all."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.document.edits import Edit, SetLeaf, Unset
from plana_secrets.errors import (
    ConflictError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UsageError,
)
from plana_secrets.locks import locked
from plana_secrets.paths import format_path, parse_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import read_document_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import stage_edits, stage_new, write_files, writing
from plana_secrets.sops.model import LeafType
from tests.secretfiles.conftest import (
    PLAIN_FILE,
    PLAIN_TEXT,
    SECRET_FILE,
    FakeSops,
    make_workspace,
)
from tests.world import DEFAULT_RULES, PROGRAM, World

Snapshot = Callable[[], dict[str, bytes]]


def put(path: str, value: str = "new-value", leaf_type: LeafType = LeafType.STR) -> SetLeaf:
    return SetLeaf(parse_path(path), Secret.from_text(value), leaf_type)


def change(workspace: Workspace, file: str, *edits: Edit, **options: bool) -> tuple[str, ...]:
    with writing(workspace, "test"):
        staged = stage_edits(workspace, file, edits, **options)
        write_files(workspace, [staged], operation="test")
    return tuple(format_path(path) for path in staged.changed_paths)


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
