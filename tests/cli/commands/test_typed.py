"""Nothing typed is lost or changed: every form of a scalar, every way in which an editor ends."""

from __future__ import annotations

import itertools
import json
import os
import pty
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from plana_secrets.document.values import written
from plana_secrets.paths import format_path, parse_path
from plana_secrets.secretfiles.editing.encrypt import stage_encryption
from plana_secrets.secretfiles.editing.kept import find_kept_edit
from plana_secrets.secretfiles.open import open_bytes
from tests.cli.commands.edit.editor import FILE, editor
from tests.secretfiles.conftest import make_workspace
from tests.world import PROGRAM, World

# -- scalars

FORMS = (
    "0042", "1.10", "0x1F", "0b11", "0o17", "08", "1_000", "+5", "-0", "5.", ".5", "1e3", "1E+06",
    "12345678901234567890123", "9223372036854775807", "9223372036854775808", "-1", "42", "1.5",
    "0.1", "1e400", "2024-01-02", "2024-1-2", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05.10",
    "2024-01-02T03:04:05+01:00", "12:30:45", "true", "True", "TRUE", "yes", "no", "on", "off", "y",
    "null", "Null", "~", ".inf", "-.Inf", ".nan", "a b", "a:b", "a#b", "$HOME", "p@ss", "-x", "--",
    "é😀", "=", "a,b", "50%", "back\\slash", "it's", 'say "x"',
)  # fmt: skip
QUOTED = (*FORMS, "", " padded ", "*star", "&amp", "!bang", "# no comment", "a: b", "[x", "{", "`", "%", "@", "two\nlines\n", "tab\there", "\u2028")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A leaf as it stands in the text, and what a person means by it."""

    path: str
    spelled: str
    meant: str


def spell(text: str, style: str) -> str:
    if style == "single" and "\n" not in text and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if style == "plain":
        return text
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028")


def documents(count: int) -> Iterator[tuple[str, list[Entry]]]:
    """Plain YAML with leaves at the top, in maps and in lists; the same in every run."""
    chance = random.Random(20261125)
    for _ in range(count):
        entries: list[Entry] = []
        lines: list[str] = []
        for number in range(chance.randint(3, 12)):
            style = chance.choice(["plain", "plain", "single", "double"])
            text = chance.choice(FORMS if style == "plain" else QUOTED)
            spelled = spell(text, style)
            place = chance.choice(["", "map", "list"])
            if place == "map":
                lines += [f"m{number}:", f"    inner: {spelled}"]
                entries.append(Entry(f"m{number}.inner", spelled, text))
            elif place == "list":
                lines += [f"l{number}:", "    - first", f"    - {spelled}"]
                entries.append(Entry(f"l{number}[1]", spelled, text))
            else:
                lines.append(f"k{number}: {spelled}")
                entries.append(Entry(f"k{number}", spelled, text))
        yield "\n".join(lines) + "\n", entries


def check_documents(world: World, count: int) -> None:
    workspace = make_workspace(world)
    target = world.repo / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    for text, entries in documents(count):
        target.write_text(text)
        done = stage_encryption(workspace, FILE)
        assert done.staged.content is not None
        document = open_bytes(done.staged.content, FILE, workspace.identities)
        named = {format_path(path) for path in (*done.as_text, *done.nulls)}
        for entry in entries:
            found = document.find(parse_path(entry.path))
            assert found is not None, entry
            got = written(found[0].type, found[1]).decode()
            nothing = entry.path in named and got == "null"
            assert got == entry.meant or nothing, entry


def test_documents_of_every_form_come_back_as_they_were_typed(world: World) -> None:
    check_documents(world, 12)


@pytest.mark.long
def test_200_documents_come_back_as_they_were_typed(world: World) -> None:
    check_documents(world, 200)


# -- endings

TYPED = {
    "a line": 'echo "new: typed" >> "$1"',
    "no last line feed": 'printf "new: typed" >> "$1"',
    "carriage returns": r"""echo "new: typed" >> "$1"; sed -i 's/$/\r/' "$1" """,
    "a mark and returns": (
        r"""echo "new: typed" >> "$1"; sed -i 's/$/\r/' "$1"; printf '\357\273\277' | cat - "$1" > x; mv x "$1" """
    ),
    "no YAML": 'echo "new: [typed" >> "$1"',
    "no text": r"""printf 'new: typed\377\n' >> "$1" """,
    "a refused value": 'echo "new_unencrypted: typed" >> "$1"',
    "far too much": 'echo "new: typed" >> "$1"; head -c 1100000 /dev/zero | tr "\\0" "#" >> "$1"',
}
GOOD = frozenset([*TYPED][:4])
ENDINGS = {
    "well": "",
    "a status": "exit 3",
    "killed": "kill -9 $$",
    "terminated": "kill -15 $$",
    "a new file": 'cp "$1" x; rm "$1"; mv x "$1"',
    "late": "",
}
CASES = [*itertools.product(TYPED, ENDINGS)]


def check_ending(world: World, typed: str, ending: str, *, at_terminal: bool) -> None:
    script = f"{TYPED[typed]}\n{ENDINGS[ending]}"
    if ending == "late":
        script = f"(sleep 0.3\n{TYPED[typed]}\n) </dev/null >/dev/null 2>&1 &"
    env = editor(world, script)
    if at_terminal:
        _at_a_terminal_that_goes_away(world, env)
    else:
        world.run("edit", FILE, env=env)
    edit = find_kept_edit(make_workspace(world), FILE)
    if typed in GOOD and ending in {"well", "a new file", "late"}:
        assert edit is None
        assert world.run("get", FILE, "new").stdout == "typed"
    else:
        assert edit is not None
        assert b"typed" in edit.text.reveal()
        assert world.run("edit", FILE, "--discard").status == 0


def _at_a_terminal_that_goes_away(world: World, env: dict[str, str]) -> None:
    """Whatever is asked there, the answer is that the terminal is closed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(world.repo)
        os.execve(PROGRAM[0], [*PROGRAM, "edit", FILE], world.environment | {"TERM": "xterm"} | env)
    screen = b""
    try:
        while b"edit again" not in screen:
            more = os.read(terminal, 4096)
            if not more:
                break
            screen += more
    except OSError:  # it ended
        pass
    time.sleep(0.05)
    os.close(terminal)
    os.waitpid(child, 0)


