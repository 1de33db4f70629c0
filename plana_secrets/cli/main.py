"""The program: the table of commands, the hardening of the process, one way out.

A command is one file in ``commands/`` and one line here. Nothing but click and this
table is imported for ``--help``.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import time
from functools import partial
from typing import NoReturn

import click

from plana_secrets import __version__
from plana_secrets.cli.context import Context
from plana_secrets.cli.failure import Terminated, run_guarded
from plana_secrets.cli.lazy import CommandTable, LazyGroup
from plana_secrets.cli.streams import open_missing_streams, tell

_HERE = "plana_secrets.cli.commands"
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_SOON = 0.01
"""Seconds, in which a callback has ended."""

COMMANDS: CommandTable = {
    "Secret files": {
        "ls": (f"{_HERE}.ls:ls", "List secret files, or the paths in one."),
        "show": (f"{_HERE}.show:show", "Show a file with its values masked."),
        "get": (f"{_HERE}.get:get", "Print one value."),
        "set": (f"{_HERE}.set:set_", "Set one value."),
        "unset": (f"{_HERE}.unset:unset", "Remove one value."),
        "edit": (f"{_HERE}.edit:edit", "Edit a file in your editor, in memory."),
        "new": (f"{_HERE}.new:new", "Create an empty secret file."),
        "repair": (f"{_HERE}.repair:repair", "Repair a file that was damaged or changed by hand."),
        "resolve": (f"{_HERE}.resolve:resolve", "Resolve a merge conflict in secret files."),
        "encrypt": (f"{_HERE}.encrypt:encrypt", "Encrypt an existing plain file in place."),
        "mv": (f"{_HERE}.mv:mv", "Move a secret file, or one value."),
        "import": (f"{_HERE}.import_:import_", "Import values from dotenv or JSON."),
        "export": (f"{_HERE}.export:export", "Export the values of a file as dotenv or JSON."),
        "diff": (f"{_HERE}.diff:diff", "Show which paths changed, without values."),
        "log": (f"{_HERE}.log:log", "Show who changed which path when."),
        "find": (f"{_HERE}.find:find", "Find the places that contain a value."),
        "run": (f"{_HERE}.run:run", "Run a command with values in its environment."),
    },
    "Recipients, rotation, mirror, verification": {
        "recipients": (
            f"{_HERE}.recipients:recipients",
            "Show and change who can read which file.",
        ),
        "offboard": (f"{_HERE}.offboard:offboard", "List what to replace after a person left."),
        "rotate": (f"{_HERE}.rotate:rotate", "Rotate API keys and JWT signing secrets."),
        "mirror": (f"{_HERE}.mirror:mirror", "Copy the secret files one way into a vault."),
        "verify": (f"{_HERE}.verify:verify", "Prove that every file is encrypted by policy."),
        "explain": (f"{_HERE}.explain:explain", "Explain a check, or list all of them."),
    },
    "Setup and repair": {
        "init": (f"{_HERE}.init:init", "Set up a repository for secrets."),
        "demo": (f"{_HERE}.demo:demo", "Take a tour in a temporary folder."),
        "doctor": (f"{_HERE}.doctor:doctor", "Check tools, identities and the repository."),
        "hook": (f"{_HERE}.hook:hook", "Let git verify commits and pushes by its hooks."),
        "status": (f"{_HERE}.status:status", "Show unfinished work."),
        "recover": (f"{_HERE}.recover:recover", "Finish or undo a change that was interrupted."),
        "identity": (f"{_HERE}.identity:identity", "Create, show, export and import identities."),
        "login": (f"{_HERE}.login:login", "Log in to the mirror's server."),
        "logout": (f"{_HERE}.logout:logout", "Log out of the mirror's server."),
        "completion": (f"{_HERE}.completion:completion", "Print a shell completion script."),
    },
}

ELSEWHERE = {
    **dict.fromkeys(("decrypt", "cat", "view", "dump"), "show FILE --reveal"),
    **dict.fromkeys(("rm", "delete", "del", "remove"), "unset FILE PATH` or `git rm FILE"),
    **dict.fromkeys(("create", "touch"), "new FILE"),
    **dict.fromkeys(("updatekeys", "update-keys", "rekey", "reencrypt"), "recipients apply"),
    **dict.fromkeys(("rename", "move"), "mv"),
    **dict.fromkeys(("exec", "exec-env"), "run FILE -- COMMAND"),
    "add": "set FILE PATH",
    "list": "ls",
    "search": "find",
    "history": "log FILE",
    "check": "verify",
    "sync": "mirror sync",
    "restore": "mirror restore --to DIR",
    "help": "--help",
    "version": "--version",
}
"""Words of sops, git, pass and the like."""

EPILOG = """\b
Exit codes:
  0 done · 1 findings · 2 usage or configuration · 3 failed, nothing changed
  4 key or credential · 5 remote unavailable · 6 conflict or lock
  7 stopped in the middle, run recover · 70 a bug · 130/143 interrupted

\b
Examples:
  plana-secrets init
  plana-secrets set infra/secrets/dev/example.yaml db.password
  plana-secrets verify
"""


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    elsewhere=ELSEWHERE,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="plana-secrets")
def program() -> None:
    """Edit, mirror, rotate and verify SOPS age-encrypted secret files."""


def main() -> NoReturn:
    """The console script."""
    open_missing_streams()
    _harden()
    ours, _, _theirs = "\x00".join(sys.argv[1:]).partition("\x00--\x00")
    context = Context()
    run = partial(_run, context)
    sys.exit(run_guarded(run, here=context.here, as_json="--json" in ours.split("\x00")))


def _run(context: Context) -> int | None:
    try:
        result = program.main(prog_name="plana-secrets", standalone_mode=False, obj=context)
    except click.exceptions.NoArgsIsHelpError as bare:
        if bare.ctx.parent is None:
            click.echo(bare.format_message(), err=True)
            return 2
        # `plana-secrets rotate` asks what there is, as `gh repo` does
        print(bare.format_message())
        result = None
    sys.stdout.flush()
    return result if isinstance(result, int) else None


def _harden() -> None:
    """No core dump and no reader of our memory; a signal to end runs the clean-up."""
    if sys.platform == "win32":
        print("plana-secrets: Windows is not supported; WSL works", file=sys.stderr)
        sys.exit(2)
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        _forbid_dumps()
    for number in _ENDING:
        signal.signal(number, _terminate)
    sys.unraisablehook = _hear_again


def _forbid_dumps() -> None:
    """PR_SET_DUMPABLE 0: other processes of the same user read neither memory nor environ."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)


def _terminate(_number: int, _frame: object) -> NoReturn:
    """End the run, once: a terminal that goes away signals twice, and the second signal must
    not stop what saves the work."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise Terminated


def _hear_again(lost: sys.UnraisableHookArgs) -> None:
    """A signal that fell into a callback, such as one of an import, where Python drops what is
    raised, comes again. Of anything else only the type is told: its text may hold a value."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        _thread.start_new_thread(_signal_soon, (signal.SIGINT,))
    elif issubclass(lost.exc_type, Terminated):
        signal.signal(signal.SIGTERM, _terminate)
        _thread.start_new_thread(_signal_soon, (signal.SIGTERM,))
    else:
        tell(f"plana-secrets: warning: ignored an unexpected {lost.exc_type.__name__}")


def _signal_soon(number: int) -> None:
    time.sleep(_SOON)
    os.kill(os.getpid(), number)
