"""From the secrets that the account sees to the items of the mirror. Pure.

A secret is ours by what is inside it: a record, or the mark in its note. One whose key
begins with one of our files was added by hand; every other secret is foreign. Keys are not
unique on the server: a second secret for one leaf makes a second item of the file, which is a
duplicate.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from plana_secrets.mirror.backend import ActualItem, Listing, Record
from plana_secrets.mirror.backends.bitwarden_sm.client import Stored
from plana_secrets.mirror.backends.bitwarden_sm.form import (
    LeafMark,
    is_record,
    key_of,
    read_mark,
    read_record,
)
from plana_secrets.mirror.item import NOTE, TITLE, digest_of_text


@dataclass(frozen=True, slots=True)
class Group:
    """The secrets of one item. ``leaves``: by the name that the item's field has."""

    record: Stored | None
    leaves: Mapping[str, Stored]

    @property
    def secrets(self) -> tuple[Stored, ...]:
        """The record first: the next run completes or deletes what is left without one."""
        return ((self.record,) if self.record else ()) + tuple(self.leaves.values())

    @property
    def revision(self) -> str:
        return revision_of(self.secrets)


def revision_of(secrets: Iterable[Stored]) -> str:
    """One word for the state of all of them."""
    states = sorted(f"{one.id} {one.revision}" for one in secrets)
    return hashlib.sha256("\n".join(states).encode()).hexdigest()


_Origin: TypeAlias = tuple[str | None, str]
"""The id of a repository, and a file in it."""


@dataclass(slots=True)
class _File:
    """What there is of one file."""

    records: list[tuple[Stored, Record]] = field(default_factory=list)
    leaves: dict[str, list[tuple[Stored, LeafMark]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    added: list[tuple[Stored, str]] = field(default_factory=list)


def read_listing(
    secrets: Sequence[Stored], words: Mapping[str, str]
) -> tuple[Listing, dict[str, Group]]:
    """The items, and the secrets of each by its id.

    ``words``: what the configuration calls each project that it names, by its id.
    """
    sorting = _Sorting()
    for one in sorted(secrets, key=_id_of):
        sorting.take(one)
    foreign = sorting.claim()
    found = [_broken(one, words) for one in sorting.broken]
    for origin, parts in sorting.origins.items():
        found += _items_of(origin, parts, words)
    listing = Listing(tuple(item for item, _ in found), foreign)
    return listing, {item.id: group for item, group in found}


class _Sorting:
    """Secrets by the file, and the repository, that they say they are of."""

    def __init__(self) -> None:
        self.origins: dict[_Origin, _File] = defaultdict(_File)
        self.broken: list[Stored] = []
        self._others: list[Stored] = []

    def take(self, one: Stored) -> None:
        mark = read_mark(one.content.note)
        if is_record(one.content):
            self._take_record(one)
        elif mark is not None:
            self.origins[mark.repository, mark.file].leaves[mark.path].append((one, mark))
        else:
            self._others.append(one)

    def _take_record(self, one: Stored) -> None:
        record = read_record(one.content)
        if record is None:
            self.broken.append(one)
        else:
            self.origins[record.repository, record.file].records.append((one, record))

    def claim(self) -> int:
        """Give to each file what its name was put on by hand; how many are foreign."""
        foreign = 0
        for one in self._others:
            owner = _owner_of(one.content.key, self.origins)
            if owner is None:
                foreign += 1
            else:
                name = one.content.key.removeprefix(f"{owner[1]}#")
                self.origins[owner].added.append((one, name))
        return foreign


def _id_of(one: Stored) -> str:
    return one.id


def _owner_of(key: str, origins: Iterable[_Origin]) -> _Origin | None:
    """The mirrored file that a key names before a ``#``; paths may have one, too.

    None also where files of that name are mirrored from several repositories.
    """
    parts = key.split("#")
    heads = {"#".join(parts[:count]) for count in range(1, len(parts))}
    fitting = [origin for origin in origins if origin[1] in heads]
    return fitting[0] if len(fitting) == 1 else None


def _broken(one: Stored, words: Mapping[str, str]) -> tuple[ActualItem, Group]:
    item = ActualItem(
        id=one.id,
        title=one.content.key,
        note=one.content.note,
        collection=words.get(one.content.project or ""),
        fields={},
        record=None,
        problems=frozenset({"undecryptable"}),
        revision=revision_of([one]),
    )
    return item, Group(one, {})


def _items_of(
    origin: _Origin, found: _File, words: Mapping[str, str]
) -> Iterator[tuple[ActualItem, Group]]:
    """The first secret for each leaf, and the record, are the item; the rest are second ones."""
    most = max(map(len, found.leaves.values()), default=0)
    for number in range(max(1, len(found.records), most)):
        kept, record = found.records[number] if number < len(found.records) else (None, None)
        marks = {
            path: several[number] for path, several in found.leaves.items() if number < len(several)
        }
        leaves: dict[str, Stored] = {}
        digests: dict[str, str] = {}
        for path, (stored, mark) in marks.items():
            leaves[_free(_name_of(stored, mark), leaves)] = stored
            if mark.digest is not None:
                digests[path] = mark.digest
        for stored, name in found.added if number == 0 else ():
            leaves[_free(name, leaves)] = stored
        group = Group(kept, leaves)
        if group.secrets:
            yield _item(group, record or _bare(origin, marks), digests, words), group


def _name_of(stored: Stored, mark: LeafMark) -> str:
    """The leaf's path, unless someone gave the secret another key."""
    key = stored.content.key
    is_ours = key == key_of(mark.file, mark.path)
    return mark.path if is_ours else key.removeprefix(f"{mark.file}#")


def _free(name: str, taken: Mapping[str, object]) -> str:
    number, chosen = 1, name
    while chosen in taken:
        number += 1
        chosen = f"{name} ({number})"
    return chosen


def _bare(origin: _Origin, marks: Mapping[str, tuple[Stored, LeafMark]]) -> Record:
    """A record for leaves without one: a run was stopped, or it was deleted by hand."""
    shape = tuple((path, mark.type, mark.encoding) for path, (_, mark) in marks.items())
    digests = dict.fromkeys((TITLE, NOTE), digest_of_text(""))
    repository, file = origin
    return Record(file, None, digests, shape, repository=repository)


def _item(
    group: Group,
    record: Record,
    digests: Mapping[str, str],
    words: Mapping[str, str],
) -> ActualItem:
    secrets = group.secrets
    projects = {one.content.project or "" for one in secrets}
    content = group.record.content if group.record else None
    return ActualItem(
        id=secrets[0].id,
        title=content.key if content else "",
        note=content.note if content else "",
        collection=words.get(projects.pop()) if len(projects) == 1 else None,
        fields={name: one.content.value for name, one in group.leaves.items()},
        record=replace(record, digests={**record.digests, **digests}),
        revision=group.revision,
    )
