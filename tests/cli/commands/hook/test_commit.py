"""Before a commit: wherever the index and the work tree are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.commands.hook.attempts import APP, NEW, git, refuses, write
from tests.world import World


def test_a_commit_starts_and_loads_little(small: World) -> None:
    """So it takes less than 300 ms of CPU time for 40 files."""
    trace = small.folder / "trace"
    small.git("config", "--global", "trace2.eventTarget", str(trace))
    argv = ("-I", "-X", "importtime", "-m", "plana_secrets", "hook", "run", "pre-commit")
    told = small.command(sys.executable, *argv).stderr
    assert 1 < trace.read_text().count('"event":"start"') <= 11
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "plana_secrets.verify.ranges.staged" in loaded
    assert not loaded & {
        "multiprocessing",
        "plana_secrets.mirror.plan",
        "plana_secrets.verify.ranges.content",
        "plana_secrets.verify.ranges.parents",
    }


def test_a_good_commit_is_silent_and_a_bad_one_is_refused(hooked: World) -> None:
    hooked.encrypt(NEW, "token: x\n")
    hooked.git("add", "-A")
    done = git(hooked, "commit", "-q", "-m", "x")
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    write(hooked, NEW)
    hooked.git("add", "-A")
    assert refuses(git(hooked, "commit", "-q", "-m", "x"))


@pytest.mark.parametrize(
    "how", [["-a"], ["--", NEW], ["--amend", "-a"]], ids=["a", "file", "amend"]
)
@pytest.mark.long
def test_a_commit_with_an_index_of_its_own(hooked: World, how: list[str]) -> None:
    hooked.encrypt(NEW, "token: x\n")
    hooked.commit()
    write(hooked, NEW)
    assert refuses(git(hooked, "commit", "-q", "-m", "x", *how))
    hooked.encrypt(NEW, "token: y\n")
    hooked.git("commit", "-q", "-m", "x", *how)


@pytest.mark.long
def test_the_index_that_git_was_told_to_use(hooked: World) -> None:
    other = {"GIT_INDEX_FILE": str(hooked.folder / "elsewhere")}
    hooked.command("git", "read-tree", "HEAD", env=other)
    write(hooked, NEW)
    hooked.command("git", "add", NEW, env=other)
    assert refuses(git(hooked, "commit", "-q", "-m", "x", env=other))


@pytest.mark.long
def test_in_a_linked_work_tree(hooked: World) -> None:
    place = hooked.folder / "linked"
    hooked.git("worktree", "add", "-q", str(place), "-b", "side")
    write(hooked, NEW, at=place)
    git(hooked, "add", "-A", at=place)
    assert refuses(git(hooked, "commit", "-q", "-m", "x", at=place))
    assert (
        "unchanged"
        in hooked.run("hook", "install", "--repo", str(place), "--pre-commit", "--json").stdout
    )


@pytest.mark.long
def test_in_the_middle_of_a_rebase(hooked: World) -> None:
    write(hooked, "note", "one\n")
    hooked.commit()
    hooked.git("checkout", "-q", "-b", "side", "HEAD~1")
    write(hooked, "note", "two\n")
    hooked.commit()
    assert git(hooked, "rebase", "-q", "main").status != 0
    write(hooked, "note", "both\n")
    write(hooked, NEW)
    hooked.git("add", "-A")
    assert refuses(git(hooked, "commit", "-q", "-m", "x"))
    hooked.git("rm", "-q", "-f", NEW)
    hooked.git("commit", "-q", "-m", "x")
    assert git(hooked, "rebase", "--continue").status == 0


@pytest.mark.long
def test_in_a_submodule(small: World, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    small.git("clone", "-q", str(small.repo), str(copy))
    allow = ("-c", "protocol.file.allow=always")
    assert git(small, *allow, "submodule", "add", "-q", str(copy), "sub").status == 0
    place = small.repo / "sub"
    done = small.run("hook", "install", "--pre-commit", "--repo", str(place))
    assert str(small.repo / ".git/modules/sub/hooks") in done.stdout
    write(small, NEW, at=place)
    git(small, "add", "-A", at=place)
    assert refuses(git(small, "commit", "-q", "-m", "x", at=place))
    write(small, NEW)
    small.git("add", NEW)
    assert git(small, "commit", "-q", "-m", "x").status == 0  # the one around it has no hook


@pytest.mark.long
def test_before_there_is_any_secret_file(world: World) -> None:
    world.run("hook", "install")
    for _ in range(2):
        world.git("add", "-A")
        done = git(world, "commit", "-q", "--allow-empty", "-m", "x")
        assert (done.status, done.stdout, done.stderr) == (0, "", "")
        (world.repo / ".sops.yaml").unlink(missing_ok=True)


@pytest.mark.long
def test_old_trouble_is_one_line(small: World) -> None:
    write(small, NEW)
    small.commit()
    small.run("hook", "install", "--pre-commit")
    write(small, "README", "x\n")
    small.git("add", "-A")
    done = git(small, "commit", "-q", "-m", "x")
    assert (done.status, done.stderr.count("\n")) == (0, 1)
    assert "1 warning in 1 check; next: plana-secrets verify\n" in done.stderr


@pytest.mark.long
def test_our_own_commit_is_judged_by_what_it_holds(hooked: World) -> None:
    keyset = (
        f'[keysets.app]\nkind = "api-key"\naccepted = ["{APP}#KEYS"]\ncallers = ["{APP}#KEY"]\n'
    )
    write(hooked, "plana-secrets.toml", keyset)
    hooked.commit()
    write(hooked, NEW)
    hooked.git("add", NEW)  # staged by a person, and no part of our commit
    done = hooked.run("rotate", "init", "app", "--fresh", "--commit")
    assert done.status == 0, done
    assert NEW not in hooked.git("ls-tree", "-r", "--name-only", "HEAD")
