"""``plana-secrets repair``: bring a file back that cannot be trusted any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError

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

EPILOG = """\b
Examples:
  plana-secrets repair infra/secrets/dev/example.yaml
  plana-secrets repair infra/secrets/dev/example.yaml --all --from-git
  plana-secrets repair infra/secrets/dev/example.yaml --keep db.password --all --from-git
"""


@click.command(epilog=EPILOG, short_help="Repair a file that was damaged or changed by hand.")
@file_argument()
@click.option(
    "--from-git",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[PATH]",
    help="Take PATH from the newest sound version in git; repeatable.",
)
@click.option(
    "--keep",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[PATH]",
    help="Keep PATH as it is in the file; repeatable.",
)
@click.option(
    "--all", "rest", is_flag=True, help="With --from-git or --keep without PATH: all the others."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def repair(
    context: Context,
    file: str,
    from_git: tuple[str, ...],
    keep: tuple[str, ...],
    rest: bool,
    dry_run: bool,
) -> None:
    """Bring back FILE after a hand, a bot or a merge has broken it.

    What opens, what does not, and what git last had is shown without any value. Where they
    differ, you choose: in the terminal, or with --from-git and --keep. A value that was
    readable is encrypted again, and named: replace it where it is used.
    """
    from plana_secrets.cli.secretfile import find_file
    from plana_secrets.secretfiles.editing.repairing import examine

    name = find_file(context, file)
    choices, others = _choices(from_git, keep, rest)
    case = examine(context.workspace, name)
    if case is None:
        _report(context, name, None, (), dry_run=dry_run)
        return
    plan = _decide(context, case, choices, others)
    _write(context, case, plan, dry_run=dry_run)
    _report(context, name, plan, case.exposed, dry_run=dry_run)


def _choices(
    from_git: tuple[str, ...], keep: tuple[str, ...], rest: bool
) -> tuple[dict[LeafPath, Side], Side | None]:
    """The side of each path that was named, and of all the others."""
    from plana_secrets.paths import parse_path

    choices: dict[LeafPath, Side] = {}
    sides: list[Side] = []
    for side, paths in (("git", from_git), ("keep", keep)):
        for path in paths:
            if path:
                choices[parse_path(path)] = side  # type: ignore[assignment]
            else:
                sides.append(side)  # type: ignore[arg-type]
    if len(sides) != int(rest):
        raise UsageError(
            "--all needs one of --from-git and --keep without a path, and only with --all "
            "can the path be missing",
            kind="bad-choice",
        )
    return choices, sides[0] if sides else None


def _decide(
    context: Context, case: Case, choices: dict[LeafPath, Side], rest: Side | None
) -> Repair:
    from plana_secrets.cli.terminal import is_interactive
    from plana_secrets.document.repair import plan_repair

    if rest == "git" and case.sound is None:
        raise UsageError(
            f"git has no sound version of {case.file}", kind="no-sound-version", file=case.file
        )
    plan = plan_repair(case.now, case.then, choices, rest)
    _show(context, case, plan)
    if plan.content is None and not is_interactive(context):
        from plana_secrets.paths import format_path

        names = ", ".join(map(format_path, plan.undecided))
        raise UsageError(
            f"nothing was changed in {case.file}; choose for {names}",
            kind="undecided",
            file=case.file,
        )
    by_path = {part.path: part for part in plan.parts}
    for path in plan.undecided:
        choices[path] = _ask(context, by_path[path])
    return plan if plan.content is not None else plan_repair(case.now, case.then, choices, rest)


def _ask(context: Context, part: Part) -> Side:
    from plana_secrets.cli.terminal import ask_line
    from plana_secrets.paths import format_path

    while True:
        question = "[g]it's, [k]eep or [q]uit?" if part.can_be_kept else "[g]it's or [q]uit?"
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


def _write(context: Context, case: Case, plan: Repair, *, dry_run: bool) -> None:
    from plana_secrets.secretfiles.editing.repairing import stage_repair
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    if dry_run:
        stage_repair(context.workspace, case, plan)
        return
    with writing(context.workspace, "repair"):
        staged = stage_repair(context.workspace, case, plan)
        write_files(context.workspace, [staged], operation="repair")


def _report(
    context: Context,
    file: str,
    plan: Repair | None,
    exposed: tuple[LeafPath, ...],
    *,
    dry_run: bool,
) -> None:
    """``plan`` None: there was nothing to do."""
    from plana_secrets.paths import format_path

    readable = [format_path(path) for path in exposed]
    if context.json:
        facts = {"file": file, "written": plan is not None and not dry_run, "dry_run": dry_run}
        values = _values(plan) if plan else []
        context.output.json_object("repair", {**facts, "values": values, "readable": readable})
        return
    if plan is None:
        context.output.talk(f"nothing is wrong with {file}")
        return
    if plan.lost_comments:
        lost = counted(plan.lost_comments, "comment")
        context.output.warn(f"{lost} left out, which do not open and are not in git")
    context.output.talk(f"{file} {'would be' if dry_run else 'is'} repaired")
    if readable:
        context.output.talk(f"was readable, replace it where it is used: {', '.join(readable)}")


def _values(plan: Repair) -> list[dict[str, object]]:
    from plana_secrets.paths import format_path

    return [
        {
            "path": format_path(part.path),
            "here": part.state,
            "in_git": part.in_git,
            "taken": plan.taken[part.path],
        }
        for part in plan.parts
    ]


ADVICE: Final = {
    "bad-choice": "write --all --from-git, --all --keep, --from-git PATH or --keep PATH",
    "no-sound-version": "keep what opens with `plana-secrets repair {file} --all --keep`",
    "undecided": (
        "take what git had with `plana-secrets repair {file} --all --from-git`; "
        "--keep PATH keeps a value of this file"
    ),
}
