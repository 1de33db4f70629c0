"""Whether git has a plain file, or values of it, for everyone who can read the repository.

Searched are all branches, stashes and what reflogs still know for the file, for the same
bytes under any other name, and for its values in other files; the index as well.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from plana_secrets.errors import FailedError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.index import index_ids
from plana_secrets.git.past import commits_with_blobs
from plana_secrets.git.search import blobs_containing, stored_files_containing
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.reading.reader import is_sops, read_structure

T = TypeVar("T")

_PARTIAL: Final = "a partial clone"

_MANY: Final = 100
"""How many blobs with a value are looked for in the commits."""

_TELLING: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}|.{16,}")
"""A value that is hardly a word: finding it elsewhere means something."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """``commits`` have the file unencrypted, newest first; ``others`` name -> commits have the
    same bytes under that name; ``in_index``: the index has it unencrypted.

    ``holders``: other files in which HEAD or the index has one of the values; ``former_holders``:
    name -> commits that brought one of them into a file which is neither. ``unknown``: why
    there may be more, in a few words; None where all that was in git is here. ``is_loose``: a
    `git add` stored the file here unencrypted, and no commit and no index has it.
    """

    commits: tuple[str, ...]
    in_index: bool
    others: dict[str, tuple[str, ...]]
    holders: tuple[str, ...]
    former_holders: dict[str, tuple[str, ...]]
    unknown: str | None
    is_loose: bool = False

    @property
    def is_found(self) -> bool:
        return bool(
            self.commits
            or self.in_index
            or self.others
            or self.holders
            or self.former_holders
            or self.is_loose
        )


def find_exposure(
    workspace: Workspace, file: str, plain: Secret, values: Iterable[Secret]
) -> Exposure:
    """What git knows of ``plain``, the bytes of ``file`` or of a plain file like it.

    A search that git cannot finish, in a partial clone say, is no error: it is ``unknown``.
    """
    repository, values = workspace.repository, tuple(values)
    search = _Search()
    staged = search.run(lambda: index_ids(repository, file)) or []
    versions = search.run(lambda: repository.history_of(file)) or []
    ids = {*staged, *(object_id for _, object_id in versions)}
    unencrypted: set[str] = set()
    search.run(lambda: unencrypted.update(_unencrypted(workspace, file, ids, values)))
    others = search.run(lambda: _others(workspace, file, plain)) or {}
    telling = [*dict.fromkeys(_telling(values))]
    holders = search.run(lambda: stored_files_containing(repository, telling)) or []
    told = {file, *others, *holders}
    is_known = bool(unencrypted or others)
    formers, is_all = search.run(lambda: _former_holders(workspace, telling)) or ({}, True)
    return Exposure(
        tuple(commit for commit, object_id in versions if object_id in unencrypted),
        not unencrypted.isdisjoint(staged),
        others,
        tuple(name for name in holders if name != file and name not in others),
        {name: commits for name, commits in formers.items() if name not in told},
        search.run(repository.missing_history)
        or search.stopped(workspace)
        or (None if is_all else _limit(workspace)),
        not is_known and bool(search.run(lambda: _is_stored(workspace, plain))),
    )


def _limit(workspace: Workspace) -> str:
    """Why not all of the past was searched, although git answered."""
    if workspace.repository.is_partial():
        return _PARTIAL
    return "a repository with more in its past than is searched"


class _Search:
    """Questions to git of which one may fail without the others."""

    def __init__(self) -> None:
        self._error: FailedError | None = None

    def run(self, ask: Callable[[], T]) -> T | None:
        """The answer; None where git could not give one."""
        try:
            return ask()
        except FailedError as error:
            self._error = error
            return None

    def stopped(self, workspace: Workspace) -> str | None:
        """Why not all was searched, in a few words."""
        if self._error is None:
            return None
        if workspace.repository.is_partial():
            return _PARTIAL
        return f"a repository that git could not search ({self._error.message})"


def _unencrypted(
    workspace: Workspace, file: str, ids: Iterable[str], values: Sequence[Secret]
) -> Iterator[str]:
    """Those of some blobs that sops has not encrypted, or with one of ``values`` readable."""
    known = {value.reveal() for value in values if not value.is_empty}
    for blob, content in iterate_contents(workspace.repository.command, sorted(ids)):
        # one that is too large to read was never written by sops as a secret file
        if isinstance(content, FailedError):
            yield blob
            continue
        structure = read_structure(content, format_of(file))
        if not is_sops(structure) or any(
            leaf.in_scope and leaf.plain is not None and leaf.plain.reveal() in known
            for leaf in structure.leaves()
        ):
            yield blob


def _former_holders(
    workspace: Workspace, values: Sequence[bytes]
) -> tuple[dict[str, tuple[str, ...]], bool]:
    """Every file that ever had one of ``values``, with the commits that brought it there.

    Second is whether all was searched.
    """
    if not values:
        return {}, True
    blobs, is_all = blobs_containing(workspace.repository, values)
    is_all = is_all and len(blobs) <= _MANY and not workspace.repository.is_partial()
    return _names_of(workspace, blobs[:_MANY]), is_all


def _others(workspace: Workspace, file: str, plain: Secret) -> dict[str, tuple[str, ...]]:
    """Every other name under which a commit has these bytes, with line ends of either kind."""
    blobs = _blobs_of(workspace, plain)
    return {name: commits for name, commits in _names_of(workspace, blobs).items() if name != file}


def _blobs_of(workspace: Workspace, plain: Secret) -> list[str]:
    data = plain.reveal()
    forms = {data, data.replace(b"\r\n", b"\n")}
    return sorted({workspace.repository.blob_id(form) for form in forms})


def _is_stored(workspace: Workspace, plain: Secret) -> bool:
    """Whether git has these bytes in any object, reachable or not."""
    request = "".join(f"{one}\n" for one in _blobs_of(workspace, plain)).encode("ascii")
    answer = workspace.repository.command.read("cat-file", "--batch-check", stdin=request)
    return any(b" blob " in line for line in answer.split(b"\n"))


def _names_of(workspace: Workspace, blobs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Every name under which a commit brought one of ``blobs``, with these commits."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for commit, name in commits_with_blobs(workspace.repository.command, blobs):
        if commit not in found[name]:
            found[name].append(commit)
    return {name: tuple(commits) for name, commits in found.items()}


def _telling(values: Iterable[Secret]) -> Iterator[bytes]:
    for value in values:
        content = value.reveal()
        if b"\n" not in content and b"\0" not in content:
            text = content.decode("utf-8", "replace")
            if _TELLING.fullmatch(text):
                yield content
