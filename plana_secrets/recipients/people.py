"""A person who joins or leaves: rules, settings and files, in one journalled change."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets import limits
from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.counts import counted
from plana_secrets.errors import FailedError, MissingFileError, UsageError
from plana_secrets.recipients.apply import Survey, stage_plans, survey
from plana_secrets.recipients.plan import Demand
from plana_secrets.recipients.rulesedit import add_recipient, remove_recipient
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.snapshot import Snapshot, rules_in_use, work_tree
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace
from plana_secrets.secretfiles.writing.stage import StagedFile
from plana_secrets.secretfiles.writing.writer import write_files
from plana_secrets.sops.rules.rulesfile import CreationRule, Rules
from plana_secrets.storage import digest_of, path_below, read_regular_file

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_HEADER: Final = r"(?m)^[ \t]*\[recipients\.(?:{name}|\"{name}\"|'{name}')\][ \t]*(?:#.*)?\r?\n"


@dataclass(frozen=True, slots=True)
class Membership:
    """What is to be written. ``positions``: rules that change; ``workspace``: under them."""

    name: str
    recipient: str
    positions: tuple[int, ...]
    rules: bytes
    settings: bytes
    survey: Survey
    workspace: Workspace


def plan_joining(
    workspace: Workspace,
    name: str,
    recipient: str,
    choose: Callable[[Rules], Collection[int]],
    *,
    kind: str,
    demand: Demand,
) -> Membership:
    """``recipient`` (in canonical spelling) gets ``name``, and the rules that ``choose`` names.

    Raises:
        UsageError: the name or the key is another's (kind ``name-taken``), or the name cannot
            be one (``bad-recipient-name``), or there is nothing to change (``already-recipient``).
        FailedError: see ``rulesedit``.
    """
    _check_name(name, recipient, demand)
    rules = _root_rules(workspace)
    positions = tuple(
        one.position
        for one in rules.creation_rules
        if one.position in choose(rules) and recipient not in _keys(one)
    )
    if not positions:
        raise UsageError(f"{name} is in these rules already", kind="already-recipient")
    content = workspace.read_rules(RULES_FILE)
    settings = _read_settings(workspace) or b""
    if name not in demand.keys:
        end = b"" if not settings or settings.endswith(b"\n") else b"\n"
        gap = b"\n" if settings else b""
        table = f'[recipients.{name}]\nkey = "{recipient}"\nkind = "{kind}"\n'
        settings += end + gap + table.encode()
    changed = add_recipient(content, recipient, positions)
    return _planned(workspace, name, recipient, positions, changed, settings, demand)


def plan_leaving(workspace: Workspace, name: str, demand: Demand) -> Membership:
    """``name`` is taken out of every rule, of the settings and of the files.

    Raises:
        UsageError: there is no such name (kind ``no-such-person``), or the person may not go
            (``removes-required``, ``too-few-left``, ``locks-you-out``).
        FailedError: a rules file in a folder has them (kind ``rules-not-editable``), or the text
            cannot be changed.
    """
    if name not in demand.keys:
        raise UsageError(f"no {name} in [recipients]", kind="no-such-person")
    if name in demand.required:
        raise UsageError(f"policy.required demands {name}", kind="removes-required")
    recipient = canonical_recipient(demand.keys[name])
    rules = _root_rules(workspace)
    for other in rules_in_use(workspace):
        if other.folder and any(recipient in _keys(one) for one in other.creation_rules):
            raise FailedError(f"{other.file} names {name}, too", kind="rules-not-editable")
    having = [one for one in rules.creation_rules if recipient in _keys(one)]
    for one in having:
        _check_left(one, len(_keys(one)) - 1, demand.minimum)
    positions = tuple(one.position for one in having)
    content = remove_recipient(workspace.read_rules(RULES_FILE), recipient, positions)
    settings = _without_table(_read_settings(workspace) or b"", name)
    left = replace(demand, keys={one: key for one, key in demand.keys.items() if one != name})
    return _planned(workspace, name, recipient, positions, content, settings, left)


def _planned(
    workspace: Workspace,
    name: str,
    recipient: str,
    positions: tuple[int, ...],
    rules: bytes,
    settings: bytes,
    demand: Demand,
) -> Membership:
    """Which files are to change: those of the rules, and those that name the person."""
    under = workspace.under_rules(rules)
    found = survey(under, _concerned(work_tree(under), recipient, positions), demand, skip=False)
    return Membership(name, recipient, positions, rules, settings, found, under)


def _concerned(snapshot: Snapshot, recipient: str, positions: Collection[int]) -> list[str]:
    files = []
    for file, content in snapshot.contents(snapshot.secret_files):
        rules = snapshot.rule_book.rules_for(file)
        rule = rules.rule_for(file) if rules else None
        by_rule = rules and not rules.folder and rule and rule.position in positions
        if by_rule or (isinstance(content, bytes) and recipient.encode() in content):
            files.append(file)
    return sorted(files)


def apply_membership(membership: Membership, tell: Callable[[], None]) -> None:
    """Write it all, or nothing. Called inside ``writing``; ``tell`` after each file.

    Raises:
        PlanaSecretsError: see ``rewrap.stage_recipients`` and ``write_files``.
    """
    workspace = membership.workspace
    staged = list(stage_plans(workspace, membership.survey.plans, tell))
    old = read_regular_file(path_below(workspace.root, RULES_FILE), limit=limits.RULES_FILE)
    settings = _read_settings(workspace)
    write_files(
        workspace,
        [
            StagedFile(RULES_FILE, digest_of(old), membership.rules),
            StagedFile(
                SETTINGS_FILE,
                None if settings is None else digest_of(settings),
                membership.settings,
            ),
            *staged,
        ],
        operation="recipients",
    )


def _root_rules(workspace: Workspace) -> Rules:
    rules = workspace.rule_book.in_folder("")
    if rules is None:
        raise workspace.no_rules(f"no {RULES_FILE} at the root")
    if rules.is_unreadable or any(one.problem for one in rules.creation_rules):
        raise FailedError(f"{RULES_FILE} has rules that cannot be used", kind="rules-not-editable")
    return rules


def _keys(rule: CreationRule) -> frozenset[str]:
    return frozenset(map(canonical_recipient, rule.recipients))


def _check_left(rule: CreationRule, number: int, minimum: int) -> None:
    if number < max(minimum, 1):
        raise UsageError(
            f"rule {rule.position} (line {rule.line}) would have {counted(number, 'recipient')}; "
            f"at least {max(minimum, 1)} required",
            kind="too-few-left",
            file=RULES_FILE,
        )


def _check_name(name: str, recipient: str, demand: Demand) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"not a name for a recipient: {name}", kind="bad-recipient-name")
    for other, key in demand.keys.items():
        if (other == name) is not (canonical_recipient(key) == recipient):
            raise UsageError(
                f"{other} is in [recipients] already, with "
                f"{'another' if other == name else 'this'} key",
                kind="name-taken",
            )


def _read_settings(workspace: Workspace) -> bytes | None:
    try:
        path = path_below(workspace.root, SETTINGS_FILE)
        return read_regular_file(path, limit=limits.SETTINGS_FILE)
    except MissingFileError:
        return None


def _without_table(settings: bytes, name: str) -> bytes:
    """The settings without ``[recipients.NAME]``; the caller of the change reads them again."""
    text = settings.decode("utf-8")
    header = re.search(_HEADER.format(name=re.escape(name)), text)
    if header is None:
        raise FailedError(f"no table [recipients.{name}] of its own", kind="settings-by-hand")
    body = re.match(r"(?:[ \t]*(?:key|kind)[ \t]*=.*(?:\r?\n|$))*", text[header.end() :])
    end = header.end() + (body.end() if body else 0)
    start = header.start()
    if text[end : end + 1] == "\n" or end == len(text):
        start -= len(text[:start]) - len(text[:start].rstrip("\n")) - 1 if start else 0
    return (text[:start] + text[end:]).encode("utf-8")


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
    "already-recipient": "`plana-secrets recipients list` shows the rules",
    "bad-recipient-name": "use letters, digits, - and _",
    "name-taken": "choose another name, or remove that one with `plana-secrets recipients remove`",
    "no-such-person": "`plana-secrets recipients list` shows the names",
    "settings-by-hand": (
        "change plana-secrets.toml and .sops.yaml yourself, then run "
        "`plana-secrets recipients apply`"
    ),
}
