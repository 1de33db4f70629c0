"""Files under the roots that git or Flux reads: exempt for what is in them, not for their names.

They are exempt where they are empty, or hold nothing but patterns and attributes in a
form that a value rarely has. Everything else has to be listed as meant to be readable.
"""

from __future__ import annotations

import re
from typing import Final

_IGNORES: Final = frozenset({".gitignore", ".sourceignore"})
_ATTRIBUTES: Final = ".gitattributes"
_KEPT: Final = ".gitkeep"

GIT_FILES: Final = frozenset({*_IGNORES, _ATTRIBUTES, _KEPT})
"""The names of these files."""

_GLOB: Final = re.compile(r"!?[A-Za-z0-9._*?/\[\]!@+~-]{1,120}")
"""What may be in a pattern: nothing that assigns, quotes or separates."""
_TELLING: Final = re.compile(r"[*?/\[]|^!|^\.[A-Za-z]|\.[a-z]{1,8}$")
"""What a pattern has and a password rarely: a wildcard, a slash, or an ending."""
_WORD: Final = re.compile(r"[A-Za-z][a-z]*(?:[_-][a-z]+)*")
_RUN: Final = re.compile(r"[A-Za-z0-9+]{21,}")
"""Longer than any word in a file name."""
_ATTRIBUTE: Final = re.compile(
    r"[!-]?[a-z][a-z-]{1,30}"
    r"|(?:text|eol|diff|merge|filter|whitespace|working-tree-encoding|conflict-marker-size"
    r"|encoding|linguist-[a-z]+|gitlab-[a-z]+)=[A-Za-z0-9,._-]{1,30}"
)
_TELLTALE: Final = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|credentials?|user(?:name)?)\w*"
    r"[\"\'`]?\s*[=:]\s*\S|AGE-SECRET-KEY|BEGIN [A-Z ]*PRIVATE KEY"
)
"""In a comment: something that looks like a value with its name."""


def is_git_file(file: str) -> bool:
    """Whether git or Flux reads a file of this name for itself."""
    return file.rpartition("/")[2] in GIT_FILES


def says_only_what_it_is_for(file: str, content: bytes) -> bool:
    """Whether a file of git or Flux is empty, or holds only patterns and attributes."""
    if not content.strip():
        return True
    name = file.rpartition("/")[2]
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return False
    if name == _KEPT:
        return False
    is_line = _is_attribute_line if name == _ATTRIBUTES else _is_pattern
    return all(_is_harmless_comment(line) or is_line(line.strip()) for line in lines)


def _is_harmless_comment(line: str) -> bool:
    text = line.strip()
    return not text or (
        text.startswith("#") and not _TELLTALE.search(text) and not _RUN.search(text)
    )


def _is_pattern(text: str) -> bool:
    if not _GLOB.fullmatch(text) or _RUN.search(text):
        return False
    return bool(_TELLING.search(text) or _WORD.fullmatch(text))


def _is_attribute_line(text: str) -> bool:
    words = text.split()
    pattern = words[0].removeprefix("[attr]").strip('"')
    return _is_pattern(pattern) and all(_ATTRIBUTE.fullmatch(word) for word in words[1:])
