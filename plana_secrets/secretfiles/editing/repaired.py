"""What a broken file is written as: repaired, with an edit on top, or with the rest encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from plana_secrets.document.edits import (
    Content,
    Edit,
    SetLeaf,
    changed_paths,
    content_of,
    plan_edits,
)
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.document.merge import unit_of
from plana_secrets.document.repair import MISSING, Part, Repair, Side, plan_repair
from plana_secrets.errors import (
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UsageError,
    about,
)
from plana_secrets.paths import LeafPath
from plana_secrets.secretfiles.editing.repairing import Case, examine
from plana_secrets.secretfiles.editing.revise import check_new
from plana_secrets.secretfiles.open import open_bytes
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import check_against_rule, check_result, describe
from plana_secrets.secretfiles.writing.stage import (
    StagedFile,
    preflight,
    refuse_owned,
    without_formers,
)
from plana_secrets.sops.formats import READ_HERE, Format, format_of, require_format
from plana_secrets.sops.model import Document
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.reading.salvage import State
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.storage import digest_of

REPAIRABLE: Final = frozenset(
    {
        "carriage-return",
        "defects",
        "empty-file",
        "mac-mismatch",
        "merge-conflict",
        "metadata-gone",
        "not-decryptable",
    }
)
"""Kinds of errors of a file that does not open, but may be brought back."""


def stage_repair(workspace: Workspace, case: Case, repair: Repair) -> StagedFile:
    """The file with the content of ``repair``.

    It is git's version with what differs from it, so that ciphertext that did not change
    stays; where that one is not as the rule says, it is encrypted again, under a new data key.

    Raises:
        UsageError: a value that is to be kept may not be there.
        FailedError: see ``stage.preflight`` and ``judge.check_result``.
    """
    content = repair.content
    assert content is not None  # noqa: S101 - the caller has seen that all is decided
    rule = preflight(workspace, case.file, READ_HERE)
    if format_of(case.file) is not Format.YAML:
        return _stage_as_in_git(workspace, case, repair)
    for path in repair.kept:
        _check_kept(workspace, case.file, path, content, rule)
    ciphertext = _written(workspace, case, content, rule)
    result = check_result(workspace, case.file, ciphertext, content)
    ciphertext, former = without_formers(workspace, case.file, ciphertext, result)
    before = case.then or Content((), ())
    changed = changed_paths(before, content)
    return StagedFile(case.file, digest_of(case.data), ciphertext, changed, former)


def find_damage(
    workspace: Workspace, file: str, paths: Sequence[LeafPath], error: MalformedError
) -> tuple[Case, Repair]:
    """A file that does not open, where nothing else is in doubt than what is at ``paths``.

    Returns:
        It, and what it is where all that is in doubt is as git had it.

    Raises:
        MalformedError: ``error``, which it does not open with; more than that is in doubt.
    """
    case = examine(workspace, file) if error.kind in REPAIRABLE else None
    if case is None:
        raise error
    plan = plan_repair(case.now, case.then, {})
    plan = plan_repair(case.now, case.then, _decided_at(paths, plan.parts))
    if not plan.is_clear:
        raise error
    return case, plan


def stage_edits_on_damage(
    workspace: Workspace, file: str, edits: Sequence[Edit], error: MalformedError
) -> tuple[StagedFile, Case]:
    """What ``stage.stage_edits`` refused with ``error``, where nothing else is in doubt than
    what the edits replace.

    Raises:
        MalformedError: see ``find_damage``.
    """
    case, plan = find_damage(workspace, file, [edit.path for edit in edits], error)
    assert plan.content is not None  # noqa: S101 - nothing else is in doubt
    rule = preflight(workspace, file)
    needed = [one for one in edits if isinstance(one, SetLeaf) or _is_there(one, plan.content)]
    with about(file):
        content = plan_edits(plan.content, needed, rule.selector)
    for edit in edits:
        _check_kept(workspace, file, edit.path, content, rule)
    return stage_repair(workspace, case, replace(plan, content=content)), case


def stage_completion(
    workspace: Workspace, file: str, *, yaml_types: bool = False
) -> tuple[StagedFile, Case]:
    """A file that sops wrote, with what is readable in it encrypted as well.

    Raises:
        UsageError: nothing is readable in it (kind ``already-encrypted``).
        MalformedError, FailedError: something else is in doubt too.
    """
    case = examine(workspace, file, yaml_types=yaml_types)
    if case is None:
        raise _already_encrypted(file)
    plan = plan_repair(case.now, case.then, {})
    kept: dict[LeafPath, Side] = {
        part.path: "keep" for part in plan.parts if part.state == State.READABLE and not part.former
    }
    plan = plan_repair(case.now, case.then, kept)
    is_readable = case.exposed or case.exposed_comments
    if not is_readable or not plan.is_clear:
        raise _reason(workspace, case)
    return stage_repair(workspace, case, plan), case


def _reason(workspace: Workspace, case: Case) -> PlanaSecretsError:
    """Why a file must not be used as it is."""
    try:
        open_bytes(case.data, case.file, workspace.identities)
        check_against_rule(read_structure(case.data), workspace.rule_for(case.file), case.file)
    except PlanaSecretsError as error:
        return error
    return _already_encrypted(case.file)


def _already_encrypted(file: str) -> UsageError:
    return UsageError(f"{file}: already encrypted", kind="already-encrypted", file=file)


def _decided_at(paths: Sequence[LeafPath], parts: Sequence[Part]) -> dict[LeafPath, Side]:
    """The sides of those parts that are replaced or removed with ``paths``.

    A key that was renamed and is written under its new name is gone under the old one.
    """
    missing = {part.path for part in parts if part.state == MISSING}
    sides: dict[LeafPath, Side] = {}
    for part in parts:
        former = part.former if part.state == State.READABLE else None
        places = [place for place in (part.path, former) if place]
        if any(place[: len(path)] == path for path in paths for place in places):
            sides[part.path] = "git"
            if part.former and unit_of(part.former) in missing:
                sides.setdefault(unit_of(part.former), "keep")
    return sides


def _is_there(edit: Edit, content: Content) -> bool:
    return any(path[: len(edit.path)] == edit.path for path in content.leaves())


def _stage_as_in_git(workspace: Workspace, case: Case, repair: Repair) -> StagedFile:
    """Of a file that only sops writes, all or nothing of git's version comes back."""
    if case.sound is None or repair.kept:
        require_format(case.file)  # says that only YAML is written
    assert case.sound is not None  # noqa: S101 - there was no way on without one
    content = content_of(case.sound.document)
    check_result(workspace, case.file, case.sound.data, content)
    return StagedFile(case.file, digest_of(case.data), case.sound.data, tuple(repair.taken))


