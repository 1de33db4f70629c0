"""What was typed is in no file outside memory and in no argument, whatever the editor keeps."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.commands.edit.editor import FILE, SENTINEL, TEXT, editor, meanwhile
from tests.cli.terminal import run_at_terminal
from tests.world import PROGRAM, World

GREEDY_VIMRC = """\
set undofile undodir=~/undo// backup backupdir=~/backup// directory=~/swap// viminfo='100,<50
set modeline
"""


@pytest.mark.parametrize("program", ["vim", "nvim", "vi"])
def test_vim_leaves_nothing_at_home(filled: World, program: str) -> None:
    """Even with settings that keep undo, backup and swap files there."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    settings = [filled.home / ".vimrc", filled.home / ".config/nvim/init.vim"]
    for path in settings:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GREEDY_VIMRC.replace("viminfo", "shada" if path.suffix else "viminfo"))
    for folder in ("undo", "backup", "swap"):
        (filled.home / folder).mkdir()
    keys = f":%s/old/{SENTINEL}/\r:w\r:%s/app/{SENTINEL}-2/\r:wq\r"
    done = run_at_terminal(
        filled, "edit", FILE, env={"PLANA_EDITOR": program}, answers=[("database", keys)]
    )
    assert done.status == 0, done.screen
    assert f"password: {SENTINEL}" in filled.decrypt(FILE)
    assert leftovers(filled.home) == []
    for folder in ("undo", "backup", "swap"):
        assert list((filled.home / folder).iterdir()) == []
    assert not (filled.home / ".viminfo").exists()


def test_nano_leaves_nothing_at_home(filled: World) -> None:
    if shutil.which("nano") is None:
        pytest.skip("nano is not installed")
    (filled.home / ".nanorc").write_text("set backup\nset historylog\nset positionlog\n")
    done = run_at_terminal(
        filled, "edit", FILE, env={"PLANA_EDITOR": "nano"},
        answers=[("database", f"x: {SENTINEL}\r\x0f\r"), ("Wrote", "\x18")],
    )  # fmt: skip
    assert done.status == 0, done.screen
    assert SENTINEL in filled.decrypt(FILE)
    assert leftovers(filled.home) == []


def leftovers(folder: Path) -> list[Path]:
    """Files that hold the sentinel, or a value from before."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and any(word in path.read_bytes() for word in (SENTINEL.encode(), b"password"))
    ]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.long
def test_values_are_in_no_execve_and_in_no_file_outside_memory(
    filled: World, tmp_path: Path
) -> None:
    """The old value and the new one, through sops, the editor and ours, kept edits included."""
    filled.encrypt(FILE, TEXT.replace("old", f"{SENTINEL}-old"))
    program = filled.folder / "change.py"
    program.write_text(
        "import sys\np = sys.argv[1]\nt = open(p).read()\n"
        "open(p, 'w').write(t.replace('93ab-value-old', '93ab-value-new'))\n"
    )
    env = editor(
        filled, f'{sys.executable} -I {program} "$1"\n' + meanwhile(filled, "db.password", "theirs")
    )
    log = tmp_path / "trace"
    calls = "trace=execve,write,writev,pwrite64,sendto,sendmsg"
    done = filled.command(
        "strace", "-f", "-v", "-y", "-s", "100000", "-o", str(log), "-e", calls,
        *PROGRAM, "edit", FILE, env=env, check=False,
    )  # fmt: skip
    assert done.status == 6
    lines = [line for line in log.read_text(errors="replace").splitlines() if SENTINEL in line]
    assert lines
    assert [line for line in lines if " execve(" in line] == []
    for line in lines:
        match = re.search(r"write(?:v|64)?\(\d+<(?P<place>[^>]*)>", line)
        assert match, line[:200]
        assert match["place"].startswith(("pipe:", "/memfd:", "/dev/shm/", "/run/user/")), line[
            :200
        ]
    log.unlink()
    for path in filled.folder.rglob("*"):
        if path.is_file():
            assert SENTINEL.encode() not in path.read_bytes(), path
