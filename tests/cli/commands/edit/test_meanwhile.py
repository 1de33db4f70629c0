"""Changes that others make while the editor is open are merged, or the edit is kept."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.cli.commands.edit.editor import FILE, SENTINEL, TEXT, edit, editor, kept_edits, meanwhile
from tests.cli.terminal import run_at_terminal
from tests.world import World


def test_changes_of_different_paths_are_merged(filled: World) -> None:
    script = 'sed -i "s/5432/5433/" "$1"\n' + meanwhile(filled, "db.password", "theirs")
    done = edit(filled, script)
    assert done.status == 0, done.stderr
    assert "changes made by others in the meantime were kept" in done.stderr
    assert filled.decrypt(FILE) == TEXT.replace("5432", "5433").replace("old", "theirs")


def test_the_same_path_without_a_terminal_is_kept_encrypted_and_goes_on(filled: World) -> None:
    script = f'sed -i "s/old/{SENTINEL}/; s/5432/5433/" "$1"\n'
    script += meanwhile(filled, "db.password", "theirs")
    done = edit(filled, script)
    assert done.status == 6
    assert f"plana-secrets edit {FILE} --continue" in done.stderr
    assert "password: theirs" in filled.decrypt(FILE)
    (kept,) = kept_edits(filled)
    assert SENTINEL.encode() not in kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert edit(filled, "true").status == 6, "a kept edit is not forgotten by the next"
    assert filled.run("edit", FILE, "--continue").status == 6
    done = filled.run("edit", FILE, "--continue", "--prefer", "mine")
    assert done.status == 0, done.stderr
    assert SENTINEL not in done.stdout + done.stderr
    wanted = TEXT.replace("old", SENTINEL).replace("5432", "5433")
    assert filled.decrypt(FILE) == wanted
    assert kept_edits(filled) == []
    assert filled.run("edit", FILE, "--continue").status == 2


@pytest.mark.long
def test_the_others_may_win_and_a_kept_edit_may_be_dropped(filled: World) -> None:
    script = 'sed -i "s/old/mine/" "$1"\n' + meanwhile(filled, "db.password", "theirs")
    assert edit(filled, script, "--prefer", "theirs").status == 0
    assert "password: theirs" in filled.decrypt(FILE)
    script = 'sed -i "s/theirs/mine/" "$1"\n' + meanwhile(filled, "db.password", "again")
    assert edit(filled, script).status == 6
    assert filled.run("edit", FILE, "--discard").status == 0
    assert kept_edits(filled) == []
    assert filled.run("edit", FILE, "--discard").status == 2


@pytest.mark.long
def test_an_edit_that_finds_the_lock_held_is_kept(filled: World) -> None:
    """A person typed it; somebody else's lock is no reason to type it again."""
    lock = filled.repo / ".git/plana-secrets/lock"
    lock.parent.mkdir()
    script = 'sed -i "s/old/mine/" "$1"'
    env = editor(filled, script)
    hold = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, 2); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-I", "-c", hold, str(lock)])
    try:
        while subprocess.run(["flock", "-n", str(lock), "true"], check=False).returncode == 0:
            time.sleep(0.02)
        done = filled.run("edit", FILE, "--wait", "1", env=env)
    finally:
        holder.kill()
        holder.wait()
    assert done.status == 6, done.stderr
    assert "is kept" in done.stderr
    assert filled.run("edit", FILE, "--continue").status == 0
    assert "password: mine" in filled.decrypt(FILE)


@pytest.mark.parametrize(("answer", "value"), [("m", "mine"), ("t", "theirs")])
def test_at_a_terminal_the_same_path_is_asked_about(filled: World, answer: str, value: str) -> None:
    script = 'sed -i "s/old/mine/" "$1"\n' + meanwhile(filled, "db.password", "theirs")
    done = run_at_terminal(
        filled, "edit", FILE, env=editor(filled, script), answers=[("[q]uit", f"x\n{answer}\n")]
    )
    assert done.status == 0, done.screen
    assert "db.password" in done.screen
    assert f"password: {value}" in filled.decrypt(FILE)
