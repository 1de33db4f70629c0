"""Globs as in ``.gitignore``, on posix names relative to the repository.

A pattern without a slash matches at any depth; ``**`` spans folders; a pattern that
matches a folder matches everything in it; ``!`` in front takes back; the last pattern
that matches wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def glob_match(patterns: Iterable[str], file: str) -> bool:
    """Whether the last pattern that matches ``file`` is one without ``!``."""
    pattern = last_match(patterns, file)
    return pattern is not None and not pattern.startswith("!")


def last_match(patterns: Iterable[str], file: str) -> str | None:
    """The last pattern that matches ``file``, a taking-back one included; None for none."""
    found = None
    for pattern in patterns:
        if _compiled(pattern.removeprefix("!")).fullmatch(file):
            found = pattern
    return found


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    body = pattern.rstrip("/")
    anchored = "/" in body
    body = body.removeprefix("/")
    tail = r"/.*" if pattern.endswith("/") else r"(?:/.*)?"
    return re.compile(("" if anchored else r"(?:.*/)?") + _translate(body) + tail, re.DOTALL)


_WILD = re.compile(r"(?:^|(?<=/))\*\*/|/\*\*$|^\*\*$|\*+|\?|\[!?\]?[^\]]*\]|\\.")


def _translate(body: str) -> str:
    parts = []
    position = 0
    for match in _WILD.finditer(body):
        parts.append(re.escape(body[position : match.start()]))
        parts.append(_wild(match.group()))
        position = match.end()
    parts.append(re.escape(body[position:]))
    return "".join(parts)


def _wild(token: str) -> str:
    fixed = {"**/": r"(?:.*/)?", "/**": r"/.+", "**": r".*", "?": r"[^/]"}
    if token in fixed:
        return fixed[token]
    if token.startswith("*"):
        return r"[^/]*"
    if token.startswith("\\"):
        return re.escape(token[1])
    inner = token[1:-1]
    negated = inner.startswith("!")
    inner = inner.removeprefix("!").replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
    return f"[{'^' if negated else ''}{inner}]"
