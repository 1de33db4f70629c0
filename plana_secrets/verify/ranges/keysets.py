"""Keyset files that a change removes, or leaves without a table in the settings.

Such a file is the truth of its keyset. A change that takes the table away as well retires it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from plana_secrets.rotation.keysetfile import file_of
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policychange import Demanded


def compare_keysets(
    before: Demanded, head: Demanded, old: Collection[str], new: Collection[str]
) -> Iterator[Finding]:
    """``old``, ``new``: the files of both ends."""
    folders = {before.files.keysets, head.files.keysets}

    def had(name: str) -> bool:
        return any(file_of(folder, name) in old for folder in folders)

    yield from check_removed(head.keysets, head.files.keysets, new, had)
    for name in before.keysets:
        file = file_of(head.files.keysets, name)
        if name not in head.keysets and file in new:
            yield found("keyset-unknown", "its [keysets] table is removed", file=file)


def check_removed(
    names: Sequence[str], folder: str, files: Collection[str], had: Callable[[str], bool]
) -> Iterator[Finding]:
    """The keysets ``names`` whose file is none of ``files``. ``had``: whether it was one before."""
    for name in names:
        file = file_of(folder, name)
        if file not in files and had(name):
            words = f"the file of {name} is removed, and the keyset is still configured"
            yield found("rotation-unreadable", words, file=file)
