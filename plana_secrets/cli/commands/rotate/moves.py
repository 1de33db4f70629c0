"""What the commands of ``rotate`` share: the options, the shape of ``--json``, the words."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from plana_secrets.cli.context import Context
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.times import relative
from plana_secrets.errors import FailedError, UsageError

if TYPE_CHECKING:
    from plana_secrets.rotation.apply import Moved, Rotation
    from plana_secrets.rotation.inforce import Wait
    from plana_secrets.rotation.landing import Delivery
    from plana_secrets.rotation.plan import KeysetStatus, NextMove
    from plana_secrets.rotation.policy import KeysetPolicy
    from plana_secrets.rotation.proposal import Proposal

T = TypeVar("T")

_ASKED = frozenset({"caller-confirmed", "value-in-use"})
"""Refusals that a person at a terminal is asked about; the others need the flag."""

DRY_RUN_HELP = "Show what would be done; change nothing."


def complete_keyset(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    """Names of the configured keysets."""
    from click.shell_completion import CompletionItem

    try:
        context = ctx.find_object(Context) or Context()
        names = [policy.name for policy in context.settings.keysets]
    except Exception:  # noqa: BLE001 - a completion has no one to tell
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def name_argument(**settings: Any) -> Callable[[Any], Any]:
    """``NAME``: of a keyset, as the configuration has it."""
    metavar = "NAME" if settings.get("required", True) else "[NAME]"
    return click.argument("name", metavar=metavar, shell_complete=complete_keyset, **settings)


def delivery_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--commit``, ``--push``, ``--push-branch`` and ``--wait``; see ``delivery_of``."""
    branch = click.option(
        "--push-branch",
        metavar="PREFIX",
        help="Push the change to a branch of its own, for a pull request.",
    )
    push = click.option("--push", is_flag=True, help="Commit, push, and check the remote.")
    return click.option("--commit", is_flag=True, help="Commit the change.")(
        push(branch(wait_option(command)))
    )


def delivery_of(commit: bool, push: bool, push_branch: str | None) -> Delivery:
    """How far the options say that a change is carried.

    Raises:
        UsageError: they say two things (kind ``rotate-where``).
    """
    from plana_secrets.rotation.landing import Delivery

    if push_branch is not None and (push or commit):
        raise UsageError("pass --push-branch without --commit or --push", kind="rotate-where")
    return Delivery(commit, push, push_branch)


def accept_outage_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--accept-outage``: for a person, never for a job."""
    words = "Proceed even if services may be locked out; noted in the commit."
    return click.option("--accept-outage", is_flag=True, help=words)(command)


def accepting_outage(context: Context, action: Callable[[bool], T], *, accepted: bool) -> T:
    """What ``action(accepted)`` gives; a person at a terminal is asked where it is refused.

    Raises:
        UsageError: a job cannot accept an outage (kind ``outage-by-job``), or the person
            declined.
    """
    from plana_secrets.cli.terminal import confirm, is_interactive

    if accepted and os.environ.get("CI"):
        raise UsageError("--accept-outage cannot be used in CI", kind="outage-by-job")
    try:
        return action(accepted)
    except FailedError as error:
        if error.kind not in _ASKED or not is_interactive(context):
            raise
        confirm(context, f"{error.message}. Accept that?")
    return action(True)


def open_rotation(context: Context, delivery: Delivery) -> Rotation:
    """With the committed settings; what is not committed is said.

    Raises:
        UsageError: the branches of ``delivery`` cannot be (kind ``bad-branch``).
    """
    warn_of_ignored(context)
    found = context.in_force
    rotation = _open_rotation(context, found.policies, found.new)
    if delivery.propose is not None:
        from plana_secrets.rotation.proposal import check_branches

        check_branches(rotation, delivery.propose)
    return rotation


def open_for_init(context: Context) -> Rotation:
    """With the places that the work tree names: they are filled before anything waits."""
    return _open_rotation(context, context.settings.keysets, frozenset())


def deployed_branch(context: Context) -> str | None:
    """The branch that is deployed: the one that is committed as such, else the remote's default."""
    in_force = context.in_force
    return in_force.branch or context.workspace_for(in_force.remote).repository.default_branch()


def warn_of_ignored(context: Context) -> None:
    for place in context.in_force.ignored:
        context.output.warn(
            f"plana-secrets.toml: {place}: the change is not committed and does not count"
        )


def _open_rotation(
    context: Context, policies: Sequence[KeysetPolicy], uncommitted: frozenset[str]
) -> Rotation:
    from plana_secrets.rotation.apply import Rotation

    def trust(newest: datetime, now: datetime) -> bool:
        from plana_secrets.cli.terminal import agrees, is_interactive

        question = f"the newest move is of {instant(newest)}; is it {instant(now)} now?"
        return is_interactive(context) and agrees(context, question)

    workspace = context.workspace_for(context.in_force.remote)
    branch = deployed_branch(context)
    return Rotation(workspace, policies, branch, context.read_clock, trust, uncommitted)


def describe_keyset(status: KeysetStatus) -> dict[str, Any]:
    """A keyset as ``rotate list|run --json`` shows it; never a value."""
    keyset = status.keyset
    return {
        "name": status.name,
        "kind": status.policy.kind,
        "file": status.file,
        "phase": str(status.phase),
        "version": keyset.version if keyset else None,
        "landed": keyset.has_landed if keyset else False,
        "authenticated": status.authenticated and keyset is not None,
        "keys": [
            {"kid": key.kid, "status": str(key.status), "since": instant(key.since)}
            for key in (keyset.keys if keyset else ())
        ],
        "waits": _describe_waits(status),
        "next": _describe_next(status.next) if status.next else None,
        "overdue": status.overdue,
        "problem": status.problem,
        "message": status.message or None,
    }


