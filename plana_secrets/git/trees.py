"""The files of a repository as they are in the work tree, in the index, or at a commit.

Each place answers the same two questions: which files it has, and their bytes. A listing
is taken once and kept, so what it says does not change under a run.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plana_secrets import limits
from plana_secrets.errors import FailedError, MissingFileError
from plana_secrets.git.blobs import iterate_contents, named_content, sizes_of
from plana_secrets.git.index import LEFT_OUT, list_checkout
from plana_secrets.git.indexstat import only_announced
from plana_secrets.git.repository import Repository, TreeEntry
from plana_secrets.git.search import files_containing
from plana_secrets.storage import path_below, read_regular_file

_FEW: Final = 256
"""So many files are asked for by name; for more, all files are listed."""

_SUBMODULE: Final = TreeEntry("160000", "")
UNKNOWN_MODE: Final = "000000"
"""Of a file of the work tree that may not be looked at."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one place, by name.

    ``entries``: what is there. In the work tree an entry has no id (its content has to be
    read for that) and the mode that git would give it; a folder, a pipe or the like
    has the type that ``stat`` says, and ``000000`` is a file that may not be looked at.
    ``staged``: only in the work tree, what the index has, files gone from the disk included.
    ``absent``: only in the work tree, what a sparse checkout leaves out, as in the index.
    """

    entries: Mapping[str, TreeEntry]
    staged: Mapping[str, TreeEntry] = field(default_factory=dict)
    absent: Mapping[str, TreeEntry] = field(default_factory=dict)

    def below(self, places: Sequence[str]) -> Listing:
        """The part below some folders; some files may be named themselves."""
        named, folders = frozenset(places), tuple(f"{place}/" for place in places)

        def part(files: Mapping[str, TreeEntry]) -> dict[str, TreeEntry]:
            return {
                name: entry
                for name, entry in files.items()
                if name in named or name.startswith(folders)
            }

        return Listing(part(self.entries), part(self.staged), part(self.absent))


class Tree:
    """One place. ``commit`` is its id for a commit, else None."""

    commit: str | None = None
    _searched: str | None = None

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._listings: dict[tuple[str, ...], Listing] = {}

    def listing(self, under: Sequence[str] = ()) -> Listing:
        """What is below the folders ``under``; everything if there are none."""
        places = () if "." in under else tuple(under)
        if places not in self._listings:
            whole = self._listings.get(())
            self._listings[places] = self._list(places) if whole is None else whole.below(places)
        return self._listings[places]

    def _list(self, under: Sequence[str]) -> Listing:
        raise NotImplementedError

    def entry(self, file: str) -> TreeEntry | None:
        """One file, listed or not (git ignores it, say); None where there is none."""
        raise NotImplementedError

    def large_files(self, limit: int, *, besides: Sequence[str] = ()) -> set[str]:
        """Files of more than ``limit`` bytes, less those in the folders ``besides``."""
        raise NotImplementedError

    def files_containing(
        self,
        texts: Sequence[str],
        *,
        besides: Collection[str] = (),
        untracked: bool = False,
        wide: bool = False,
    ) -> list[str]:
        """Tracked files whose content here holds one of ``texts``; see ``git.search``.

        ``untracked``: in the work tree also those that git would add.
        """
        return files_containing(
            self.repository,
            texts,
            besides=besides,
            place=self._searched,
            untracked=untracked and self._searched is None,
            wide=wide,
        )

    def contents(
        self, files: Sequence[str], *, limit: int = limits.SECRET_FILE
    ) -> Iterator[tuple[str, bytes | FailedError]]:
        """Every one of ``files``, in any order, with its bytes or the reason why not.

        The kinds are those of ``storage.read_regular_file``, ``symlink`` for a link and
        ``unmerged`` for a file of the index with a merge conflict.
        """
        raise NotImplementedError

    def link_targets(self) -> Iterator[tuple[str, bytes]]:
        """Every symlink, with where it leads to; one that cannot be read is left out."""
        raise NotImplementedError

    def read(self, file: str, *, limit: int = limits.SECRET_FILE) -> bytes:
        """The bytes of one file.

        Raises:
            MissingFileError: there is none.
            FailedError: as ``contents`` says.
        """
        for _, content in self.contents([file], limit=limit):
            if isinstance(content, bytes):
                return content
            raise content
        raise _missing(file)


class WorkTree(Tree):
    """What git tracks or would add, as it is on the disk. No filter of the checkout runs."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository)
        self._sizes: dict[str, int] = {}

    def _list(self, under: Sequence[str]) -> Listing:
        staged: dict[str, TreeEntry] = {}
        left_out: set[str] = set()
        names: set[str] = set()
        for tag, name, entry in list_checkout(self.repository, under=under):
            names.add(name)
            if entry is not None:
                staged[name] = entry
            if tag == LEFT_OUT:
                left_out.add(name)
        entries: dict[str, TreeEntry] = {}
        absent: dict[str, TreeEntry] = {}
        for name in sorted(names):
            entry = self.entry(name)
            if entry is not None:
                known = staged[name].is_submodule if name in staged else name.endswith("/")
                entries[name] = _SUBMODULE if entry.is_folder and known else entry
            elif name in left_out:
                absent[name] = staged[name]
        return Listing(entries, staged, absent)

    def entry(self, file: str) -> TreeEntry | None:
        mode, self._sizes[file] = _look_at(self.repository.root, file)
        return None if mode is None else TreeEntry(mode, "")

    def large_files(self, limit: int, *, besides: Sequence[str] = ()) -> set[str]:
        large = {file for file in self.listing().entries if self._sizes[file] > limit}
        return {file for file in large if not file.startswith(_inside(besides))}

    def contents(
        self, files: Sequence[str], *, limit: int = limits.SECRET_FILE
    ) -> Iterator[tuple[str, bytes | FailedError]]:
        folders: set[str] = set()
        for file in files:
            try:
                path = path_below(self.repository.root, file, folders)
                yield file, read_regular_file(path, limit=limit, name=file)
            except FailedError as error:
                yield file, error

    def link_targets(self) -> Iterator[tuple[str, bytes]]:
        for file, entry in self.listing().entries.items():
            if entry.is_link:
                with contextlib.suppress(OSError):
                    yield file, os.fsencode((self.repository.root / file).readlink())


