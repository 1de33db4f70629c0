"""``plana-secrets offboard``: what to replace after a person left, until all of it is done."""

from __future__ import annotations

import contextlib
import shlex
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.commands.recipients.naming import complete_name
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.secretfile import warn_if_pending
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plana_secrets.offboarding.past import Past
    from plana_secrets.offboarding.report import KnownValue
    from plana_secrets.offboarding.tickoff import TickOff

_EPILOG = """\
The first run writes .offboarding/NAME.toml, without values: commit it. It keeps the keys of NAME
and what you accept; what was replaced since is read from the history each time.

\b
Examples:
  plana-secrets offboard bob
  plana-secrets offboard bob --status
  plana-secrets offboard bob --accept infra/secrets/dev/app.yaml#port --reason "no secret"
"""


@click.command(epilog=_EPILOG, short_help="List what to replace after a person left.")
@click.argument("name", metavar="NAME", shell_complete=complete_name)
@click.option("--status", is_flag=True, help="Write nothing; exit with 1 while a value is open.")
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="FILE#PATH",
    help="Accept that this value stays, with --reason; FILE alone is all of its values.",
)
@click.option("--reason", metavar="TEXT", help="Why what is accepted may stay.")
@click.option(
    "--vault-user", metavar="EMAIL", help="Also count what this account can see in the mirror."
)
@wait_option
@pass_context
def offboard(
    context: Context,
    name: str,
    status: bool,
    accepted: tuple[str, ...],
    reason: str | None,
    vault_user: str | None,
) -> int:
    """List every value that NAME, a name or a recipient, could ever decrypt, and its state.

    The whole history counts: all branches, tags and stashes, files and values that were deleted.
    A value is rotated if it changed since NAME could last read it, or if its keyset moved on.
    Only names are shown. Run this with --vault-user before you remove the account from the vault.
    """
    from plana_secrets.offboarding.past import check_whole, read_past
    from plana_secrets.offboarding.report import list_values

    if bool(accepted) != bool(reason) or (status and (accepted or vault_user)):
        raise UsageError("--accept and --reason belong together, without --status", kind="usage")
    warn_if_pending(context)
    check_whole(context.workspace)
    name = _canonical(name)
    before = _read(context, name)
    known = _with_keys(context, before, name)
    if vault_user is not None:
        known = _with_vault(context, known, vault_user)
    past = read_past(context.workspace, known.keys, _blobs(context, known))
    if before is None and not past.files and known.keys == (name,):
        raise UsageError("no version of a file names this recipient", kind="nothing-readable")
    values = list_values(context.workspace, past, known, context.workspace.owned_leaf)
    if accepted and reason is not None:
        known = _accept(context, known, values, accepted, reason)
        values = list_values(context.workspace, past, known, context.workspace.owned_leaf)
    if not status and known != before:
        _write(context, name, known)
    _show(context, known, past, values)
    is_open = bool(past.reads) or any(one.status == "open" for one in values)
    return int(status and is_open)


def _canonical(name: str) -> str:
    """A recipient without its comment, so that it has one tick-off; a name as it is."""
    from plana_secrets.age.recipients import parse_recipient

    with contextlib.suppress(UsageError):
        return parse_recipient(name).text
    return name


def _read(context: Context, name: str) -> TickOff | None:
    from plana_secrets import limits
    from plana_secrets.errors import MissingFileError
    from plana_secrets.offboarding.tickoff import file_for, parse_tick_off
    from plana_secrets.storage import path_below, read_regular_file

    file = file_for(name)
    try:
        path = path_below(context.workspace.root, file)
        return parse_tick_off(read_regular_file(path, limit=limits.SETTINGS_FILE), file)
    except MissingFileError:
        return None


def _with_keys(context: Context, before: TickOff | None, name: str) -> TickOff:
    """With every key that the name ever had.

    Raises:
        UsageError: neither the settings of any commit nor the file know the name (kind
            ``no-such-leaver``).
    """
    from plana_secrets.age.recipients import parse_recipient
    from plana_secrets.offboarding.past import keys_of
    from plana_secrets.offboarding.tickoff import TickOff

    keys = set(before.keys if before else ())
    try:
        keys.add(parse_recipient(name).text)
    except UsageError:
        keys |= keys_of(context.workspace, name)
        entry = context.settings.policy.recipients.get(name)
        keys |= {entry.key} if entry else set()
    if not keys:
        raise UsageError(f"no {name} in [recipients] of any commit", kind="no-such-leaver")
    found = tuple(sorted(keys))
    if before is None:
        return TickOff(name=name, begun=context.now.date(), keys=found)
    return replace(before, keys=found)


def _with_vault(context: Context, known: TickOff, email: str) -> TickOff:
    """With the files that this account can see in the mirror now, as they are in the last commit.

    Raises:
        UsageError: no mirror has accounts (kind ``no-server``), or there is no such member
            (``no-such-member``).
    """
    from plana_secrets.cli.commands.login import account_of
    from plana_secrets.cli.commands.mirror.comparison import surroundings
    from plana_secrets.mirror.source import files_at
    from plana_secrets.offboarding.tickoff import Shown
    from plana_secrets.secretfiles.snapshot import at_commit

    head = context.workspace.repository.head()
    _, settings = account_of(context, None)
    assert settings is not None  # noqa: S101 - without a URL it is of the settings
    places = settings.places_seen(surroundings(context), email)
    if head is None:
        return replace(known, vault_user=email)
    files = files_at(at_commit(context.workspace, head), context.settings.mirror, settings, places)
    new = [Shown(file=file, commit=head) for file in files]
    return replace(known, vault_user=email, shown=tuple(dict.fromkeys((*known.shown, *new))))


