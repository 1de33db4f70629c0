"""What the commands share that change rules, settings and files together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from plana_secrets.cli.commands.recipients.naming import demand_of, names_of, plan_facts
from plana_secrets.cli.context import Context
from plana_secrets.cli.hints import find_hint
from plana_secrets.counts import counted
from plana_secrets.errors import FailedError, UsageError

if TYPE_CHECKING:
    from plana_secrets.recipients.access import AccessChange
    from plana_secrets.recipients.apply import Survey
    from plana_secrets.recipients.people import Membership
    from plana_secrets.recipients.plan import Demand


class _Planned(Protocol):
    """A plan of any kind, with what it changes."""

    @property
    def change(self) -> AccessChange: ...


_Plan = TypeVar("_Plan", bound=_Planned)


@dataclass(frozen=True, slots=True)
class Run:
    """How far a change goes. ``leave``: our own access may be given up."""

    dry_run: bool
    commit: bool = False
    leave: bool = False

    @property
    def verb(self) -> str:
        return "would be" if self.dry_run else "is"


def commit_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--commit``, for a change of rules, settings and files."""
    return click.option("--commit", is_flag=True, help="Commit the change, and nothing else.")(
        command
    )


def leave_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--yes``, for a change after which the one who makes it can read less."""
    return click.option("--yes", "leave", is_flag=True, help="Give up your own access, too.")(
        command
    )


def run_change(
    context: Context,
    plan: Callable[[Demand], _Plan],
    run: Run,
    message: str,
    names: Callable[[_Plan], set[str]],
) -> tuple[_Plan, str | None]:
    """Plan, and write unless it is a dry run; the plan, and the commit if one was asked for.

    ``names``: of the settings, that the plan adds, removes or gives another key.
    """
    from plana_secrets.recipients.access import apply_access
    from plana_secrets.secretfiles.writing.writer import CommitRequest, writing

    demand = replace(demand_of(context), may_leave=run.leave)
    if run.dry_run:
        planned = plan(demand)
        _check_settings(context, planned.change, names(planned))
        return planned, None
    with writing(context.workspace, "recipients"):
        planned = plan(demand)
        _check_settings(context, planned.change, names(planned))
        request = CommitRequest(message) if run.commit else None
        with context.output.progress("recipients", len(planned.change.survey.plans)) as advance:
            result = apply_access(planned.change, lambda: advance(1), request)
    return planned, result.commit


def _check_settings(context: Context, change: AccessChange, names: set[str]) -> None:
    """The new settings differ in these names alone; their text was changed, not their meaning."""
    from plana_secrets.config.schema import parse_settings

    before = context.settings
    try:
        after = parse_settings(change.settings)
    except UsageError:  # what was there is a table that cannot be added to
        raise _settings_by_hand() from None
    bare = replace(before.policy, recipients={}), replace(after.policy, recipients={})
    known, now = before.policy.recipients, after.policy.recipients
    differing = {name for name in {*known, *now} if known.get(name) != now.get(name)}
    # whom the mirror is for follows a key that was replaced; the rest of it stays
    mirror = after.mirror if names & known.keys() & now.keys() else before.mirror
    if replace(before, policy=bare[0], mirror=mirror) != replace(after, policy=bare[1]) or (
        not differing <= names
    ):
        raise _settings_by_hand()


def _settings_by_hand() -> FailedError:
    return FailedError("the settings cannot be changed here", kind="settings-by-hand")


def run_membership(
    context: Context, plan: Callable[[Demand], Membership], run: Run, message: str
) -> tuple[Membership, str | None]:
    """The same for a person who joins or leaves."""
    return run_change(context, plan, run, message, lambda planned: set(planned.names))


def change_facts(context: Context, change: AccessChange, run: Run) -> dict[str, object]:
    """For ``--json``."""
    names = names_of(context)
    return {
        "rules": list(change.positions),
        "files": [plan_facts(plan, names) for plan in change.survey.plans],
        "skipped": skipped_facts(change.survey),
        "dry_run": run.dry_run,
    }


def membership_facts(context: Context, membership: Membership, run: Run) -> dict[str, object]:
    """For ``--json``."""
    person = {"name": membership.name, "recipient": membership.recipient}
    return {**person, **change_facts(context, membership.change, run)}


def tell_change(context: Context, who: str, what: str, change: AccessChange, run: Run) -> None:
    """One sentence: what was done, or would be."""
    rules = counted(len(change.positions), "rule")
    files = counted(len(change.survey.plans), "file")
    context.output.talk(f"{who} {run.verb} {what} {rules} and {files}")
    tell_left_out(context, change.survey)


def skipped_facts(survey: Survey) -> list[dict[str, object]]:
    """Files that were left out, for ``--json``."""
    return [
        {"file": file, "kind": error.kind, "message": error.message}
        for file, error in survey.skipped
    ]


def tell_left_out(context: Context, survey: Survey) -> None:
    """Name each file that was left out: its readers are what they were."""
    for file, error in survey.skipped:
        hint = find_hint(error)
        reason = error.message.removeprefix(f"{file}: ")
        context.output.warn(f"left out: {file}: {reason}" + (f"; {hint}" if hint else ""))


def exit_code_of(survey: Survey) -> int:
    """0 if nothing was left out, else the code of the first such file."""
    return next((error.exit_code for _, error in survey.skipped), 0)


def values_facts(values: Sequence[tuple[str, str, str | None]]) -> list[dict[str, object]]:
    """Values to replace, for ``--json``."""
    return [{"file": file, "path": path, "keyset": keyset} for file, path, keyset in values]


def list_values(context: Context, values: Sequence[tuple[str, str, str | None]]) -> None:
    """Values to replace, one a line on stdout."""
    for file, path, keyset in values:
        how = f"  (plana-secrets rotate run {keyset})" if keyset else ""
        context.output.advice(f"{file}#{path}{how}")
