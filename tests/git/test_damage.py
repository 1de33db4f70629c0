"""A repository that is damaged, locked or out of reach is an error, never "nothing there"."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.errors import (
    ConflictError,
    CredentialError,
    FailedError,
    PlanaSecretsError,
    UnavailableError,
)
from plana_secrets.git.command import GitCommand, failure, git_environment
from plana_secrets.git.index import index_ids
from plana_secrets.git.remotes import fetch_branch, push_commit
from plana_secrets.git.repository import Repository
from plana_secrets.git.search import attributes_of, files_containing
from plana_secrets.git.trees import IndexTree, WorkTree
from plana_secrets.process import Completed, DeadlineError, ProgramError
from tests.git.conftest import changed_files
from tests.world import World

FILE = "infra/secrets/a.yaml"


@pytest.fixture
def committed(git_world: World) -> World:
    git_world.encrypt(FILE, "a: x\n")
    git_world.encrypt("infra/secrets/b.yaml", "a: x\n")
    git_world.commit()
    return git_world


def delete_object(world: World, revision: str) -> None:
    name = world.git("rev-parse", revision).strip()
    (world.repo / ".git/objects" / name[:2] / name[2:]).unlink()


@pytest.mark.parametrize("tree", ["HEAD^{tree}", "HEAD:infra", "HEAD:infra/secrets"])
@pytest.mark.parametrize(
    "question",
    [
        lambda repository: repository.list_entries("HEAD"),
        lambda repository: repository.list_entries("HEAD", under=["infra/secrets"]),
        lambda repository: repository.read_blob("HEAD", FILE),
        lambda repository: changed_files(repository, under=["infra/secrets"]),
        lambda repository: repository.history_of(FILE),
    ],
    ids=["list", "list-under", "read", "changes", "history"],
)
def test_a_missing_tree_is_not_an_empty_one(
    committed: World, repository: Repository, tree: str, question: Callable[[Repository], object]
) -> None:
    assert question(repository) is not None
    delete_object(committed, tree)
    with pytest.raises(FailedError) as caught:
        question(repository)
    assert caught.value.exit_code == 3


def test_a_missing_blob_is_not_an_empty_file(committed: World, repository: Repository) -> None:
    delete_object(committed, f"HEAD:{FILE}")
    with pytest.raises(FailedError) as caught:
        repository.read_blobs("HEAD", [FILE, "infra/secrets/b.yaml"])
    assert caught.value.kind == "git-missing-object"


def test_a_blob_that_a_partial_clone_left_out_is_missing_and_not_fetched(
    committed: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    committed.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path_factory.mktemp("clone") / "repo"
    source = f"file://{committed.repo}"
    committed.git("clone", "-q", "--no-checkout", "--filter=blob:none", source, str(clone))
    with pytest.raises(FailedError) as caught:
        Repository.open(clone).read_blobs("HEAD", [FILE])
    assert caught.value.kind == "git-missing-object"


def test_an_id_of_something_else_than_a_file_is_refused(
    committed: World, repository: Repository
) -> None:
    tree = committed.git("rev-parse", "HEAD^{tree}").strip()
    with pytest.raises(FailedError):
        repository.read_objects([tree])


@pytest.mark.parametrize(
    "question",
    [
        lambda repository: repository.tracked_files(),
        lambda repository: repository.ignored_files(),
        lambda repository: repository.untracked_files(),
        lambda repository: files_containing(repository, ["AGE-SECRET-KEY-"]),
        lambda repository: WorkTree(repository).listing(),
        lambda repository: IndexTree(repository).listing(),
        lambda repository: index_ids(repository, FILE),
    ],
    ids=["tracked", "ignored", "known", "grep", "work-tree", "index-tree", "index"],
)
def test_a_broken_index_is_not_an_empty_one(
    committed: World, repository: Repository, question: Callable[[Repository], object]
) -> None:
    question(repository)
    (committed.repo / ".git/index").write_bytes(b"DIRC broken")
    with pytest.raises(FailedError):
        question(repository)


def test_a_command_over_a_damaged_commit_fails(committed: World) -> None:
    assert committed.run("diff").status == 0
    delete_object(committed, "HEAD:infra")
    assert committed.run("diff").status == 3


def test_who_holds_a_text_is_found_in_every_file(committed: World, repository: Repository) -> None:
    (committed.repo / "binary").write_bytes(b"\0\1AGE-SECRET-KEY-1\0")
    (committed.repo / "pattern").write_text("AGE.SECRET.KEY\n")
    (committed.repo / "other").write_text("second\n")
    committed.commit()
    assert files_containing(repository, ["AGE-SECRET-KEY-"]) == ["binary"]
    assert files_containing(repository, ["AGE-SECRET-KEY-", "second"]) == ["binary", "other"]
    assert files_containing(repository, ["second"], besides=["other"]) == []
    assert files_containing(repository, ["nowhere at all"]) == []


def test_attributes_are_told_by_file(committed: World, repository: Repository) -> None:
    (committed.repo / ".gitattributes").write_text("*.yaml filter=x diff=y\nb.yaml -text\n")
    assert attributes_of(repository, [FILE, "infra/secrets/b.yaml", "README"]) == {
        FILE: {"filter": "x", "diff": "y"},
        "infra/secrets/b.yaml": {"filter": "x", "diff": "y", "text": "unset"},
    }


def test_the_index_of_a_conflict_has_every_side(committed: World, repository: Repository) -> None:
    committed.git("checkout", "-q", "-b", "side")
    (committed.repo / FILE).write_text("side\n")
    committed.commit()
    committed.git("checkout", "-q", "main")
    (committed.repo / FILE).write_text("main\n")
    committed.commit()
    committed.command("git", "merge", "side", check=False)
    assert len(index_ids(repository, FILE)) == 3
    assert len(index_ids(repository, "infra/secrets/b.yaml")) == 1
    assert index_ids(repository, "infra/secrets") == []


def test_a_sparse_checkout_names_what_it_leaves_out(
    committed: World, repository: Repository
) -> None:
    assert WorkTree(repository).listing().absent == {}
    committed.git("sparse-checkout", "set", "--no-cone", "/infra/secrets/b.yaml", "/.sops.yaml")
    assert set(WorkTree(repository).listing().absent) == {FILE}
    assert WorkTree(repository).listing(["docs"]).absent == {}
    assert changed_files(repository) == {}


@pytest.mark.parametrize(
    "name",
    [
        "XDG_CONFIG_HOME", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GNUPGHOME", "GPG_TTY", "GPG_AGENT_INFO", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "GIT_SSH",
        "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "SSH_ASKPASS", "DISPLAY",
        "GIT_TERMINAL_PROMPT", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy",
        "no_proxy", "all_proxy", "GIT_AUTHOR_NAME", "GIT_COMMITTER_EMAIL", "GIT_CONFIG_GLOBAL",
    ],
)  # fmt: skip
def test_how_a_person_signs_and_reaches_a_remote_stays_in_force(name: str) -> None:
    assert git_environment({name: "x"})[name] == "x"


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        (b"fatal: Unable to create '.git/index.lock': File exists.", "git-locked"),
        (b"error: cannot lock ref 'refs/heads/main'", "git-locked"),
        (b'error: open("x"): Permission denied', "git-unwritable"),
        (b"fatal: cannot mkdir: Read-only file system", "git-unwritable"),
        (b"error: write failed: No space left on device", "git-unwritable"),
        (b"fatal: empty ident name (for <>) not allowed", "git-no-author"),
        (b"Author identity unknown", "git-no-author"),
        (b"Committer identity unknown", "git-no-author"),
        (b"fatal: unable to auto-detect email address", "git-no-author"),
        (b"error: gpg failed to sign the data", "git-unsigned"),
        (b"fatal: something new", "git-failed"),
    ],
)
def test_a_failure_is_told_by_what_git_says(stderr: bytes, kind: str) -> None:
    error = failure("commit-tree", Completed(128, b"", stderr))
    assert (error.kind, error.facts["command"]) == (kind, "commit-tree")


@pytest.mark.parametrize(
    ("says", "expected", "kind"),
    [
        ("git@example.test: Permission denied (publickey).", CredentialError, "remote-credential"),
        ("Host key verification failed.", CredentialError, "remote-host-unknown"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
         CredentialError, "remote-host-changed"),
        ('Load key "/k/id": bad permissions\ngit@x: Permission denied (publickey).',
         CredentialError, "remote-key-open"),
        ('Load key "/k/id": Permission denied\ngit@x: Permission denied (publickey).',
         CredentialError, "remote-key-unusable"),
        ('Load key "/k/id": error in libcrypto\ngit@x: Permission denied (publickey).',
         CredentialError, "remote-key-unusable"),
        ("Warning: Identity file /k/id not accessible: No such file.\ngit@x: Permission denied",
         CredentialError, "remote-key-unusable"),
        ("No user exists for uid 12345", CredentialError, "remote-no-account"),
        ("ERROR: The key you are authenticating with has been marked as read only.",
         CredentialError, "remote-read-only"),
        ("remote: ERROR: This deploy key does not have write access to this project.",
         CredentialError, "remote-read-only"),
        ("fatal: Authentication failed for x", CredentialError, "remote-credential"),
        ("fatal: could not read Username for x", CredentialError, "remote-credential"),
        ("fatal: could not read Password for x", CredentialError, "remote-credential"),
        ("remote: HTTP Basic: Access denied", CredentialError, "remote-credential"),
        ("The requested URL returned error: 401", CredentialError, "remote-credential"),
        ("The requested URL returned error: 403", CredentialError, "remote-credential"),
        ("ssh: connect to host example.test: Connection refused", UnavailableError, "remote-unavailable"),
    ],
)  # fmt: skip
def test_a_remote_that_lets_nobody_in_is_told_from_one_that_is_away(
    committed: World,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    says: str,
    expected: type[Exception],
    kind: str,
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    committed.git("remote", "add", "origin", "ssh://git@example.test/r.git")
    with pytest.raises(expected) as pushed:
        repository.push(branch="main")
    with pytest.raises(expected) as fetched:
        repository.fetch(branch="main")
    assert [one.value.kind for one in (pushed, fetched)] == [kind, kind]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        ("[rejected] (non-fast-forward)", "push-conflict"),
        ("[rejected] (fetch first)", "push-conflict"),
        ("[rejected] (stale info)", "push-conflict"),
        ("[remote rejected] (failed to update ref)", "push-conflict"),
        ("[remote rejected] (cannot lock ref 'refs/heads/main')", "push-conflict"),
        ("[remote rejected] (pre-receive hook declined)", "push-refused"),
        ("[remote rejected] (protected branch)", "protected-branch"),
        ("[remote rejected] (protected branch hook declined)", "protected-branch"),
    ],
)
def test_a_push_that_came_too_late_is_told_from_one_that_is_refused(
    committed: World,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    says: str,
    kind: str,
) -> None:
    """Too late can be tried again, refused cannot. The words are git's, by a git that says them."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    line = f"!\\trefs/heads/main:refs/heads/main\\t{says}\\n"
    program.write_text(
        f'#!/bin/sh\ncase " $* " in *" push "*) printf "{line}"; exit 1;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    committed.git("remote", "add", "origin", str(tmp_path / "nowhere.git"))
    with pytest.raises(PlanaSecretsError) as caught:
        repository.push(branch="main")
    assert caught.value.kind == kind
    assert isinstance(caught.value, ConflictError) is (kind == "push-conflict")


class Hanging(GitCommand):
    """A git that does not come to its end."""

    def run_open(self, *_arguments: str, **_options: object) -> Completed:
        raise DeadlineError("git did not end")


class Missing(GitCommand):
    def run_open(self, *_arguments: str, **_options: object) -> Completed:
        raise ProgramError("there is no git", kind="program-missing")


def test_a_remote_that_hangs_is_unavailable_and_a_missing_git_is_no_remote(
    committed: World,
) -> None:
    committed.git("remote", "add", "origin", str(committed.folder / "nowhere.git"))
    for call in (
        lambda git: push_commit(git, "origin", "HEAD", "main"),
        lambda git: fetch_branch(git, "origin", "main"),
    ):
        with pytest.raises(UnavailableError) as caught:
            call(Hanging(committed.repo))
        assert caught.value.kind == "remote-unavailable"
        with pytest.raises(ProgramError):
            call(Missing(committed.repo))
