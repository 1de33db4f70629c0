"""Names that are two to git and one to a person, to a Mac, or to a program that tidies up.

Pure, except for ``check_name``, which asks git for the names there are, and
``check_folders``. Letters that look alike in two scripts are not compared: only what Unicode
itself calls the same.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.git.repository import Repository
from plana_secrets.git.trees import WorkTree
from plana_secrets.secretfiles.roots import folders_of, in_roots
from plana_secrets.secretfiles.workspace import Workspace

_TIDIED: Final = re.compile(r"[ .]+$|^ +| +(?=\.)")
"""Blanks and dots that some file systems drop, or no one sees."""
_LATIN: Final = str.maketrans(
    "\u0430\u0441\u0435\u0451\u0456\u0458\u043e\u0440\u0455\u0445\u0443\u04bb\u0501\u051b\u051d\u04cf"
    "\u043a\u043c\u0442\u0433\u043f\u0432\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03f2\u0261"
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2044\u2215",
    "aceeijopsxyhdqwlkmtrnbaeikvoptuxcg-------//",
)
"""Small letters of Cyrillic and Greek, and signs, that look like others of ASCII.

Source: unicode.org/Public/security, confusables.txt, those of one letter.
"""
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters by their category, and nothing on a screen."""


@dataclass(frozen=True, slots=True)
class Twins:
    """``name``, a file or a folder, and the ``others`` of its folder that are the same.

    ``by_case``: they differ in capital and small letters, which can at least be seen.
    """

    name: str
    others: tuple[str, ...]
    by_case: bool

    @property
    def differences(self) -> dict[str, list[str]]:
        """The others by what tells them from ``name``, in words."""
        found: dict[str, list[str]] = {}
        for other in self.others:
            found.setdefault(_difference(_last(self.name), _last(other)), []).append(other)
        return found


def find_twins(files: Iterable[str]) -> Iterator[Twins]:
    """Every file and folder of ``files`` that has a twin, in the order of the names."""
    groups: dict[str, set[str]] = defaultdict(set)
    for file in files:
        for name in _with_folders(file):
            groups[_folded(name, case=True)].add(name)
    twins = [
        Twins(name, tuple(others), by_case=not any(_looks_same(name, one) for one in others))
        for group in groups.values()
        if len(group) > 1
        for name in group
        if (others := sorted(one for one in group if _last(one) != _last(name)))
    ]
    yield from sorted(twins, key=lambda one: one.name)


def named_like(files: Iterable[str], name: str) -> list[str]:
    """Those of ``files`` that are ``name`` to a person or to another file system; itself, too."""
    folded = _folded(name, case=True)
    return [one for one in files if _folded(one, case=True) == folded]


def twins_of_roots(files: Iterable[str], roots: Sequence[str]) -> dict[str, str]:
    """Folders that are no secret folder and look like one, or are one on another file system.

    With the root that each is a twin of. Here letters of other scripts count as well:
    there is no other reason to use them in such a name.
    """
    by_look = {f"{_skeleton(root)}/": root for root in folders_of(roots) if root != "."}
    found: dict[str, str] = {}
    for folder in {file[: file.rindex("/")] for file in files if "/" in file}:
        look = f"{_skeleton(folder)}/"
        root = next((root for one, root in by_look.items() if look.startswith(one)), None)
        if root is not None and not in_roots((root, *roots))(f"{folder}/x"):
            found[_top_of(folder, root)] = root
    return found


def _top_of(folder: str, root: str) -> str:
    """The folder that is the twin, of one that may be below it."""
    parts = folder.split("/")
    tops = ("/".join(parts[:end]) for end in range(1, len(parts)))
    return next((one for one in tops if _skeleton(one) == _skeleton(root)), folder)


@lru_cache(maxsize=8192)
def _skeleton(name: str) -> str:
    """What a name looks like in small Latin letters."""
    return _folded(name, case=True).translate(_LATIN)


def _difference(one: str, other: str) -> str:
    if _looks_same(one, other):
        return "in invisible characters"
    in_case_too = one.casefold() != other.casefold()
    return "in case and invisible characters" if in_case_too else "in case"


def has_invisible(name: str) -> bool:
    """Whether a name holds a character that shows nothing, or turns the text around."""
    return not _is_ordinary(name) and any(map(_is_invisible, name))


@lru_cache(maxsize=4096)
def visible_form(text: str) -> str:
    """What a text looks like: its normal form without characters that show nothing."""
    if _is_ordinary(text):
        return text
    composed = unicodedata.normalize("NFKC", text)
    visible = "".join(one for one in composed if not _is_invisible(one))
    return unicodedata.normalize("NFKC", visible)


def shown(name: str) -> str:
    """A name for a message: what is not ASCII is escaped, so that twins can be told apart."""
    return name if _is_ordinary(name) else name.encode("unicode_escape").decode("ascii")


