"""Every command that a document shows is run, in its order, in a repository of its own.

A fenced block ``console`` is run line by line: ``$ `` begins a command, ``> `` continues
it, other lines are its output (not compared: it holds recipients and times). A comment
``<!-- exit N -->`` before a block says how its last command ends, ``<!-- before: ... -->``
runs something silently, ``<!-- not run: reason -->`` leaves a block out.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.world import sops_program

ROOT = Path(__file__).parents[2]
OF_THE_CATALOGUE = ROOT / "docs" / "checks.md"
"""Its examples are runs of ``tests/verify``."""
PAGES = sorted({ROOT / "README.md", *(ROOT / "docs").glob("*.md")} - {OF_THE_CATALOGUE})

_FENCE = re.compile(r"^```(\w*)\s*$")
_NOTE = re.compile(r"^<!-- (exit|before|not run): ?(.*?) ?-->$|^<!-- (exit) (\d+) -->$")


@dataclass
class Page:
    """The commands of a page with the status that each must end with."""

    commands: list[tuple[str, int]] = field(default_factory=list)
    unrunnable: list[str] = field(default_factory=list)


def parse_page(text: str) -> Page:
    page = Page()
    block: list[str] | None = None
    language, status, skipped = "", 0, False
    for line in text.splitlines():
        fence = _FENCE.match(line)
        note = _NOTE.match(line)
        if fence and block is None:
            block, language = [], fence.group(1)
        elif line.startswith("```") and block is not None:
            _take(page, block, language, status, skipped)
            block, status, skipped = None, 0, False
        elif block is not None:
            block.append(line)
        elif note and note.group(3):
            status = int(note.group(4))
        elif note and note.group(1) == "before":
            page.commands.append((note.group(2), 0))
        elif note and note.group(1) == "not run":
            skipped = True
    return page


def _take(page: Page, block: list[str], language: str, status: int, skipped: bool) -> None:
    commands: list[str] = []
    for line in block:
        if line.startswith("$ "):
            commands.append(line[2:])
        elif line.startswith("> ") and commands:
            commands[-1] += "\n" + line[2:]
    if language == "console" and not skipped:
        page.commands += [(one, 0) for one in commands[:-1]]
        page.commands += [(one, status) for one in commands[-1:]]
    elif not skipped and any("plana-secrets " in line for line in block) and language != "toml":
        page.unrunnable.append("\n".join(block))


EVERYDAY = {"README"}
"""Pages whose commands run in every suite; the others run with --long, as in CI."""


@pytest.mark.parametrize(
    "page",
    [
        page if page.stem in EVERYDAY else pytest.param(page, marks=pytest.mark.long)
        for page in PAGES
    ],
    ids=lambda page: page.stem,
)
def test_every_command_of_a_page_runs(page: Path, tmp_path: Path):
    parsed = parse_page(page.read_text())
    assert not parsed.unrunnable, "a block with commands that is no console block"
    repo, home = tmp_path / "repo", tmp_path / "home"
    for folder in (repo, home):
        folder.mkdir()
    script = ["git init -q -b main . && git config user.name T && git config user.email t@e.test"]
    for command, status in parsed.commands:
        words = shlex.quote(command.splitlines()[0])
        script.append(
            f"{command}\n_status=$?; [ $_status = {status} ] || {{ echo {words} ended with $_status >&2; exit 99; }}"
        )
    done = subprocess.run(
        [*_session(tmp_path), "bash", "-c", "\n".join(script)],
        cwd=repo, env=_environment(home, repo), capture_output=True, text=True, check=False, timeout=240,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def _session(folder: Path) -> list[str]:
    """A session bus with an unlocked keyring, as a desktop has it."""
    script = folder / "session.sh"
    script.write_text(
        'printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\nexec "$@"\n'
    )
    return ["dbus-run-session", "--", "sh", str(script)]


def _environment(home: Path, repo: Path) -> dict[str, str]:
    programs = [str(Path(sys.executable).parent), str(sops_program().parent), os.environ["PATH"]]
    return {
        "PATH": ":".join(programs),
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "LANG": "C.UTF-8",
        "PROJECT": str(ROOT),
        "REPO": str(repo),
    }


def test_a_page_is_read_as_described():
    page = parse_page(
        "<!-- before: touch x -->\n```console\n$ a \\\n> b\nout\n$ c\n```\n"
        "<!-- exit 1 -->\n```console\n$ d\n```\n"
        "<!-- not run: it needs a server -->\n```console\n$ e\n```\n"
        "```sh\nplana-secrets verify\n```\n"
    )
    assert page.commands == [("touch x", 0), ("a \\\nb", 0), ("c", 0), ("d", 1)]
    assert page.unrunnable == ["plana-secrets verify"]
