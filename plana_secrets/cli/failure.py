"""From an exception to an exit code and words: the one ``except`` ladder.

Errors carry facts; their advice is found by kind in ``cli/hints.py``. An exception that
no code expects is a bug, and is reported by its type and place only: its text may hold a
value.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import click

from plana_secrets import process
from plana_secrets.cli.hints import find_hint
from plana_secrets.cli.output import safe
from plana_secrets.cli.streams import can_flush, silence, tell
from plana_secrets.errors import PlanaSecretsError

INTERRUPTED: Final = 130
TERMINATED: Final = 143
BUG: Final = 70
"""EX_SOFTWARE: not 3, since what was changed before the bug is not known."""
UNREAD: Final = 141
"""The reader of our stdout went away, as after SIGPIPE; 0 would be a check that passed."""


_NEAR: Final = 0.75
"""How alike an option must be that is suggested: ``--force`` is no mistyped ``--repo``."""


_WRITERS: Final = ("plana_secrets/cli/output.py", "click/utils.py")
"""The code that writes to stdout."""


class Terminated(BaseException):
    """SIGTERM, SIGHUP or SIGQUIT arrived; raised by the signal handler so that clean-up runs."""


@dataclass(frozen=True, slots=True)
class _Failure:
    code: int
    kind: str
    message: str
    hint: str | None = None
    retry: bool | None = None
    """Whether the same call may work later; None where nothing waits for anything else."""
    told: str | None = None
    """The message for people where it differs: with relative times."""

    def for_person(self, here: Callable[[str], str]) -> _Failure:
        """The words as they are where the machine has nothing left to work them out with."""
        try:
            hint, told = self.hint and here(self.hint), self.told and here(self.told)
            return replace(self, message=here(self.message), hint=hint, told=told)
        except (OSError, MemoryError):
            return self


def run_guarded(
    action: Callable[[], int | None], *, as_json: bool, here: Callable[[str], str] = str
) -> int:
    """Run ``action`` and return the exit code; report what went wrong.

    ``here``: makes the commands in a text work where the person is.
    """
    try:
        return action() or 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except BrokenPipeError:
        silence(sys.stdout)
        return UNREAD
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _report(_Failure(INTERRUPTED, "interrupted", "interrupted"), as_json)
    except Terminated:
        return _report(_Failure(TERMINATED, "terminated", "terminated"), as_json)
    except Exception as error:  # noqa: BLE001 - the last rung: say where, never what it holds
        return _report(_describe(error).for_person(here), as_json)


def report_part(error: PlanaSecretsError, name: str, here: Callable[[str], str]) -> dict[str, Any]:
    """Tell what went wrong with one of several, and go on; the error as ``--json`` has it."""
    failure = _describe(error).for_person(here)
    tell(safe(f"plana-secrets: {name}: {failure.told or failure.message}"))
    if failure.hint:
        tell(safe(f"hint: {failure.hint}"))
    return _as_object(failure)


def _describe(error: Exception) -> _Failure:
    match error:
        case PlanaSecretsError():
            hint, retry = find_hint(error), error.retry if error.exit_code in {5, 6} else None
            return _Failure(error.exit_code, error.kind, error.message, hint, retry, _told(error))
        case click.UsageError():
            return _Failure(2, "usage", _usage_message(error), _usage_hint(error))
        case click.ClickException():
            return _Failure(2, "usage", _sentence(error.format_message()))
        case MemoryError() | OSError(errno=errno.EMFILE | errno.ENFILE | errno.ENOMEM):
            reason = getattr(error, "strerror", "no memory is left")
            message = f"the machine is out of resources: {reason}"
            return _Failure(3, "exhausted", message, process.ADVICE["exhausted"])
        case OSError() if not can_flush(sys.stdout) or _is_of_output(error):
            message = f"cannot write to stdout: {error.strerror}"
            return _Failure(3, "output-lost", message, "the command finished; its output is lost")
        case _:
            return _describe_unexpected(error)


def _is_of_output(error: Exception) -> bool:
    """Without a buffer (PYTHONUNBUFFERED) the write itself fails, and nothing is left to flush."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return step is not None and step.tb_frame.f_code.co_filename.endswith(_WRITERS)


def _told(error: PlanaSecretsError) -> str:
    """The message, with the instant from which a move is possible in relative time."""
    instant = error.facts.get("not_before")
    if not instant or f"from {instant}" not in error.message:
        return error.message
    from datetime import UTC, datetime

    from plana_secrets.cli.times import relative

    moment = datetime.fromisoformat(str(instant))
    now = datetime.now(UTC)  # noqa: TID251 - the ladder has no context; only words depend on it
    return error.message.replace(f"from {instant}", relative(moment, now))


def _usage_message(error: click.UsageError) -> str:
    """click repeats extra arguments; one of them may be a value."""
    text = error.format_message()
    if isinstance(error, click.NoSuchOption):
        from difflib import get_close_matches

        near = get_close_matches(error.option_name, error.possibilities or [], 1, _NEAR)
        text = f"{error.message} Did you mean {near[0]!r}?" if near else error.message
    if "extra argument" in text:
        takes_value = error.ctx and any("--stdin" in one.opts for one in error.ctx.command.params)
        advice = "; pass a value with --stdin or at the prompt" if takes_value else ""
        return f"too many arguments{advice}"
    return _sentence(" ".join(text.split()))


def _usage_hint(error: click.UsageError) -> str | None:
    if error.ctx is None:
        return None
    see = f"see `{error.ctx.command_path} --help`"
    if not isinstance(error, click.NoSuchOption):
        return see
    takes_name = any(isinstance(one, click.Argument) for one in error.ctx.command.params)
    # of -x.yaml click tells -x alone
    is_name = not error.option_name.startswith("--") or "." in error.option_name
    return (
        f"{see}; write ./ before a file name that begins with -" if takes_name and is_name else see
    )


def _report(failure: _Failure, as_json: bool) -> int:
    if as_json:
        content = {"schema": "plana-secrets/error/1", **_as_object(failure)}
        try:
            print(json.dumps(content, indent=2), file=sys.stdout)
        except OSError:
            silence(sys.stdout)
        can_flush(sys.stdout)
    tell(safe(f"plana-secrets: {failure.told or failure.message}"))
    if failure.hint:
        tell(safe(f"hint: {failure.hint}"))
    return failure.code


def _as_object(failure: _Failure) -> dict[str, Any]:
    return {
        "code": failure.code,
        "kind": failure.kind,
        "message": failure.message,
        "hint": failure.hint,
        "retry": failure.retry,
    }


def _sentence(text: str) -> str:
    """click's sentences in the house style: no capital, no full stop."""
    return (text[:1].lower() + text[1:]).rstrip(".")


def _describe_unexpected(error: Exception) -> _Failure:
    """The type and the places in our own code; never the text, the locals or the source."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"{frame.filename.rpartition('plana_secrets/')[2]}:{frame.lineno}"
        for frame in frames
        if "plana_secrets" in frame.filename
    ]
    where = " < ".join(reversed(places[-3:])) or "outside of its own code"
    message = f"this is a bug: an unexpected {type(error).__name__} at {where}"
    hint = "please report this line; `plana-secrets status` shows what the command left unfinished"
    return _Failure(BUG, "internal", message, hint)