def check_name(workspace: Workspace, file: str) -> tuple[str, ...]:
    """Stop where ``file`` would be a second name for one that git knows.

    The names from which it differs in case only are returned: here they are
    two files, and on a Mac one.

    Raises:
        UsageError: it looks like another name (kind ``twin-name``), or holds a character
            that cannot be seen (kind ``invisible-name``), or it would be in a submodule (kind
            ``other-repository``) or below a file (kind ``not-a-folder``), or git has a file of
            this name and keeps it out of the work tree (kind ``not-checked-out``).
    """
    if has_invisible(file):
        raise UsageError(
            f"{shown(file)} contains an invisible character",
            kind="invisible-name",
            file=file,
        )
    check_folders(workspace.root, file)
    folders = (*folders_of(workspace.settings.roots), file.rpartition("/")[0] or file)
    listing = WorkTree(workspace.repository).listing((*folders, file))
    refuse_left_out({file}.intersection(listing.absent))
    known = {*listing.entries, *listing.staged}
    ours = set(_with_folders(file))
    for folder in ours.intersection(listing.staged):
        if listing.staged[folder].is_submodule:
            raise _in_other_repository(file, folder)
    found = [one for one in find_twins({*known, file}) if one.name in ours]
    for twins in found:
        if not twins.by_case:
            other = shown(next(one for one in twins.others if _looks_same(one, twins.name)))
            raise UsageError(
                f"{shown(twins.name)} differs from {other} only in invisible characters",
                kind="twin-name",
                file=file,
                other=other,
            )
    return tuple(other for twins in found for other in twins.others)


def check_folders(root: Path, file: str) -> None:
    """See that the folders above ``file`` are folders, and of this repository.

    Raises:
        UsageError: one is a file (kind ``not-a-folder``), or the top of a repository inside
            this one (kind ``other-repository``).
    """
    for parent in reversed(PurePosixPath(file).parents[:-1]):
        folder, place = str(parent), root / parent
        if not os.path.lexists(place) or place.is_symlink():
            return
        if not place.is_dir():
            raise UsageError(f"{folder} is a file, not a folder", kind="not-a-folder", file=folder)
        if os.path.lexists(place / ".git"):
            raise _in_other_repository(file, folder)


def _in_other_repository(file: str, folder: str) -> UsageError:
    return UsageError(
        f"{file} is in another git repository, {folder}",
        kind="other-repository",
        file=file,
        folder=folder,
    )


def require_in_checkout(repository: Repository, file: str) -> None:
    """See that ``file`` is on the disk, or not for the reason that a sparse checkout leaves it out.

    Raises:
        UsageError: kind ``not-checked-out``.
    """
    if not os.path.lexists(repository.root / file):
        refuse_left_out(WorkTree(repository).listing((file,)).absent)


def refuse_left_out(files: Iterable[str]) -> None:
    """Stop at the first of some files that a sparse checkout leaves out.

    Raises:
        UsageError: kind ``not-checked-out``.
    """
    for file in files:
        raise UsageError(
            f"{file} is not in this sparse checkout",
            kind="not-checked-out",
            file=file,
            folder=file.rpartition("/")[0] or f"/{file}",
        )


def _is_ordinary(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _with_folders(file: str) -> Iterator[str]:
    """A file and every folder above it."""
    position = file.find("/")
    while position > 0:
        yield file[:position]
        position = file.find("/", position + 1)
    yield file


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _looks_same(one: str, other: str) -> bool:
    return _folded(_last(one), case=False) == _folded(_last(other), case=False)


def _folded(name: str, *, case: bool) -> str:
    return "/".join(_folded_part(part, case=case) for part in name.split("/"))


@lru_cache(maxsize=8192)
def _folded_part(part: str, *, case: bool) -> str:
    text = visible_form(part)
    if case:
        # The dotted and the dotless i of Turkish are one letter to those who fold by another
        # alphabet, and casefold leaves both.
        text = visible_form(text.casefold()).replace("i\u0307", "i").replace("\u0131", "i")
    return _TIDIED.sub("", text) or text


@lru_cache(maxsize=1024)
def _is_invisible(character: str) -> bool:
    return (
        unicodedata.category(character) in {"Cf", "Cc", "Zl", "Zp"}
        or character in _FILLERS
        or "VARIATION SELECTOR" in unicodedata.name(character, "")
    )


ADVICE: Final = {
    "other-repository": (
        "choose a place outside {folder}; that repository is used with --repo {folder}"
    ),
    "not-a-folder": "choose another place, or move that file away",
    "not-checked-out": "`git sparse-checkout add {folder}`, or `git sparse-checkout disable`",
    "invisible-name": "type the name again; a pasted name may contain invisible characters",
    "twin-name": "choose a name that is different from those shown by `plana-secrets ls`",
}
