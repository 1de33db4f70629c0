"""Looking at a repository: from anywhere in it, in any state, without running its code."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.git.command import git_environment
from plana_secrets.git.repository import Repository
from tests.git.conftest import changed_files, commit_files
from tests.world import World


def write(world: World, file: str, text: str = "x\n") -> Path:
    path = world.repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class TestOpening:
    def test_finds_the_root_from_a_folder_inside(self, git_world: World) -> None:
        folder = git_world.repo / "a" / "b"
        folder.mkdir(parents=True)
        assert Repository.open(folder).root == git_world.repo

    def test_a_work_tree_has_its_own_git_dir_and_the_common_one(self, git_world: World) -> None:
        write(git_world, "a.yaml")
        git_world.commit()
        other = git_world.folder / "other"
        git_world.git("worktree", "add", "-q", str(other))
        opened = Repository.open(other)
        assert opened.root == other
        assert opened.common_dir == git_world.repo / ".git"
        assert opened.git_dir != opened.common_dir
        assert opened.tracked_files() == [".sops.yaml", "a.yaml"]

    def test_no_repository_is_said(self, git_world: World) -> None:
        with pytest.raises(UsageError, match="not in a git repository") as caught:
            Repository.open(git_world.home)
        assert caught.value.kind == "no-repository"

    def test_a_folder_that_is_not_there_is_said(self, git_world: World) -> None:
        with pytest.raises(UsageError, match="no such folder"):
            Repository.open(git_world.home / "gone")

    def test_a_bare_repository_is_refused(self, git_world: World) -> None:
        bare = git_world.folder / "bare.git"
        git_world.git("init", "-q", "--bare", str(bare))
        with pytest.raises(UsageError) as caught:
            Repository.open(bare)
        assert caught.value.kind == "bare-repository"

    @pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
    def test_a_repository_of_somebody_else_is_not_trusted(self, git_world: World) -> None:
        os.chown(git_world.repo, 12345, 12345)
        with pytest.raises(UsageError, match="belongs to another user") as caught:
            Repository.open(git_world.repo)
        assert caught.value.kind == "unsafe-repository"

    def test_the_variables_of_a_surrounding_git_do_not_lead_elsewhere(
        self, git_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_DIR", "/nowhere")
        monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
        assert Repository.open(git_world.repo).root == git_world.repo


def test_the_environment_keeps_the_author_and_ssh_and_nothing_of_ours() -> None:
    given = {
        "GIT_AUTHOR_NAME": "A", "SSH_AUTH_SOCK": "/s", "GIT_DIR": "/x", "GIT_EXTERNAL_DIFF": "evil",
        "SOPS_AGE_KEY": "AGE-SECRET-KEY-1", "PLANA_SECRETS_X": "y", "GIT_PAGER": "evil",
    }  # fmt: skip
    made = git_environment(given)
    assert made["GIT_AUTHOR_NAME"] == "A"
    assert made["SSH_AUTH_SOCK"] == "/s"
    assert made["GIT_PAGER"] == "cat"
    assert not {"GIT_DIR", "GIT_EXTERNAL_DIFF", "SOPS_AGE_KEY", "PLANA_SECRETS_X"} & made.keys()


class TestAnEmptyRepository:
    def test_has_a_branch_and_no_head(self, repository: Repository) -> None:
        assert repository.head() is None
        assert repository.branch() == "main"
        assert repository.default_branch() == "main"
        assert repository.remote() is None

    def test_without_a_remote_the_usual_name_is_taken_else_the_present_branch(
        self, git_world: World, repository: Repository
    ) -> None:
        git_world.git("commit", "-q", "--allow-empty", "-m", "x")
        git_world.git("checkout", "-q", "-b", "feature")
        assert repository.default_branch() == "main"
        git_world.git("branch", "-q", "-m", "main", "master")
        assert repository.default_branch() == "master"
        git_world.git("branch", "-q", "-D", "master")
        assert repository.default_branch() == "feature"

    def test_takes_a_first_commit(self, git_world: World, repository: Repository) -> None:
        write(git_world, "a.yaml")
        commit = commit_files(repository, ["a.yaml"], "first")
        assert repository.head() == commit
        assert sorted(repository.list_entries(commit)) == ["a.yaml"]


class TestFiles:
    def test_odd_names_come_back_as_they_are(
        self, git_world: World, repository: Repository
    ) -> None:
        names = ["a b.yaml", "new\nline.yaml", "-x.yaml", "*.yaml", "ümlaut.yaml", '"q".yaml']
        for name in names:
            write(git_world, f"infra/{name}", name)
        git_world.commit()
        head = repository.head() or ""
        expected = sorted(f"infra/{name}" for name in names)
        assert repository.tracked_files(under=["infra"]) == expected
        assert sorted(repository.list_entries(head, under=["infra"])) == expected
        blobs = repository.read_blobs(head, expected)
        assert all(blobs[f"infra/{name}"] == name.encode() for name in names)

    def test_a_name_that_looks_like_a_pattern_means_itself(
        self, git_world: World, repository: Repository
    ) -> None:
        write(git_world, "*.yaml", "star")
        write(git_world, "b.yaml", "b")
        commit = commit_files(repository, ["*.yaml"], "only the star")
        assert sorted(repository.list_entries(commit)) == ["*.yaml"]

    def test_untracked_leaves_out_what_is_ignored(
        self, git_world: World, repository: Repository
    ) -> None:
        write(git_world, ".gitignore", "*.tmp\n")
        write(git_world, "infra/a.yaml")
        write(git_world, "infra/a.tmp")
        assert "infra/a.yaml" in repository.untracked_files()
        assert repository.ignored_files(under=["infra"]) == ["infra/a.tmp"]

    def test_changes_are_told_apart(self, git_world: World, repository: Repository) -> None:
        for name in ("same", "changed", "removed"):
            write(git_world, f"d/{name}")
        git_world.commit()
        write(git_world, "d/changed", "other\n")
        (git_world.repo / "d/removed").unlink()
        write(git_world, "d/added")
        assert changed_files(repository, under=["d"]) == {
            "d/added": "added", "d/changed": "changed", "d/removed": "removed",
        }  # fmt: skip
        assert changed_files(repository, under=["d/same"]) == {}
        assert changed_files(repository, under=["d/changed"]) == {"d/changed": "changed"}

    def test_looking_runs_no_code_of_the_checkout(
        self, git_world: World, repository: Repository
    ) -> None:
        """Filters, monitors, external diffs and hooks of the repository stay asleep."""
        write(git_world, "d/a.yaml")
        git_world.commit()
        marker = git_world.folder / "ran"
        evil = f"sh -c 'touch {marker}; cat'"
        git_world.git("config", "log.showSignature", "true")
        git_world.git("config", "gpg.program", evil)
        for key in ("core.fsmonitor", "diff.external", "diff.x.textconv", "filter.x.clean"):
            git_world.git("config", key, evil)
        hook = git_world.repo / ".git/hooks/post-index-change"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
        hook.chmod(0o755)
        write(git_world, ".gitattributes", "* filter=x diff=x\n")
        write(git_world, "d/a.yaml", "new\n")
        head = repository.head() or ""
        changed_files(repository)
        repository.untracked_files()
        repository.history_of("d/a.yaml")
        repository.read_blobs(head, ["d/a.yaml"])
        assert not marker.exists()


class TestCommits:
    def test_reads_many_blobs_and_none_for_what_is_not_there(
        self, git_world: World, repository: Repository
    ) -> None:
        files = [f"d/{number}.yaml" for number in range(300)]
        for number, file in enumerate(files):
            write(git_world, file, f"{number}\n")
        (git_world.repo / "d/link").symlink_to("0.yaml")
        commit = git_world.commit()
        blobs = repository.read_blobs(commit, [*files, "d/link", "d/none"])
        assert all(blobs[file] == f"{number}\n".encode() for number, file in enumerate(files))
        assert blobs["d/link"] is None
        assert blobs["d/none"] is None

    def test_ancestry(self, git_world: World, repository: Repository) -> None:
        write(git_world, "a")
        first = git_world.commit()
        write(git_world, "b")
        second = git_world.commit()
        assert repository.is_ancestor(first, second)
        assert not repository.is_ancestor(second, first)
        assert not repository.is_ancestor("1" * 40, second)
        assert repository.merge_base(first, second) == first

    def test_containing_many_is_one_question(
        self, git_world: World, repository: Repository
    ) -> None:
        commits = []
        for number in range(3):
            (git_world.repo / "a").write_text(str(number))
            commits.append(git_world.commit())
        assert repository.contains_all(commits[2], commits)
        assert repository.contains_all(commits[0], [])
        assert not repository.contains_all(commits[1], commits)
        assert not repository.contains_all(commits[2], [commits[0], "0" * 40])

    def test_a_detached_head_has_no_branch(self, git_world: World, repository: Repository) -> None:
        write(git_world, "a")
        commit = git_world.commit()
        git_world.git("checkout", "-q", "--detach")
        assert repository.branch() is None
        assert repository.head() == commit

    def test_a_revision_cannot_be_an_option(self, repository: Repository) -> None:
        assert repository.resolve("--git-dir") is None

    def test_history_knows_what_is_on_no_branch_any_more(
        self, git_world: World, repository: Repository
    ) -> None:
        write(git_world, "a.yaml", "plain\n")
        plain = git_world.commit()
        write(git_world, "a.yaml", "other\n")
        git_world.git("add", "-A")
        git_world.git("commit", "-q", "--amend", "-m", "amended")
        history = repository.history_of("a.yaml")
        contents = repository.read_objects([blob for _commit, blob in history])
        assert {contents[blob]: commit for commit, blob in history}[b"plain\n"] == plain
        assert b"other\n" in contents.values()

    def test_a_commit_takes_the_named_files_and_leaves_the_index_of_others(
        self, git_world: World, repository: Repository
    ) -> None:
        for name in ("a", "b", "gone"):
            write(git_world, name)
        git_world.commit()
        write(git_world, "a", "new\n")
        write(git_world, "b", "staged\n")
        git_world.git("add", "b")
        (git_world.repo / "gone").unlink()
        commit_files(repository, ["a", "gone"], "two")
        assert git_world.git("show", "--format=%s", "--name-status", "HEAD").split() == [
            "two", "M", "a", "D", "gone",
        ]  # fmt: skip
        assert git_world.git("status", "--porcelain") == "M  b\n"

    def test_hooks_of_the_person_judge_a_commit(
        self, git_world: World, repository: Repository
    ) -> None:
        hook = git_world.repo / ".git/hooks/pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ngit diff --cached --name-only | grep -q . && exit 1\n")
        hook.chmod(0o755)
        write(git_world, "a")
        with pytest.raises(FailedError, match="hook pre-commit") as caught:
            commit_files(repository, ["a"], "no")
        assert caught.value.kind == "hook-refused"
        assert repository.head() is None
        assert git_world.git("status", "--porcelain", "a") == "?? a\n"

    def test_a_message_hook_may_change_the_message(
        self, git_world: World, repository: Repository
    ) -> None:
        hook = git_world.repo / ".git/hooks/commit-msg"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\necho "Ticket: 7" >> "$1"\n')
        hook.chmod(0o755)
        write(git_world, "a")
        commit_files(repository, ["a"], "subject")
        assert git_world.git("log", "-1", "--format=%B").split("\n")[:2] == ["subject", "Ticket: 7"]

    def test_a_missing_author_is_said(
        self, git_world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in list(os.environ):
            if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER")):
                monkeypatch.delenv(name)
        git_world.git("config", "user.useConfigOnly", "true")
        write(git_world, "a")
        with pytest.raises(FailedError, match="no author") as caught:
            commit_files(repository, ["a"], "x")
        assert caught.value.kind == "git-no-author"


def test_settings_of_a_person_do_not_confuse_us(git_world: World, repository: Repository) -> None:
    for key, value in (
        ("color.ui", "always"), ("log.follow", "true"), ("core.quotePath", "true"),
        ("log.decorate", "full"), ("diff.noprefix", "true"), ("status.short", "true"),
    ):  # fmt: skip
        git_world.git("config", key, value)
    write(git_world, "ü.yaml", "one\n")
    first = git_world.commit()
    write(git_world, "ü.yaml", "two\n")
    second = git_world.commit()
    assert [commit for commit, _blob in repository.history_of("ü.yaml")] == [second, first]
    assert changed_files(repository) == {}


def test_names_in_a_repository_of_sha256_have_the_right_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "T")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "t@example.test")
    subprocess.run(["git", "init", "-q", "--object-format=sha256", str(tmp_path / "r")], check=True)
    (tmp_path / "r/a").write_text("x")
    repository = Repository.open(tmp_path / "r")
    commit = commit_files(repository, ["a"], "first")
    assert len(commit) == 64
    assert changed_files(repository) == {}
    assert repository.read_blob(commit, "a") == b"x"