@pytest.mark.long
@pytest.mark.parametrize("at_terminal", [False, True], ids=["no terminal", "terminal"])
@pytest.mark.parametrize(("typed", "ending"), CASES)
def test_what_was_typed_is_in_the_file_or_kept(
    world: World, typed: str, ending: str, at_terminal: bool
) -> None:
    world.encrypt(FILE, "a: b\n")
    check_ending(world, typed, ending, at_terminal=at_terminal)


def test_a_terminal_that_goes_away_at_the_question_takes_nothing_along(world: World) -> None:
    world.encrypt(FILE, "a: b\n")
    check_ending(world, "no YAML", "well", at_terminal=True)


@pytest.mark.parametrize("typed", ["far too much", "a refused value"])
def test_what_can_never_be_written_is_kept(world: World, typed: str) -> None:
    world.encrypt(FILE, "a: b\n")
    check_ending(world, typed, "well", at_terminal=False)


@pytest.mark.parametrize("at_terminal", [False, True], ids=["no terminal", "terminal"])
def test_a_window_that_saves_late_is_waited_for(world: World, at_terminal: bool) -> None:
    world.encrypt(FILE, "a: b\n")
    check_ending(world, "a line", "late", at_terminal=at_terminal)


@pytest.mark.parametrize("script", [': > "$1"', 'rm "$1"', 'echo x: y >> "$1"; rm "$1"'])
def test_a_text_that_the_editor_took_away_changes_nothing(world: World, script: str) -> None:
    path = world.encrypt(FILE, "a: b\n")
    before = path.read_bytes()
    for at_terminal in (False, True):
        if at_terminal:
            _at_a_terminal_that_goes_away(world, editor(world, script))
        else:
            assert world.run("edit", FILE, env=editor(world, script)).status in {2, 3}
        assert path.read_bytes() == before
        assert find_kept_edit(make_workspace(world), FILE) is None
