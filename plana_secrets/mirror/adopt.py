"""What a person changed in the items of a file, copied into the file.

The file is the truth, so this is an edit like any other: of the working tree, to be
committed. The next sync finds the content in both places and settles the item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from plana_secrets.document.edits import Edit, SetLeaf, Unset, content_of, plan_edits
from plana_secrets.document.kinds import is_base64_in
from plana_secrets.errors import ConflictError, PlanaSecretsError, UsageError
from plana_secrets.mirror.backend import ActualItem, Listing, Record
from plana_secrets.mirror.compare import hand_edits_without_file
from plana_secrets.mirror.fieldnames import is_spelled_as, place_of, steps_of
from plana_secrets.mirror.item import NOTE, TITLE, digest_of, encode_text, show, text_of
from plana_secrets.paths import LeafPath, format_path, parse_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Document, LeafType, Selector

_TEXTS: Final = {TITLE: "title", NOTE: "note"}
_BASE64: Final = "base64"


class Change(StrEnum):
    """What a person did to a field."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class HandEdit:
    """A field that is not as we wrote it. ``name``: of the field; ``path``: in the file.

    ``edit``: None where the file says the same already. ``is_newer``: the file has another
    value than the one that we wrote, so both sides were changed, or may have. ``problem``: why
    the file cannot take it.
    """

    name: str
    path: LeafPath
    change: Change
    edit: Edit | None
    is_newer: bool = False
    problem: PlanaSecretsError | None = None

    @property
    def has_content(self) -> bool:
        """Whether the file would get more than an empty value."""
        return isinstance(self.edit, SetLeaf) and bool(self.edit.value.reveal())

    @property
    def is_left(self) -> bool:
        """Whether it is taken only when a person names it, or not at all."""
        return self.problem is not None or self.is_newer

    @property
    def spelled(self) -> str:
        return format_path(self.path)


Owner = Callable[[LeafPath], PlanaSecretsError | None]
"""Why a leaf is not a person's to change, or None."""


def plan_adoptions(
    listing: Listing, file: str, document: Document, owner: Owner = lambda _: None
) -> tuple[HandEdit, ...]:
    """Everything that people changed in the items of ``file``, whose content is ``document``.

    Pure. The edits can be applied together, in this order.
    """
    items = _items_of(listing, file)
    names = _names(items)
    found = [
        one
        for name in names
        if name not in _TEXTS and (one := _hand_edit(items, file, name, document))
    ]
    removed = [one for one in found if one.change is Change.REMOVED]
    rest = [one for one in found if one.change is not Change.REMOVED]
    return tuple(_checked([*rest, *reversed(removed)], document, owner))


def plan_adoption(listing: Listing, file: str, word: str, document: Document) -> HandEdit:
    """What people did to the field that ``word`` names, by its name or its path. Pure.

    Raises:
        UsageError: the mirror has no such field of the file (kind ``not-in-mirror``), it was
            not changed there (``nothing-to-adopt``), or it is the title or the note, which
            are in no file (``not-in-file``).
        ConflictError: several items of the file were changed differently (kind
            ``ambiguous-edit``).
    """
    items = _items_of(listing, file)
    if word in _TEXTS and not any(word in item.fields for item, _ in items):
        raise UsageError(
            f"the {_TEXTS[word]} of the item is not in {file}", kind="not-in-file", file=file
        )
    if not items:
        raise UsageError(f"the mirror has no item of {file}", kind="not-in-mirror", file=file)
    names = _names_meant(items, word)
    if not names:
        raise UsageError(
            f"the mirror has no {file}#{format_path(parse_path(word))}",
            kind="not-in-mirror",
            file=file,
        )
    edits = [one for name in names if (one := _hand_edit(items, file, name, document))]
    if not edits:
        place = f"{file}#{format_path(steps_of(names[0]))}"
        raise UsageError(
            f"{place} was not changed in the mirror", kind="nothing-to-adopt", file=file
        )
    if edits[0].problem is not None:
        raise edits[0].problem
    return edits[0]


def changed_texts(listing: Listing, file: str) -> tuple[str, ...]:
    """``title`` and ``note``, where people changed them."""
    items = _items_of(listing, file)
    changed = {name for one in items for name in hand_edits_without_file(*one)}
    return tuple(word for name, word in _TEXTS.items() if name in changed)


def _items_of(listing: Listing, file: str) -> list[tuple[ActualItem, Record]]:
    return [
        (item, item.record)
        for item in listing.items
        if item.record is not None and item.record.file == file
    ]


def _names(items: list[tuple[ActualItem, Record]]) -> dict[str, None]:
    """Of every field that there is, or was when we wrote it."""
    return dict.fromkeys(name for item, record in items for name in (*item.fields, *record.digests))