def _inside(folders: Sequence[str]) -> tuple[str, ...]:
    """What a name of a file in one of ``folders`` begins with."""
    return tuple(f"{folder}/" for folder in folders)


def _look_at(root: Path, file: str) -> tuple[str | None, int]:
    """The mode that git would give a file, None where there is none, and its size."""
    try:
        status = os.lstat(f"{root}/{file}")
    except (FileNotFoundError, NotADirectoryError):
        return None, 0
    except OSError:
        return UNKNOWN_MODE, 0
    return _mode_of(status.st_mode), status.st_size


def _mode_of(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "100755" if mode & 0o111 else "100644"
    return f"{stat.S_IFMT(mode):06o}"


class _Stored(Tree):
    """A place whose files are blobs of git."""

    def entry(self, file: str) -> TreeEntry | None:
        return self._find([file]).get(file)

    def large_files(self, limit: int, *, besides: Sequence[str] = ()) -> set[str]:
        inside = _inside(besides)
        entries = {
            name: entry
            for name, entry in self.listing().entries.items()
            if entry.is_regular and entry.id and not name.startswith(inside)
        }
        ids = sorted({entry.id for entry in entries.values()})
        sizes = dict(sizes_of(self.repository.command, ids))
        return {name for name, entry in entries.items() if sizes[entry.id] > limit}

    def contents(
        self, files: Sequence[str], *, limit: int = limits.SECRET_FILE
    ) -> Iterator[tuple[str, bytes | FailedError]]:
        named: dict[str, list[str]] = {}
        entries = self._find(files)
        for file in files:
            problem = _why_no_file(file, entries.get(file))
            if problem is not None:
                yield file, problem
            else:
                named.setdefault(entries[file].id, []).append(file)
        for blob, content in iterate_contents(self.repository.command, list(named), limit=limit):
            for file in named[blob]:
                yield file, named_content(content, file)

    def link_targets(self) -> Iterator[tuple[str, bytes]]:
        named: dict[str, list[str]] = {}
        for file, entry in self.listing().entries.items():
            if entry.is_link and entry.id:
                named.setdefault(entry.id, []).append(file)
        for blob, target in iterate_contents(self.repository.command, list(named)):
            if isinstance(target, bytes):
                yield from ((file, target) for file in named[blob])

    def _find(self, files: Sequence[str]) -> Mapping[str, TreeEntry]:
        """The entries of files, wherever they are."""
        if () in self._listings:
            return self._listings[()].entries
        for listing in self._listings.values():
            if all(file in listing.entries for file in files):
                return listing.entries
        return self._list(_by_name(files)).entries


class CommitTree(_Stored):
    """The files of a commit; none without one."""

    def __init__(self, repository: Repository, commit: str | None) -> None:
        super().__init__(repository)
        self.commit = self._searched = commit

    def files_containing(
        self,
        texts: Sequence[str],
        *,
        besides: Collection[str] = (),
        untracked: bool = False,
        wide: bool = False,
    ) -> list[str]:
        if self.commit is None:
            return []
        return super().files_containing(texts, besides=besides, untracked=untracked, wide=wide)

    def _list(self, under: Sequence[str]) -> Listing:
        if self.commit is None:
            return Listing({})
        return Listing(self.repository.list_entries(self.commit, under=under))


class IndexTree(_Stored):
    """What the next commit would have. In a merge conflict a file has no id."""

    _searched = "--cached"

    def _list(self, under: Sequence[str]) -> Listing:
        staged = {
            name: entry
            for _, name, entry in list_checkout(self.repository, under=under, untracked=False)
            if entry is not None
        }
        empty = self.repository.blob_id(b"")
        doubtful = {name for name, entry in staged.items() if entry.id == empty}
        if doubtful:
            doubtful.intersection_update(only_announced(self.repository, _by_name([*doubtful])))
        return Listing({name: entry for name, entry in staged.items() if name not in doubtful})


def _by_name(files: Sequence[str]) -> Sequence[str]:
    """What to ask git for: ``files``, or all where they are very many."""
    return files if len(files) <= _FEW else ()


def _why_no_file(file: str, entry: TreeEntry | None) -> FailedError | None:
    if entry is None:
        return _missing(file)
    if not entry.id:
        return FailedError(f"{file} has a merge conflict", kind="unmerged", file=file)
    if entry.is_link:
        return FailedError(f"{file} is a symlink", kind="symlink", file=file, link=file)
    if not entry.is_regular:
        return FailedError(f"not a regular file: {file}", kind="not-a-regular-file", file=file)
    return None


def _missing(file: str) -> MissingFileError:
    return MissingFileError(f"no such file: {file}", file=file)


ADVICE: Final = {
    "unmerged": "`plana-secrets resolve {file}` resolves it if it is a secret file; then `git add`",
}
