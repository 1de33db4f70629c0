"""A value that a person typed into the mirror, copied into its file.

The file is the truth, so this is an edit like any other: of the working tree, to be
committed. The next sync finds the value in both places and settles the item.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from plana_secrets.document.edits import SetLeaf
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.errors import ConflictError, UsageError
from plana_secrets.mirror.backend import Listing, Record
from plana_secrets.mirror.item import digest_of, encode_text
from plana_secrets.paths import LeafPath, format_path, parse_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Document, LeafType


@dataclass(frozen=True, slots=True)
class _Found:
    """A field of an item of the file. ``is_edited``: it is not as we wrote it."""

    shown: Secret
    record: Record
    name: str

    @property
    def is_edited(self) -> bool:
        return self.record.digests.get(self.name) != digest_of(self.shown)


def plan_adoption(listing: Listing, file: str, spelled: str, document: Document) -> SetLeaf:
    """The edit that gives ``document``, the content of ``file``, the mirror's value. Pure.

    Raises:
        UsageError: the mirror has no such field of the file (kind ``not-in-mirror``), or
            it was not changed there (kind ``nothing-to-adopt``).
        ConflictError: several items of the file were changed differently (kind
            ``ambiguous-edit``).
    """
    path = parse_path(spelled)
    found = list(_find(listing, file, path))
    place = f"{file}#{format_path(path)}"
    if not found:
        raise UsageError(f"the mirror has no {place}", kind="not-in-mirror", file=file)
    edited = [one for one in found if one.is_edited]
    if not edited:
        raise UsageError(f"{place} was not changed in the mirror", kind="nothing-to-adopt")
    first = edited[0]
    if any(other.shown != first.shown for other in edited[1:]):
        raise ConflictError(
            f"several items of {file} have different values at {format_path(path)}",
            kind="ambiguous-edit",
            retry=False,
            file=file,
        )
    leaf = document.find(path)
    type_ = leaf[0].type if leaf and leaf[0].type is not LeafType.NULL else LeafType.STR
    return SetLeaf(path, _as_in_file(first, path, document), type_)


def _find(listing: Listing, file: str, path: LeafPath) -> Iterator[_Found]:
    """By the spelling of the path; what people add by hand is also found by its bare name."""
    names = [format_path(path)]
    if len(path) == 1 and isinstance(path[0], str):
        names.append(path[0])
    for item in listing.items:
        if item.record is not None and item.record.file == file:
            for name in dict.fromkeys(names):
                if name in item.fields:
                    yield _Found(item.fields[name], item.record, name)


def _as_in_file(found: _Found, path: LeafPath, document: Document) -> Secret:
    """What is shown decoded goes back encoded; so does what is new in a Secret's ``data``."""
    encodings = {name: encoding for name, _, encoding in found.record.shape}
    metadata = document.structure.metadata
    in_data = (
        metadata is not None
        and kind_of(metadata.selector) is FileKind.SECRET_MANIFEST
        and path[0] == "data"
    )
    encoding = encodings.get(format_path(path), "base64" if in_data else "text")
    if encoding != "base64":
        return found.shown
    return Secret.from_text(encode_text(found.shown.reveal_text()))


ADVICE: Final = {
    "ambiguous-edit": "delete the wrong duplicates, then adopt the remaining one",
    "not-in-mirror": "`plana-secrets mirror diff` shows what was changed in the mirror",
    "nothing-to-adopt": "`plana-secrets mirror diff` shows what was changed in the mirror",
}
