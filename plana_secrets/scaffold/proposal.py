"""Which settings describe the secret files of a repository: few patterns, no lists of names. Pure.

A root says that everything in it is encrypted, so one is proposed only where that is true
today. A file that no root holds is found by what is in it all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.secretfiles.discovery import TELLING
from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.roots import in_roots, is_glob
from plana_secrets.sops.rules.rulesfile import Rules

_ALWAYS: Final = (".sops.", ".enc.")
_NAMES: Final = (".secret.", ".secrets.", "-secret.", "-secrets.", "secret.", "secrets.")
"""How the names of secret files end, before the format; the first are for nothing else."""
_MAY_BE_SECRET: Final = frozenset(
    {"", ".yaml", ".yml", ".json", ".env", ".ini", ".toml", ".pem", ".key", ".asc", ".gpg", ".age"}
)
_MOST_ENDINGS: Final = 4


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to add to ``files.roots``, ``files.plain`` and ``policy.selectors``."""

    roots: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.roots or self.plain or self.selectors)


def propose(secret: Collection[str], others: Collection[str], rules: Iterable[Rules]) -> Proposal:
    """``secret``: files of sops. ``others``: files that are neither secret nor wrong today."""
    left = {file for file in secret if not is_glob(file)}
    folders = [*_told_folders(left, others)]
    roots = [*_as_globs(folders, others)]
    left = _outside(left, roots)
    roots += _each_once(_name_glob(file, others) for file in sorted(left))
    left = _outside(left, roots)
    roots += _each_once(_pure_folder(file, left, others) for file in sorted(left))
    plain = dict.fromkeys(glob for folder in folders for glob in _endings(folder, others))
    return Proposal(tuple(roots), tuple(plain), tuple(sorted(_selectors(rules))))


def _each_once(found: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(one for one in found if one))


def _outside(files: Iterable[str], roots: Collection[str]) -> set[str]:
    is_inside = in_roots(tuple(roots))
    return {file for file in files if not is_inside(file)}


def _told_folders(files: Iterable[str], others: Collection[str]) -> Iterator[str]:
    """The outermost folders whose names say that secrets are in them, and in which they are."""
    found: set[str] = set()
    for file in files:
        parents = [str(one) for one in reversed(PurePosixPath(file).parents)]
        for folder in parents[1:]:
            name = folder.rpartition("/")[2].lower()
            if any(word in name for word in TELLING) and _is_pure(folder, others):
                found.add(folder)
                break
    yield from sorted(found)


def _is_pure(folder: str, others: Collection[str]) -> bool:
    """Whether the other files in a folder are of few kinds, none of which may be secret."""
    suffixes = {PurePosixPath(one).suffix for one in others if one.startswith(f"{folder}/")}
    return len(suffixes) <= _MOST_ENDINGS and suffixes.isdisjoint(_MAY_BE_SECRET)


def _endings(folder: str, others: Collection[str]) -> list[str]:
    """Globs for what is readable in a folder; see ``_is_pure``."""
    suffixes = {PurePosixPath(one).suffix for one in others if one.startswith(f"{folder}/")}
    return [f"{folder}/**/*{suffix}" for suffix in sorted(suffixes)]


def _as_globs(folders: list[str], others: Collection[str]) -> Iterator[str]:
    """Folders that differ in one step as one glob, where that holds nothing else."""
    groups: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        steps = folder.split("/")
        shape = "/".join([*steps[:-2], "*", steps[-1]]) if len(steps) > 1 else folder
        groups[shape].append(folder)
    for shape, members in groups.items():
        if len(members) > 1 and not any(_is_matched(shape, one, members) for one in others):
            yield shape
        else:
            yield from members


def _is_matched(glob: str, file: str, members: Collection[str]) -> bool:
    inside = any(file.startswith(f"{folder}/") for folder in members)
    return not inside and glob_match((glob,), file)


def _name_glob(file: str, others: Collection[str]) -> str | None:
    """The glob for the way in which a file is named, if no ordinary file is named so."""
    name = PurePosixPath(file).name
    stem, _, ending = name.rpartition(".")
    for end in (*_ALWAYS, *_NAMES):
        told = f"{stem}.".endswith(end) and (end[0] in ".-" or f"{stem}." == end)
        glob = f"**/{'*' if end[0] in '.-' else ''}{end}{ending}"
        if told and (end in _ALWAYS or not any(glob_match((glob,), one) for one in others)):
            return glob
    return None


def _pure_folder(file: str, secret: Collection[str], others: Collection[str]) -> str | None:
    """The outermost folder that holds several secret files and nothing else."""
    for parent in list(reversed(PurePosixPath(file).parents))[1:]:
        place = f"{parent}/"
        several = sum(one.startswith(place) for one in secret) > 1
        if several and not any(one.startswith(place) for one in others):
            return str(parent)
    return None


def _selectors(rules: Iterable[Rules]) -> Iterator[str]:
    for rule in {rule for one in rules for rule in one.creation_rules}:
        selector = rule.selector
        if kind_of(selector) is FileKind.OTHER:
            plain = selector.option == "encrypted_regex"
            yield selector.pattern if plain else f"{selector.option}={selector.pattern}"
