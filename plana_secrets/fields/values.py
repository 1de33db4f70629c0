"""Readers of what the settings name: folders, globs, references, recipients, durations."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from plana_secrets.errors import UsageError
from plana_secrets.fields.durations import LONGEST, PATTERN, SECONDS
from plana_secrets.fields.place import Place
from plana_secrets.fields.reading import Reader, text
from plana_secrets.fields.shapes import shape_of, shaped

if TYPE_CHECKING:
    from plana_secrets.document.references import SecretReference

_LONGEST_STEP: Final = 255
_LONGEST_FILE: Final = 1024
_KEYSET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
_LONGEST_KEYSET_NAME: Final = 200
_CALLER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED_CALLER: Final = "reload"
_NOT_IN_A_BRANCH: Final = re.compile(r"[ ~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/\.|[/.]$|\.lock(/|$)|^@$")


@shaped(type="string", pattern="^(0s|[1-9][0-9]{0,8}[smhd])$")
def duration(raw: object, place: Place) -> timedelta:
    """``"30m"``, ``"90d"``; no wait at all is spelled ``"0s"``, so that it is meant."""
    match = PATTERN.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise place.fault('expected a duration like "30m", "1h" or "90d"')
    seconds = int(match.group(1)) * SECONDS[match.group(2)]
    if seconds > LONGEST.total_seconds():
        raise place.fault(f"longer than {LONGEST.days} days")
    if not seconds and match.group(2) != "s":
        raise place.fault('write "0s" for no wait')
    return timedelta(seconds=seconds)


@shaped(type="string", pattern="^[1-9][0-9]{0,8}[smhd]$")
def age_limit(raw: object, place: Place) -> timedelta:
    """A duration that is longer than nothing."""
    found = duration(raw, place)
    if not found:
        raise place.fault("must be longer than 0s")
    return found


@shaped(**shape_of(text))
def folder(raw: object, place: Place) -> str:
    """A folder below the top of the repository, without a slash at its end."""
    named = text(raw, place)
    clean = named.strip("/")
    steps = clean.split("/")
    if not clean or named.startswith("/") or any(step in {"", ".", ".."} for step in steps):
        raise place.fault("must be a folder inside the repository")
    return _possible(clean, place)


@shaped(**shape_of(text))
def root(raw: object, place: Place) -> str:
    """A folder, a glob of files or folders, or ``.`` for the whole repository."""
    from plana_secrets.secretfiles.roots import is_glob

    named = text(raw, place)
    if named.strip("/") == ".":
        return "."
    clean = folder(named, place)
    if is_glob(clean):
        if clean.startswith("!"):
            raise place.fault("cannot begin with !")
        glob(clean, place)
    return clean


@shaped(**shape_of(text))
def file(raw: object, place: Place) -> str:
    """A file, relative to the repository."""
    return _possible(text(raw, place), place)


@shaped(**shape_of(text))
def committed_file(raw: object, place: Place) -> str:
    """A file that a commit can have, spelled as git spells it."""
    name = file(raw, place)
    steps = name.split("/")
    if any(step in {"", ".", ".."} for step in steps) or steps[0].lower() == ".git":
        raise place.fault("must be a file inside the repository, such as .git-allowed-signers")
    return name


@shaped(**shape_of(text))
def written_file(raw: object, place: Place) -> str:
    """A file that is ours to write: any but one of git's own."""
    name = file(raw, place)
    if any(step.lower() == ".git" for step in name.split("/")):
        raise place.fault("must be a file outside .git")
    return name


def _possible(name: str, place: Place) -> str:
    """A name that no file system can hold is refused here rather than by each of its users."""
    if len(name.encode()) > _LONGEST_FILE:
        raise place.fault(f"a name of more than {_LONGEST_FILE} bytes")
    if any(len(step.encode()) > _LONGEST_STEP for step in name.split("/")):
        raise place.fault(f"a part of more than {_LONGEST_STEP} bytes")
    return name


@shaped(**shape_of(text))
def glob(raw: object, place: Place) -> str:
    from plana_secrets.secretfiles.globs import glob_problem

    pattern = text(raw, place)
    if not pattern.removeprefix("!").strip("/"):
        raise place.fault("a glob that matches nothing")
    problem = glob_problem(pattern)
    if problem:
        raise place.fault(problem)
    return pattern


@shaped(**shape_of(text))
def glob_name(name: str, place: Place) -> None:
    """A glob as the name of a field."""
    glob(name, place)


@shaped(type="string", pattern="^[^#]+#.+$")
def reference(raw: object, place: Place) -> SecretReference:
    from plana_secrets.document.references import parse_reference

    spelled = text(raw, place)
    try:
        found = parse_reference(spelled)
    except UsageError as error:
        raise place.fault(error.message) from None
    _possible(found.file, place)
    return found


@shaped(type="string", pattern="^(age1|ssh-ed25519 |ssh-rsa )")
def recipient(raw: object, place: Place) -> str:
    """A recipient in its canonical spelling."""
    from plana_secrets.age.recipients import parse_recipient

    spelled = text(raw, place)
    try:
        return parse_recipient(spelled).text
    except UsageError as error:
        raise place.fault(error.message) from None


@shaped(**shape_of(text))
def branch(raw: object, place: Place) -> str:
    """A name that git takes for a branch."""
    name = text(raw, place)
    if _NOT_IN_A_BRANCH.search(name):
        raise place.fault("not a branch name")
    if name.startswith("refs/"):
        raise place.fault("write the name without refs/heads/")
    return _possible(name, place)


@shaped(type="string", pattern=f"^{_CALLER.pattern}$")
def external_caller(raw: object, place: Place) -> str:
    """A name that a keyset file can keep, and that none of our waits has."""
    name = text(raw, place)
    if not _CALLER.fullmatch(name):
        raise place.fault("expected a name of up to 100 letters, digits and . _ -")
    if name == _RESERVED_CALLER:
        raise place.fault(f"{name} is a reserved name")
    return name


@shaped(type="string", pattern=f"^{_KEYSET_NAME.pattern}$")
def keyset_name(name: str, place: Place) -> None:
    if not _KEYSET_NAME.fullmatch(name) or len(name) > _LONGEST_KEYSET_NAME:
        raise place.fault("expected a name of lowercase letters, digits and . _ - /")


@shaped(**shape_of(text))
def recipient_name(name: str, place: Place) -> None:
    text(name, place)


def optional(read: Reader[str]) -> Reader[str]:
    """Empty text, too, for which the settings type has a meaning."""

    @shaped(**shape_of(read) | {"minLength": 0})
    def read_optional(raw: object, place: Place) -> str:
        return "" if raw == "" else read(raw, place)

    return read_optional
