"""What becomes of an open merge by the choices of a person, or of a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from plana_secrets.document.edits import Edit, content_of, plan_edits
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.document.merge import units_of
from plana_secrets.errors import ConflictError, PlanaSecretsError, UsageError, about
from plana_secrets.merging.bases import unknown_base
from plana_secrets.merging.bypath import Choice, Combine, Judge, always_ask
from plana_secrets.merging.compose import compose
from plana_secrets.merging.driver import read_base, read_side
from plana_secrets.merging.openmerge import OpenMerge
from plana_secrets.merging.plan import Plan, plan_merge, plan_whole
from plana_secrets.merging.reasons import OF_READERS, WHOLE, Conflict, Reason
from plana_secrets.merging.sides import Side
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secretfiles.open import read_document_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.recovery import digest_on_disk
from plana_secrets.secretfiles.writing.stage import StagedFile, preflight
from plana_secrets.sops.formats import READ_HERE
from plana_secrets.sops.rules.creationrule import CreationRule


@dataclass(frozen=True, slots=True)
class Case:
    """An open merge whose versions were opened. ``problem``: why only one side as a whole can
    be taken; ``ours`` or ``theirs`` is then None where it is not there or cannot be used."""

    merge: OpenMerge
    rule: CreationRule
    base: Side | None
    ours: Side | None
    theirs: Side | None
    problem: Conflict | None = None

    @property
    def file(self) -> str:
        return self.merge.file

    def side(self, choice: Choice) -> Side | None:
        return self.ours if choice == "ours" else self.theirs

    def can_be(self, choice: Choice) -> bool:
        """Whether a side can be taken as a whole: it is usable, or it has no such file."""
        data = self.merge.ours if choice == "ours" else self.merge.theirs
        return data is None or self.side(choice) is not None


@dataclass(frozen=True, slots=True)
class Decisions:
    """``choices``: the side for each path in conflict; ``rest``: for those without one.

    ``edits``: new values where neither side is right. ``by_rule``: encrypt for the recipients
    of its rule, whatever the sides say.
    """

    choices: Mapping[LeafPath, Choice] = field(default_factory=dict)
    rest: Choice | None = None
    edits: tuple[Edit, ...] = ()
    by_rule: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """``plan`` is None as long as something is ``undecided``, and where the file is removed."""

    conflicts: tuple[Conflict, ...]
    undecided: tuple[Conflict, ...]
    taken: Mapping[LeafPath, Choice]
    plan: Plan | None = None


def open_case(workspace: Workspace, merge: OpenMerge) -> Case:
    """The versions opened. Without a base that can be used, all that differs is asked.

    Raises:
        CredentialError: no identity opens either side.
        FailedError, UsageError: neither side can be used, or the rule cannot.
    """
    file = merge.file
    rule = preflight(workspace, file, READ_HERE)
    errors: list[PlanaSecretsError] = []

    def opened(data: bytes | None, name: str) -> Side | None:
        try:
            return None if data is None else read_side(workspace, file, data, name)
        except PlanaSecretsError as error:
            errors.append(error)
            return None

    ours, theirs = opened(merge.ours, "our side"), opened(merge.theirs, "their side")
    if ours is None and theirs is None and errors:
        raise errors[0]
    problem = None
    if errors:
        problem = Conflict(Reason.UNREADABLE, detail=errors[0].message)
    elif (ours is None) != (theirs is None):
        gone = merge.names.ours if merge.ours is None else merge.names.theirs
        problem = Conflict(Reason.REMOVED, detail=f"not in {gone}")
    base = None
    if ours is not None and theirs is not None:
        base = _base(workspace, merge, ours, theirs)
    return Case(merge, rule, base, ours, theirs, problem)


def _base(workspace: Workspace, merge: OpenMerge, ours: Side, theirs: Side) -> Side | None:
    if merge.base is None:
        return None
    try:
        return read_base(workspace, merge.file, merge.base)
    except PlanaSecretsError:
        is_keyset = kind_of(ours.metadata.selector) is FileKind.KEYSET
        return None if is_keyset else unknown_base(ours, theirs)


def resolve_case(
    case: Case, decisions: Decisions, is_revoked: Judge, combine: Combine = always_ask
) -> Resolution:
    """What the file becomes, or what is undecided.

    Raises:
        UsageError: a choice is for nothing in conflict (kind ``no-such-conflict``), or for a
            side that cannot be taken (kind ``cannot-be-taken``).
    """
    resolution = _resolve(case, decisions, is_revoked, combine)
    while decisions.rest is not None and resolution.undecided:
        open_paths = [
            one.path
            for one in resolution.undecided
            if one.reason not in OF_READERS and one.path not in decisions.choices
        ]
        if not open_paths:
            break
        more = dict.fromkeys(open_paths, decisions.rest)
        decisions = replace(decisions, choices={**decisions.choices, **more})
        resolution = _resolve(case, decisions, is_revoked, combine)
    _check_choices(case, resolution, decisions)
    return resolution


def _resolve(case: Case, decisions: Decisions, is_revoked: Judge, combine: Combine) -> Resolution:
    choices = decisions.choices
    whole = choices.get(WHOLE)
    if case.problem is not None:
        conflicts = (case.problem,)
        if whole is None or not case.can_be(whole):
            return Resolution(conflicts, conflicts, choices)
        side = case.side(whole)
        back = _revoked_in(side, is_revoked) if side and whole == "theirs" else ()
        if back:
            return Resolution((*conflicts, *back), (*conflicts, *back), choices)
        return Resolution(conflicts, (), choices, plan_whole(side, case.rule) if side else None)
    if case.ours is None and case.theirs is None:
        return Resolution((), (), choices)  # no side has it by this name
    assert case.ours is not None  # noqa: S101 - else there was a problem
    assert case.theirs is not None  # noqa: S101
    plan = plan_merge(
        case.base, case.ours, case.theirs, case.rule,
        is_revoked=is_revoked, combine=combine, choices=choices, by_rule=decisions.by_rule,
    )  # fmt: skip
    if plan.content is None:
        undecided = tuple(one for one in plan.conflicts if not _is_settled(one, decisions))
        return Resolution(plan.conflicts, undecided or plan.conflicts, choices)
    if decisions.edits:
        with about(case.file):
            content = plan_edits(plan.content, decisions.edits, case.rule.selector)
        plan = replace(plan, content=content)
    return Resolution(plan.conflicts, (), choices, plan)


def _revoked_in(side: Side, is_revoked: Judge) -> tuple[Conflict, ...]:
    return tuple(
        Conflict(Reason.REVOKED, leaf.path)
        for leaf, value in side.document.entries()
        if is_revoked(value)
    )


def _is_settled(conflict: Conflict, decisions: Decisions) -> bool:
    if conflict.reason in OF_READERS:
        return decisions.by_rule
    if conflict.reason is Reason.REVOKED:
        return decisions.choices.get(conflict.path) == "ours"
    return not conflict.is_whole and conflict.path in decisions.choices


def _check_choices(case: Case, resolution: Resolution, decisions: Decisions) -> None:
    in_conflict = {one.path for one in resolution.conflicts if one.reason not in OF_READERS}
    for path, choice in decisions.choices.items():
        spelled = format_path(path) if path else case.file
        if path not in in_conflict:
            raise UsageError(
                f"{spelled} is in no conflict", kind="no-such-conflict", file=case.file
            )
        if any(one.path == path for one in resolution.undecided):
            raise UsageError(
                f"{spelled}: {choice} cannot be taken", kind="cannot-be-taken", file=case.file
            )


def stage_resolution(
    workspace: Workspace, case: Case, resolution: Resolution
) -> tuple[StagedFile, ...]:
    """The file as it was decided, or its removal; and that of the name which it had.

    Raises:
        FailedError, CredentialError: see ``compose``.
        ConflictError: see ``refuse_newer``.
    """
    digest = digest_on_disk(workspace, case.file)
    refuse_newer(workspace, case)
    if resolution.plan is None:
        return (StagedFile(case.file, digest, None),)
    ours, theirs = case.ours or case.theirs, case.theirs or case.ours
    assert ours is not None  # noqa: S101 - there is a plan for one of them
    assert theirs is not None  # noqa: S101
    content = compose(workspace, case.file, resolution.plan, ours, theirs)
    merged = StagedFile(case.file, digest, content)
    was = case.merge.was
    if was is None:
        return (merged,)
    return merged, StagedFile(was, digest_on_disk(workspace, was), None)


def refuse_newer(workspace: Workspace, case: Case) -> None:
    """Stop where the file on the disk has what neither side has: it was changed since.

    A file that does not open is what git made of the merge, and one of which each value is on
    a side may be a resolution that was stopped before git took it.

    Raises:
        ConflictError: kind ``changed-since-merge``, with a path that shows it.
    """
    for file in filter(None, (case.file, case.merge.was)):
        _refuse_newer(workspace, case, file)


def _refuse_newer(workspace: Workspace, case: Case, file: str) -> None:
    known = [units_of(one.content) for one in (case.base, case.ours, case.theirs) if one]
    try:
        content = content_of(read_document_of(workspace, file))
    except PlanaSecretsError:
        return
    new = [
        path
        for path, facts in units_of(content).items()
        if all(facts != units.get(path) for units in known)
    ]
    if new:
        spelled = format_path(new[0])
        raise ConflictError(
            f"{file} was changed since the merge: {spelled} is as on neither side",
            kind="changed-since-merge",
            retry=False,
            file=file,
            path=spelled,
        )


ADVICE: Final = {
    "changed-since-merge": (
        "`git add -- {file}` keeps the file as it is; `git checkout -m -- {file}` drops that "
        "change and brings the conflict back"
    ),
    "cannot-be-taken": "`plana-secrets resolve {file} --dry-run` shows why",
    "no-such-conflict": "`plana-secrets resolve {file} --dry-run` shows the conflicts",
}
