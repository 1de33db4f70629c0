"""What no sops wrote into secret files that are not committed yet, seen beside HEAD.

No single version of a file shows it, and a key does not either: sops authenticates no type, no
null and no list. But it writes a new MAC with each change. Of commits a range shows this, and more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.index import ids_before_staging
from plana_secrets.git.ranges import NewFile, earlier_files
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.model import Severity
from plana_secrets.verify.filecheck import FileResult
from plana_secrets.verify.finding import Finding


def check_uncommitted(snapshot: Snapshot, results: Sequence[FileResult]) -> Iterator[Finding]:
    """``results``: those of the secret files that open, as far as a key allows to tell."""
    if snapshot.commit is not None or not results:
        return
    changed = {one.file: one for one in results}
    old = list(_with_old_mac(snapshot, changed))
    if not old:  # before most commits, which then load no more code
        return
    from plana_secrets.git.operation import heads_of_operation
    from plana_secrets.git.trees import CommitTree
    from plana_secrets.verify.ranges.content import changed_by_hand, read_pair

    repository = snapshot.tree.repository
    files = [file for file, _, _ in old]
    for commit in heads_of_operation(repository):
        # what a merge or a pick takes as it is was written there
        there = CommitTree(repository, commit).listing(files).entries
        files = [one for one in files if one not in there or there[one].id not in changed[one].ids]
    known = earlier_files(repository, repository.head() or "HEAD", files)
    # a file that is back as git had it: if either was changed by hand, then the one in HEAD
    files = [one for one in files if changed[one].ids.isdisjoint(_ids(known[one]))]
    new = dict(snapshot.contents(files))
    for file, was, content in old:
        pair = read_pair(file, was, content, new.get(file))
        if pair is not None:
            yield from (one for one in changed_by_hand(pair) if one.severity is Severity.ERROR)


def _ids(versions: Sequence[NewFile]) -> set[str]:
    return {one.entry.id for one in versions}


def _with_old_mac(
    snapshot: Snapshot, results: Mapping[str, FileResult]
) -> Iterator[tuple[str, str, bytes]]:
    """File, its name before and its content then, of those whose MAC was in that, too."""
    repository, listing = snapshot.tree.repository, snapshot.listing
    staged = {file: entry.id for file, entry in (listing.staged or listing.entries).items()}
    before = staged | ids_before_staging(repository)
    wanted: dict[str, list[tuple[str, str]]] = {}
    for file, one in results.items():
        if before.get(file, "") not in {"", *one.ids}:
            wanted.setdefault(before[file], []).append((file, file))
    added = [file for file in results if not before.get(file)]
    for was in before if added else ():
        if before[was] and was not in listing.entries and is_under_roots(snapshot.settings, was):
            wanted.setdefault(before[was], []).extend((file, was) for file in added)
    for blob, content in iterate_contents(repository.command, list(wanted)):
        for file, was in wanted[blob]:
            if isinstance(content, bytes) and results[file].seal in content:
                yield file, was, content
