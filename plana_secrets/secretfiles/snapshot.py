"""The secret files, rules and settings of a repository in one place, as one thing.

The place is the work tree, the index or a commit. What works on a snapshot works on each
of them: checks, comparisons, the mirror. A snapshot looks once and keeps what it saw; a
command that writes takes a new one afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from plana_secrets import limits
from plana_secrets.errors import FailedError
from plana_secrets.git.changes import changes
from plana_secrets.git.repository import TreeEntry
from plana_secrets.git.trees import CommitTree, IndexTree, Listing, Tree, WorkTree
from plana_secrets.secretfiles.discovery import (
    SOPS_MARK,
    carries_sops,
    is_exempt,
    is_rules_file,
    text_of,
)
from plana_secrets.secretfiles.listing import is_under_roots, select_secret_files
from plana_secrets.secretfiles.open import open_bytes
from plana_secrets.secretfiles.roots import folders_of, in_roots, is_glob
from plana_secrets.secretfiles.settings import SETTINGS_FILE, FilesSettings
from plana_secrets.secretfiles.workspace import NO_RULES, RULES_FILE, Workspace

if TYPE_CHECKING:
    from plana_secrets.sops.model import Document
    from plana_secrets.sops.rules.creationrule import CreationRule
    from plana_secrets.sops.rules.rulebook import RuleBook
    from plana_secrets.sops.rules.rulesfile import Rules


def work_tree(workspace: Workspace) -> Snapshot:
    """What is on the disk: tracked files and those that git would add."""
    return Snapshot(workspace, WorkTree(workspace.repository))


def index(workspace: Workspace, file: Path | None = None) -> Snapshot:
    """What the next commit would have; ``file``: the index, if it is not the usual one."""
    return Snapshot(workspace, IndexTree(replace(workspace.repository, index_file=file)))


def at_commit(workspace: Workspace, commit: str | None) -> Snapshot:
    """The files of a commit (an id, see ``Repository.resolve``); nothing without one."""
    return Snapshot(workspace, CommitTree(workspace.repository, commit))


def rules_in_use(workspace: Workspace) -> tuple[Rules, ...]:
    """The rules at the root of the work tree, and every other rules file under the secret folders
    or above a secret file.

    Raises:
        NoRulesError: there is none.
    """
    known = work_tree(workspace).rule_book.known
    if not known:
        raise workspace.no_rules(NO_RULES)
    return known


class Snapshot:
    """``settings``: where secret files are. By default those of the work tree; see ``under``."""

    def __init__(
        self,
        workspace: Workspace,
        tree: Tree,
        settings: FilesSettings | None = None,
        only: Sequence[str] | None = None,
    ) -> None:
        self.workspace = workspace
        self.tree = tree
        self.settings = settings or workspace.settings
        self._only = only
        self._found: dict[str, frozenset[str]] = {}

    def under(self, settings: FilesSettings) -> Snapshot:
        """The same place, listed by other settings: those that were parsed from it, say."""
        return Snapshot(self.workspace, self.tree, settings, self._only)

    def only(self, files: Sequence[str]) -> Snapshot:
        """The same place, of which only some files are listed, and those in some folders."""
        return Snapshot(self.workspace, self.tree, self.settings, files)

    @property
    def commit(self) -> str | None:
        """The id of the commit; None for the work tree, the index and for nothing."""
        return self.tree.commit

    @property
    def is_work_tree(self) -> bool:
        return isinstance(self.tree, WorkTree)

    # -- which files there are

    @cached_property
    def places(self) -> tuple[str, ...]:
        """What is listed: the roots, the rules and settings, and secret files elsewhere."""
        roots = folders_of(self.settings.roots) if self._only is None else self._only
        return (*roots, *_AT_THE_TOP, *self.scattered)

    @property
    def listing(self) -> Listing:
        """All that was seen, also what the index has; see ``git.trees``."""
        return self.tree.listing(self.places)

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        """Every file under the roots, the rules and the settings, with mode and id."""
        return self.listing.entries

    def entry(self, file: str) -> TreeEntry | None:
        """Any file of the repository, also one that is not listed; None where there is none."""
        return self.entries.get(file) or self.tree.entry(file)

    def blob_ids(self, files: Sequence[str]) -> dict[str, str]:
        """The id that git has for the content of each file, or would give it in the work tree.

        Files whose content cannot be read are left out.
        """
        if self.is_work_tree:
            blob_id = self.workspace.repository.blob_id
            contents = self.contents(files)
            return {file: blob_id(data) for file, data in contents if isinstance(data, bytes)}
        entries = self.entries
        found = ((file, entries[file]) for file in files if file in entries)
        return {file: entry.id for file, entry in found if entry.is_regular and entry.id}

    def containing(self, text: str) -> frozenset[str]:
        """Files with ``text`` in them that git tracks or would add; large ones are left out."""
        if text not in self._found:
            self.search((text,))
        return self._found[text]

    def search(self, texts: Sequence[str], wide: Sequence[str] = ()) -> None:
        """Look for several texts at once, so that ``containing`` knows them.

        ``wide``: those of them that are also looked for in UTF-16; see ``git.search``.
        """
        large = self.large_files
        try:
            hits = self.tree.files_containing(texts, besides=large, untracked=True)
            if wide:
                more = self.tree.files_containing(wide, besides=large, untracked=True, wide=True)
                hits = sorted({*hits, *more})
            if len(texts) == 1:
                self._found[texts[0]] = frozenset(hits)
                return
        except FailedError:  # git stops at a folder that may not be entered; the rest is searched
            hits = [*self.tree.listing().entries]
        self._found.update(_parted(self.contents(hits, limit=limits.SEARCHED_FILE), texts))

    @cached_property
    def scattered(self) -> tuple[str, ...]:
        """Files beside the roots that sops encrypted, in the order of their names."""
        marked = [
            file
            for file in sorted(self._marked_beside_roots())
            if not (is_under_roots(self.settings, file) or is_exempt(self.settings, file))
            and self._is_asked_for(file)
        ]
        return tuple(
            sorted(
                file
                for file, content in self.contents(marked, limit=limits.SEARCHED_FILE)
                if isinstance(content, bytes) and carries_sops(file, content)
            )
        )

    def _marked_beside_roots(self) -> Collection[str]:
        """Files with the mark of sops; into the folders of the roots nothing needs to look."""
        if SOPS_MARK in self._found:
            return self._found[SOPS_MARK]
        fixed = folders_of(root for root in self.settings.roots if not is_glob(root))
        inside = [folder for folder in fixed if folder != "."]
        large = self.tree.large_files(limits.SEARCHED_FILE, besides=inside)
        try:
            return self.tree.files_containing(
                (SOPS_MARK,), besides={*large, *inside}, untracked=True
            )
        except FailedError:
            return self.containing(SOPS_MARK)

    def _is_asked_for(self, file: str) -> bool:
        return self._only is None or any(f"{file}/".startswith(f"{one}/") for one in self._only)

    @cached_property
    def large_files(self) -> set[str]:
        """Files that are too large to be searched."""
        return self.tree.large_files(limits.SEARCHED_FILE)

    @cached_property
    def secret_files(self) -> tuple[str, ...]:
        """The files that have to be encrypted, in the order of their names."""
        return tuple(sorted({*self.listed, *self.scattered}))

    @cached_property
    def inside(self) -> frozenset[str]:
        """What is listed under the roots, also files that only the index has."""
        names = self.entries.keys() | self.listing.staged.keys()
        return frozenset(filter(in_roots(self.settings.roots), names))

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Those of them that are under the roots."""
        entries = self.entries
        files = [one for one in self.inside if one in entries and not entries[one].is_submodule]
        return select_secret_files(self.settings, files)

    @property
    def unmerged(self) -> tuple[str, ...]:
        """Files with an open merge conflict, in the work tree."""
        staged = self.tree.listing(self.places).staged
        return tuple(file for file, entry in staged.items() if not entry.id)

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Secret files that a sparse checkout leaves out; only the work tree has such."""
        return select_secret_files(self.settings, self.listing.absent)

    def differences(self, new: Snapshot, *, by_stat: bool = False) -> dict[str, str]:
        """What ``new`` changes in this commit or index, of ``entries``; see ``git.changes``."""
        under = *new.places, *self.scattered
        return changes(self.tree, new.tree, under=under, by_stat=by_stat)

    def secret_differences(self, new: Snapshot) -> dict[str, str]:
        """Those of secret files, in either place, and of the rules and settings.

        As ``git status`` sees them: by the stat of a file where that tells enough.
        """
        differing = self.differences(new, by_stat=True)
        if not differing:
            return {}
        ours = {*self.secret_files, *new.secret_files, *_AT_THE_TOP}
        return {one: how for one, how in differing.items() if one in ours or is_rules_file(one)}

    # -- what they say

    def read(self, file: str, *, limit: int = limits.SECRET_FILE) -> bytes:
        """The bytes of any file of the repository.

        Raises:
            MissingFileError: there is none in this place.
            FailedError: as ``git.trees.Tree.contents`` says.
        """
        return self.tree.read(file, limit=limit)

    def contents(
        self, files: Sequence[str], *, limit: int = limits.SECRET_FILE
    ) -> Iterator[tuple[str, bytes | FailedError]]:
        """The bytes of many files, in any order, or why there are none. One git reads all."""
        return self.tree.contents(files, limit=limit)

    def open(self, file: str) -> Document:
        """A file opened with the identities at hand; the MAC held and nothing is wrong with it.

        Raises:
            CredentialError: none of the identities opens it.
            MalformedError: it is not what it must be; the message names the file.
            FailedError: as ``read``.
        """
        return open_bytes(self.read(file), file, self.workspace.identities)

    # -- by what rules and settings

    @cached_property
    def rule_book(self) -> RuleBook:
        """The rules files under the roots and above every secret file, above others on demand.

        One under the roots counts before there is a file that it decides.
        """
        from plana_secrets.sops.rules.rulebook import RuleBook

        book = RuleBook(self._read_rules)
        book.prepare((RULES_FILE, *filter(is_rules_file, self.inside)))
        book.prepare((*self.secret_files, *self.absent))
        return book

    def rule_for(self, file: str) -> CreationRule | None:
        """The rule that decides how ``file`` is encrypted; None where no rule matches."""
        return self.rule_book.rule_for(file)

    def _read_rules(self, files: Iterable[str]) -> dict[str, bytes | FailedError]:
        return dict(self.contents(tuple(files), limit=limits.RULES_FILE))


def _parted(
    contents: Iterable[tuple[str, bytes | FailedError]], texts: Sequence[str]
) -> dict[str, frozenset[str]]:
    """Which files have which text."""
    found: dict[str, set[str]] = {text: set() for text in texts}
    for file, content in contents:
        plain = text_of(content) if isinstance(content, bytes) else b""
        for text in texts:
            if text.encode() in plain:
                found[text].add(file)
    return {text: frozenset(files) for text, files in found.items()}


_AT_THE_TOP = (RULES_FILE, SETTINGS_FILE)
