"""Text from files, git or servers, made harmless where it is shown: a terminal, the log of
a CI runner, Markdown.
"""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
"""Control, bidirectional, invisible and line separator characters, and half surrogates."""
_CI_COMMAND: Final = re.compile(r"(?m)^\s*:(?=:)|#(?=#[a-z]*\[)")
"""A runner takes ``::`` at the start of a line, ``##[`` and ``##vso[`` wherever they are."""
_IDENTITY: Final = re.compile(r"(?i)(AGE-SECRET-KEY-(?:PQ-)?1)[02-9AC-HJ-NP-Z]{20,}")
"""In a name, say: what no log may have."""
_MARKUP: Final = re.compile(r"[\\`*_{}\[\]<>#|~&!$@]")


def safe(text: str) -> str:
    """``text`` with everything that a terminal or a CI runner would act on escaped."""
    escaped = _UNSAFE.sub(_escape, text)
    # inside of the mark: a runner skips any space before it
    return _CI_COMMAND.sub("\\g<0>\u200a", escaped)


def safe_line(text: str) -> str:
    """Like ``safe``, for a text that must stay on its line: a name or a message, no value."""
    line = _IDENTITY.sub(r"\1...", text.replace("\n", "\\n").replace("\t", "\\t"))
    return safe(line)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def code_span(text: str) -> str:
    """A text of one line as inline code of Markdown, in which no name acts as markup.

    The fence is one backtick more than the longest run in the text.
    """
    line = safe_line(text) or " "
    fence = "`"
    while fence in line:
        fence += "`"
    return f"{fence} {line} {fence}" if len(fence) > 1 else f"`{line}`"


def prose(text: str) -> str:
    """Our own text as Markdown: what is between backticks is code, the rest is plain words."""
    parts = text.split("`")
    return "".join(
        f"`{part}`" if place % 2 else _MARKUP.sub(r"\\\g<0>", part)
        for place, part in enumerate(parts)
    )
