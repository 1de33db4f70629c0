"""What is under the roots: deny by default, and no surprises of the file system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.git.repository import TreeEntry
from plana_secrets.git.trees import UNKNOWN_MODE
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.workspace import RULES_FILE
from plana_secrets.sops.formats import READ_HERE, Format, foreign_format, format_of
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.checks.gitfiles import is_git_file, says_only_what_it_is_for
from plana_secrets.verify.checks.plainmanifests import find_plain
from plana_secrets.verify.finding import Finding

AT_THE_TOP: Final = frozenset({RULES_FILE, SETTINGS_FILE})
"""Files beside the roots, or in one that is the whole repository, that are never secret."""

_YAML_NAMES: Final = (".yaml", ".yml", ".json", "/Kustomization")
_NO_RULES: Final = frozenset({"rules-unreadable", "rules-unknown-key"})
"""What says that something else than rules is in a file of that name."""

_UNREADABLE: Final = {
    "symlink": "is behind a symlink",
    "not-a-regular-file": "not a regular file",
}


def is_secret_candidate(file: str) -> bool:
    """Whether a file is to be read as a SOPS document, by its name."""
    return format_of(file) in READ_HERE


def is_of_git_or_sops(file: str) -> bool:
    """Whether a file is one that git, Flux or sops reads itself, and never a secret file."""
    return is_git_file(file) or file.rpartition("/")[2] == RULES_FILE


def check_kind(file: str, entry: TreeEntry | None) -> Iterator[Finding]:
    """A regular file and nothing else; an exec bit is odd, but harmless."""
    if entry is None or entry.mode == UNKNOWN_MODE:
        return  # reading it says so
    if entry.is_link:
        yield found("file-kind", "a symlink", file=file)
    elif entry.is_folder:
        yield found("file-kind", "a submodule or a folder, not a file", file=file)
    elif not entry.is_regular:
        yield found("file-kind", "not a regular file", file=file)
    elif entry.mode == "100755":
        yield found("file-mode", "executable", file=file)


def unreadable(file: str, error: FailedError) -> Finding:
    """A file that could not be read; the error's own words name it by its place on this disk."""
    if error.kind == "too-large":
        return found("too-large", f"larger than {error.facts['limit']}", file=file)
    if error.kind == "unmerged":
        return found("merge-conflict", "not merged yet in the index", file=file)
    return found("unreadable-file", _UNREADABLE.get(error.kind, "cannot be read"), file=file)


def check_stranger(file: str, content: bytes) -> Iterator[Finding]:
    """A file among the secrets that is no SOPS file by its name or its content."""
    form = format_of(file)
    if line := find_plain(content).secret:
        yield _plain_secret(file, line)
    elif foreign := foreign_format(content, form):
        yield found("unread-format", foreign, file=file)
    elif not content.strip() and is_secret_candidate(file):
        yield found("not-a-secret-file", "empty", file=file)
    elif form is Format.YAML:
        yield found("not-sops", "not encrypted: it has no sops metadata", file=file)
    elif form in READ_HERE:
        yield found("not-a-secret-file", "neither encrypted by sops nor in files.plain", file=file)
    else:
        yield found("not-a-secret-file", "neither .yaml nor in files.plain", file=file)


def check_plain(file: str, content: bytes, *, listed: bool = True) -> Iterator[Finding]:
    """A file that is meant to be readable holds no Secret, and makes none from literals.

    ``listed``: in files.plain; a file that only its name exempts says what it is for, and
    nothing else.
    """
    if file.endswith(f"/{RULES_FILE}"):
        yield from _check_rules_file(file, content)
    elif not (listed or file in AT_THE_TOP) and not says_only_what_it_is_for(file, content):
        yield found("not-a-secret-file", "contains more than patterns", file=file)
    plain = find_plain(content)
    if plain.secret:
        yield _plain_secret(file, plain.secret)
    elif plain.literals:
        yield found(
            "plaintext-secret",
            "a secretGenerator with literals",
            file=file,
            line=plain.literals,
            severity=Severity.WARNING,
        )
    if plain.problem and f"/{file}".lower().endswith(_YAML_NAMES):
        yield found("plain-not-yaml", plain.problem, file=file)


def _check_rules_file(file: str, content: bytes) -> Iterator[Finding]:
    """Whatever else is wrong with it is reported where a secret file is encrypted by it."""
    from plana_secrets.sops.rules.rulesfile import parse_rules

    for defect in parse_rules(content).defects:
        if defect.check in _NO_RULES:
            yield found(defect.check, defect.message, file=file, line=defect.line)


def _plain_secret(file: str, line: int) -> Finding:
    message = "an unencrypted Kubernetes Secret"
    return found("plaintext-secret", message, file=file, line=line)
