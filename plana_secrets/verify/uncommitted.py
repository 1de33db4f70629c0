"""What no sops wrote into secret files that are not committed yet, seen beside HEAD.

No single version of a file shows it, and a key does not either: sops authenticates no type, no
null and no list. But it writes a new MAC with each change. Of commits a range shows this, and more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.index import ids_before_staging
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.model import Severity
from plana_secrets.verify.filecheck import FileResult
from plana_secrets.verify.finding import Finding


def check_uncommitted(snapshot: Snapshot, results: Sequence[FileResult]) -> Iterator[Finding]:
    """``results``: those of the secret files that open, as far as a key allows to tell."""
    if snapshot.commit is not None or not results:
        return
    repository, listing = snapshot.tree.repository, snapshot.listing
    staged = {file: entry.id for file, entry in (listing.staged or listing.entries).items()}
    before = staged | ids_before_staging(repository)
    changed = {one.file: one for one in results if before.get(one.file, "") not in {"", *one.ids}}
    named: dict[str, list[str]] = {}
    for file in changed:
        named.setdefault(before[file], []).append(file)
    old = {
        file: content
        for blob, content in iterate_contents(repository.command, list(named))
        for file in named[blob]
        if isinstance(content, bytes) and changed[file].seal in content
    }
    if not old:  # before most commits, which then load no more code
        return
    from plana_secrets.git.operation import heads_of_operation
    from plana_secrets.git.trees import CommitTree
    from plana_secrets.verify.ranges.content import changed_by_hand, read_pair

    for commit in heads_of_operation(repository):
        # what a merge or a pick takes as it is was written there
        there = CommitTree(repository, commit).listing([*old]).entries
        for file in [one for one in old if one in there and there[one].id in changed[one].ids]:
            del old[file]
    for file, content in snapshot.contents([*old]):
        pair = read_pair(file, file, old[file], content)
        if pair is not None:
            yield from (one for one in changed_by_hand(pair) if one.severity is Severity.ERROR)
