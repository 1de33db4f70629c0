"""Another key for a person, job or cluster: a new laptop, a lost key, post-quantum keys.

A cluster reads by itself, and is locked out by files that it cannot open yet. So its new key
is added first, and the old one goes when a person says that the cluster has the new one. In
between the settings name the new key ``NAME-next``. Another one's can have that name, too, so that
the key is reviewed by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.errors import UsageError
from plana_secrets.recipients.access import (
    AccessChange,
    plan_access,
    read_settings,
    refuse_elsewhere,
    root_rules,
)
from plana_secrets.recipients.names import NEXT, Names, shortened
from plana_secrets.recipients.people import check_name, find_person, refuse_unknown
from plana_secrets.recipients.plan import Demand
from plana_secrets.recipients.rulesedit import (
    add_recipient,
    recipients_of,
    remove_recipient,
    replace_recipient,
)
from plana_secrets.recipients.settingsedit import add_name, remove_name, replace_key
from plana_secrets.secretfiles.formers import Seen
from plana_secrets.secretfiles.snapshot import at_commit
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace
from plana_secrets.sops.rules.rulesfile import Rules, parse_rules

Phase = Literal["replaced", "added", "finished"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """``new`` in place of ``old``, both in canonical spelling. ``name``: None without one.

    ``phase``: done at once, or the first or second half of it.
    """

    name: str | None
    old: str
    new: str
    phase: Phase

    @property
    def shown(self) -> str:
        return self.name or shortened(self.old)


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is to be written for all exchanges together."""

    exchanges: tuple[Exchange, ...]
    change: AccessChange

    @property
    def gone(self) -> list[str]:
        """The keys that open nothing that is written from now on."""
        return [one.old for one in self.exchanges if one.phase != "added"]


def plan_replacement(
    workspace: Workspace,
    pairs: Sequence[tuple[str, str]],
    demand: Demand,
    kinds: Mapping[str, str],
) -> Replacement:
    """``pairs``: who, by name or recipient, and the new recipient in canonical spelling.

    ``kinds``: name -> kind, as in the settings.

    Raises:
        UsageError: there is no such person (kind ``no-such-person``), the key is another's
            (``name-taken``) or the person's own already (``already-recipient``).
        FailedError: the text of the rules or settings cannot be changed.
    """
    rules = root_rules(workspace)
    exchanges = tuple(_exchange(one, new, rules, demand, kinds) for one, new in pairs)
    if len({key for one in exchanges for key in (one.old, one.new)}) != 2 * len(exchanges):
        raise UsageError("one key is there twice", kind="name-taken", name=exchanges[0].shown)
    content = workspace.read_rules(RULES_FILE)
    settings = read_settings(workspace) or b""
    keys = dict(demand.keys)
    for one in exchanges:
        refuse_elsewhere(workspace, one.old, one.shown)
        content = _rules_after(content, one)
        settings = _settings_after(settings, one, keys)
        _rename(keys, one)
    positions = {
        rule.position
        for rule in rules.creation_rules
        if not recipients_of(rule).isdisjoint(one.old for one in exchanges)
    }
    recipients = [key for one in exchanges for key in (one.old, one.new)]
    left = replace(demand, keys=keys)
    change = plan_access(workspace, recipients, positions, content, settings, left)
    for one in exchanges:
        refuse_unknown(one.name, one.shown, change)
    return Replacement(exchanges, change)


def _exchange(
    person: str, new: str, rules: Rules, demand: Demand, kinds: Mapping[str, str]
) -> Exchange:
    name, old = find_person(person, demand)
    if old == new:
        raise UsageError(f"{person} has this key already", kind="already-recipient")
    waiting = f"{name}{NEXT}" if name is not None else None
    _refuse_taken(new, waiting, demand)
    # a cluster that waits for a key still reads with the one that it has
    waits = name is not None and name.removesuffix(NEXT) in demand.keys.keys() - {name}
    if name is None or waiting is None or waits or kinds.get(name) != "cluster":
        return Exchange(name, old, new, "replaced")
    if waiting in demand.keys:
        check_name(waiting, new, demand)
    having = [one for one in rules.creation_rules if old in recipients_of(one)]
    is_added = bool(having) and all(new in recipients_of(one) for one in having)
    return Exchange(name, old, new, "finished" if is_added else "added")


def _refuse_taken(new: str, waiting: str | None, demand: Demand) -> None:
    other = Names(demand.keys).name_of(new)
    if other not in {None, waiting}:
        raise UsageError(
            f"{other} is in [recipients] already, with this key", kind="name-taken", name=other
        )


def _rules_after(content: bytes, one: Exchange) -> bytes:
    having = [
        rule.position
        for rule in parse_rules(content).creation_rules
        if one.old in recipients_of(rule)
    ]
    if not having:
        return content
    if one.phase == "added":
        return add_recipient(content, one.new, having)
    if one.phase == "finished":
        return remove_recipient(content, one.old, having)
    return replace_recipient(content, one.old, one.new)


def _settings_after(settings: bytes, one: Exchange, keys: Mapping[str, str]) -> bytes:
    waiting = _waiting(one, keys)
    if one.phase == "added":
        return settings if waiting else add_name(settings, f"{one.name}{NEXT}", one.new, "cluster")
    if waiting:
        settings = remove_name(settings, waiting)
    return replace_key(settings, one.old, one.new)


def _waiting(one: Exchange, keys: Mapping[str, str]) -> str | None:
    """The name that the new key has until it replaces the old one."""
    name = f"{one.name}{NEXT}"
    return name if name in keys and canonical_recipient(keys[name]) == one.new else None


def _rename(keys: dict[str, str], one: Exchange) -> None:
    """The names as the settings have them afterwards."""
    waiting = _waiting(one, keys)
    if one.phase == "added":
        keys[f"{one.name}{NEXT}"] = one.new
    elif one.name is not None:
        if waiting:
            del keys[waiting]
        keys |= dict.fromkeys(Names(keys).names_of(one.old), one.new)


def find_unprepared(workspace: Workspace, commit: str | None, one: Exchange) -> list[str]:
    """The files of ``commit`` that the old key of an exchange opens and the new one does not,
    the rules file included where a rule has only the old one. Without a commit: the rules."""
    snapshot = at_commit(workspace, commit)
    found = [
        file
        for file, content in snapshot.contents(snapshot.secret_files)
        if isinstance(content, bytes) and _names_only(Seen(content).recipients, one)
    ]
    rules = snapshot.rule_book.in_folder("")
    if rules is None or any(_names_only(recipients_of(rule), one) for rule in rules.creation_rules):
        found.append(RULES_FILE)
    return sorted(found)


def _names_only(recipients: frozenset[str], one: Exchange) -> bool:
    return one.old in recipients and one.new not in recipients
