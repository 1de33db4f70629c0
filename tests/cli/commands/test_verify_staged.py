"""``verify --staged``: what ``git commit`` would record, without a key."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.world import World

APP = "infra/secrets/dev/app.yaml"
NEW = "infra/secrets/dev/new.yaml"
HOOK = f"#!/bin/sh\nexec {sys.executable} -I -m plana_secrets verify --staged\n"


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, "user: admin\n")
    world.commit()
    return world


def install_hook(world: World) -> None:
    hook = world.repo / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)


def plant(world: World, text: str = "token: hunter2\n") -> Path:
    (world.repo / NEW).write_text(text)
    return world.repo / NEW


def test_the_index_counts_and_not_the_work_tree(small: World) -> None:
    plant(small)
    assert small.run("verify", "--staged").status == 0
    small.git("add", NEW)
    (small.repo / NEW).unlink()
    done = small.run("verify", "--staged")
    assert (done.status, NEW in done.stdout, "hunter2" in done.stdout) == (1, True, False)


def test_no_identity_is_looked_for_unless_the_level_needs_one(small: World) -> None:
    done = small.run("verify", "--staged")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == "1 file, L1, 0 errors, 0 warnings\n"
    assert "L3" in small.run("verify", "--staged", "--level", "L3").stdout


def test_the_settings_in_the_index_count_unless_others_are_named(small: World) -> None:
    settings = small.repo / "plana-secrets.toml"
    settings.write_text('[files]\nplain = ["**/new.yaml"]\n')
    plant(small)
    small.git("add", "-A")
    settings.unlink()
    assert small.run("verify", "--staged").status == 0
    assert small.run("verify", "--staged", "--policy-from", "HEAD").status == 1
    assert small.run("verify", "--staged", "--policy-from", "nope").status == 2


def test_one_of_them_at_a_time(small: World) -> None:
    assert small.run("verify", "--staged", APP).status == 2
    assert small.run("verify", "--staged", "--mirror").status == 2


@pytest.mark.long
@pytest.mark.parametrize("how", [["-a"], ["--", NEW]])
def test_a_commit_with_an_index_of_its_own(small: World, how: list[str]) -> None:
    small.encrypt(NEW, "token: x\n")
    small.commit()
    install_hook(small)
    plant(small)
    done = small.command("git", "commit", "-q", "-m", "x", *how, check=False)
    assert (done.status, NEW in done.stdout + done.stderr) == (1, True)
    small.encrypt(NEW, "token: y\n")
    small.git("commit", "-q", "-m", "x", *how)


def test_an_index_outside_of_this_repository_is_of_another(small: World, tmp_path: Path) -> None:
    plant(small)
    small.git("add", "-A")
    other = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    small.command("git", "read-tree", "HEAD", env=other)
    assert small.run("verify", "--staged", env=other).status == 1


OLD = "infra/secrets/dev/old.yaml"


@pytest.fixture
def troubled(small: World) -> World:
    """A repository whose HEAD has plaintext already: a file, and one value."""
    (small.repo / OLD).write_text("token: hunter2\n")
    good = (small.repo / APP).read_text()
    (small.repo / APP).write_text(good.replace("user: ENC", "more: readable\nuser: ENC"))
    small.commit()
    return small


def test_what_head_has_is_a_warning(troubled: World) -> None:
    (troubled.repo / "README").write_text("x\n")
    troubled.git("add", "-A")
    done = troubled.run("verify", "--staged")
    assert done.status == 0
    assert done.stdout.count("HEAD has it, too") == done.stdout.count("warning: ") > 1
    assert troubled.run("verify", "--staged", "--strict").status == 1
    plant(troubled)
    troubled.git("add", NEW)
    done = troubled.run("verify", "--staged")
    assert (done.status, "1 error" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [(APP, "more: readable", "more: another"), (OLD, "hunter2", "hunter3")],
    ids=["value", "file"],
)
def test_what_is_new_to_read_in_such_a_file_is_an_error(
    troubled: World, file: str, old: str, new: str
) -> None:
    path = troubled.repo / file
    path.write_text(path.read_text().replace(old, new))
    troubled.git("add", "-A")
    assert troubled.run("verify", "--staged").status == 1


def test_another_change_of_such_a_file_is_none(troubled: World) -> None:
    path = troubled.repo / APP
    path.write_text(path.read_text() + "\n")
    troubled.git("add", "-A")
    done = troubled.run("verify", "--staged")
    assert (done.status, "more" in done.stdout) == (0, True)


def test_what_the_other_side_of_a_merge_has_is_a_warning(small: World) -> None:
    small.git("checkout", "-q", "-b", "side")
    (small.repo / "note").write_text("side\n")
    (small.repo / OLD).write_text("token: hunter2\n")
    small.commit()
    small.git("checkout", "-q", "main")
    (small.repo / "note").write_text("main\n")
    small.commit()
    small.command("git", "merge", "-q", "side", check=False)
    (small.repo / "note").write_text("both\n")
    small.git("add", "-A")
    done = small.run("verify", "--staged")
    assert (done.status, "MERGE_HEAD has it, too" in done.stdout) == (0, True)
