"""Only a repository that was found through its own ``.git`` is one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.errors import UsageError
from plana_secrets.git.repository import Repository
from tests.world import World


def embed(world: World, folder: str, config: str = "") -> Path:
    """A folder of the checkout that git takes for a bare repository, committed."""
    place = world.repo / folder
    (place / "refs/heads").mkdir(parents=True)
    (place / "refs/heads/keep").write_text("")
    (place / "objects").mkdir()
    (place / "objects/keep").write_text("")
    (place / "HEAD").write_text("ref: refs/heads/main\n")
    (place / "config").write_text(f"[core]\n\trepositoryformatversion = 0\n{config}")
    world.git("add", "-A", "-f")
    world.git("commit", "-q", "-m", "add a folder")
    return place


class TestAFolderOfTheCheckout:
    @pytest.mark.parametrize(
        "config",
        [
            "\tbare = true\n",
            "\tbare = false\n\tworktree = wt\n",
            "\tbare = false\n\tworktree = ..\n",
        ],
    )
    @pytest.mark.parametrize("inside", ["", "wt", "objects", "wt/deep"])
    def test_is_never_the_repository(self, git_world: World, config: str, inside: str) -> None:
        place = embed(git_world, "a/docs", config)
        (place / "wt/deep").mkdir(parents=True)
        assert Repository.open(place / inside).root == git_world.repo

    def test_is_not_even_with_an_older_git(
        self, git_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before 2.38 git knows no safe.bareRepository: we look ourselves."""
        monkeypatch.setattr("plana_secrets.git.command._ALWAYS", ())
        monkeypatch.setattr("plana_secrets.git.command._LOOKING", ())
        place = embed(git_world, "docs", "\tbare = false\n\tworktree = wt\n")
        (place / "wt").mkdir()
        assert Repository.open(place).root == git_world.repo
        (place / "config").write_text("[core]\n\tbare = true\n")
        assert Repository.open(place).root == git_world.repo

    def test_is_refused_where_there_is_no_repository_above(
        self, git_world: World, tmp_path: Path
    ) -> None:
        place = embed(git_world, "docs", "\tbare = false\n\tworktree = wt\n")
        shutil.copytree(place, tmp_path / "elsewhere")
        (tmp_path / "elsewhere/wt").mkdir()
        with pytest.raises(UsageError) as caught:
            Repository.open(tmp_path / "elsewhere")
        assert caught.value.kind == "bare-repository"

    def test_settings_of_the_environment_do_not_open_the_door(
        self, git_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.bareRepository")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "all")
        assert Repository.open(embed(git_world, "docs")).root == git_world.repo

    @pytest.mark.parametrize("pointer", ["file", "link"])
    def test_is_not_through_a_git_file_either(self, git_world: World, pointer: str) -> None:
        """Git commits no ``.git``; an archive or a build step may bring one."""
        embed(git_world, "evil", "\tbare = false\n")
        (git_world.repo / "docs").mkdir()
        entry = git_world.repo / "docs/.git"
        if pointer == "file":
            entry.write_text("gitdir: ../evil\n")
        else:
            entry.symlink_to("../evil")
        assert Repository.open(git_world.repo / "docs").root == git_world.repo


class TestHowPeopleKeepRepositories:
    def _committed(self, world: World) -> None:
        (world.repo / "a").write_text("a\n")
        world.commit()

    def _clone(self, world: World) -> Path:
        world.git("clone", "-q", ".", "nested")
        return world.repo / "nested"

    def _work_tree(self, world: World) -> Path:
        world.git("worktree", "add", "-q", "inside/other")
        return world.repo / "inside/other"

    def _submodule(self, world: World) -> Path:
        source = world.folder / "source"
        world.git("clone", "-q", ".", str(source))
        world.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(source), "sub")
        return world.repo / "sub"

    def _separate(self, world: World) -> Path:
        place = world.repo / "apart"
        world.git("init", "-q", "--separate-git-dir", str(world.repo / "store"), str(place))
        return place

    def _link(self, world: World) -> Path:
        place = world.folder / "linked"
        place.mkdir()
        (place / ".git").symlink_to(world.repo / ".git")
        return place

    def _bare_beside_work_trees(self, world: World) -> Path:
        top = world.folder / "project"
        world.git("clone", "-q", "--bare", ".", str(top / ".bare"))
        (top / ".git").write_text("gitdir: ./.bare\n")
        world.command("git", "-C", str(top), "worktree", "add", "-q", "main", "main")
        return top / "main"

    @pytest.mark.parametrize(
        "make",
        [_clone, _work_tree, _submodule, _separate, _link, _bare_beside_work_trees],
        ids=lambda make: make.__name__,
    )
    def test_each_is_its_own_repository(
        self, git_world: World, make: Callable[[TestHowPeopleKeepRepositories, World], Path]
    ) -> None:
        self._committed(git_world)
        place = make(self, git_world)
        (place / "deep").mkdir()
        opened = Repository.open(place / "deep")
        assert opened.root == place
        assert opened.branch() is not None

    def test_the_folder_of_git_is_part_of_its_repository(self, git_world: World) -> None:
        assert Repository.open(git_world.repo / ".git/objects").root == git_world.repo

    def test_a_path_that_git_cannot_tell_is_named(self, git_world: World) -> None:
        place = git_world.folder / "two\nlines"
        git_world.git("init", "-q", str(place))
        with pytest.raises(UsageError) as caught:
            Repository.open(place)
        assert caught.value.kind == "line-break"

    def test_a_work_tree_elsewhere_is_refused(self, git_world: World) -> None:
        """Every later git would run there, and find another repository or none."""
        other = git_world.folder / "other"
        other.mkdir()
        git_world.git("config", "core.worktree", str(other))
        with pytest.raises(UsageError) as caught:
            Repository.open(git_world.repo)
        assert caught.value.kind == "embedded-repository"


def test_verify_in_such_a_folder_judges_the_real_repository(world: World) -> None:
    world.encrypt("infra/secrets/a.yaml", "a: 1\n")
    (world.repo / "infra/secrets/b.yaml").write_text("b: plain\n")
    marker = world.folder / "ran"
    place = embed(world, "docs", f"\tbare = false\n\tworktree = wt\n\tfsmonitor = touch {marker}\n")
    (place / "wt/infra/secrets").mkdir(parents=True)
    shutil.copy(world.repo / "infra/secrets/a.yaml", place / "wt/infra/secrets/a.yaml")
    for folder in ("docs", "docs/wt"):
        done = world.run("--repo", folder, "verify")
        assert done.status == 1, done
        assert "infra/secrets/b.yaml" in done.stdout
    assert not marker.exists()