def _describe_waits(status: KeysetStatus) -> dict[str, dict[str, str]]:
    """By setting; they differ while a rotation began under longer waits."""
    return {
        wait.name: {
            "in_force": format_wait(wait.in_force),
            "configured": format_wait(wait.configured),
        }
        for wait in _waits_of(status)
    }


def _waits_of(status: KeysetStatus) -> tuple[Wait, ...]:
    from plana_secrets.rotation.inforce import waits_of

    return waits_of(status.keyset, status.policy) if status.keyset else ()


def format_wait(time: timedelta) -> str:
    from plana_secrets.fields.durations import format_duration

    return format_duration(time)


def sentences_on_waits(status: KeysetStatus) -> list[str]:
    """A line for each wait that is not what the settings say now."""
    return [
        f"{wait.name} is {format_wait(wait.in_force)} until this rotation ends"
        f" (settings: {format_wait(wait.configured)})"
        for wait in _waits_of(status)
        if wait.in_force != wait.configured
    ]


def _describe_next(following: NextMove) -> dict[str, Any]:
    return {
        "move": str(following.move),
        "not_before": instant(following.not_before),
        "waiting_for": str(following.waiting_for) if following.waiting_for else None,
        "names": list(following.names),
    }


def _describe_moved(moved: Sequence[Moved]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "move": one.move,
            "files": list(one.files),
            "commit": one.commit,
            "landed": one.landed,
            "dated": one.dated,
            "accepted_outage": one.accepted,
            "pull_request": describe_proposal(one.proposal) if one.proposal else None,
        }
        for one in moved
    ]


def describe_proposal(proposal: Proposal) -> dict[str, str]:
    """A pull request that a person opens, or has opened."""
    return {"name": proposal.name, "from": proposal.branch, "into": proposal.into}


def instant(moment: datetime | None) -> str | None:
    from plana_secrets.rotation.instants import format_instant

    return format_instant(moment) if moment else None


def sentence_on_next(status: KeysetStatus, now: datetime) -> str:
    """What comes next, in words: ``promote in 28 min (18:43 UTC), waiting for rollout``."""
    following = status.next
    if following is None:
        return status.message
    move, names = following.move, ", ".join(following.names)
    if following.waiting_for is None:
        return f"{move} now"
    when = relative(following.not_before, now) if following.not_before else "later"
    from_then = f"{move} {when}, waiting for {following.waiting_for}"
    return {
        "landing": f"{move}, after the previous move has landed",
        "confirm": f"{move}, after confirmation by {names}",
        "raw-targets": f"{move} is blocked by services that read a single raw value: {names}",
        "adopted": f"{move} is blocked: services may still read the adopted path {names}",
        "removed": f"{move} is blocked: {names} is no longer a target but still has a key",
        "clock": f"{move} is blocked: the clock is behind {instant(following.not_before)}",
    }.get(following.waiting_for, from_then)


def report(
    context: Context,
    schema: str,
    statuses: Sequence[KeysetStatus],
    moved: Sequence[Moved],
    *,
    dry_run: bool = False,
    waiting: Sequence[Proposal] = (),
) -> None:
    """What was done (or with ``dry_run`` would be), and how the keysets are now.

    ``waiting``: pull requests that are not merged yet.
    """
    if context.output.as_json:
        facts = {
            "keysets": [describe_keyset(one) for one in statuses],
            "moved": _describe_moved([] if dry_run else moved),
            "would_move": _describe_moved(moved if dry_run else []),
            "waiting": [describe_proposal(one) for one in waiting],
        }
        context.output.json_object(schema, facts)
        return
    for proposal in waiting:
        _tell_proposal(context, proposal, f"{proposal.branch} waits to be merged")
    for one in moved:
        if one.proposal:
            _tell_proposal(context, one.proposal, f"{one.move} is on {one.proposal.branch}")
            continue
        if not one.files and one.commit is None:
            context.output.outcome(f"{one.name}: nothing to {one.move}")
            continue
        words = "would be done" if dry_run else "done"
        place = f", commit {one.commit[:12]}" if one.commit else ""
        waits = "" if dry_run else _sentence_on_landing(context, one)
        context.output.outcome(f"{one.name}: {one.move} {words}{place}{waits}")
    for status in statuses:
        told = context.output.data if status.phase == "blocked" else context.output.outcome
        told(sentence(status, context.now))


def _tell_proposal(context: Context, proposal: Proposal, words: str) -> None:
    context.output.outcome(f"{proposal.name}: {words}")
    step = f"pull request from {proposal.branch} into {proposal.into}"
    context.output.outcome(f"{proposal.name}: next: open a {step}, and merge it")


def _sentence_on_landing(context: Context, moved: Moved) -> str:
    if not moved.landed:
        repository = context.workspace.repository
        if repository.remote() is None and repository.has_remote():
            context.output.warn(
                "there are several remotes; set [git] remote in plana-secrets.toml "
                "to the deployed one"
            )
        return f"; waiting to land on {deployed_branch(context)}"
    if moved.dated:
        return ""
    return f"; landed, and the next run on {deployed_branch(context)} dates it"


def sentence(status: KeysetStatus, now: datetime) -> str:
    """A keyset in one line."""
    if status.next is None:
        return f"{status.name}: {status.phase}: {status.message}"
    return f"{status.name}: {status.phase}; next: {sentence_on_next(status, now)}"


ADVICE: Final = {
    "rotate-where": "--push-branch commits, and pushes to a branch of its own",
}
