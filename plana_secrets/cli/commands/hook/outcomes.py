"""Which hooks are meant, and what became of each, for people and for scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context
    from plana_secrets.scaffold.hooks.outcome import Outcome

_WORDS: Final = {
    "installed": "installed in {place}",
    "replaced": "replaced in {place}",
    "unchanged": "already installed in {place}",
    "called": "already called by {place}",
    "foreign": "not installed: {place} is not ours; add to it:",
    "removed": "removed from {place}",
    "absent": "not installed",
    "changed-by-hand": "left alone: {place} was changed by hand",
}

_FOREIGN: Final = {
    ".gitattributes": "not written: pass --attributes, or add to {place}:",
    "merge": "not installed: {place} has another driver of that name; to replace it:",
}
"""The same state of what is no hook."""


def hook_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """One flag for each kind of hook."""
    for name, words in (
        ("pre-receive", "The hook of a server, in a repository without a work tree."),
        ("pre-push", "The hook before `git push`."),
        ("pre-commit", "The hook before `git commit`."),
    ):
        command = click.option(f"--{name}", is_flag=True, help=words)(command)
    return command


def chosen_names(**flags: bool) -> tuple[str, ...]:
    """The hooks whose flag was given."""
    return tuple(name.replace("_", "-") for name, is_given in flags.items() if is_given)


def show_outcomes(context: Context, command: str, outcomes: Sequence[Outcome]) -> int:
    """Tell what was done; the exit code is 1 if something was left to a person."""
    if context.json:
        facts = [
            {"name": one.name, "state": one.state, "file": str(one.place), "add": one.add}
            for one in outcomes
        ]
        context.output.json_object(f"hook-{command}", {"hooks": facts})
    else:
        for one in outcomes:
            show = context.output.outcome if one.is_done else context.output.data
            words = _FOREIGN.get(one.name) if one.state == "foreign" else None
            show(f"{one.name}: {(words or _WORDS[one.state]).format(place=one.place)}")
            if one.add:
                context.output.data("".join(f"    {line}\n" for line in one.add.splitlines()))
    return int(not all(one.is_done for one in outcomes))