def _names_meant(items: list[tuple[ActualItem, Record]], word: str) -> list[str]:
    """The field of exactly this name, else those whose names spell this path."""
    names = _names(items)
    if word in names:
        return [word]
    path = parse_path(word)
    return [one for one in names if one not in _TEXTS and is_spelled_as(one, path)]


def _hand_edit(
    items: list[tuple[ActualItem, Record]], file: str, name: str, document: Document
) -> HandEdit | None:
    edited = [
        (item.fields[name], record)
        for item, record in items
        if name in item.fields and record.digests.get(name) != digest_of(item.fields[name])
    ]
    if edited:
        shape = [one for _, record in items for one in record.shape]
        return _as_set(edited, file, name, document, shape)
    if any(name in item.fields for item, _ in items):
        return None
    records = [record for _, record in items if name in record.digests]
    return _as_removal(records[0], name, document)


def _as_set(
    edited: list[tuple[Secret, Record]],
    file: str,
    name: str,
    document: Document,
    shape: Sequence[tuple[str, LeafType, str]],
) -> HandEdit:
    """``shape``: of all items; of a divided file the one may show a leaf of another."""
    shown, record = edited[0]
    path = place_of(name, document)
    leaf = document.find(path)
    change = Change.CHANGED if leaf else Change.ADDED
    if any(other != shown for other, _ in edited[1:]):
        problem = ConflictError(
            f"several items of {file} have different values at {format_path(path)}",
            kind="ambiguous-edit",
            retry=False,
            file=file,
        )
        return HandEdit(name, path, change, None, problem=problem)
    current = _shown(path, document)
    if current == shown:
        return HandEdit(name, path, change, None)
    type_ = leaf[0].type if leaf and leaf[0].type is not LeafType.NULL else LeafType.STR
    edit = SetLeaf(path, _as_in_file(shown, shape, name, path, document), type_)
    written = record.digests.get(name)
    is_newer = current is not None and digest_of(current) != written
    return HandEdit(name, path, change, edit, is_newer)


def _as_removal(record: Record, name: str, document: Document) -> HandEdit | None:
    """Where the file has another value by now, the field is out of date, and no more."""
    path = steps_of(name)
    current = _shown(path, document)
    written = record.digests[name]
    if current is None or written not in {"", digest_of(current)}:
        return None
    problem = None
    if any(isinstance(step, int) for step in path):
        problem = UsageError(
            f"{name} is an entry of a list, which is removed in the file",
            kind="list-entry",
            file=record.file,
            path=name,
        )
    is_newer = not written  # it is not known what was in it
    return HandEdit(name, path, Change.REMOVED, Unset(path), is_newer, problem)


def _shown(path: LeafPath, document: Document) -> Secret | None:
    """What the mirror would show for a leaf of the document."""
    found = document.find(path)
    if found is None:
        return None
    leaf, value = found
    text = text_of(leaf, value)
    if text is None:
        return value
    in_data = is_base64_in(document, path)
    return show(format_path(path), leaf.type, text, in_data=in_data).shown


def _as_in_file(
    shown: Secret,
    shape: Sequence[tuple[str, LeafType, str]],
    name: str,
    path: LeafPath,
    document: Document,
) -> Secret:
    """What is shown decoded goes back encoded; so does what is new in a Secret's ``data``."""
    encodings = {path: encoding for path, _, encoding in shape}
    in_data = is_base64_in(document, path)
    if encodings.get(name, _BASE64 if in_data else "text") != _BASE64:
        return shown
    return Secret.from_text(encode_text(shown.reveal_text()))


def _checked(edits: list[HandEdit], document: Document, owner: Owner) -> Iterator[HandEdit]:
    """Each with the reason why the file, as it is after those before, cannot take it."""
    metadata = document.structure.metadata
    selector = metadata.selector if metadata else Selector()
    content = content_of(document)
    for one in edits:
        if one.edit is None or one.problem is not None:
            yield one
            continue
        try:
            after = plan_edits(content, [one.edit], selector)
        except UsageError as error:
            yield replace(one, problem=error)
            continue
        problem = owner(one.path)
        if problem is None and not one.is_newer:
            content = after
        yield replace(one, problem=problem)


ADVICE: Final = {
    "ambiguous-edit": "delete the wrong duplicates, then adopt the remaining one",
    "list-entry": "remove it with `plana-secrets unset {file} {path}`",
    "not-in-file": (
        "`plana-secrets mirror sync --overwrite-edits` writes title and note again; the title "
        "follows from the name of the file, which `plana-secrets mv` changes"
    ),
    "not-in-mirror": "`plana-secrets mirror diff` shows how files and mirror differ",
    "nothing-to-adopt": "`plana-secrets mirror diff` shows what was changed in the mirror",
}
