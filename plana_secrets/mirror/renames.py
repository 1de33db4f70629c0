"""Which item of a file that is gone belongs to a file that is new. Pure.

A renamed file keeps its item, and with it what people attached to that: the folder that
they put it in, the mark of a favourite. Git says what was renamed; else an item whose
record is that of the new file in everything but the path is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from plana_secrets.mirror.backend import ActualItem, DesiredItem, Record
from plana_secrets.mirror.item import NOTE, TITLE
from plana_secrets.mirror.parts import is_divided, reunite


def match_renames(
    new: Iterable[DesiredItem],
    gone: Mapping[str, Sequence[ActualItem]],
    known: Mapping[str, str],
) -> dict[str, str]:
    """The former name of each new file that has one among ``gone``.

    ``gone``: the items of the files that are no longer there; ``known``: former names that
    git says.
    """
    open_files, found = dict(gone), dict[str, str]()
    rest = []
    for item in new:
        former = known.get(item.file)
        if former in open_files:
            found[item.file] = former
            del open_files[former]
        else:
            rest.append(item)
    for item in rest:
        alike = [
            file
            for file, items in open_files.items()
            if any(_is_alike(item.record, one) for one in _records(items))
        ]
        if alike:
            former = min(alike, key=lambda file: (_name(file) != _name(item.file), file))
            found[item.file] = former
            del open_files[former]
    return found


def _records(items: Iterable[ActualItem]) -> Iterator[Record]:
    """Of each item that is a file, and of the file that is divided into the others."""
    pairs = [(one, one.record) for one in items if one.record]
    yield from (record for _, record in pairs if record.part is None)
    if pairs and is_divided(items):
        yield reunite(pairs).record


def _is_alike(one: Record, other: Record) -> bool:
    return _content(one) == _content(other) and bool(_content(one)[0])


def _content(record: Record) -> tuple[object, ...]:
    digests = {name: text for name, text in record.digests.items() if name not in {TITLE, NOTE}}
    return digests, record.shape, record.plain


def _name(file: str) -> str:
    return PurePosixPath(file).name
