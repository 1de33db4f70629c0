"""A repository as it is: its files, its commits, its branches. Looking changes nothing.

File names are posix paths relative to the root of the work tree. Bytes that are not
UTF-8 in a name survive as surrogate escapes, as everywhere in Python.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import new as new_hash
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.git import past, remotes
from plana_secrets.git.author import DEFAULT_AUTHOR, Author
from plana_secrets.git.blobs import iterate_contents, named_content
from plana_secrets.git.command import GitCommand
from plana_secrets.git.discovery import find_git_dir, find_repository
from plana_secrets.git.pipes import ignore_files, refuse_pipes

_FEW = 256
"""So many files are asked for by name; for more, all files of a commit are listed."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file of a commit. ``mode`` is git's: 100644, 100755, 120000 (symlink), 160000 (a
    submodule); 040000 is a folder of the work tree in place of a file."""

    mode: str
    id: str

    @property
    def is_regular(self) -> bool:
        return self.mode in {"100644", "100755"}

    @property
    def is_link(self) -> bool:
        return self.mode == "120000"

    @property
    def is_submodule(self) -> bool:
        """Another repository, one that git does not know yet included."""
        return self.mode == "160000"

    @property
    def is_folder(self) -> bool:
        """A submodule, or a folder in place of a file."""
        return self.mode in {"160000", "040000"}

    @property
    def kind(self) -> str:
        """The mode without its permissions."""
        return self.mode[:2]


@dataclass(frozen=True)
class Repository:
    """``git_dir`` is that of this work tree, ``common_dir`` that of all of them.

    ``object_format``: the hash that names objects, ``sha1`` or ``sha256``.
    ``deployed_remote``: the remote that the settings name, if they do. ``author``: of
    commits where git knows no one. ``index_file``: the index that is looked at, if it is not
    the usual one; see ``git.index``. ``is_bare``: there is no work tree, and ``root`` is the
    git dir.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    object_format: str
    deployed_remote: str | None = None
    author: Author = DEFAULT_AUTHOR
    index_file: Path | None = None
    is_bare: bool = False

    @classmethod
    def open(cls, folder: Path) -> Repository:
        """The repository that contains ``folder``.

        Raises:
            UsageError, FailedError: as ``find_repository`` says.
        """
        found = find_repository(folder)
        return cls(found.root, found.git_dir, found.common_dir, found.object_format)

    @classmethod
    def open_git_dir(cls, folder: Path) -> Repository:
        """The repository of which ``folder`` is the git dir; its work tree is not used.

        Raises:
            UsageError: as ``find_git_dir`` says.
        """
        found = find_git_dir(folder)
        places = found.root, found.git_dir, found.common_dir
        return cls(*places, found.object_format, is_bare=True)

    @cached_property
    def command(self) -> GitCommand:
        return GitCommand(self.root, self.index_file, self.git_dir if self.is_bare else None)

    # -- the work tree

    def tracked_files(self, *, under: Sequence[str] = ()) -> list[str]:
        """Files in the index, below the folders ``under`` (everywhere if there are none)."""
        return self._names("ls-files", "-z", "--cached", "--", *under)

    def untracked_files(self) -> list[str]:
        """Files that git would add."""
        return self._others("--others", under=())

    def ignored_files(self, *, under: Sequence[str] = ()) -> list[str]:
        """Files that git is told to ignore."""
        return self._others("--others", "--ignored", under=under)

    def _others(self, *which: str, under: Sequence[str]) -> list[str]:
        refuse_pipes(self.root, ignore_files(self.root, under))
        return self._names("ls-files", "-z", *which, "--exclude-standard", "--", *under)

    def _names(self, *arguments: str) -> list[str]:
        output = self.command.read("--literal-pathspecs", *arguments)
        return sorted({os.fsdecode(name) for name in output.split(b"\0") if name})

    def blob_id(self, content: bytes) -> str:
        """The id under which git keeps ``content``."""
        return new_hash(self.object_format, b"blob %d\0" % len(content) + content).hexdigest()

    # -- commits and branches

    def head(self) -> str | None:
        """The commit of HEAD; None in a repository without commits."""
        commit = self.resolve("HEAD")
        if commit is None:
            branch = self.command.line("symbolic-ref", "--quiet", "HEAD")
            # a branch that is not born has no ref at all; anything else is damage
            if branch is None or self._has_ref(branch):
                raise FailedError("git cannot read the commit of HEAD", kind="git-failed")
        return commit

    def _has_ref(self, name: str) -> bool:
        """Whether there is a ref of this name, readable or not."""
        return self.command.line("rev-parse", "--quiet", "--verify", name) is not None

    def resolve(self, revision: str) -> str | None:
        """The id of the commit that ``revision`` means, or None."""
        return past.resolve(self.command, revision)

    def branch(self) -> str | None:
        """The branch that is checked out, born or not; None with a detached HEAD."""
        return self.command.line("symbolic-ref", "--quiet", "--short", "HEAD")

    def checked_out(self) -> tuple[str | None, str | None]:
        """``head`` and ``branch``, in one question where there is a commit."""
        done = self.command.look("rev-parse", "HEAD^{commit}", "--symbolic-full-name", "HEAD", "--")
        lines = os.fsdecode(done.stdout).split("\n")
        if done.status != 0 or len(lines) != 4:
            return self.head(), self.branch()
        commit, ref = lines[:2]
        return commit, ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None

    def remote(self) -> str | None:
        """The remote that is deployed, or None; see ``remotes.choose_remote``."""
        return remotes.choose_remote(self.remote_names(), self._upstream(), self.deployed_remote)

    def has_remote(self) -> bool:
        """Whether there is any remote, be it known or not which one is deployed."""
        return bool(self.remote_names()) or self._upstream() not in {None, "."}

    def remote_names(self) -> list[str]:
        return (self.command.line("remote") or "").split()

    def _upstream(self) -> str | None:
        branch = self.branch()
        return self.command.line("config", "--get", f"branch.{branch}.remote") if branch else None

    def default_branch(self) -> str | None:
        """The branch that is deployed unless the configuration says otherwise.

        It is the remote's default branch as last seen (nothing is asked over the
        network); without that, ``main`` or ``master`` where one exists, else the
        branch that is checked out.
        """
        remote = self.remote()
        if remote:
            head = self.command.line("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD")
            if head:
                return head.removeprefix(f"refs/remotes/{remote}/")
        prefix = f"refs/remotes/{remote}/" if remote else "refs/heads/"
        for name in ("main", "master"):
            if self.command.line("rev-parse", "--quiet", "--verify", prefix + name):
                return name
        return self.branch()

    def merge_base(self, one: str, other: str) -> str | None:
        return self.command.line("merge-base", one, other)

    def merge_bases(self, one: str, other: str) -> list[str]:
        """All of them: two where branches were merged into each other."""
        return (self.command.line("merge-base", "--all", one, other) or "").split()

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether ``descendant`` contains ``ancestor``. A commit that is not here: False.

        Raises:
            FailedError: git could not tell.
        """
        return past.is_ancestor(self.command, ancestor, descendant)

    def contains_all(self, descendant: str, ancestors: Sequence[str]) -> bool:
        """The same for every one of ``ancestors``, in one question to git."""
        return past.contains_all(self.command, descendant, ancestors)

    def renames(self, old: str, new: str) -> dict[str, str]:
        """The former name of every file that git finds renamed between two commits."""
        return past.renames(self.command, old, new)

    def missing_history(self) -> str | None:
        """Why the history here may not be whole, in a few words; None where it is whole."""
        return past.missing_history(self.command)

    def is_partial(self) -> bool:
        """Whether objects may be missing because they were left out on purpose."""
        pattern = r"^remote\..*\.(promisor|partialclonefilter)$"
        return self.command.line("config", "--get-regexp", pattern) is not None

    def incomplete(self) -> str | None:
        """Why older versions may not be here, in a few words; None where all are."""
        return self.missing_history() or ("a partial clone" if self.is_partial() else None)

    # -- the content of commits

    def list_entries(self, commit: str, *, under: Sequence[str] = ()) -> dict[str, TreeEntry]:
        """The files of a commit below the folders ``under``, by name."""
        output = self.command.read(
            "--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, "--", *under
        )
        entries = {}
        for record in output.split(b"\0"):
            if record:
                facts, _, name = record.partition(b"\t")
                mode, _kind, object_id = facts.decode("ascii").split(" ")
                entries[os.fsdecode(name)] = TreeEntry(mode, object_id)
        return entries

    def read_blob(self, commit: str, file: str) -> bytes | None:
        """The bytes of a regular file in a commit; None where it has none."""
        return self.read_blobs(commit, [file])[file]

    def read_blobs(self, commit: str, files: Sequence[str]) -> dict[str, bytes | None]:
        """The bytes of many files of a commit, all in memory; None for what is no file.

        Raises:
            FailedError: one of them is too large (kind ``too-large``).
        """
        found: dict[str, bytes | None] = dict.fromkeys(files)
        for file, content in self.iterate_blobs(commit, files):
            if isinstance(content, FailedError):
                raise content
            found[file] = content
        return found

    def iterate_blobs(
        self, commit: str, files: Sequence[str]
    ) -> Iterator[tuple[str, bytes | FailedError]]:
        """File and bytes of those of ``files`` that are regular files in the commit.

        In place of the bytes of a file that is too large, the error that says so.
        """
        folders = files if len(files) <= _FEW else ()
        entries = self.list_entries(commit, under=folders)
        named: dict[str, list[str]] = {}
        for file in files:
            if file in entries and entries[file].is_regular:
                named.setdefault(entries[file].id, []).append(file)
        for object_id, content in iterate_contents(self.command, list(named)):
            for file in named[object_id]:
                yield file, named_content(content, file)

    def read_objects(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The contents of blobs by id.

        Raises:
            FailedError: one is missing (kind ``git-missing-object``) or too large.
        """
        contents: dict[str, bytes] = {}
        for object_id, content in iterate_contents(self.command, ids):
            if isinstance(content, FailedError):
                raise content
            contents[object_id] = content
        return contents

    def history_of(self, file: str, *, until: str | None = None) -> list[tuple[str, str]]:
        """Every (commit, blob id) that put new content at ``file``, newest first.

        Unless only what led to the commit ``until`` is asked for, all branches, stashes
        and what the reflogs still know are searched: what was in git once in plaintext
        is there until it expires everywhere.
        """
        return past.contents_of(self.command, file, until)

    # -- the remote (commits.py says how to commit)

    def push(self, commit: str = "HEAD", *, branch: str, lease: str | None = None) -> None:
        """Move ``branch`` of the remote to ``commit``; see ``remotes.push_commit``."""
        remotes.push_commit(self.command, self.require_remote(), commit, branch, lease=lease)

    def fetch(self, *, branch: str) -> str | None:
        """Fetch a branch of the remote; its commit, or None where it does not exist."""
        return remotes.fetch_branch(self.command, self.require_remote(), branch)

    def require_remote(self) -> str:
        """
        Raises:
            UsageError: there is none (kind ``no-remote``), or several and nothing says
                which one is deployed (``ambiguous-remote``).
        """
        remote = self.remote()
        if remote is None and self.has_remote():
            raise UsageError(
                "there are several remotes, and none is configured as the deployed one",
                kind="ambiguous-remote",
            )
        if remote is None:
            raise UsageError("the repository has no remote to push to", kind="no-remote")
        return remote


ADVICE: Final = {
    "ambiguous-remote": 'set it in plana-secrets.toml, and commit that: [git] remote = "NAME"',
    "no-remote": "add one with `git remote add`, or omit --push",
}
