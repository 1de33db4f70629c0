"""A secret file or one of its values at another place, for the readers of that place.

The rule of the new place decides who can read it: a file under another rule is encrypted again,
under a new data key. Both places are written in one change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.document.edits import Edit, SetLeaf, Unset, content_of
from plana_secrets.document.kinds import FileKind, is_base64_at, kind_of
from plana_secrets.document.references import SecretReference
from plana_secrets.errors import UsageError
from plana_secrets.paths import format_path
from plana_secrets.secretfiles.names import check_name
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import check_against_rule
from plana_secrets.secretfiles.writing.stage import (
    StagedFile,
    preflight,
    refuse_owned,
    stage_edits,
    stage_new,
)
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.storage import digest_of


@dataclass(frozen=True, slots=True)
class Move:
    """What is to be written. ``gained`` and ``lost``: who can read the new place and not the
    old one, and the other way round; in canonical spelling."""

    staged: tuple[StagedFile, ...]
    gained: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


def stage_file_move(workspace: Workspace, source: str, target: str) -> Move:
    """A whole file under another name.

    Raises:
        UsageError: the files are of different kinds (kind ``other-kind``), or a keyset has
            one or a value in it (``keyset-file``, ``rendered-leaf``).
        ConflictError: kind ``file-exists``, when it is written.
    """
    old, new = preflight(workspace, source), preflight(workspace, target)
    _refuse_keysets(source, target, old, new)
    check_name(workspace, target)
    data = read_bytes_of(workspace, source)
    document = open_bytes(data, source, workspace.identities)
    check_against_rule(document.structure, old, source)
    refuse_owned(workspace, source, [leaf.path for leaf in document.structure.leaves()])
    gone = StagedFile(source, digest_of(data), None)
    gained, lost = _difference(old, new)
    if not (gained or lost) and set(old.recipients) == set(new.recipients):
        return Move((StagedFile(target, None, data), gone))
    return Move((stage_new(workspace, target, content_of(document)), gone), gained, lost)


def stage_leaf_move(workspace: Workspace, source: SecretReference, target: SecretReference) -> Move:
    """One value at another path, in the same or in another file, which may be new.

    Raises:
        UsageError: there is no such value (kind ``no-such-path``), something is at the target
            (``path-taken``), or it would mean something else there (``data-differs``).
    """
    old, new = preflight(workspace, source.file), preflight(workspace, target.file)
    _refuse_keysets(source.file, target.file, old, new, whole=False)
    document = open_bytes(read_bytes_of(workspace, source.file), source.file, workspace.identities)
    found = document.find(source.path)
    if found is None:
        raise UsageError(
            f"no value at {format_path(source.path)} in {source.file}",
            kind="no-such-path",
            file=source.file,
        )
    leaf, value = found
    was_base64 = is_base64_at(old.selector, source.path)
    if was_base64 is not is_base64_at(new.selector, target.path):
        raise UsageError("a value in data is base64, and one elsewhere is not", kind="data-differs")
    _refuse_taken(workspace, target)
    put, remove = SetLeaf(target.path, value, leaf.type), Unset(source.path)
    if source.file == target.file:
        return Move((_stage(workspace, source.file, [put, remove]),))
    gained, lost = _difference(old, new)
    staged = (
        _stage(workspace, target.file, [put]), _stage(workspace, source.file, [remove])
    )  # fmt: skip
    return Move(staged, gained, lost)


def _stage(workspace: Workspace, file: str, edits: list[Edit]) -> StagedFile:
    return stage_edits(workspace, file, edits, create=True)


def _refuse_taken(workspace: Workspace, target: SecretReference) -> None:
    if not (workspace.root / target.file).is_file():
        return
    data = read_bytes_of(workspace, target.file)
    document = open_bytes(data, target.file, workspace.identities)
    if any(item.path[: len(target.path)] == target.path for item in document.structure.leaves()):
        raise UsageError(
            f"{target} has a value already", kind="path-taken", file=target.file,
            path=format_path(target.path),
        )  # fmt: skip


def _refuse_keysets(
    source: str,
    target: str,
    old: CreationRule,
    new: CreationRule,
    *,
    whole: bool = True,
) -> None:
    for file, rule in ((source, old), (target, new)):
        if kind_of(rule.selector) is FileKind.KEYSET:
            raise UsageError(f"{file} is the file of a keyset", kind="keyset-file", file=file)
    if whole and kind_of(old.selector) is not kind_of(new.selector):
        raise UsageError(
            f"the rule for {target} makes it a {kind_of(new.selector)}, not a "
            f"{kind_of(old.selector)}",
            kind="other-kind",
            file=target,
        )


def _difference(old: CreationRule, new: CreationRule) -> tuple[frozenset[str], frozenset[str]]:
    before, after = (frozenset(map(canonical_recipient, rule.recipients)) for rule in (old, new))
    return after - before, before - after


ADVICE: Final = {
    "data-differs": "read it with `plana-secrets get --decode` and set it with `plana-secrets set`",
    "other-kind": "choose a name that a rule of the same kind in .sops.yaml matches",
    "path-taken": "remove it first with `plana-secrets unset {file} {path}`",
}
