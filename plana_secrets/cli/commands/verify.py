"""``verify``: prove that every file is encrypted by policy, and say how far that went."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from plana_secrets.cli.arguments import complete_file
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.output import safe_line
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.observability import Event
    from plana_secrets.verify.check import Level
    from plana_secrets.verify.finding import Finding
    from plana_secrets.verify.report import Report
    from plana_secrets.verify.run import Demand

_STYLES = {"error:": "red", "warning:": "yellow"}

_EPILOG = """\
Levels: L1 without an identity, L3 with an identity (MAC and values), L4 with the mirror.
Each file is checked as far as your identities allow; the level shown is the lowest.

\b
Examples:
  plana-secrets verify
  plana-secrets verify --level L3 --strict
  plana-secrets verify infra/secrets/prod/mail.yaml
  plana-secrets verify --propose-accepts >> plana-secrets.toml
"""


@click.command(epilog=_EPILOG)
@click.argument("files", nargs=-1, metavar="[FILE]...", shell_complete=complete_file)
@click.option(
    "--level",
    type=click.Choice(["L1", "L3", "L4"]),
    help="Exit with 4 if a file does not reach this level.",
)
@click.option("--mirror", is_flag=True, help="Also compare with the mirror.")
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--propose-accepts", is_flag=True, help="Print [[verify.accept]] entries for the findings."
)
@pass_context
def verify(
    context: Context,
    files: tuple[str, ...],
    level: str | None,
    mirror: bool,
    strict: bool,
    propose_accepts: bool,
) -> int:
    """Prove that every file is encrypted by policy."""
    from plana_secrets.verify.check import Level

    asked = Level[level] if level else None
    demand = _demand(context, files, asked, mirror=mirror or asked is Level.L4)
    report = _run(context, demand)
    code = report.exit_code(strict=strict)
    if propose_accepts:
        _propose(context, report)
    elif code or context.json or not context.quiet:
        _show(context, report)
    return code


def _demand(
    context: Context, files: tuple[str, ...], level: Level | None, *, mirror: bool
) -> Demand:
    from plana_secrets.secretfiles.listing import resolve_file
    from plana_secrets.verify.run import Demand

    chosen = tuple(resolve_file(context.workspace, one, context.folder) for one in files)
    return Demand(
        policy=context.settings.policy,
        keysets=context.settings.keysets,
        mirror=context.settings.mirror,
        files=chosen or None,
        level=level,
        find_drift=(lambda: _find_drift(context)) if mirror else None,
    )


def _run(context: Context, demand: Demand) -> Report:
    """Run with a bar on a terminal; it starts with the first result, after any fork."""
    from contextlib import ExitStack

    from plana_secrets.secretfiles.snapshot import work_tree
    from plana_secrets.verify.run import verify_files

    with ExitStack() as stack:
        bar: Callable[[int], None] | None = None

        def observe(event: Event) -> None:
            nonlocal bar
            context.output.observe(event)
            if event.name == "verified":
                if bar is None:
                    total = int(event.facts["of"])
                    bar = stack.enter_context(context.output.progress("verify", total))
                bar(1)

        snapshot = work_tree(context.workspace)
        return verify_files(snapshot, demand, now=context.now, observer=observe)


def _find_drift(context: Context) -> list[Finding]:
    """The mirror beside the files that are verified: those of the working tree."""
    from plana_secrets.cli.commands.mirror.comparison import read_state
    from plana_secrets.verify.checks.mirror import check_drift

    return list(check_drift(read_state(context, worktree=True).drift))


def _as_object(report: Report) -> dict[str, Any]:
    from plana_secrets.verify.report.json import to_object

    return to_object(report)


def _propose(context: Context, report: Report) -> None:
    """Exceptions on stdout, so that they can be appended; the summary on stderr."""
    from plana_secrets.verify.accepts import propose_accepts
    from plana_secrets.verify.report.text import summary

    proposed = propose_accepts(report.findings, today=context.now.date())
    if context.output.as_json:
        context.output.json_object("verify", {**_as_object(report), "proposed": proposed})
        return
    if proposed:
        context.output.data(proposed)
    context.output.talk(summary(report))


def _show(context: Context, report: Report) -> None:
    from plana_secrets.verify.check import Level
    from plana_secrets.verify.report.text import to_lines

    output = context.output
    if output.as_json:
        output.json_object("verify", _as_object(report))
        return
    for line in to_lines(report, everything=output.verbosity > 0):
        style = _STYLES.get(line.split(" ", 1)[0])
        if style:
            output.styled_data(safe_line(line), style)
        else:
            output.data(safe_line(line))
    locked = sum(level < Level.L3 for level in report.file_levels.values())
    if locked:
        output.talk(
            f"{locked} of {counted(report.checked, 'file')} could not be decrypted here; "
            "their MAC and values were not checked"
        )
