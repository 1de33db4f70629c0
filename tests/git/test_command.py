"""The door to git: nothing of the checkout runs, and no doubt of git's gets lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.git import command
from plana_secrets.git.command import GitCommand, serious_warning
from plana_secrets.git.repository import Repository
from plana_secrets.git.search import attributes_of, files_containing
from plana_secrets.git.trees import IndexTree, WorkTree
from tests.git.conftest import changed_files, commit_files
from tests.world import World


def object_path(world: World, revision: str) -> Path:
    """Where the loose object of a revision is."""
    name = world.git("rev-parse", revision).strip()
    return world.repo / ".git/objects" / name[:2] / name[2:]


def look_everywhere(repository: Repository) -> None:
    """Each question that the package asks of git."""
    head = repository.head() or ""
    repository.branch()
    repository.remote()
    repository.default_branch()
    repository.untracked_files()
    repository.ignored_files()
    changed_files(repository)
    repository.is_ancestor(head, head)
    repository.merge_base(head, head)
    repository.missing_history()
    repository.history_of("d/a.yaml")
    files_containing(repository, ["x"])
    attributes_of(repository, ["d/a.yaml"])
    WorkTree(repository).listing()
    IndexTree(repository).listing()


@pytest.fixture
def trapped(git_world: World) -> World:
    """A repository whose settings name a program wherever git lets one be named."""
    (git_world.repo / "d").mkdir()
    (git_world.repo / "d/a.yaml").write_text("x\n")
    git_world.commit()
    ran = f"touch {git_world.folder}/ran"
    for key in (
        "core.fsmonitor", "core.sshCommand", "core.askPass", "core.pager", "core.editor",
        "core.gitProxy", "core.alternateRefsCommand", "diff.external", "diff.x.textconv",
        "diff.x.command", "filter.x.clean", "filter.x.smudge", "filter.x.process", "gpg.program",
        "gpg.ssh.program", "credential.helper", "merge.x.driver", "pager.log", "pager.grep",
        "alias.ls-files", "uploadpack.packObjectsHook",
    ):  # fmt: skip
        git_world.git("config", key, f"!{ran}" if key.startswith(("cred", "alias")) else ran)
    for key, value in (
        ("log.showSignature", "true"), ("submodule.recurse", "true"), ("protocol.allow", "always"),
        ("protocol.ext.allow", "always"), ("protocol.ssh.allow", "always"),
        ("core.hooksPath", str(git_world.folder / "hooks")),
        ("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "origin"),
        ("remote.origin.url", f"ext::sh -c {ran.replace(' ', '% ')}"),
        ("remote.origin.promisor", "true"),
    ):  # fmt: skip
        git_world.git("config", key, value)
    (git_world.repo / ".gitattributes").write_text("* filter=x diff=x merge=x\n")
    hooks = git_world.folder / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).write_text(f"#!/bin/sh\n{ran}\n")
        (hooks / name).chmod(0o755)
    return git_world


class TestLooking:
    def test_starts_nothing_that_the_repository_names(self, trapped: World) -> None:
        look_everywhere(Repository.open(trapped.repo))
        assert not (trapped.folder / "ran").exists()

    @pytest.mark.parametrize("url", ["ext::sh -c touch% {marker}", "ssh://h/x"])
    @pytest.mark.parametrize("knows_no_lazy_fetch", [True, False])
    def test_fetches_nothing_that_is_missing(
        self,
        trapped: World,
        url: str,
        *,
        knows_no_lazy_fetch: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        marker = trapped.folder / "ran"
        if not knows_no_lazy_fetch:
            monkeypatch.delitem(command._LOOKING_ENVIRONMENT, "GIT_NO_LAZY_FETCH")
        trapped.git("config", "remote.origin.url", url.format(marker=marker))
        repository = Repository.open(trapped.repo)
        head = repository.head() or ""
        object_path(trapped, "HEAD:d/a.yaml").unlink()
        with pytest.raises(FailedError):
            repository.read_blob(head, "d/a.yaml")
        assert not marker.exists()

    def test_a_replaced_object_is_not_taken_for_the_stored_one(self, git_world: World) -> None:
        place = git_world.repo / "a"
        place.write_text("stored\n")
        head = git_world.commit()
        other = git_world.command("git", "hash-object", "-w", "--stdin", stdin=b"shown\n").stdout
        git_world.git("replace", f"{head}:a", other.strip())
        assert Repository.open(git_world.repo).read_blob(head, "a") == b"stored\n"

    def test_a_setting_about_merges_does_not_hide_what_one_brought(self, git_world: World) -> None:
        git_world.git("config", "log.diffMerges", "off")
        place = git_world.repo / "a"
        place.write_text("one\n")
        git_world.commit()
        git_world.git("checkout", "-q", "-b", "side")
        place.write_text("two\n")
        git_world.commit()
        git_world.git("checkout", "-q", "main")
        git_world.git("merge", "-q", "--no-commit", "--no-ff", "side")
        place.write_text("only in the merge\n")
        merge = git_world.commit()
        repository = Repository.open(git_world.repo)
        assert merge in [commit for commit, _ in repository.history_of("a", until=merge)]


class TestWriting:
    def test_a_commit_in_a_partial_clone_fetches_nothing(
        self, git_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("a", "b"):
            (git_world.repo / name).write_text(f"{name}\n")
        git_world.commit()
        git_world.git("config", "uploadpack.allowFilter", "true")
        clone = git_world.folder / "clone"
        git_world.git(
            "clone", "-q", "--filter=blob:none", "--sparse", git_world.repo.as_uri(), str(clone)
        )
        git_world.git("-C", str(clone), "sparse-checkout", "set", "--no-cone", "/a")
        shutil.rmtree(git_world.repo)
        repository = Repository.open(clone)
        (clone / "a").write_text("new\n")
        commit = commit_files(repository, ["a"], "change")
        assert repository.read_blob(commit, "a") == b"new\n"
        assert sorted(repository.list_entries(commit)) == [".sops.yaml", "a", "b"]


class TestWhatGitWarnsOf:
    @pytest.fixture
    def too_deep(self, git_world: World) -> World:
        """A folder with a path that git cannot open."""
        here = os.open(git_world.repo, os.O_RDONLY)
        for _ in range(30):
            os.mkdir("d" * 200, dir_fd=here)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open("plain.yaml", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.close(here)
        return git_world

    def test_a_folder_that_it_could_not_open_is_an_error(self, too_deep: World) -> None:
        with pytest.raises(FailedError, match="could not open directory") as caught:
            Repository.open(too_deep.repo).untracked_files()
        assert caught.value.kind == "git-warning"

    def test_a_caller_may_collect_it(self, too_deep: World) -> None:
        repository = Repository.open(too_deep.repo)
        with repository.command.collecting_warnings() as warnings:
            assert repository.untracked_files() == [".sops.yaml"]
            repository.untracked_files()
        assert len(warnings) == 1
        with pytest.raises(FailedError):
            repository.untracked_files()

    def test_grep_says_so_where_it_finds_nothing(
        self, git_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = subprocess.CompletedProcess([], 1, b"", b"error: 'a': Permission denied\n")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
        repository = Repository(git_world.repo, git_world.repo, git_world.repo, "sha1")
        with pytest.raises(FailedError, match="Permission denied"):
            files_containing(repository, ["x"])

    @pytest.mark.parametrize(
        "stderr",
        [
            b"",
            b"hint: use another name\n",
            b"warning: refname '" + b"a" * 40 + b"' is ambiguous.\n",
            b"error: 'a/b': Not a directory\n",
        ],
    )
    def test_little_is_harmless(self, stderr: bytes) -> None:
        assert serious_warning(stderr) is None

    @pytest.mark.parametrize(
        "stderr",
        [
            b"ignoring ABCD extension\n",
            b"hint: x\nerror: object 1 is corrupt\n",
            b"warning: refname 'main' is ambiguous.\n",
            b"warning: unable to access 'a/.gitattributes': Too many levels of symbolic links\n",
            b"warning: ignoring broken ref refs/heads/x\n",
        ],
    )
    def test_what_is_unknown_is_not(self, stderr: bytes) -> None:
        assert serious_warning(stderr) is not None

    def test_a_branch_that_is_called_like_a_commit_changes_nothing(self, git_world: World) -> None:
        (git_world.repo / "a").write_text("a\n")
        head = git_world.commit()
        git_world.git("update-ref", f"refs/heads/{head}", head)
        assert "a" in Repository.open(git_world.repo).list_entries(head)


class TestAFailureIsNoAnswer:
    @pytest.fixture
    def repository(self, git_world: World) -> Repository:
        place = git_world.repo / "d/e"
        place.mkdir(parents=True)
        for number in range(3):
            (place / "f").write_text(f"{number}\n")
            git_world.commit()
        return Repository.open(git_world.repo)

    @pytest.mark.parametrize("under", [[], ["d"]])
    def test_a_missing_tree(
        self, git_world: World, repository: Repository, under: list[str]
    ) -> None:
        object_path(git_world, "HEAD:d/e").unlink()
        head = repository.head() or ""
        with pytest.raises(FailedError, match="Could not read"):
            repository.list_entries(head, under=under)
        with pytest.raises(FailedError):
            repository.history_of("d/e/f")

    def test_a_commit_that_cannot_be_read_is_not_no_commit(
        self, git_world: World, repository: Repository
    ) -> None:
        object_path(git_world, "HEAD").unlink()
        with pytest.raises(FailedError) as caught:
            repository.head()
        assert caught.value.kind == "git-failed"

    @pytest.mark.parametrize("content", ["garbage\n", "", "1" * 40 + "\n"])
    def test_a_broken_branch_is_not_one_without_commits(
        self, git_world: World, repository: Repository, content: str
    ) -> None:
        (git_world.repo / ".git/refs/heads/main").write_text(content)
        with pytest.raises(FailedError):
            repository.head()

    def test_a_parent_that_is_missing_is_not_a_no(
        self, git_world: World, repository: Repository
    ) -> None:
        head = repository.head() or ""
        git_world.git("checkout", "-q", "--orphan", "other")
        other = git_world.commit()
        assert not repository.is_ancestor(other, head)
        assert not repository.is_ancestor("1" * 40, head)
        first = git_world.git("rev-parse", f"{head}~2").strip()
        object_path(git_world, f"{head}^").unlink()
        with pytest.raises(FailedError, match="Could not read"):
            repository.is_ancestor(first, head)

    def test_settings_that_cannot_be_read(self, git_world: World, repository: Repository) -> None:
        with (git_world.repo / ".git/config").open("a") as file:
            file.write("[broken\n")
        with pytest.raises(FailedError, match="bad config"):
            repository.remote()
        with pytest.raises(FailedError, match="bad config"):
            Repository.open(git_world.repo)


PRE_RECEIVE = """\
#!{python}
import os, sys
from pathlib import Path
sys.path.insert(0, {package!r})
from plana_secrets.errors import FailedError
from plana_secrets.git.command import GitCommand
new = sys.stdin.read().split()[1]
here = GitCommand(Path.cwd())
print("inside:", here.read("cat-file", "blob", new + ":a").decode().strip())
print("elsewhere:", GitCommand(Path({other!r})).line("rev-parse", "--quiet", "--verify", new + "^0"))
os.environ["GIT_OBJECT_DIRECTORY"] = "/elsewhere"
try:
    here.read("cat-file", "blob", new + ":a")
except FailedError:
    print("forged: refused")
"""


class TestReceivingAPush:
    def test_its_objects_are_read_in_its_own_repository_only(self, git_world: World) -> None:
        server, other = git_world.folder / "server.git", git_world.folder / "other"
        git_world.git("init", "-q", "--bare", str(server))
        git_world.git("init", "-q", str(other))
        hook = server / "hooks/pre-receive"
        package = str(Path(__file__).parents[2])
        hook.write_text(
            PRE_RECEIVE.format(python=sys.executable, package=package, other=str(other))
        )
        hook.chmod(0o755)
        (git_world.repo / "a").write_text("pushed\n")
        git_world.commit()
        said = git_world.command("git", "push", str(server), "main").stderr
        assert "inside: pushed" in said
        assert "elsewhere: None" in said
        assert "forged: refused" in said

    def test_a_hook_of_a_commit_hands_nothing_on(
        self, git_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (git_world.repo / "a").write_text("a\n")
        head = git_world.commit()
        monkeypatch.setenv("GIT_DIR", "/nowhere")
        monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
        monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nowhere/objects")
        here = GitCommand(git_world.repo)
        assert here.line("rev-parse", "HEAD") == head
        assert here.read("ls-files") != b""
