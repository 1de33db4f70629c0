"""A broken file, shown to a person without its values, and what they choose for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from plana_secrets.cli.context import Context
from plana_secrets.errors import FailedError, UsageError

if TYPE_CHECKING:
    from plana_secrets.document.repair import Part, Repair, Side
    from plana_secrets.paths import LeafPath
    from plana_secrets.secretfiles.editing.repairing import Case

_STATES: Final = {
    "opens": "opens here, with another value",
    "readable": "is readable here{former}",
    "renamed": "opens{former}",
    "broken": "does not open here",
    "missing": "is not here",
}
_REPAIRABLE: Final = frozenset({"selector-differs", "options-differ"})
"""Kinds of errors of a file that opens, beside those of one that does not."""


def repair_first(context: Context, file: str, error: FailedError) -> None:
    """Bring back a file that cannot be opened because of ``error``, at the choice of a person.

    Without a person only where nothing is to be chosen.

    Raises:
        FailedError: ``error``; it is not of a kind that is repaired, or no one can choose.
    """
    from plana_secrets.cli.terminal import is_interactive
    from plana_secrets.document.repair import plan_repair
    from plana_secrets.secretfiles.editing.repaired import REPAIRABLE
    from plana_secrets.secretfiles.editing.repairing import examine

    if error.kind not in REPAIRABLE | _REPAIRABLE:
        raise error
    case = examine(context.workspace, file)
    if case is None:
        return
    plan = plan_repair(case.now, case.then, {})
    if not plan.is_clear and not is_interactive(context):
        raise error
    context.output.talk(error.message)
    plan = decide(context, case, {}, None)
    write(context, case, plan, dry_run=False)
    tell_repaired(context, case, plan, dry_run=False)


def decide(
    context: Context, case: Case, choices: dict[LeafPath, Side], rest: Side | None
) -> Repair:
    """What to write, after everything in doubt was shown, and asked about where that is needed.

    Raises:
        UsageError: something is undecided, and no one can be asked (kind ``undecided``, or
            ``no-sound-version``), or the person gave up (kind ``declined``).
    """
    from plana_secrets.cli.terminal import is_interactive
    from plana_secrets.document.repair import plan_repair

    if rest == "git" and case.sound is None and not case.now.is_whole:
        raise _without_git(case, "")
    plan = plan_repair(case.now, case.then, choices, rest)
    _show(context, case, plan)
    if plan.content is None and not is_interactive(context):
        raise _undecided(case, plan)
    if plan.content is not None and not (case.now.is_parsed or choices or rest):
        _agree_to_the_rest(context, case)
    by_path = {part.path: part for part in plan.parts}
    for path in plan.undecided:
        choices[path] = _ask(context, by_path[path])
    return plan if plan.content is not None else plan_repair(case.now, case.then, choices, rest)


def _agree_to_the_rest(context: Context, case: Case) -> None:
    """All that was read is as git has it; what could not be read may be a person's work."""
    from plana_secrets.cli.terminal import confirm, is_interactive

    message = f"{case.file} cannot be read to its end"
    if not is_interactive(context):
        raise UsageError(f"{message}; nothing was changed", kind="undecided", file=case.file)
    confirm(context, f"{message}; take git's version, without what else is in the file?")


def _undecided(case: Case, plan: Repair) -> UsageError:
    from plana_secrets.paths import format_path

    what = f"; choose for {', '.join(map(format_path, plan.undecided))}"
    if case.sound is None:
        return _without_git(case, what)
    message = f"nothing was changed in {case.file}{what}"
    return UsageError(message, kind="undecided", file=case.file)


def _without_git(case: Case, what: str) -> UsageError:
    message = f"git has no sound version of {case.file}{what}"
    return UsageError(message, kind="no-sound-version", file=case.file)


def _ask(context: Context, part: Part) -> Side:
    from plana_secrets.cli.terminal import ask_line
    from plana_secrets.paths import format_path

    while True:
        choice = "[g]it's" if part.in_git else "[g]it's (remove it)"
        question = f"{choice}, [k]eep or [q]uit?" if part.can_be_kept else f"{choice} or [q]uit?"
        answer = ask_line(context, f"{format_path(part.path)}: {question}").strip().lower()
        if answer in {"g", "git"}:
            return "git"
        if answer in {"k", "keep"} and part.can_be_kept:
            return "keep"
        if answer in {"", "q", "quit"}:
            raise UsageError("cancelled; nothing was changed", kind="declined")


def _show(context: Context, case: Case, plan: Repair) -> None:
    from plana_secrets.cli.output import safe_line
    from plana_secrets.paths import format_path

    talk = context.output.talk
    if case.sound is None:
        talk(f"{case.file}: git has no sound version")
    else:
        commit = case.sound.commit
        talk(f"{case.file}: git last had it sound in {commit.id[:12]} ({commit.moment:%Y-%m-%d})")
    for part in plan.parts:
        former = f" as {format_path(part.former)}" if part.former else ""
        here = _STATES[part.state].format(former=former)
        there = "git has it" if part.in_git else "git does not have it"
        talk(safe_line(f"  {format_path(part.path)}  {here}; {there}"))


def write(context: Context, case: Case, plan: Repair, *, dry_run: bool) -> None:
    """The file as it was decided; ``dry_run``: only tried."""
    from plana_secrets.secretfiles.editing.repaired import stage_repair
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    if dry_run:
        stage_repair(context.workspace, case, plan)
        return
    with writing(context.workspace, "repair"):
        staged = stage_repair(context.workspace, case, plan)
        write_files(context.workspace, [staged], operation="repair")


def tell_repaired(context: Context, case: Case, plan: Repair, *, dry_run: bool) -> None:
    """That a file is repaired, what of it is lost, and what was readable."""
    from plana_secrets.cli.secretfile import tell_readable
    from plana_secrets.counts import counted

    output = context.output
    if plan.lost_comments:
        lost = counted(plan.lost_comments, "comment")
        output.warn(f"{lost} left out, which do not open and are not in git")
    output.talk(f"{case.file} {'would be' if dry_run else 'is'} repaired")
    tell_readable(context, case.exposed, case.exposed_comments)


ADVICE: Final = {
    "no-sound-version": "keep what opens with `plana-secrets repair {file} --all --keep`",
    "undecided": (
        "take what git had with `plana-secrets repair {file} --all --from-git`; "
        "--keep PATH keeps a value of this file"
    ),
}
