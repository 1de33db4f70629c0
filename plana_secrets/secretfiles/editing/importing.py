"""Values of a plain file taken into a secret file, beside what is there."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.document.blank import empty_file, manifest_name
from plana_secrets.document.edits import EMPTY_CONTENT, Content, content_from, content_of
from plana_secrets.document.exchange import Imported
from plana_secrets.document.guard import check_setting, refuse_type
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.document.merge import merge_contents
from plana_secrets.document.values import SETTABLE_TYPES, canonical_value, written
from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.editing.repairing import is_unused
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import check_against_rule
from plana_secrets.secretfiles.writing.stage import (
    StagedFile,
    parse_plain,
    preflight,
    stage_content,
    stage_new,
)
from plana_secrets.sops.model import Comment, Empty, Item, Leaf, LeafType, Selector
from plana_secrets.sops.rules.selectors import is_encrypted_path


@dataclass(frozen=True, slots=True)
class Import:
    """``replaced``: paths that had another value. ``unprotected``: empty or null ones, which
    sops does not encrypt. ``comments``: how many were left out."""

    staged: StagedFile
    added: tuple[LeafPath, ...]
    replaced: tuple[LeafPath, ...]
    unprotected: tuple[LeafPath, ...]
    comments: int = 0


def stage_import(
    workspace: Workspace, file: str, imported: Imported, *, may_replace: bool
) -> Import:
    """``file`` with the imported values; it is created by its rule if it is not there, or empty.

    A value without a type takes that of the value that it replaces, where it can.

    Raises:
        UsageError: a path has another value (kind ``would-replace``), or the kind of the
            file forbids a value (see ``guard``).
        FailedError: see ``stage.preflight`` and ``stage.stage_content``.
    """
    rule = preflight(workspace, file)
    kind = kind_of(rule.selector)
    if is_unused(workspace, file):
        base = EMPTY_CONTENT
        if kind is FileKind.SECRET_MANIFEST:
            base = parse_plain(empty_file(kind, name=manifest_name(file)), file)
        after, plan = _plan(file, imported, base, rule.selector, may_replace=may_replace)
        return replace(plan, staged=stage_new(workspace, file, after))
    data = read_bytes_of(workspace, file)
    document = open_bytes(data, file, workspace.identities)
    check_against_rule(document.structure, rule, file)
    before = content_of(document)
    after, plan = _plan(file, imported, before, rule.selector, may_replace=may_replace)
    return replace(plan, staged=stage_content(workspace, file, data, document, after))


def _plan(
    file: str, imported: Imported, before: Content, selector: Selector, *, may_replace: bool
) -> tuple[Content, Import]:
    new = imported.content
    if kind_of(selector) is FileKind.SECRET_MANIFEST:
        new = _in_manifest(new, before)
    if not imported.is_typed:
        new = _with_known_types(new, before)
    new, remarks = _split(new)
    _check(new, selector)
    base = _without_filled(before, new)
    conflicts = merge_contents(EMPTY_CONTENT, new, base).conflicts
    if conflicts and not may_replace:
        paths = ", ".join(map(format_path, conflicts))
        raise UsageError(
            f"would replace what is in {file}: {paths}", kind="would-replace", file=file
        )
    merged = merge_contents(EMPTY_CONTENT, new, base, dict.fromkeys(conflicts, "mine")).content
    assert merged is not None  # noqa: S101 - every conflict has a winner
    old = before.leaves()
    added = [
        path
        for path in new.leaves()
        if path not in old and not any(path[: len(one)] == one for one in conflicts)
    ]
    nothing = StagedFile(file, None, None)
    merged, placed = _with_remarks(merged, remarks, frozenset(added), selector)
    left_out = imported.comments + sum(map(len, remarks.values())) - placed
    return merged, Import(nothing, tuple(added), conflicts, _unprotected(new), left_out)


def _split(new: Content) -> tuple[Content, dict[LeafPath, list[Secret]]]:
    """The values alone, and the comments above each; those behind the last are at ``()``."""
    entries: list[tuple[Item, Secret | None]] = []
    remarks: dict[LeafPath, list[Secret]] = {}
    above: list[Secret] = []
    for item, value in zip(new.items, new.values, strict=True):
        if isinstance(item, Comment):
            assert value is not None  # noqa: S101 - read from a text
            above.append(value)
            continue
        entries.append((item, value))
        remarks[item.path], above = above, []
    remarks[()] = above
    return content_from(entries), remarks


def _with_remarks(
    content: Content,
    remarks: Mapping[LeafPath, Sequence[Secret]],
    added: AbstractSet[LeafPath],
    selector: Selector,
) -> tuple[Content, int]:
    """The comments of values that are new, where sops encrypts them; and how many are there.

    One that the file has already is not repeated.
    """
    known = {
        value.reveal().strip()
        for item, value in zip(content.items, content.values, strict=True)
        if isinstance(item, Comment) and value is not None
    }
    entries: list[tuple[Item, Secret | None]] = []
    number = 0

    def place(path: LeafPath, texts: Sequence[Secret]) -> int:
        if not is_encrypted_path(selector, path):
            return 0
        new = [text for text in texts if text.reveal().strip() not in known]
        entries.extend(
            (Comment(path, 0, in_scope=True, token=None, plain=None), one) for one in new
        )
        return len(texts)

    for item, value in zip(content.items, content.values, strict=True):
        if item.path in added:
            number += place(item.path[:-1], remarks.get(item.path, ()))
        entries.append((item, value))
    if added:
        number += place((), remarks.get((), ()))
    return content_from(entries), number


def _in_manifest(new: Content, before: Content) -> Content:
    """The entries as those of a Secret: in ``stringData``, or encoded where ``data`` has them."""
    encoded = {item.path for item in before.items if item.path[:1] == ("data",)}
    items: list[Item] = []
    values: list[Secret | None] = []
    for item, value in zip(new.items, new.values, strict=True):
        in_data = ("data", *item.path)
        is_encoded = in_data in encoded and isinstance(item, Leaf) and item.type is LeafType.STR
        items.append(replace(item, path=in_data if is_encoded else ("stringData", *item.path)))
        if is_encoded and value is not None:
            values.append(Secret(base64.b64encode(value.reveal())))
        else:
            values.append(value)
    return Content(tuple(items), tuple(values))


def _with_known_types(new: Content, before: Content) -> Content:
    """A text that is a number where a number is keeps that type: dotenv has no types."""
    known = before.leaves()
    items, values = list(new.items), list(new.values)
    for at, (item, value) in enumerate(zip(new.items, new.values, strict=True)):
        kind, _ = known.get(item.path, (LeafType.STR, None))
        if not isinstance(item, Leaf) or value is None or kind not in SETTABLE_TYPES:
            continue
        try:
            typed = canonical_value(value, kind)
        except UsageError:
            continue
        if written(kind, typed) == value.reveal():
            items[at], values[at] = replace(item, type=kind), typed
    return Content(tuple(items), tuple(values))


def _check(new: Content, selector: Selector) -> None:
    is_manifest = kind_of(selector) is FileKind.SECRET_MANIFEST
    for item, value in zip(new.items, new.values, strict=True):
        if isinstance(item, Leaf) and value is not None and item.type in SETTABLE_TYPES:
            check_setting(item.path, selector, value, item.type)
        elif is_manifest:
            refuse_type(item.path, item.type if isinstance(item, Leaf) else "list or map")
        else:
            check_setting(item.path, selector, Secret(b""), LeafType.STR)  # the keys alone


def _without_filled(before: Content, new: Content) -> Content:
    """``before`` without the empty maps that get an entry now."""
    filled = {item.path[:depth] for item in new.items for depth in range(1, len(item.path))}
    kept = [
        (item, value)
        for item, value in zip(before.items, before.values, strict=True)
        if not (isinstance(item, Empty) and item.container == "map" and item.path in filled)
    ]
    return content_from(kept)


def _unprotected(new: Content) -> tuple[LeafPath, ...]:
    """Leaves that sops leaves readable: empty texts, nulls, empty maps and lists."""
    pairs: Sequence[tuple[Item, Secret | None]] = list(zip(new.items, new.values, strict=True))
    return tuple(
        item.path
        for item, value in pairs
        if not isinstance(item, Leaf) or value is None or value.is_empty
    )


ADVICE: Final = {
    "would-replace": "pass --replace to replace these values",
}
