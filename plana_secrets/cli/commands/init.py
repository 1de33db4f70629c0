"""``plana-secrets init``: an identity, the rules and the settings; idempotent."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import TypedPath
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.secretfile import warn_of_ignored
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.cli.newrepository import Wishes
    from plana_secrets.scaffold.repository import PlannedFile, Survey

EPILOG = """\b
Examples:
  plana-secrets init                                   ask for what is needed
  plana-secrets init --recovery-out /media/usb/key.txt create a recovery identity there
  plana-secrets init --recovery age1...                use an existing one
  plana-secrets init --single --name ann               your own identity only
  plana-secrets init --yes                             in a repository with SOPS files
"""


@click.command(epilog=EPILOG, short_help="Set up a repository for secrets.")
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="AGE",
    help="Another recipient of every file (a colleague, a cluster); repeatable.",
)
@click.option("--recovery", metavar="AGE", help="Recipient of an offline recovery identity.")
@click.option(
    "--recovery-out",
    type=TypedPath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Create a recovery identity in FILE, outside the repository.",
)
@click.option("--single", is_flag=True, help="Use no recovery recipient.")
@click.option(
    "--identity-out",
    type=TypedPath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a new identity to FILE, readable only by you.",
)
@click.option(
    "--name", metavar="NAME", help="Your name in the settings; default: from your email in git."
)
@click.option("--yes", is_flag=True, help="Write the settings without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@click.option("--scanners", is_flag=True, help="Print lines for secret scanners; write nothing.")
@wait_option
@pass_context
def init(
    context: Context,
    recipients: tuple[str, ...],
    recovery: str | None,
    recovery_out: Path | None,
    single: bool,
    identity_out: Path | None,
    name: str | None,
    yes: bool,
    dry_run: bool,
    scanners: bool,
) -> None:
    """Set up the repository for secrets.

    In an empty repository, create .sops.yaml, plana-secrets.toml, a recovery recipient and,
    if none is found, an age identity. In a repository with SOPS files, list them, show the
    settings to write as a diff, and run verify; no rule or secret file is changed.

    A new identity is stored in the keyring or, on a machine without one, in the key file
    that sops reads by default. It is safe to run init again: it completes what is missing.
    """
    from plana_secrets.cli.newrepository import Wishes, check_used, init_new, show_allow_lists
    from plana_secrets.scaffold.repository import survey

    if scanners:
        show_allow_lists(context)
        return
    if sum((recovery is not None, recovery_out is not None, single)) > 1:
        raise UsageError("--recovery, --recovery-out and --single cannot be combined")
    wishes = Wishes(recipients, recovery, recovery_out, single, identity_out, name, yes, dry_run)
    with _alone(context, wishes):
        found = survey(context.workspace)
        if found.is_used:
            check_used(context, found, wishes)
            verifies = _init_used(context, found, wishes)
        else:
            init_new(context, found, wishes)
            verifies = False
    if verifies:
        _first_verify(context)


def _alone(context: Context, wishes: Wishes) -> AbstractContextManager[None]:
    from plana_secrets.secretfiles.writing.lock import alone

    return nullcontext() if wishes.dry_run else alone(context.repository, "init", context.patience)


def _init_used(context: Context, found: Survey, wishes: Wishes) -> bool:
    """Write the settings, if that is wanted; whether to show what ``verify`` finds."""
    from plana_secrets.cli.newrepository import tell_scanners
    from plana_secrets.scaffold.repository import new_repository_id, plan_config_for_used
    from plana_secrets.secretfiles.snapshot import rules_in_use

    _list_files(context, found)
    if found.has_config:
        planned = _what_came_since(context, found)
    else:
        rules = rules_in_use(context.workspace) if found.has_rules else ()
        planned = [plan_config_for_used(found, rules, new_repository_id())]
    written = bool(planned) and _is_wanted(context, planned, wishes)
    if written:
        _write(context, planned, dry_run=False)
    warn_of_ignored(context, *(file.name for file in planned))
    if written and not (found.has_config or context.json):
        tell_scanners(context)
    if context.json:
        names = [file.name for file in planned]
        listed = {"secret_files": found.secret_files, "other_sops_files": found.other_sops}
        context.output.json_object(
            "init", {"files": names, "used": True, "written": written, **listed}
        )
    return (found.has_config or written) and bool(found.secret_files) and not context.json


def _what_came_since(context: Context, found: Survey) -> list[PlannedFile]:
    from plana_secrets import limits
    from plana_secrets.scaffold.repository import new_repository_id, plan_config_update
    from plana_secrets.secretfiles.settings import SETTINGS_FILE
    from plana_secrets.secretfiles.snapshot import rules_in_use
    from plana_secrets.storage import read_regular_file

    path = context.repository.root / SETTINGS_FILE
    content = read_regular_file(path, limit=limits.SETTINGS_FILE).decode("utf-8")
    rules = rules_in_use(context.workspace) if found.has_rules else ()
    update = plan_config_update(found, rules, content, context.settings, new_repository_id())
    if update is None:
        context.output.talk("plana-secrets.toml is up to date; nothing to write")
    return [update] if update else []


def _list_files(context: Context, found: Survey) -> None:
    if context.json or context.quiet:
        return
    for file in found.secret_files:
        context.output.data(file)
    for file in found.other_sops:
        context.output.data(f"{file}  (SOPS, in a format that is not read)")
    count = len(found.secret_files)
    context.output.talk(f"{counted(count, 'SOPS file')} tracked by git")
    if not found.has_rules:
        context.output.warn("no .sops.yaml at the root: new files cannot be encrypted")


def _is_wanted(context: Context, planned: list[PlannedFile], wishes: Wishes) -> bool:
    from plana_secrets.cli.terminal import agrees, is_interactive

    agreed = wishes.yes and not wishes.dry_run
    for file in planned:
        if not context.json and not (agreed and context.quiet):
            context.output.data(file.as_diff())
    if wishes.dry_run:
        return False
    if wishes.yes:
        return True
    if not is_interactive(context):
        context.output.talk("nothing was written; run again with --yes")
        return False
    return agrees(context, "write it?")


def _write(context: Context, planned: list[PlannedFile], *, dry_run: bool) -> None:
    from plana_secrets.storage import replace_file

    for file in planned:
        if dry_run:
            if not context.json:
                context.output.data(file.as_diff())
            continue
        replace_file(context.repository.root / file.name, file.content.encode())
        context.output.talk(f"wrote {file.name}")


def _first_verify(context: Context) -> None:
    """Show the findings; they are what a first run is for, so they are no failure of it."""
    from plana_secrets.cli.lazy import load_command
    from plana_secrets.cli.main import COMMANDS

    module = next(group["verify"][0] for group in COMMANDS.values() if "verify" in group)
    verify = load_command(module)
    fresh = Context(**{name: getattr(context, name) for name in Context.__dataclass_fields__})
    verify.main([], standalone_mode=False, obj=fresh)
