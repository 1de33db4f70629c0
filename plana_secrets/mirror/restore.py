"""Files rebuilt from the mirror, for the day when the files are lost.

Nothing is needed but the mirror and the creation rules of today: the shape of each file
and its readable leaves are in the record, the values are in the fields. Comments and
the ciphertext of old do not come back. A file that is there is never overwritten.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from plana_secrets.document.edits import Content, content_of
from plana_secrets.document.values import SETTABLE_TYPES, canonical_value
from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UsageError,
)
from plana_secrets.mirror.backend import ActualItem, Listing, Record
from plana_secrets.mirror.compare import hand_edits_without_file
from plana_secrets.mirror.item import EMPTY_LIST, EMPTY_MAP, NOTE, PLAIN, TITLE, encode_text
from plana_secrets.mirror.parts import reunite
from plana_secrets.paths import parse_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import check_sound, open_bytes
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import check_against_rule, describe
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Empty, Item, Leaf, LeafType
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.storage import make_folder, path_below, replace_file


@dataclass(frozen=True, slots=True)
class LostFile:
    """A file as the mirror knows it.

    ``missing``: paths of which the mirror has no value. ``by_hand``: names whose content
    is not as we wrote it; values among them are restored as they are now. ``missing_parts``:
    of a divided file the numbers of the items that are not there.
    """

    file: str
    content: Content
    missing: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    missing_parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """``failed``: what cannot be rebuilt, by file (or item), and why."""

    files: tuple[LostFile, ...]
    failed: tuple[tuple[str, PlanaSecretsError], ...] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    """``existing`` files were left alone."""

    restored: tuple[LostFile, ...]
    existing: tuple[str, ...]
    failed: tuple[tuple[str, PlanaSecretsError], ...]

    @property
    def is_complete(self) -> bool:
        """Every file is back with every value."""
        incomplete = any(lost.missing or lost.missing_parts for lost in self.restored)
        return not (incomplete or self.existing or self.failed)


def plan_restore(listing: Listing) -> RestorePlan:
    """What the mirror knows of every file. Pure; copies of an item count once."""
    failed: list[tuple[str, PlanaSecretsError]] = []
    groups: dict[str, list[tuple[ActualItem, Record]]] = defaultdict(list)
    for item in sorted(listing.items, key=_soundness):
        if item.record is None:
            error = MalformedError("the record of an item cannot be read", kind="bad-record")
            failed.append((item.id, error))
        else:
            groups[item.record.file].append((item, item.record))
    files: list[LostFile] = []
    for file in sorted(groups):
        whole = reunite(groups[file])
        try:
            _check_place(file)
            lost = rebuild(whole.item, whole.record)
            files.append(replace(lost, missing_parts=whole.missing))
        except PlanaSecretsError as error:
            failed.append((file, error))
    return RestorePlan(tuple(files), tuple(failed))


def _soundness(item: ActualItem) -> tuple[int, str]:
    return len(item.problems), item.id


def _check_place(file: str) -> None:
    """The name comes from the mirror: it must not lead out of the folder."""
    parts = file.split("/")
    unsafe = any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts)
    if unsafe or not file.isprintable():
        raise MalformedError("an item has an unsafe file path", kind="unsafe-file-name")


def rebuild(item: ActualItem, record: Record) -> LostFile:
    """The content of the item's file: the shape of the record, the values of the fields.

    Raises:
        MalformedError: shape and fields are no document.
        UsageError: a value that was typed by hand is not of the leaf's type.
    """
    plain = {leaf.path: leaf.text for leaf in record.plain}
    items: list[Item] = []
    values: list[Secret | None] = []
    missing: list[str] = []
    for spelled, type_, encoding in record.shape:
        path = parse_path(spelled)
        if encoding in {EMPTY_MAP, EMPTY_LIST}:
            items.append(Empty(path, 0, "map" if encoding == EMPTY_MAP else "list"))
            values.append(None)
            continue
        shown = Secret.from_text(plain[spelled]) if spelled in plain else item.fields.get(spelled)
        if shown is None:
            missing.append(spelled)
            continue
        items.append(Leaf(path, 0, type_, encoding != PLAIN, None, None))
        try:
            values.append(_value(shown, type_, encoding))
        except UsageError as error:
            raise UsageError(f"{spelled}: {error.message}", kind=error.kind, path=spelled) from None
    by_hand = [name for name in hand_edits_without_file(item, record) if name not in {TITLE, NOTE}]
    content = Content(tuple(items), tuple(values))
    return LostFile(record.file, content, tuple(missing), tuple(by_hand))


def _value(shown: Secret, type_: LeafType, encoding: str) -> Secret | None:
    if type_ is LeafType.NULL:
        return None
    if encoding == "base64":
        return Secret.from_text(encode_text(shown.reveal_text()))
    return canonical_value(shown, type_) if type_ in SETTABLE_TYPES else shown


def rehearse_restore(plan: RestorePlan, folder: Path) -> Restored:
    """What ``apply_restore`` would do, as far as it can be known without sops."""
    there = tuple(one.file for one in plan.files if os.path.lexists(folder / one.file))
    rest = tuple(one for one in plan.files if one.file not in there)
    return Restored(rest, there, plan.failed)


def apply_restore(workspace: Workspace, plan: RestorePlan, folder: Path) -> Restored:
    """Encrypt each file by its rule and put it below ``folder``."""
    restored: list[LostFile] = []
    existing: list[str] = []
    failed = list(plan.failed)
    for lost in plan.files:
        try:
            target = path_below(folder, lost.file)
            if os.path.lexists(target):
                existing.append(lost.file)
                continue
            ciphertext = encrypt(workspace, lost)
            make_folder(target.parent)
            replace_file(target, ciphertext)
            restored.append(lost)
        except PlanaSecretsError as error:
            failed.append((lost.file, error))
    return Restored(tuple(restored), tuple(existing), tuple(failed))


def encrypt(workspace: Workspace, lost: LostFile) -> bytes:
    """The file's ciphertext by its rule of today, checked as far as our identities reach.

    Raises:
        FailedError: it cannot be encrypted, or the result is not what was meant.
    """
    from plana_secrets.document.emit import emit_yaml

    rule = workspace.rule_for(lost.file)
    plain = emit_yaml(lost.content.items, lost.content.values)
    ciphertext = workspace.sops.encrypt(
        plain, file=lost.file, config=workspace.config_for(lost.file), root=workspace.root
    )
    _check(workspace, lost, ciphertext, rule)
    return ciphertext


def _check(workspace: Workspace, lost: LostFile, ciphertext: bytes, rule: CreationRule) -> None:
    """Without an identity it is at least encrypted as the rule says, without a defect."""
    from plana_secrets.sops.reading.reader import read_structure

    structure = read_structure(ciphertext, format_of(lost.file))
    try:
        check_sound(structure, lost.file)
        check_against_rule(structure, rule, lost.file)
    except FailedError:
        raise _disbelieve(lost.file, "it is not encrypted according to its rule") from None
    try:
        document = open_bytes(ciphertext, lost.file, workspace.identities)
    except CredentialError:
        return
    if describe(content_of(document)) != describe(lost.content):
        raise _disbelieve(lost.file, "the content is not as expected")


def _disbelieve(file: str, what: str) -> FailedError:
    return FailedError(f"sops wrote {file}, but {what}", kind="unexpected-result", file=file)


ADVICE: Final = {
    "unsafe-file-name": "check the item in a Bitwarden client: this tool did not write that path",
}
