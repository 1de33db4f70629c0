"""``plana-secrets resolve``: finish the merge of secret files."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plana_secrets.merging.bypath import Choice, Combine
    from plana_secrets.merging.reasons import Conflict
    from plana_secrets.merging.resolving import Case, Decisions, Resolution
    from plana_secrets.rotation.revoked import RevokedValues

EPILOG = """\
In a rebase, ours is the branch that you rebase onto, and theirs is your commit.

\b
Examples:
  plana-secrets resolve
  plana-secrets resolve infra/secrets/dev/example.yaml
  plana-secrets resolve infra/secrets/dev/example.yaml --theirs db.password
  plana-secrets resolve --all --ours --json
"""


@click.command(epilog=EPILOG, short_help="Resolve a merge conflict in secret files.")
@file_argument(required=False)
@click.option(
    "--ours",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[PATH]",
    help="Take PATH from our side; repeatable.",
)
@click.option(
    "--theirs",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[PATH]",
    help="Take PATH from their side; repeatable.",
)
@click.option(
    "--all", "rest", is_flag=True, help="With --ours or --theirs without PATH: all the others."
)
@click.option(
    "--by-rule",
    is_flag=True,
    help="Encrypt for the recipients of the rule, where the sides have others.",
)
@click.option("--dry-run", is_flag=True, help="Show the conflicts; write nothing.")
@wait_option
@pass_context
def resolve(
    context: Context,
    file: str | None,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    rest: bool,
    by_rule: bool,
    dry_run: bool,
) -> int:
    """Merge FILE by its values, or every secret file with a conflict, and `git add` it.

    It works whether or not git's merge driver ran, in a merge, rebase, cherry-pick, revert or
    stash, and for a file that git or a forge has merged as text. What both sides changed you
    choose: in the terminal, or with --ours and --theirs. Without a choice the exit code is 1.
    """
    from plana_secrets.cli.secretfile import find_file
    from plana_secrets.merging.openmerge import find_open, list_open
    from plana_secrets.merging.resolving import open_case

    decisions = _decisions(ours, theirs, rest=rest, by_rule=by_rule)
    if file is None and decisions.choices:
        raise UsageError("a choice for a path needs a FILE", kind="no-file")
    workspace = context.workspace
    names = list_open(workspace) if file is None else [find_file(context, file, must_exist=False)]
    results = []
    for name in names:
        case = open_case(workspace, find_open(workspace, name))
        results.append(_resolve(context, case, decisions, dry_run=dry_run))
    if context.json:
        context.output.json_object("resolve", {"files": results, "dry_run": dry_run})
    elif not results:
        context.output.talk("no secret file has a merge conflict")
    return int(any(conflict["chosen"] is None for one in results for conflict in one["conflicts"]))


def _decisions(
    ours: tuple[str, ...], theirs: tuple[str, ...], *, rest: bool, by_rule: bool
) -> Decisions:
    from plana_secrets.merging.resolving import Decisions
    from plana_secrets.paths import parse_path

    sides: list[tuple[Choice, tuple[str, ...]]] = [("ours", ours), ("theirs", theirs)]
    choices = {parse_path(path): side for side, paths in sides for path in paths if path}
    others = [side for side, paths in sides for path in paths if not path]
    if len(others) != int(rest):
        raise UsageError(
            "--all needs one of --ours and --theirs without a path, and only with --all can the "
            "path be missing",
            kind="bad-side",
        )
    return Decisions(choices, others[0] if others else None, by_rule=by_rule)


def _resolve(
    context: Context, case: Case, decisions: Decisions, *, dry_run: bool
) -> dict[str, Any]:
    from plana_secrets.cli.terminal import is_interactive
    from plana_secrets.merging.resolving import refuse_newer, resolve_case

    is_revoked, combine = _revoked(context), _rendered(context, case.file)
    resolution = resolve_case(case, decisions, is_revoked, combine)
    _show(context, case, resolution)
    if not dry_run:
        refuse_newer(context.workspace, case)
    while resolution.undecided and is_interactive(context) and not dry_run:
        from plana_secrets.cli.choosing import ask_about

        decisions = ask_about(context, case, decisions, resolution.undecided[0])
        resolution = resolve_case(case, decisions, is_revoked, combine)
    if resolution.undecided or dry_run:
        if resolution.undecided and not context.json:
            context.output.talk(f"{case.file} is not resolved; {_ways(resolution.undecided)}")
        return _facts(case, resolution)
    written, added = _write(context, case, resolution)
    _tell(context, case, written=written, added=added)
    return {**_facts(case, resolution), "written": written, "added": added}


def _ways(undecided: Sequence[Conflict]) -> str:
    """How each kind of conflict is settled from a script."""
    from plana_secrets.merging.reasons import OF_READERS, Reason

    ways = []
    if any(not one.is_whole for one in undecided):
        ways.append("choose with --ours PATH and --theirs PATH, or --all --ours, --all --theirs")
    elif any(one.reason not in OF_READERS for one in undecided):
        ways.append("choose with --all --ours or --all --theirs")
    reasons = {one.reason for one in undecided}
    if Reason.RECIPIENTS in reasons:
        ways.append("fix the rule, or encrypt for its recipients with --by-rule")
    elif Reason.SELECTOR in reasons:
        ways.append("encrypt it as its rule says with --by-rule")
    return "; ".join(ways)


def _revoked(context: Context) -> RevokedValues:
    from plana_secrets.rotation.revoked import RevokedValues

    names = [policy.name for policy in context.settings.keysets]
    return RevokedValues(context.workspace, names, context.output.warn)


def _rendered(context: Context, file: str) -> Combine:
    from plana_secrets.git.operation import commits_in_operation
    from plana_secrets.merging.rendered import Rendered, settled_on_disk

    workspace = context.workspace
    commits = commits_in_operation(workspace.repository)
    settled = settled_on_disk(workspace)
    return Rendered(workspace, context.settings.keysets, commits, settled).of(file)


def _show(context: Context, case: Case, resolution: Resolution) -> None:
    from plana_secrets.cli.choosing import describe_conflict
    from plana_secrets.cli.output import safe_line

    names = case.merge.names
    talk = context.output.talk
    talk(safe_line(f"{case.file}: ours is {names.ours}, theirs is {names.theirs}"))
    if case.merge.was is not None:
        talk(safe_line(f"  it was {case.merge.was} until one side moved it"))
    if case.merge.also is not None:
        also = shlex.quote(case.merge.also)
        talk(safe_line(f"  each side moved it; {also} is the same file: `git rm` one of the two"))
    for conflict in resolution.conflicts:
        talk(f"  {describe_conflict(case, conflict)}")
        keyset = context.workspace.owned_leaf(case.file, conflict.path) if conflict.path else None
        if keyset is not None:
            talk(
                safe_line(f"    it is rendered from the keyset {keyset}: take the side of its file")
            )


def _write(context: Context, case: Case, resolution: Resolution) -> tuple[bool, bool]:
    """Whether the file is different now, and whether git's index has it."""
    from plana_secrets.git.index import add_to_index
    from plana_secrets.merging.resolving import stage_resolution
    from plana_secrets.merging.sidecar import forget_conflict
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    workspace = context.workspace
    with writing(workspace, "resolve"):
        staged = stage_resolution(workspace, case, resolution)
        done = write_files(workspace, staged, operation="resolve", may_be_unmerged=True)
        written = bool(done.files)
    is_open = case.merge.origin != "commit"
    added = is_open and all(
        add_to_index(workspace.repository, one.file, one.content) for one in staged
    )
    if added or not is_open:
        forget_conflict(workspace, case.file)
    return written, added


def _tell(context: Context, case: Case, *, written: bool, added: bool) -> None:
    if context.json:
        return
    if added:
        context.output.talk(f"{case.file} is merged and added; next: git status")
        return
    verb = "is merged" if written else "was already merged"
    command = "commit -m MESSAGE" if case.merge.origin == "commit" else "add"
    context.output.talk(f"{case.file} {verb}; next: git {command} -- {shlex.quote(case.file)}")


def _facts(case: Case, resolution: Resolution) -> dict[str, Any]:
    from plana_secrets.paths import format_path

    undecided = set(resolution.undecided)
    return {
        "file": case.file,
        "moved_from": case.merge.was,
        "also": case.merge.also,
        "origin": case.merge.origin,
        "ours": case.merge.names.ours,
        "theirs": case.merge.names.theirs,
        "conflicts": [
            {
                "reason": str(one.reason),
                "path": format_path(one.path) if one.path else None,
                "chosen": None if one in undecided else resolution.taken.get(one.path, "rule"),
            }
            for one in resolution.conflicts
        ],
        "written": False,
        "added": False,
    }


ADVICE: Final = {
    "bad-side": "write --all --ours, --all --theirs, --ours PATH or --theirs PATH",
    "no-file": "name the file before the options",
}
