"""The merge driver: in the settings of this clone, and in the attributes that the team shares.

Attributes that name a driver which a clone does not have are no error to git: it merges the file
as text. So the settings come first, and whether both are there is asked of git.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable, Sequence
from typing import Final

from plana_secrets.errors import FailedError, MissingFileError
from plana_secrets.git.command import failure
from plana_secrets.git.repository import Repository
from plana_secrets.git.search import attributes_of
from plana_secrets.scaffold.hooks.outcome import Outcome
from plana_secrets.scaffold.hooks.script import Program
from plana_secrets.secretfiles.roots import in_roots, is_glob
from plana_secrets.storage import path_below, read_regular_file, replace_file

DRIVER: Final = "plana-secrets"
_SECTION: Final = f"merge.{DRIVER}"
_KEY: Final = f"{_SECTION}.driver"
_ATTRIBUTES: Final = ".gitattributes"
_CALL: Final = " hook merge -- %O %A %B %P"
_BASES: Final = f"{DRIVER}-bases"
"""git merges several merge bases first, by a driver of its own: no one can be asked about that."""
_CALL_FOR_BASES: Final = " hook merge --base -- %O %A %B %P"
_TYPES: Final = ("*.yaml", "*.yml", "*.json", "*.env")


def configured_driver(repository: Repository) -> str | None:
    """The command that git would run, wherever it is configured."""
    return _configured(repository, _KEY)


def _configured(repository: Repository, name: str) -> str | None:
    return repository.command.line("config", "--get", name)


def can_run(driver: str) -> bool:
    """Whether the program that a driver starts is there."""
    try:
        words = shlex.split(driver)
    except ValueError:
        return True  # a shell may read more into it than we do
    return bool(words) and shutil.which(words[0]) is not None


def install_driver(repository: Repository, program: Program) -> Outcome:
    """Tell this clone how to start the driver; a driver of others with our name is left alone.

    Raises:
        FailedError: git does not keep it (kind ``hook-not-kept``), or cannot write.
    """
    place = repository.common_dir / "config"
    wanted = f"{program.command()}{_CALL}"
    present = configured_driver(repository)
    if present is not None and not present.endswith(_CALL):
        return Outcome("merge", "foreign", place, f"git config {_KEY} {wanted!r}")
    entries = {
        f"{_SECTION}.name": "merge secret files by value",
        f"{_SECTION}.recursive": _BASES,
        f"merge.{_BASES}.name": "merge the merge bases of secret files",
        f"merge.{_BASES}.driver": f"{program.command()}{_CALL_FOR_BASES}",
        _KEY: wanted,
    }
    if all(_configured(repository, name) == value for name, value in entries.items()):
        return Outcome("merge", "unchanged", place)
    for name, value in entries.items():
        done = repository.command.write("config", "--local", name, value)
        if done.status != 0:
            raise failure("config", done)
    if configured_driver(repository) != wanted:
        message = f"git has another {_KEY} than was written"
        raise FailedError(message, kind="hook-not-kept", file=str(place))
    return Outcome("merge", "installed" if present is None else "replaced", place)


def uninstall_driver(repository: Repository) -> Outcome:
    """Forget it in this clone; the attributes are the team's, and stay."""
    place = repository.common_dir / "config"
    present = repository.command.line("config", "--local", "--get", _KEY)
    if present is not None and not present.endswith(_CALL):
        return Outcome("merge", "absent", place)
    sections = [
        section
        for section in (f"merge.{_BASES}", _SECTION)
        if repository.command.line("config", "--local", "--get-regexp", f"^{section}[.]")
    ]
    if not sections:
        return Outcome("merge", "absent", place)
    for section in sections:
        done = repository.command.write("config", "--local", "--remove-section", section)
        if done.status != 0:
            raise failure("config", done)
    return Outcome("merge", "removed", place)


def not_driven(repository: Repository, files: Sequence[str]) -> list[str]:
    """Those of ``files`` that git would merge without the driver, by their attributes."""
    known = attributes_of(repository, files) if files else {}
    return [file for file in files if known.get(file, {}).get("merge") != DRIVER]


def attribute_lines(roots: Iterable[str], files: Iterable[str]) -> list[str]:
    """What names the driver for all files of the roots, and for ``files`` elsewhere. Pure."""
    roots = tuple(roots)
    patterns: list[str] = []
    for root in roots:
        folder = root.strip("/")
        if folder in {"", "."}:
            patterns += _TYPES
        else:
            patterns.append(root if is_glob(root) else f"/{folder}/**")
    patterns += [f"/{file}" for file in files if not in_roots(tuple(roots))(file)]
    return [f"{_quoted(pattern)} merge={DRIVER}" for pattern in dict.fromkeys(patterns)]


def _quoted(pattern: str) -> str:
    """Source: gitattributes(5): a pattern that starts with a quote is one in the style of C."""
    if not any(character in pattern for character in ' "\t'):
        return pattern
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'


def install_attributes(repository: Repository, lines: Sequence[str], *, write: bool) -> Outcome:
    """Add ``lines`` to the attributes at the root, or say them.

    Raises:
        FailedError: the file cannot be written, or is not what was written.
    """
    path = path_below(repository.root, _ATTRIBUTES)
    try:
        present = read_regular_file(path)
    except MissingFileError:
        present = b""
    known = present.decode("utf-8", "surrogateescape").splitlines()
    missing = [line for line in lines if line not in known]
    if not missing:
        return Outcome(_ATTRIBUTES, "unchanged", path)
    added = "".join(f"{line}\n" for line in missing)
    if not write:
        return Outcome(_ATTRIBUTES, "foreign", path, added)
    start = present if not present or present.endswith(b"\n") else present + b"\n"
    content = start + added.encode("utf-8", "surrogateescape")
    replace_file(path, content)
    if read_regular_file(path) != content:
        raise FailedError(f"{path} is not what was written", kind="hook-not-kept", file=str(path))
    return Outcome(_ATTRIBUTES, "replaced" if present else "installed", path)
