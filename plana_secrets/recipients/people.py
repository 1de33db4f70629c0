"""A person who joins or leaves."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.age.recipients import canonical_recipient, parse_recipient
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError
from plana_secrets.recipients.access import (
    AccessChange,
    plan_access,
    read_settings,
    refuse_elsewhere,
    root_rules,
)
from plana_secrets.recipients.apply import Survey
from plana_secrets.recipients.names import NEXT, Names, shortened
from plana_secrets.recipients.plan import Demand, refuse_oneself
from plana_secrets.recipients.rulesedit import add_recipient, recipients_of, remove_recipient
from plana_secrets.recipients.settingsedit import add_name, remove_name
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.rulesfile import Rules

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Membership:
    """``name``: that of the settings, or the recipient where it has none. ``names``: those that
    the settings have more or less."""

    name: str
    recipient: str
    change: AccessChange
    names: tuple[str, ...]


def plan_joining(
    workspace: Workspace,
    name: str,
    recipient: str,
    choose: Callable[[Rules], Collection[int]] | None,
    *,
    kind: str,
    demand: Demand,
) -> Membership:
    """``recipient`` (in canonical spelling) gets ``name``, and the rules that ``choose`` names;
    without it, only the name.

    Raises:
        UsageError: the name or the key is another's (kind ``name-taken``), or the name cannot
            be one (``bad-recipient-name``), or there is nothing to change (``already-recipient``).
        FailedError: see ``rulesedit``.
    """
    chosen = choose(root_rules(workspace)) if choose is not None else ()
    positions, changed = check_addition(workspace, name, recipient, chosen, demand)
    settings = read_settings(workspace) or b""
    if name not in demand.keys:
        settings = add_name(settings, name, recipient, kind)
        demand = replace(demand, keys={**demand.keys, name: recipient})
    if changed is None:
        change = AccessChange((), None, settings, Survey(()), workspace)
    else:
        change = plan_access(workspace, [recipient], positions, changed, settings, demand)
    return Membership(name, recipient, change, (name,))


def check_addition(
    workspace: Workspace, name: str, recipient: str, chosen: Collection[int], demand: Demand
) -> tuple[tuple[int, ...], bytes | None]:
    """The rules among those at the positions ``chosen`` that lack ``recipient``, and the rules
    file with it in them, None where none does; it raises as ``plan_joining``."""
    check_name(name, recipient, demand)
    every = root_rules(workspace).creation_rules if chosen else ()
    positions = tuple(
        one.position
        for one in every
        if one.position in chosen and recipient not in recipients_of(one)
    )
    if positions:
        return positions, add_recipient(workspace.read_rules(RULES_FILE), recipient, positions)
    if name in demand.keys:
        what = "in these rules" if chosen else "in [recipients]"
        raise UsageError(f"the key of {name} is {what} already", kind="already-recipient")
    return (), None


def is_replacement(name: str, recipient: str, demand: Demand) -> bool:
    """Whether ``name`` has another key than ``recipient``, which is no one else's."""
    if Names(demand.keys).name_of(recipient) not in {None, name, f"{name}{NEXT}"}:
        check_name(name, recipient, demand)
    return name in demand.keys and canonical_recipient(demand.keys[name]) != recipient


def plan_leaving(workspace: Workspace, person: str, demand: Demand) -> Membership:
    """``person`` is taken out of every rule, of the settings and of the files.

    Raises:
        UsageError: there is no such name (kind ``no-such-person``), or the person may not go
            (``removes-required``, ``too-few-left``, ``locks-you-out``).
        FailedError: a rules file in a folder has them (kind ``rules-not-editable``), or the text
            cannot be changed.
    """
    name, recipient = find_person(person, demand)
    names = Names(demand.keys).names_of(recipient)
    for one in names:
        if one in demand.required:
            raise UsageError(f"policy.required demands {one}", kind="removes-required")
    shown = name or shortened(recipient)
    rules = root_rules(workspace)
    refuse_elsewhere(workspace, recipient, shown)
    having = [one for one in rules.creation_rules if recipient in recipients_of(one)]
    for rule in having:
        _check_left(rule, len(recipients_of(rule)) - 1, demand.minimum)
    refuse_oneself(recipient, shown, demand, workspace.identities.complete().recipients())
    positions = tuple(one.position for one in having)
    content = remove_recipient(workspace.read_rules(RULES_FILE), recipient, positions)
    settings = read_settings(workspace) or b""
    for one in names:
        settings = remove_name(settings, one)
    left = replace(demand, keys={one: demand.keys[one] for one in demand.keys if one not in names})
    change = plan_access(workspace, [recipient], positions, content, settings, left)
    refuse_unknown(name, shown, change)
    return Membership(shown, recipient, change, tuple(names))


def refuse_unknown(name: str | None, shown: str, change: AccessChange) -> None:
    """
    Raises:
        UsageError: the recipient has no name, and neither a rule nor a file has it (kind
            ``no-such-person``).
    """
    if name is None and not (change.positions or change.survey.plans or change.survey.skipped):
        raise UsageError(f"no rule, file or name has {shown}", kind="no-such-person")


def find_person(person: str, demand: Demand) -> tuple[str | None, str]:
    """Name and recipient of a person who is named by either; a recipient may have no name.

    Raises:
        UsageError: it is neither (kind ``no-such-person``).
    """
    if person in demand.keys:
        return person, canonical_recipient(demand.keys[person])
    try:
        recipient = parse_recipient(person).text
    except UsageError:
        raise UsageError(f"no {person} in [recipients]", kind="no-such-person") from None
    return Names(demand.keys).name_of(recipient), recipient


def _check_left(rule: CreationRule, number: int, minimum: int) -> None:
    if number < max(minimum, 1):
        raise UsageError(
            f"rule {rule.position} (line {rule.line}) would have {counted(number, 'recipient')}; "
            f"at least {max(minimum, 1)} required",
            kind="too-few-left",
            file=RULES_FILE,
        )


def is_name(text: str) -> bool:
    """Whether it can be the name of a recipient in the settings."""
    return _NAME.fullmatch(text) is not None


def check_name(name: str, recipient: str, demand: Demand) -> None:
    """Whether ``recipient`` may have ``name``: both are free, or they belong together.

    Raises:
        UsageError: kinds ``bad-recipient-name``, ``name-taken``.
    """
    if not is_name(name):
        raise UsageError(f"not a name for a recipient: {name}", kind="bad-recipient-name")
    for other, key in demand.keys.items():
        if (other == name) is not (canonical_recipient(key) == recipient):
            raise UsageError(
                f"{other} is in [recipients] already, with "
                f"{'another' if other == name else 'this'} key",
                kind="name-taken",
                name=other,
            )


def replaceable(workspace: Workspace, files: Sequence[str]) -> list[tuple[str, str, str | None]]:
    """File, path and keyset of every encrypted value of ``files``."""
    from plana_secrets.paths import format_path
    from plana_secrets.secretfiles.open import read_structure_of

    return [
        (file, format_path(leaf.path), workspace.owned_leaf(file, leaf.path))
        for file in files
        for leaf in read_structure_of(workspace, file).leaves()
        if leaf.token is not None
    ]


ADVICE: Final = {
    "already-recipient": "`plana-secrets recipients list` shows the rules; choose with --rule",
    "bad-recipient-name": "use letters, digits, - and _",
    "name-taken": (
        "choose another name, or give that one the key with "
        "`plana-secrets recipients replace {name} KEY`"
    ),
    "no-such-person": "`plana-secrets recipients list` shows the names",
}
