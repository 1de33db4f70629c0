"""What was typed is in the file or kept, encrypted, for ``--continue``."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.commands.edit.editor import FILE, edit, editor, kept_edits
from tests.cli.terminal import run_at_terminal
from tests.world import PROGRAM, World


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_in_the_middle_keeps_what_was_saved_and_leaves_nothing(
    filled: World, number: signal.Signals
) -> None:
    ready = filled.folder / "ready"
    env = editor(
        filled,
        f'sed -i "s/old/mine/" "$1"; pwd > {ready}.new; mv {ready}.new {ready}; exec sleep 30',
    )
    child = subprocess.Popen(
        [*PROGRAM, "edit", FILE], cwd=filled.repo, env=filled.environment | env,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    while not ready.exists():
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(number)
    _, stderr = child.communicate(timeout=30)
    assert child.returncode == 143
    assert b"is kept" in stderr
    assert not Path(ready.read_text().strip()).exists()
    assert filled.run("edit", FILE, "--continue").status == 0
    assert "password: mine" in filled.decrypt(FILE)


ENDINGS = {
    "killed after it saved": ('echo "new: typed" >> "$1"; kill -9 $$', "kept"),
    "a status after it saved": ('echo "new: typed" >> "$1"; exit 3', "kept"),
    "no YAML": ('echo "new: [typed" >> "$1"', "kept"),
    "no text": (r"""printf 'new: typed\377\n' >> "$1" """, "kept"),
    "carriage returns": (r"""echo "new: typed" >> "$1"; sed -i 's/$/\r/' "$1" """, "written"),
    "a byte order mark": (
        r"""echo "new: typed" >> "$1"; printf '\357\273\277' | cat - "$1" > x; mv x "$1" """,
        "written",
    ),
    "a new file in its place": ('{ cat "$1"; echo "new: typed"; } > x; mv x "$1"', "written"),
    "the file in the repository gone": ('echo "new: typed" >> "$1"; rm "$REPO_FILE"', "kept"),
    "emptied": (': > "$1"', "nothing"),
    "removed": ('rm "$1"', "nothing"),
    "left as it was": ("true", "nothing"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_typed_is_in_the_file_or_kept(filled: World, ending: str) -> None:
    script, outcome = ENDINGS[ending]
    secret_file = filled.repo / FILE
    before = secret_file.read_bytes()
    env = editor(filled, script) | {"REPO_FILE": str(secret_file)}
    done = filled.run("edit", FILE, env=env)
    if outcome == "written":
        assert done.status == 0, done.stderr
        assert filled.run("get", FILE, "new").stdout == "typed"
        assert kept_edits(filled) == []
        return
    secret_file.write_bytes(before)
    assert done.status == (0 if ending == "left as it was" else done.status)
    assert bool(kept_edits(filled)) == (outcome == "kept"), done.stderr
    if outcome == "kept":
        assert f"plana-secrets edit {FILE} --continue" in done.stderr
        seen = filled.folder / "seen"
        repair = f"""cp "$1" {seen}; sed -i '/^new/d' "$1"; echo "new: typed" >> "$1" """
        resumed = filled.run("edit", FILE, "--continue", env=editor(filled, repair))
        if resumed.status != 0:  # without a terminal a mistake stays a mistake
            assert "is kept" in resumed.stderr
            assert kept_edits(filled)
        else:
            assert filled.run("get", FILE, "new").stdout == "typed"


@pytest.mark.long
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_at_a_terminal(filled: World, ending: str) -> None:
    """A mistake opens the editor again, with the text of before if it removed the file;
    everything else is as without a terminal."""
    script, outcome = ENDINGS[ending]
    secret_file = filled.repo / FILE
    before = secret_file.read_bytes()
    once = filled.folder / "once"
    repair = """sed -i '/^new/d' "$1"; echo "new: typed" >> "$1" """
    whole = f"if [ -e {once} ]; then {repair}; else touch {once}; {script}; fi"
    env = editor(filled, whole) | {"REPO_FILE": str(secret_file)}
    is_mistake = ending in {"no YAML", "no text", "emptied", "removed"}
    answers = [("edit again", "\n")] if is_mistake else []
    done = run_at_terminal(filled, "edit", FILE, answers=answers, env=env)
    if outcome == "written" or is_mistake:
        assert done.status == 0, done.screen
        assert filled.run("get", FILE, "new").stdout == "typed"
        assert kept_edits(filled) == []
        return
    secret_file.write_bytes(before)
    assert bool(kept_edits(filled)) == (outcome == "kept"), done.screen
    if outcome == "kept":
        assert f"plana-secrets edit {FILE} --continue" in done.screen
        assert filled.run("edit", FILE, "--continue", env=env).status == 0
        assert filled.run("get", FILE, "new").stdout == "typed"


def test_an_edit_is_kept_in_memory_where_the_disk_takes_nothing(filled: World) -> None:
    place = filled.repo / ".git/plana-secrets/edits"
    place.parent.mkdir()
    place.write_text("in the way of the folder, as a full disk is")
    failed = edit(filled, 'echo "new: typed" >> "$1"; exit 1')
    assert f"until this machine restarts: {filled.memory}/plana-secrets-kept." in failed.stderr
    (sealed,) = filled.memory.glob("plana-secrets-kept.*/*")
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert b"typed" not in sealed.read_bytes()
    assert f"plana-secrets edit {FILE} --continue" in filled.run("status").stdout
    assert "is already kept" in edit(filled, "true").stderr
    assert edit(filled, "true", "--continue").status == 0
    assert filled.run("get", FILE, "new").stdout == "typed"
    assert not sealed.exists()


def test_an_edit_that_fails_again_goes_back_to_the_git_dir(filled: World) -> None:
    place = filled.repo / ".git/plana-secrets/edits"
    place.parent.mkdir()
    place.touch()
    edit(filled, 'echo "bad: [" >> "$1"')
    (sealed,) = filled.memory.glob("plana-secrets-kept.*/*")
    place.unlink()
    assert edit(filled, "true", "--continue").status == 3
    assert not sealed.exists()
    assert len(kept_edits(filled)) == 1


def test_an_edit_in_memory_is_not_taken_from_another_user(filled: World) -> None:
    place = filled.repo / ".git/plana-secrets/edits"
    place.parent.mkdir()
    place.touch()
    edit(filled, 'printf "bad: [" >> "$1"')
    (folder,) = filled.memory.glob("plana-secrets-kept.*")
    folder.chmod(0o777)
    assert "no edit" in edit(filled, "true", "--continue").stderr
