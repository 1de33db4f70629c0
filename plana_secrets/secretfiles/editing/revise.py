"""A whole document revised as text: what the text starts as, and what may come of it.

The text is what ``sops decrypt`` shows, which people know. What they make of it is read
as strictly as any file, and held to what the kind of the file allows wherever it differs
from what was there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from plana_secrets.document.astyped import Typed, keep_as_typed
from plana_secrets.document.edits import EMPTY_CONTENT, Content, changed_paths, content_of
from plana_secrets.document.guard import (
    check_removal,
    check_setting,
    refuse_list,
    refuse_manifest,
    refuse_type,
)
from plana_secrets.document.kinds import ENTRIES, FileKind, kind_of
from plana_secrets.document.manifest import is_readable_field
from plana_secrets.document.merge import Side, merge_contents
from plana_secrets.document.values import SETTABLE_TYPES
from plana_secrets.errors import MalformedError, PlanaSecretsError, UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
from plana_secrets.secretfiles.unmerged import refuse_unmerged
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import check_against_rule, describe
from plana_secrets.secretfiles.writing.stage import (
    StagedFile,
    parse_plain,
    preflight,
    refuse_owned,
    stage_content,
)
from plana_secrets.sops.model import Empty, Leaf, LeafType, Selector
from plana_secrets.sops.reading.reader import plain_scalars
from plana_secrets.sops.rules.selectors import is_encrypted_path
from plana_secrets.storage import digest_of

_DATA: Final = frozenset((one,) for one in ENTRIES)
_EMPTY_DATA: Final = re.compile(rb"(?m)^(data|stringData): \{\}$")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as text, and the rule's selector that the revised text is held to.

    ``digest``: of the file as it was; None for an edit that was kept meanwhile.
    """

    file: str
    text: Secret
    content: Content
    selector: Selector
    digest: str | None = None


def open_text(workspace: Workspace, file: str) -> Opened:
    """The plain text of a file that may be revised.

    Raises:
        UsageError: it is a keyset file (kind ``keyset-file``), or has no rule.
        FailedError, CredentialError: it cannot be opened or not be written.
    """
    refuse_unmerged(workspace, [file])
    rule = preflight(workspace, file)
    if kind_of(rule.selector) is FileKind.KEYSET:
        raise UsageError(
            f"{file}: a keyset file can only be changed by `rotate`", kind="keyset-file", file=file
        )
    data = read_bytes_of(workspace, file)
    document = open_bytes(data, file, workspace.identities)
    check_against_rule(document.structure, rule, file)
    content = content_of(document)
    text = workspace.sops.decrypt(data, identities=workspace.identities)
    text = _inviting(_faithful(text, content, file), content)
    return Opened(file, text, content, rule.selector, digest_of(data))


def _faithful(text: Secret, content: Content, file: str) -> Secret:
    """``text`` if it means ``content``; else a text of our own, less pretty, that does.

    sops gives comments up in places where it loses track of them itself.
    """
    try:
        if describe(parse_plain(text, file)) == describe(content):
            return text
    except PlanaSecretsError:
        pass
    from plana_secrets.document.emit import emit_yaml

    return emit_yaml(content.items, content.values)


def _inviting(text: Secret, content: Content) -> Secret:
    """A text that one can type into: ``{}`` must be taken away before a first line fits."""
    if not content.items:
        return Secret(b"")
    return Secret(_EMPTY_DATA.sub(rb"\1:", text.reveal()))


def _parse_revised(text: Secret, file: str, started: Content) -> Content:
    """The text as YAML, with what ``_inviting`` took away back in its place."""
    if not text.reveal().strip():
        return EMPTY_CONTENT
    content = parse_plain(text, file, odd_as_text=True)
    empties = {one.path: one for one in started.items if isinstance(one, Empty)}
    items = list(content.items)
    for at, item in enumerate(items):
        is_null = isinstance(item, Leaf) and item.type is LeafType.NULL
        if is_null and item.path in _DATA and item.path in empties:
            items[at] = empties[item.path]
    return Content(tuple(items), content.values)


