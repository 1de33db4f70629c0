"""Whether git has a plain file, or values of it, for everyone who can read the repository.

Searched are all branches, stashes and what reflogs still know for the file and for the same
bytes under any other name, and the newest commit and the index for its values in other files.
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
from plana_secrets.git.search import stored_files_containing
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.reading.reader import is_sops, read_structure

T = TypeVar("T")

_TELLING: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}|.{16,}")
"""A value that is hardly a word: finding it elsewhere means something."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """``commits`` have the file unencrypted, newest first; ``others`` name -> commits have the
    same bytes under that name; ``in_index``: the index has it unencrypted.

    ``holders``: other files in which git has one of the values. ``unknown``: why there may be
    more, in a few words; None where all that was in git is here.
    """

    commits: tuple[str, ...]
    in_index: bool
    others: dict[str, tuple[str, ...]]
    holders: tuple[str, ...]
    unknown: str | None

    @property
    def is_found(self) -> bool:
        return bool(self.commits or self.in_index or self.others or self.holders)


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
    holders = search.run(lambda: stored_files_containing(repository, _telling(values))) or []
    return Exposure(
        tuple(commit for commit, object_id in versions if object_id in unencrypted),
        not unencrypted.isdisjoint(staged),
        others,
        tuple(name for name in holders if name != file and name not in others),
        search.run(repository.missing_history) or search.stopped(workspace),
    )


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
            return "a partial clone"
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


def _others(workspace: Workspace, file: str, plain: Secret) -> dict[str, tuple[str, ...]]:
    """Every other name under which a commit has these bytes, with line ends of either kind."""
    data = plain.reveal()
    git = workspace.repository.command
    forms = {data, data.replace(b"\r\n", b"\n")}
    blobs = sorted({workspace.repository.blob_id(form) for form in forms})
    found: defaultdict[str, list[str]] = defaultdict(list)
    for commit, name in commits_with_blobs(git, blobs):
        if name != file and commit not in found[name]:
            found[name].append(commit)
    return {name: tuple(commits) for name, commits in found.items() if commits}


def _telling(values: Iterable[Secret]) -> Iterator[bytes]:
    for value in values:
        content = value.reveal()
        if b"\n" not in content and b"\0" not in content:
            text = content.decode("utf-8", "replace")
            if _TELLING.fullmatch(text):
                yield content
