"""``plana-secrets repair``: bring a file back that cannot be trusted any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.document.repair import Repair, Side
    from plana_secrets.paths import LeafPath
    from plana_secrets.secretfiles.editing.repairing import Case

EPILOG = """\b
Examples:
  plana-secrets repair infra/secrets/dev/example.yaml
  plana-secrets repair infra/secrets/dev/example.yaml --all --from-git
  plana-secrets repair infra/secrets/dev/example.yaml --keep db.password --all --from-git
  plana-secrets repair .sops.yaml
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
) -> int:
    """Bring back FILE after a hand, a bot or a merge has broken it.

    What opens, what does not, and what git last had is shown without any value. Where they
    differ, you choose: in the terminal, or with --from-git and --keep. A value that was
    readable is encrypted again, and named: replace it where it is used.

    If FILE is .sops.yaml, remove mac_only_encrypted from its rules, and encrypt the files that
    were written with it again.
    """
    from plana_secrets.cli.repairing import decide, tell_repaired, write
    from plana_secrets.cli.rulesrepair import repair_rules
    from plana_secrets.cli.secretfile import find_file
    from plana_secrets.secretfiles.discovery import is_rules_file
    from plana_secrets.secretfiles.editing.repairing import examine

    name = find_file(context, file)
    choices, others = _choices(from_git, keep, rest)
    if is_rules_file(name):
        if choices or others:
            raise UsageError(f"--from-git and --keep do not apply to {name}", kind="usage")
        return repair_rules(context, name, dry_run=dry_run)
    case = examine(context.workspace, name)
    plan = None
    if case is None:
        _check_rule(context, name)
        context.output.talk(f"nothing is wrong with {name}")
    else:
        _tell_of_merge(context, name)
        plan = decide(context, case, choices, others)
        write(context, case, plan, dry_run=dry_run)
        tell_repaired(context, case, plan, dry_run=dry_run)
    if context.json:
        _report_json(context, name, case, plan, dry_run=dry_run)
    return 0


def _check_rule(context: Context, file: str) -> None:
    """A file that opens may still have a rule by which nothing can be written."""
    try:
        context.workspace.rule_for(file)
    except UsageError:
        return  # a file without a rule


def _tell_of_merge(context: Context, file: str) -> None:
    """What git last had is one side of a merge; the other is not among the choices."""
    import shlex

    from plana_secrets.errors import PlanaSecretsError
    from plana_secrets.merging.openmerge import find_open

    try:
        names = find_open(context.workspace, file).names
    except PlanaSecretsError:
        return
    command = f"plana-secrets resolve {shlex.quote(file)}"
    context.output.warn(
        f"{file} was merged as text from {names.ours} and {names.theirs}; `{command}` merges its "
        "values"
    )


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


def _report_json(
    context: Context, file: str, case: Case | None, plan: Repair | None, *, dry_run: bool
) -> None:
    """``plan`` None: there was nothing to do."""
    from plana_secrets.paths import format_path

    facts = {"file": file, "written": plan is not None and not dry_run, "dry_run": dry_run}
    values = _values(plan) if plan else []
    readable = [format_path(path) for path in case.exposed] if case else []
    context.output.json_object("repair", {**facts, "values": values, "readable": readable})


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
}
