"""What lies under the roots: deny by default, and no surprises of the file system."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.secretfiles.open import SIZE_LIMIT
from plana_secrets.secretfiles.workspace import RULES_FILE
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

_READ_BY_US: Final = (".yaml", ".yml")
_GIT_FILES: Final = frozenset({".gitkeep", ".gitignore", ".gitattributes", ".sourceignore"})
_UNREADABLE: Final = {
    "symlink": "lies behind a symlink",
    "too-large": f"larger than {SIZE_LIMIT >> 20} MiB",
    "not-a-regular-file": "not a regular file",
}
_SECRET_KIND: Final = re.compile(rb"""(?m)^\s*(?:- )?["']?kind["']?:\s*["']?Secret["']?\s*,?\s*$""")
_SECRET_DATA: Final = re.compile(rb"""(?m)^\s*["']?(?:data|stringData)["']?:""")
_SOPS_MAC: Final = re.compile(rb"""(?m)^\s*(?:"mac":\s*"|sops_mac=|mac\s*[=:]\s*)ENC\[""")
_GENERATED: Final = re.compile(rb"""(?m)^secretGenerator:""")
_LITERALS: Final = re.compile(rb"""(?m)^\s+(?:- )?literals:""")


def is_secret_candidate(file: str) -> bool:
    """Whether a file is to be read as a SOPS document, by its name."""
    return file.endswith(_READ_BY_US)


def is_of_git_or_sops(file: str) -> bool:
    """Whether a file is one that git, Flux or sops reads itself, and never a secret file."""
    name = file.rpartition("/")[2]
    return name in _GIT_FILES or name == RULES_FILE


def check_kind(root: Path, file: str) -> Iterator[Finding]:
    """A regular file and nothing else; an exec bit is odd, but harms nobody."""
    try:
        mode = os.lstat(f"{root}/{file}").st_mode
    except OSError:
        return  # reading it says so
    if stat.S_ISLNK(mode):
        yield found("file-kind", "a symlink", file=file)
    elif stat.S_ISDIR(mode):
        yield found("file-kind", "a submodule or a folder in place of a file", file=file)
    elif not stat.S_ISREG(mode):
        yield found("file-kind", "not a regular file", file=file)
    elif mode & 0o111:
        yield found("file-mode", "executable", file=file)


def unreadable(file: str, error: FailedError) -> Finding:
    """A file that could not be read; the error's own words name it by its place on this disk."""
    return found("unreadable-file", _UNREADABLE.get(error.kind, "cannot be read"), file=file)


def check_stranger(file: str, content: bytes) -> Iterator[Finding]:
    """A file among the secrets that is no SOPS YAML file by its name or its content."""
    if is_plain_secret(content):
        yield found("plaintext-secret", "a Kubernetes Secret without encryption", file=file)
    elif not is_secret_candidate(file) and _SOPS_MAC.search(content):
        yield found("unread-format", "encrypted by sops, but not YAML", file=file)
    elif not content and is_secret_candidate(file):
        yield found("not-a-secret-file", "empty: a write was cut short", file=file)
    elif is_secret_candidate(file):
        yield found("not-sops", "not encrypted: it has no sops metadata", file=file)
    else:
        yield found("not-a-secret-file", "neither .yaml nor in files.plain", file=file)


def check_plain(file: str, content: bytes) -> Iterator[Finding]:
    """A file that is meant to be readable holds no Secret, and makes none from literals."""
    if file.endswith(f"/{RULES_FILE}"):
        yield found("rules-nested", "sops started below this folder follows it", file=file)
    if is_plain_secret(content):
        yield found("plaintext-secret", "a Kubernetes Secret without encryption", file=file)
    elif _GENERATED.search(content) and _LITERALS.search(content):
        yield found(
            "plaintext-secret",
            "a secretGenerator with literals",
            file=file,
            severity=Severity.WARNING,
        )


def is_plain_secret(content: bytes) -> bool:
    """Whether some YAML or JSON is a Secret manifest that holds data, by its lines."""
    return bool(_SECRET_KIND.search(content) and _SECRET_DATA.search(content))