def _blobs(context: Context, known: TickOff) -> set[str]:
    """The contents that the leaver could see in the vault."""
    from plana_secrets.errors import FailedError
    from plana_secrets.secretfiles.snapshot import at_commit

    commits: dict[str, list[str]] = {}
    for one in known.shown:
        commits.setdefault(one.commit, []).append(one.file)
    found: set[str] = set()
    for commit, files in commits.items():
        if context.workspace.repository.resolve(commit) is None:
            raise FailedError(f"no commit {commit[:12]} here", kind="partial-past")
        entries = at_commit(context.workspace, commit).tree.listing().entries
        found |= {entries[file].id for file in files if file in entries}
    return found


def _accept(
    context: Context,
    known: TickOff,
    values: Sequence[KnownValue],
    wanted: Sequence[str],
    reason: str,
) -> TickOff:
    from plana_secrets.offboarding.tickoff import Acceptance

    new: list[Acceptance] = []
    for text in wanted:
        file, mark, path = text.partition("#")
        these = [one for one in values if one.file == file and (not mark or one.path == path)]
        if not these:
            raise UsageError(
                f"{known.name} could never read {text}", kind="not-in-list", name=known.name
            )
        new += [
            Acceptance(
                file=one.file,
                path=one.path,
                reason=reason,
                on=context.now.date(),
                versions=one.versions,
            )
            for one in these
            if one.status == "open"
        ]
    if not new:
        context.output.talk("nothing to accept: none of these values is open")
    places = {(one.file, one.path) for one in new}
    kept = [one for one in known.accepted if (one.file, one.path) not in places]
    return replace(known, accepted=(*kept, *new))


def _write(context: Context, name: str, known: TickOff) -> None:
    from plana_secrets.offboarding.tickoff import file_for, format_tick_off
    from plana_secrets.secretfiles.writing.writer import writing
    from plana_secrets.storage import make_folder, path_below, replace_file

    file = file_for(name)
    path = path_below(context.workspace.root, file)
    with writing(context.workspace, "offboard"):
        make_folder(path.parent)
        replace_file(path, format_tick_off(known))
    context.output.talk(f"wrote {file}; commit it")


def _show(context: Context, known: TickOff, past: Past, values: Sequence[KnownValue]) -> None:
    from plana_secrets.offboarding.tickoff import file_for

    counts = Counter(one.status for one in values)
    if context.json:
        context.output.json_object(
            "offboard",
            {
                "name": known.name,
                "keys": list(known.keys),
                "tick_off": file_for(known.name),
                "vault_user": known.vault_user,
                "still_reads": list(past.reads),
                "values": [_facts(one) for one in values],
                "open": counts["open"],
            },
        )
        return
    output = context.output
    output.table(
        [(one.status, _place(one), one.keyset or one.service or "-", one.why) for one in values],
        header=("status", "value", "service", "why"),
    )
    if past.reads:
        output.warn(
            f"{known.name} can still read {counted(len(past.reads), 'file')} of the last commit; "
            f"next: {_next_to_lock_out(context, known)}"
        )
    words = [f"{counts[word]} {word}" for word in ("open", "rotated", "accepted")]
    output.talk(f"{counted(len(values), 'value')}: {', '.join(words)}")


def _next_to_lock_out(context: Context, known: TickOff) -> str:
    """What takes the last commit from them: a removal may be here, and only not committed."""
    from plana_secrets.cli.commands.recipients.naming import names_of, readers_by_rule
    from plana_secrets.secretfiles.snapshot import at_commit, work_tree

    names, in_rules = names_of(context), readers_by_rule(context)
    for key in known.keys:
        name = names.name_of(key)
        if name or key in in_rules:
            return f"plana-secrets recipients remove {shlex.quote(name or key)}"
    head = at_commit(context.workspace, context.repository.checked_out()[0])
    if head.secret_differences(work_tree(context.workspace)):
        return "commit the secret files that `plana-secrets status` lists"
    return "plana-secrets recipients apply"


def _place(one: KnownValue) -> str:
    return one.file if one.path is None else f"{one.file}#{one.path}"


def _facts(one: KnownValue) -> dict[str, object]:
    return {
        "file": one.file,
        "path": one.path,
        "service": one.service,
        "keyset": one.keyset,
        "status": one.status,
        "why": one.why,
        "also_at": [{"file": file, "path": path} for file, path in one.also_at],
    }


ADVICE: Final = {
    "no-such-leaver": "pass their recipient instead: `plana-secrets offboard age1...`",
    "nothing-readable": "compare it with what they sent you, or pass their name",
    "not-in-list": "`plana-secrets offboard {name} --status` lists the values",
}
