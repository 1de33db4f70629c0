"""``verify``: prove that every file is encrypted by policy, and say how far that went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import TypedPath, complete_file
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.output import safe_line
from plana_secrets.cli.verifyplace import place_of, verify_commits
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from plana_secrets.config import Settings
    from plana_secrets.observability import Event, Observer
    from plana_secrets.verify.check import Level
    from plana_secrets.verify.checks.mirror import Compared
    from plana_secrets.verify.report import Report, View
    from plana_secrets.verify.run import Demand

    FindDrift = Callable[[], Compared]

_STYLES = {"error:": "red", "warning:": "yellow"}

_EPILOG = """\
Levels: L1 without an identity, L3 with an identity (MAC and values), L4 with the mirror.
Each file is checked as far as your identities allow; the level shown is the lowest.

\b
Examples:
  plana-secrets verify
  plana-secrets verify --level L3 --strict
  plana-secrets verify infra/secrets/prod/mail.yaml
  plana-secrets verify --staged
  plana-secrets verify --range origin/main...HEAD
  plana-secrets verify --format sarif --output verify.sarif
  plana-secrets verify --propose-accepts >> plana-secrets.toml
"""


@click.command(epilog=_EPILOG)
@click.argument("files", nargs=-1, metavar="[FILE]...", shell_complete=complete_file)
@click.option(
    "--level",
    type=click.Choice(["L1", "L2", "L3", "L4"]),
    help="Exit with 4 if a file does not reach this level.",
)
@click.option("--mirror", is_flag=True, help="Also compare with the mirror.")
@click.option(
    "--full", is_flag=True, help="With --mirror: open every item, also those that agreed before."
)
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github", "markdown"]),
    help="Format of the report; json is the same as --json, github gives annotations.",
)
@click.option(
    "--output",
    type=TypedPath(dir_okay=False),
    metavar="OUT",
    help="Write the report to OUT, and text to stdout.",
)
@click.option(
    "--propose-accepts", is_flag=True, help="Print [[verify.accept]] entries for the findings."
)
@click.option("--staged", is_flag=True, help="Verify the index: what `git commit` would record.")
@click.option(
    "--range",
    "commits",
    metavar="A..B|auto",
    help="Verify every commit of a range, compared with its base; auto: what CI was started for.",
)
@click.option(
    "--policy-from",
    metavar="REV",
    help="Take settings and exceptions from this commit.",
)
@pass_context
def verify(
    context: Context,
    files: tuple[str, ...],
    level: str | None,
    mirror: bool,
    full: bool,
    strict: bool,
    form: str | None,
    output: str | None,
    propose_accepts: bool,
    staged: bool,
    commits: str | None,
    policy_from: str | None,
) -> int:
    """Prove that every file is encrypted by policy."""
    from plana_secrets.verify.check import Level
    from plana_secrets.verify.report import View

    asked = Level[level] if level else None
    chosen = _choose_format(context, form, output, propose_accepts)
    wants_mirror = mirror or asked is Level.L4
    _refuse_together(files, staged=staged, commits=commits, mirror=wants_mirror, full=full)
    everything = context.output.verbosity > 0
    view = View(strict=strict, everything=everything, here=context.here)
    target = _prepare(context, output, chosen, view) if output is not None else None
    with _observed(context) as observe:
        if commits is not None:
            report = verify_commits(
                context, commits, policy_from=policy_from, level=asked, observer=observe
            )
        else:
            snapshot, settings = place_of(
                context, staged=staged, policy_from=policy_from, keyed=asked is Level.L3
            )
            find_drift = _mirrors(context, full=full) if wants_mirror else None
            demand = _demand(context, settings, files, asked, find_drift)
            run = _runner(staged=staged)
            report = run(snapshot, demand, now=context.now, observer=observe)
    if target is not None:
        _write(target, chosen, report, view)
        chosen = "json" if context.json else "text"
    code = report.exit_code(strict=strict)
    if propose_accepts:
        _propose(context, report)
    elif code or chosen != "text" or not context.quiet:
        _show(context, report, chosen, view)
        if chosen == "text" and not (staged or commits):
            _tell_locked(context, report)
    return code


def _runner(*, staged: bool) -> Callable[..., Report]:
    if staged:
        from plana_secrets.verify.ranges.staged import verify_index

        return verify_index
    from plana_secrets.verify.run import verify_files

    return verify_files


def _refuse_together(
    files: tuple[str, ...], *, staged: bool, commits: str | None, mirror: bool, full: bool
) -> None:
    given = [
        name
        for name, is_given in (("--staged", staged), ("--range", commits), ("FILE", files))
        if is_given
    ]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other", kind="usage")
    if mirror and (staged or commits):
        message = f"--mirror compares the working tree; omit {given[0]}"
        raise UsageError(message, kind="usage")
    if full and not mirror:
        raise UsageError("--full needs --mirror", kind="usage")


def _choose_format(
    context: Context, form: str | None, output: str | None, propose_accepts: bool
) -> str:
    """The one that is asked for; stdout has room for one thing."""
    if propose_accepts and (form or output):
        raise UsageError("--propose-accepts prints no report", kind="usage")
    if output == "-":
        raise UsageError("without --output the report is on stdout", kind="usage")
    if context.json and form not in {None, "json"} and output is None:
        raise UsageError(f"--json and --format {form} are two reports", kind="usage")
    return form or ("json" if context.json else "text")


def _prepare(context: Context, output: str, form: str, view: View) -> Path:
    """A report at ``output`` that says that the run has not ended, in place of one of before.

    Raises:
        UsageError: git tracks that file, or it is under the roots (kind ``report-in-git``).
    """
    import os
    from pathlib import Path

    from plana_secrets.errors import FailedError
    from plana_secrets.verify.report import Report, Unfinished

    target = Path(os.path.realpath((context.folder / output).parent)) / Path(output).name
    root = Path(os.path.realpath(context.repository.root))
    if target.is_relative_to(root) and _is_of_git(context, target.relative_to(root).as_posix()):
        raise UsageError(f"{output} is a file of this repository", kind="report-in-git")
    begun = Unfinished("the run did not end; its log says why", FailedError.exit_code)
    _write(target, form, Report({}, (), unfinished=(begun,)), view)
    return target


def _is_of_git(context: Context, file: str) -> bool:
    from plana_secrets.git.search import is_ignored
    from plana_secrets.secretfiles.listing import is_under_roots

    repository = context.repository
    if file.split("/", maxsplit=1)[0] == ".git" or file in repository.tracked_files():
        return True
    return is_under_roots(context.settings.files, file) and not is_ignored(repository, file)


def _write(target: Path, form: str, report: Report, view: View) -> None:
    from plana_secrets.storage import replace_file
    from plana_secrets.verify.report.formats import FORMATS

    replace_file(target, FORMATS[form](report, view).encode())


def _demand(
    context: Context,
    settings: Settings,
    files: tuple[str, ...],
    level: Level | None,
    find_drift: dict[str, FindDrift] | None,
) -> Demand:
    from plana_secrets.secretfiles.listing import resolve_file
    from plana_secrets.verify.run import Demand

    chosen = tuple(resolve_file(context.workspace, one, context.folder) for one in files)
    return Demand(
        policy=settings.policy,
        keysets=settings.keysets,
        mirror=settings.mirror,
        files=chosen or None,
        level=level,
        find_drift=find_drift,
    )


@contextmanager
def _observed(context: Context) -> Iterator[Observer]:
    """An observer with a bar on a terminal; it starts with the first result, after any fork."""
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

        yield observe


def _mirrors(context: Context, *, full: bool) -> dict[str, FindDrift]:
    """How to ask each mirror, by the name for a report."""
    names = context.settings.mirror.backend
    if len(names) < 2:
        return {"the mirror": partial(_find_drift, context, None, full=full)}
    return {
        f"the mirror {name}": partial(_find_drift, context.with_mirror(name), name, full=full)
        for name in names
    }


def _find_drift(context: Context, name: str | None, *, full: bool) -> Compared:
    """The mirror beside the files that are verified: those of the working tree."""
    from plana_secrets.cli.commands.mirror.comparison import read_state
    from plana_secrets.verify.checks.mirror import compared

    state = read_state(context, worktree=True, cached=not full)
    return compared(state.drift, state.source.unmapped, name)


def _propose(context: Context, report: Report) -> None:
    """Exceptions on stdout, so that they can be appended; the summary on stderr."""
    from plana_secrets.verify.accepts import propose_accepts
    from plana_secrets.verify.report.json import to_object
    from plana_secrets.verify.report.summary import totals

    proposed = propose_accepts(report.findings, today=context.now.date())
    if context.output.as_json:
        whole = {**to_object(report, context.here), "proposed": proposed}
        context.output.json_object("verify", whole)
        return
    if proposed:
        context.output.data(proposed)
    context.output.talk(totals(report))


def _show(context: Context, report: Report, form: str, view: View) -> None:
    from plana_secrets.verify.report.formats import FORMATS

    if form == "text":
        _show_text(context, report, everything=view.everything)
    else:
        context.output.data_bytes(FORMATS[form](report, view).encode())


def _show_text(context: Context, report: Report, *, everything: bool) -> None:
    from plana_secrets.verify.report.text import to_lines

    output = context.output
    for line in to_lines(report, everything=everything):
        style = _STYLES.get(line.split(" ", 1)[0])
        if style:
            output.styled_data(safe_line(line), style)
        else:
            output.advice(safe_line(line))


def _tell_locked(context: Context, report: Report) -> None:
    from plana_secrets.verify.check import Level

    locked = sum(level < Level.L3 for level in report.file_levels.values())
    if locked:
        context.output.talk(
            f"{locked} of {counted(report.checked, 'file')} could not be decrypted here; "
            "their MAC and values were not checked"
        )


ADVICE: Final = {
    "report-in-git": "choose a name that git does not track, outside the secret folders",
}
