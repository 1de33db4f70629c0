"""The program as a whole: help, errors, and what a checkout may not do to it."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from plana_secrets.cli.lazy import LazyGroup, load_command
from plana_secrets.cli.main import COMMANDS, ELSEWHERE, program
from plana_secrets.errors import ConflictError, UnavailableError, UsageError
from tests.world import PROGRAM, World


def commands():
    """Every command with the words that call it, groups included."""

    def walk(words, group):
        for section in group.table.values():
            for name, (target, help_text) in section.items():
                command = load_command(target)
                yield (*words, name), command, help_text
                if isinstance(command, LazyGroup):
                    yield from walk((*words, name), command)

    return list(walk((), program))


@pytest.mark.parametrize(
    ("words", "command", "help_text"),
    commands(),
    ids=lambda v: "-".join(v) if isinstance(v, tuple) else "",
)
def test_the_table_says_what_the_command_says(words, command, help_text):
    assert command.get_short_help_str(100).rstrip(".") == help_text.rstrip(".")


@pytest.mark.parametrize(
    ("words", "command", "_help"),
    commands(),
    ids=lambda v: "-".join(v) if isinstance(v, tuple) else "",
)
def test_every_command_has_help_with_an_example(words, command, _help):
    text = command.get_help(click.Context(command, info_name=" ".join(("plana-secrets", *words))))
    assert "Example" in text
    assert f"plana-secrets {' '.join(words)}" in text


def test_usage_marks_what_may_be_left_out():
    for words, command, _help in commands():
        for one in command.params:
            if isinstance(one, click.Argument):
                shown = one.make_metavar(click.Context(command))
                # one that is shown by another argument has no words of its own
                assert one.required or shown[:1] in {"", "["}, (words, shown)


@pytest.mark.parametrize("group", ["rotate", "mirror", "identity"])
def test_a_group_alone_shows_its_own_help(world: World, group: str):
    result = world.run(group)
    assert result.status == 0
    assert result.stdout.startswith(f"Usage: plana-secrets {group} ")
    assert result.stderr == ""


def test_no_arguments_show_help_and_end_with_2(world: World):
    result = world.run()
    assert result.status == 2
    assert "Usage" in result.stderr


def test_an_error_under_json_is_one_object_on_stdout(world: World):
    result = world.run("completion", "--json", "tcsh")
    assert result.status == 2
    error = json.loads(result.stdout)
    assert error["schema"] == "plana-secrets/error/1"
    assert (error["code"], error["kind"]) == (2, "usage")


def test_a_value_typed_as_an_argument_is_not_repeated(world: World):
    result = world.run("get", "infra/secrets/x.yaml", "a", "SENTINEL-4711")
    assert result.status == 2
    assert "SENTINEL" not in result.stdout + result.stderr


def test_a_near_miss_is_suggested(world: World):
    assert "Did you mean 'set'" in world.run("ste").stderr
    assert "Did you mean '--color'?" in world.run("ls", "--colour", "never").stderr
    assert "Did you mean" not in world.run("encrypt", "--force", "x").stderr


@pytest.mark.parametrize("name", ["-x.yaml", "--x.yaml"])
def test_a_file_name_that_begins_with_a_dash_is_written_with_its_folder(
    world: World, name: str
) -> None:
    world.encrypt(f"infra/secrets/{name}", "a: b\n")
    folder = str(world.repo / "infra/secrets")
    for written, status in ((name, 2), (f"./{name}", 0)):
        script = 'cd "$1" && shift && exec "$@"'
        done = world.command(
            "sh", "-c", script, "sh", folder, *PROGRAM, "get", written, "a", check=False
        )
        assert (done.status, "write ./ before a file name" in done.stderr) == (status, status == 2)
    assert "./" not in world.run("get", "--jsn", "x", "a").stderr
    assert "./" not in world.run("-x").stderr


@pytest.mark.parametrize("word", ELSEWHERE)
def test_a_word_of_another_program_leads_to_the_command(word: str) -> None:
    name, *_ = ELSEWHERE[word].split()
    assert name in {"--help", "--version"} or any(name in one for one in COMMANDS.values())
    assert not any(word in section for section in COMMANDS.values())


def test_decrypt_is_no_mistyped_encrypt(world: World) -> None:
    done = world.run("decrypt", "x.yaml")
    assert done.status == 2
    assert "`plana-secrets show FILE --reveal`" in done.stderr
    assert "'encrypt'" not in done.stderr


def test_a_checkout_runs_no_code_in_us(world: World):
    for name in ("click.py", "plana_secrets/__init__.py", "sitecustomize.py", "json.py"):
        target = world.repo / name
        target.parent.mkdir(exist_ok=True)
        target.write_text("print('PWNED')\n")
    script = str(Path(sys.executable).with_name("plana-secrets"))
    for program_words in (PROGRAM, [script]):
        done = world.command(*program_words, "--version", check=False)
        assert done.status == 0, done
        assert "PWNED" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("env", "colored"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_follows_the_terminal(env, colored, monkeypatch):
    """Computed on a real pty: click itself would ignore all three."""
    from plana_secrets.cli.output import Output

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    _master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        output = Output(json=False, color="auto", quiet=False, verbosity=0)
        assert ("\x1b" in output.style("x", "red")) is colored


def test_an_empty_table_has_no_header(monkeypatch):
    from plana_secrets.cli.output import Output

    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        output = Output(json=False, color="auto", quiet=False, verbosity=0)
        output.table([], ("kind", "file"))
        output.table([("a", "b")], ("kind", "file"))
        terminal.flush()
        shown: list[bytes] = []
        while len(shown) < 4:  # a terminal hands over what is there, line by line
            shown += os.read(master, 100).split()
        assert shown == [b"KIND", b"FILE", b"a", b"b"]


def test_a_usage_error_is_one_line(world: World) -> None:
    said = world.run("completion").stderr
    assert said.splitlines()[0].endswith("'SHELL'. Choose from: bash, zsh, fish")


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (ConflictError("x", kind="locked"), True),
        (ConflictError("x", kind="file-exists", retry=False), False),
        (UnavailableError("x"), True),
        (UsageError("x"), None),
    ],
)
def test_an_error_says_whether_a_retry_helps(error, retry, capsys):
    from plana_secrets.cli.failure import run_guarded

    def action():
        raise error

    assert run_guarded(action, as_json=True) == error.exit_code
    assert json.loads(capsys.readouterr().out)["retry"] is retry


def test_hostile_text_is_escaped():
    from plana_secrets.cli.output import safe, safe_line

    text = "a\x1b]52;c;aGk=\x07\n::error::x\n##[warning]y\u202eevil\x9b"
    shown = safe(text)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "\x9b" not in shown
    assert "\n::error" not in shown
    assert "\n##[" not in shown
    assert "\n" not in safe_line(text)


def test_an_unexpected_error_shows_its_type_and_place_only(capsys):
    from plana_secrets.cli.failure import run_guarded

    def action():
        raise KeyError("SENTINEL-4711")

    assert run_guarded(action, as_json=True) == 70
    streams = capsys.readouterr()
    assert json.loads(streams.out)["code"] == 70
    assert "this is a bug" in streams.err
    assert "KeyError" in streams.err
    assert "SENTINEL" not in streams.out + streams.err


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.EMFILE, "Too many open files")])
def test_a_machine_without_room_is_no_bug(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    from plana_secrets.cli.failure import run_guarded

    def action() -> int:
        raise error

    assert run_guarded(action, as_json=True) == 3
    assert json.loads(capsys.readouterr().out)["kind"] == "exhausted"


LOST = """\
import time
from plana_secrets.cli import main

class Callback:
    def __init__(self, end): self.end = end
    def __del__(self): raise self.end

main._harden()
Callback(ValueError("s3cr3t"))
for end in (KeyboardInterrupt, main.Terminated):
    try:
        Callback(end)
        time.sleep(5)
    except end:
        print("again", end.__name__)
"""


def test_a_signal_that_falls_into_a_callback_comes_again():
    """Python drops what a callback raises; ^C in the middle of an import did nothing."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOST], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.splitlines() == ["again KeyboardInterrupt", "again Terminated"]
    assert done.stderr == "plana-secrets: warning: ignored an unexpected ValueError\n"
