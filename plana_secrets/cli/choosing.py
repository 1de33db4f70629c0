"""Asking a person which side of a merge is right, with no value on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from plana_secrets.cli.context import Context
from plana_secrets.cli.output import safe_line
from plana_secrets.cli.terminal import agrees, ask_line, ask_secret
from plana_secrets.counts import counted
from plana_secrets.document.values import SETTABLE_TYPES, canonical_value
from plana_secrets.errors import UsageError
from plana_secrets.merging.reasons import OF_READERS, Conflict, Reason
from plana_secrets.paths import format_path
from plana_secrets.sops.rules.selectors import is_encrypted_path

if TYPE_CHECKING:
    from plana_secrets.document.edits import SetLeaf
    from plana_secrets.merging.bypath import Choice
    from plana_secrets.merging.resolving import Case, Decisions
    from plana_secrets.paths import LeafPath
    from plana_secrets.secret import Secret
    from plana_secrets.secretfiles.workspace import Workspace
    from plana_secrets.sops.model import Leaf

_ANSWERS: dict[str, Choice] = {"o": "ours", "ours": "ours", "t": "theirs", "theirs": "theirs"}


def ask_about(context: Context, case: Case, decisions: Decisions, conflict: Conflict) -> Decisions:
    """The decisions, with one more unless it has to be asked again.

    Raises:
        UsageError: the person gave up (kind ``declined``), or no one is there.
    """
    if conflict.reason in OF_READERS:
        question = f"{case.file}: {conflict}; encrypt it by its rule?"
        if not agrees(context, question):
            raise _given_up()
        return replace(decisions, by_rule=True)
    leaf = _leaf_at(case, conflict.path)
    allowed = _allowed(case, conflict)
    words = [f"[{choice[0]}]{choice[1:]}" for choice in allowed]
    is_typed = leaf is not None and can_be_typed(context.workspace, case, leaf)
    if is_typed and conflict.reason is Reason.BOTH_CHANGED:
        words.append("[e]dit")
    while True:
        place = case.file if conflict.is_whole else format_path(conflict.path)
        answer = ask_line(context, f"{place}: {', '.join(words)} or [q]uit?").strip().lower()
        choice = _ANSWERS.get(answer)
        if choice in allowed:
            return _chosen(decisions, conflict.path, choice)
        if answer in {"e", "edit"} and words[-1] == "[e]dit" and leaf is not None:
            return _edited(context, case, decisions, leaf)
        if answer in {"", "q", "quit"}:
            raise _given_up()


def can_be_typed(workspace: Workspace, case: Case, leaf: Leaf) -> bool:
    """Not what a keyset renders, what is readable in the file, or of a type that no one types."""
    if workspace.owned_leaf(case.file, leaf.path) is not None:
        return False
    return is_encrypted_path(case.rule.selector, leaf.path) and leaf.type in SETTABLE_TYPES


def describe_conflict(case: Case, conflict: Conflict) -> str:
    """One line: what, and how each side has it; every value is masked."""
    line = str(conflict)
    if conflict.is_whole:
        return safe_line(line)
    names = case.merge.names
    here, there = _shape(case, "ours", conflict.path), _shape(case, "theirs", conflict.path)
    return safe_line(f"{line}: ours ({names.ours}) {here}, theirs ({names.theirs}) {there}")


def _allowed(case: Case, conflict: Conflict) -> list[Choice]:
    if conflict.reason is Reason.REVOKED:
        return ["ours"]
    sides: list[Choice] = ["ours", "theirs"]
    return [one for one in sides if not conflict.is_whole or case.can_be(one)]


def _chosen(decisions: Decisions, path: LeafPath, choice: Choice) -> Decisions:
    return replace(decisions, choices={**decisions.choices, path: choice})


def _edited(context: Context, case: Case, decisions: Decisions, leaf: Leaf) -> Decisions:
    """Unchanged where what was typed cannot be the value: it is asked again."""
    from plana_secrets.document.edits import SetLeaf

    label = f"new value of {case.file}#{format_path(leaf.path)}"
    try:
        value = ask_secret(context, label, twice=True)
        _check_typed(value, leaf)
    except UsageError as error:
        if error.kind == "declined":
            raise
        context.output.talk(safe_line(error.message))
        return decisions
    edit: SetLeaf = SetLeaf(leaf.path, value, leaf.type)
    side: Choice = "ours" if case.ours and case.ours.document.find(leaf.path) else "theirs"
    chosen = _chosen(decisions, leaf.path, side)
    return replace(chosen, edits=(*decisions.edits, edit))


def _check_typed(value: Secret, leaf: Leaf) -> None:
    if value.is_empty:
        raise UsageError("the value is empty", kind="bad-value", type=leaf.type)
    canonical_value(value, leaf.type)


def _leaf_at(case: Case, path: LeafPath) -> Leaf | None:
    """The one leaf that a conflict is about, on either side."""
    for side in (case.ours, case.theirs):
        found = side.document.find(path) if side and path else None
        if found is not None:
            return found[0]
    return None


def _shape(case: Case, choice: Choice, path: LeafPath) -> str:
    side = case.side(choice)
    inside = [item for item in (side.content.leaves() if side else ()) if item[: len(path)] == path]
    if not inside:
        return "has none"
    if inside == [path]:
        return "***"
    return f"has {counted(len(inside), 'value')}"


def _given_up() -> UsageError:
    return UsageError("cancelled; nothing was changed", kind="declined")