def _check_kept(
    workspace: Workspace, file: str, path: LeafPath, content: Content, rule: CreationRule
) -> None:
    """What is kept is held to what ``edit`` would be."""
    if kind_of(rule.selector) is FileKind.KEYSET:
        raise UsageError(
            f"{file}: a keyset file can only be changed by `rotate`", kind="keyset-file", file=file
        )
    refuse_owned(workspace, file, [path])
    for leaf, (kind, value) in content.leaves().items():
        if leaf[: len(path)] == path:
            check_new(leaf, kind, value, rule.selector)


def _written(workspace: Workspace, case: Case, content: Content, rule: CreationRule) -> bytes:
    from plana_secrets.document.emit import emit_yaml

    plain = emit_yaml(content.items, content.values)
    if case.sound is not None and _is_by_rule(case.sound.document, rule, case.file):
        if describe(content) == describe(content_of(case.sound.document)):
            return case.sound.data
        return workspace.sops.rewrite(case.sound.data, plain, identities=workspace.identities)
    return workspace.sops.encrypt(
        plain, file=case.file, config=workspace.config_for(case.file), root=workspace.root
    )


def _is_by_rule(document: Document, rule: CreationRule, file: str) -> bool:
    try:
        check_against_rule(document.structure, rule, file)
    except FailedError:
        return False
    return True