def read_text(
    workspace: Workspace, text: Secret, opened: Opened, *, yaml_types: bool = False
) -> Typed:
    """What a revised text means, if it may be written.

    ``yaml_types``: a new scalar has the type that YAML gives it, even where sops then
    writes other characters than were typed.

    Raises:
        MalformedError: it is not YAML that can be kept; the message has the line.
        UsageError: a change in it is refused; the message has the path.
    """
    typed = Typed(_parse_revised(text, opened.file, opened.content))
    if not yaml_types:
        scalars = (plain_scalars(one.reveal()) for one in (text, opened.text))
        typed = keep_as_typed(typed.content, *scalars)
    content = typed.content
    if not content.leaves() and opened.content.leaves():
        raise UsageError(
            f"{opened.file}: the file would be empty", kind="last-value", file=opened.file
        )
    _hold_changes(workspace, opened, content)
    return typed


def _hold_changes(workspace: Workspace, opened: Opened, content: Content) -> None:
    """Hold what differs from the opened file to what its kind allows."""
    is_manifest = kind_of(opened.selector) is FileKind.SECRET_MANIFEST
    if is_manifest:
        refuse_list(content.items)
    before, after = opened.content.leaves(), content.leaves()
    for path in changed_paths(opened.content, content):
        refuse_owned(workspace, opened.file, [path])
        if path in after:
            check_new(path, *after[path], opened.selector)
        elif path in before:
            _check_removed(path, opened.selector)
    if is_manifest:
        refuse_manifest(content.items, opened.content.items)


def check_new(path: LeafPath, kind: LeafType, value: Secret | None, selector: Selector) -> None:
    """Hold a leaf that was added or changed to what the kind of the file allows.

    Raises:
        UsageError: see ``guard.check_setting``; or kind ``misplaced-value``.
    """
    is_manifest = kind_of(selector) is FileKind.SECRET_MANIFEST
    if is_manifest and not is_encrypted_path(selector, path):
        if not is_readable_field(path):
            _refuse(path, "would be unencrypted; should it be below stringData?")
    elif kind in SETTABLE_TYPES and value is not None:
        check_setting(path, selector, value, kind)
    elif not is_manifest:
        check_setting(path, selector, Secret(b""), LeafType.STR)  # the keys alone
    elif kind is not LeafType.NULL:
        refuse_type(path, kind)


def _check_removed(path: LeafPath, selector: Selector) -> None:
    if kind_of(selector) is not FileKind.SECRET_MANIFEST or is_encrypted_path(selector, path):
        check_removal(path, selector)


def _refuse(path: LeafPath, reason: str) -> NoReturn:
    spelled = format_path(path)
    raise UsageError(f"{spelled} {reason}", kind="misplaced-value", path=spelled)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Paths that another writer changed meanwhile, too; the empty path means comments."""

    paths: tuple[LeafPath, ...]


def stage_revision(
    workspace: Workspace,
    opened: Opened,
    revised: Content,
    winners: Mapping[LeafPath, Side] | None = None,
) -> StagedFile | Conflict:
    """The file as it is now with the change that leads from ``opened`` to ``revised``.

    Called inside ``writing``. Changes of others to other paths stay.

    Raises:
        FailedError: see ``stage.stage_content``.
    """
    preflight(workspace, opened.file)
    data = read_bytes_of(workspace, opened.file)
    document = open_bytes(data, opened.file, workspace.identities)
    current = content_of(document)
    if describe(current) == describe(opened.content):
        return stage_content(workspace, opened.file, data, document, revised)
    merge = merge_contents(opened.content, revised, current, winners)
    if merge.content is None:
        return Conflict(merge.conflicts)
    return stage_content(workspace, opened.file, data, document, merge.content)


def opened_from(file: str, started: Secret, selector: Selector) -> Opened:
    """What ``open_text`` gave for an edit that was kept.

    Raises:
        MalformedError: the text is none (kind ``bad-kept-edit``).
    """
    try:
        content = parse_plain(started, file) if started.reveal().strip() else EMPTY_CONTENT
        return Opened(file, started, content, selector)
    except MalformedError:
        raise MalformedError(f"the kept edit of {file} is damaged", kind="bad-kept-edit") from None


ADVICE: Final = {
    "last-value": "to remove the file, use `rm {file}`",
    "misplaced-value": "put values of a Secret below data or stringData",
}
