"""Passwords that a person typed into the settings, the rules or an address of a submodule.

These files are readable by design, so only what can hardly be anything else is named: a comment
that gives a password its name, and an address with a password in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from plana_secrets.secretfiles.discovery import is_rules_file
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

_MODULES: Final = ".gitmodules"
_LONGEST: Final = 300
"""So much of a line is looked at."""
_NAMED: Final = re.compile(
    r"(?i:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|credentials?)\w*[\"'`]?"
    r"\s*[:=]\s*[\"'`]?(\S{6,})"
)
_ADDRESS: Final = re.compile(r"://[^\s/:@\"']*:([^\s/@\"']{4,})@")
_MIXED: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])")
_NO_VALUE: Final = re.compile(r"age1[a-z0-9]|[<{$*(]|\.\.\.|https?:")


def is_read_by_all(file: str) -> bool:
    """Whether a file is one of those that this is about."""
    return file in {SETTINGS_FILE, _MODULES} or is_rules_file(file)


def check_typed(file: str, content: bytes) -> Iterator[Finding]:
    """Each line with what looks like a password; it is not shown."""
    for number, text in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        line = text[:_LONGEST]
        if any(map(_is_value, _NAMED.findall(line.partition("#")[2]))):
            yield found("typed-secret", "a comment has a password", file=file, line=number)
        elif any(not _NO_VALUE.match(one) for one in _ADDRESS.findall(line)):
            yield found("typed-secret", "an address has a password", file=file, line=number)


def _is_value(text: str) -> bool:
    return _MIXED.match(text) is not None and not _NO_VALUE.match(text)
