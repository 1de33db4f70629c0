"""What the merged file holds, for whom, and from which side it is written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.document.edits import EMPTY_CONTENT, Content
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.document.shape import problems_of
from plana_secrets.merging.bypath import Choices, Combine, Judge, always_ask, merge_by_path
from plana_secrets.merging.keysets import merge_keysets
from plana_secrets.merging.reasons import WHOLE, Conflict, Reason
from plana_secrets.merging.sides import Side
from plana_secrets.paths import format_path
from plana_secrets.sops.rules.creationrule import CreationRule


@dataclass(frozen=True, slots=True)
class Plan:
    """``content`` is None as long as a conflict is open.

    ``start``: the side whose ciphertext stays where the content does. ``new_data_key``: who
    could read a version with its key, and may not read the merged file, knows that key.
    ``is_fresh``: neither side is encrypted as the rule says, so all of it is encrypted again.
    """

    content: Content | None
    conflicts: tuple[Conflict, ...] = ()
    start: Literal["ours", "theirs"] = "ours"
    new_data_key: bool = False
    is_fresh: bool = False


def plan_merge(
    base: Side | None,
    ours: Side,
    theirs: Side,
    rule: CreationRule,
    *,
    is_revoked: Judge,
    combine: Combine = always_ask,
    choices: Choices | None = None,
    by_rule: bool = False,
) -> Plan:
    """``base`` None: both sides added the file.

    ``choices``: the side for each path in conflict; ``WHOLE`` for one about the file.
    ``by_rule``: a person has seen who can read it by its rule, whatever the two sides say.
    """
    content, conflicts = _content(base, ours, theirs, rule, is_revoked, combine, choices or {})
    expected = frozenset(map(canonical_recipient, rule.recipients))
    merged = merge_names(base.recipients if base else frozenset(), ours, theirs)
    if merged != expected and not by_rule:
        conflicts.append(Conflict(Reason.RECIPIENTS, detail=_difference(merged, expected)))
        content = None
    start = _start(base, ours, theirs, rule)
    if start is None and not by_rule:
        conflicts.append(Conflict(Reason.SELECTOR))
        content = None
    if content is None:
        return Plan(None, tuple(conflicts))
    key = (theirs if start == "theirs" else ours).key
    knowing = [one.recipients for one in (base, ours, theirs) if one and one.key == key]
    renewed = not frozenset().union(*knowing) <= expected
    return Plan(content, tuple(conflicts), start or "ours", renewed, start is None)


def plan_whole(side: Side, rule: CreationRule) -> Plan:
    """One side as it is, for the recipients of its rule."""
    expected = frozenset(map(canonical_recipient, rule.recipients))
    return Plan(
        side.content,
        new_data_key=not side.recipients <= expected,
        is_fresh=not side.is_encrypted_by(rule.selector),
    )


def merge_names(base: frozenset[str], ours: Side, theirs: Side) -> frozenset[str]:
    """Who is in both, or was added on a side; removed on one side is removed."""
    here, there = ours.recipients, theirs.recipients
    return (here & there) | (here - base) | (there - base)


def _content(
    base: Side | None,
    ours: Side,
    theirs: Side,
    rule: CreationRule,
    is_revoked: Judge,
    combine: Combine,
    choices: Choices,
) -> tuple[Content | None, list[Conflict]]:
    kind = kind_of(rule.selector)
    if kind is FileKind.KEYSET:
        content, reason = merge_keysets(base, ours, theirs, choices.get(WHOLE))
        return content, [Conflict(reason)] if reason else []
    before = base.content if base else EMPTY_CONTENT
    sides = (before, ours.content, theirs.content)
    content, conflicts = merge_by_path(*sides, is_revoked, choices, combine)
    if content is not None and kind is FileKind.SECRET_MANIFEST:
        detail = _new_problem(content, ours.content, theirs.content)
        if detail:
            chosen = {"ours": ours.content, "theirs": theirs.content}.get(choices.get(WHOLE, ""))
            return chosen, [*conflicts, Conflict(Reason.MANIFEST, detail=detail)]
    return content, list(conflicts)


def _new_problem(merged: Content, ours: Content, theirs: Content) -> str | None:
    """What neither side had, and `verify` would report as an error."""
    known = {(one.check, one.path) for side in (ours, theirs) for one in problems_of(side.items)}
    for one in problems_of(merged.items):
        if one.severity is None and (one.check, one.path) not in known:
            return f"{format_path(one.path)}: {one.message}"
    return None


def _start(
    base: Side | None, ours: Side, theirs: Side, rule: CreationRule
) -> Literal["ours", "theirs"] | None:
    """Ours, unless theirs alone has a new data key, or is alone as its rule says."""
    sound = {
        name: side.is_encrypted_by(rule.selector)
        for name, side in (("ours", ours), ("theirs", theirs))
    }
    if not any(sound.values()):
        return None
    renewed = base is not None and ours.key == base.key and theirs.key != base.key
    return "theirs" if sound["theirs"] and (renewed or not sound["ours"]) else "ours"


def _difference(merged: frozenset[str], expected: frozenset[str]) -> str:
    parts = [
        f"{words} {', '.join(sorted(one[:20] for one in names))}"
        for words, names in (
            ("only in the merge:", merged - expected),
            ("only in the rule:", expected - merged),
        )
        if names
    ]
    return "; ".join(parts)
