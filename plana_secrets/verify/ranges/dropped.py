"""What a merge left out although only one side changed it, as `-X ours` and `-s ours` do.

A correct merge has such a change. Where both sides changed a value, a person chose, and a keyset
and its targets are taken from one side as a whole: neither is told. Without a key: a value is
another one where its ciphertext is, under the same data key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.document.merge import unit_of
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.history import FileChange, list_changes
from plana_secrets.git.ranges import merges_among
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.rotation.keysetfile import name_of
from plana_secrets.secretfiles.discovery import carries_sops
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Empty, Leaf, Structure
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.ranges.content import shares_ciphertext

_MOST: Final = 200
"""Merges that are looked at, the newest first: each takes four questions to git."""
_SHORT: Final = 12

_Units = dict[LeafPath, list[object]]
_Blob = str | None


@dataclass(frozen=True, slots=True)
class _File:
    """A file that ``side`` changed. Blobs, None for none: before, there, on the other side, in the
    ``merge``, and at the end of the range."""

    merge: str
    side: str
    file: str
    before: _Blob
    there: _Blob
    other: _Blob
    merged: _Blob
    now: _Blob

    @property
    def blobs(self) -> tuple[_Blob, ...]:
        return self.before, self.there, self.other, self.merged, self.now

    @property
    def is_new_or_gone(self) -> bool:
        """Whether a side added or removed it, and it is as before everywhere else."""
        is_as_before = self.before == self.other == self.merged
        return is_as_before and None in {self.before, self.there}


def check_dropped(new: Snapshot, commits: Sequence[str]) -> Iterator[Finding]:
    """``commits``: those of a range that ends with ``new``, newest first.

    What was fixed until then is not told.
    """
    workspace = new.workspace
    git = workspace.repository.command
    files = [
        one
        for merge, parents in merges_among(git, commits, limit=_MOST)
        for one in _candidates(new, merge, parents)
    ]
    wanted = dict.fromkeys(blob for one in files for blob in one.blobs if blob is not None)
    contents = dict(iterate_contents(git, list(wanted)))
    for one in files:
        known = [contents.get(blob) for blob in one.blobs if blob is not None]
        held = [data for data in known if isinstance(data, bytes)]
        if not any(carries_sops(one.file, data) for data in held):
            continue
        if one.is_new_or_gone:
            if (one.now is None) == (one.merged is None):
                yield _told(one)
        elif len(held) == len(one.blobs):
            structures = [read_structure(data, format_of(one.file)) for data in held]
            for path in _dropped(structures):
                if path is None or workspace.owned_leaf(one.file, path) is None:
                    yield _told(one, path)


def _candidates(new: Snapshot, merge: str, parents: Sequence[str]) -> Iterator[_File]:
    """The files that a side changed, and that are otherwise in the merge than there."""
    repository, keysets = new.workspace.repository, new.workspace.settings.keysets
    bases = repository.merge_bases(*parents)
    if len(bases) != 1:
        return
    git, base = repository.command, bases[0]
    merged, *sides = (_by_file(list_changes(git, base, one)) for one in (merge, *parents))
    kept = {one.new_id for one in merged.values()}
    for side, here, there in zip(parents, sides, reversed(sides), strict=True):
        for file, change in here.items():
            before, other = _known(change.old_id), _id_after(there, file, change.old_id)
            result = _id_after(merged, file, change.old_id)
            if change.new_id in {result, *kept}:
                continue  # it is in the merge, perhaps by another name
            if name_of(keysets, file) is not None and before != other:
                continue
            entry = new.tree.listing().entries.get(file)
            now = entry.id if entry is not None else None
            yield _File(merge, side, file, before, _known(change.new_id), other, result, now)


def _known(blob: str) -> _Blob:
    return blob if blob.strip("0") else None


def _by_file(changes: Sequence[FileChange]) -> dict[str, FileChange]:
    return {one.file: one for one in changes}


def _id_after(changes: Mapping[str, FileChange], file: str, before: str) -> _Blob:
    return _known(changes[file].new_id if file in changes else before)


def _dropped(versions: Sequence[Structure]) -> Iterator[LeafPath | None]:
    """The paths that only the side has otherwise than before; None: that is so of its data key.

    ``versions``: before and there, then all that may have it as before.
    """
    if not all(one.is_sound for one in versions):
        return
    before, there, *others = versions
    if not shares_ciphertext(before, there):  # each ciphertext is another one
        if all(shares_ciphertext(before, one) for one in others):
            yield None
        return
    old, changed, *rest = map(_units, versions)
    for path in dict.fromkeys([*old, *changed]):
        facts = old.get(path)
        if changed.get(path) != facts and all(one.get(path) == facts for one in rest):
            yield path


def _units(structure: Structure) -> _Units:
    """Each value, or whole list, by what says that it is another one."""
    units: _Units = {}
    for item in structure.items:
        if isinstance(item, Empty):
            units.setdefault(unit_of(item.path), []).append((item.path, item.container))
        elif isinstance(item, Leaf):
            token = item.token
            plain = item.plain.reveal() if item.plain is not None else None
            form = plain if token is None else (token.data, token.iv, token.tag)
            units.setdefault(unit_of(item.path), []).append((item.path, str(item.type), form))
    return units


def _told(one: _File, path: LeafPath | None = None) -> Finding:
    what = "the new data key" if path is None else "the change"
    if one.is_new_or_gone:
        what = "the new file" if one.before is None else "the removal"
    words = f"the merge left out {what} of {one.side[:_SHORT]}"
    finding = found("merge-dropped", words, file=one.file, path=format_path(path) if path else None)
    return replace(finding, commit=one.merge)
