"""How the place of a leaf in a document is spelled.

Keys are joined with dots (``db.password``); a key that is empty or holds a dot, a
bracket, a quote, ``=``, white space or a control character is written ``["like.this"]``
as a JSON string; list positions are ``[0]``. ``parse_path`` and ``format_path`` are each
other's inverse. A *secret reference* is ``file#path``.
"""

from __future__ import annotations

import json
import re
from typing import Final

from plana_secrets.errors import UsageError

LeafPath = tuple[str | int, ...]

_PLAIN_KEY: Final = re.compile(r"""[^.\[\]"'=\s\x00-\x1f\x7f-\x9f\u2028\u2029]+""")
_INDEX: Final = re.compile(r"\[(0|[1-9][0-9]{0,8})\]")
_JSON: Final = json.JSONDecoder()


def format_path(path: LeafPath) -> str:
    """The one spelling of a path, in findings, drift and commands alike."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN_KEY.fullmatch(step):
            parts.append(f".{step}" if parts else step)
        else:
            parts.append(f"[{json.dumps(step)}]")
    return "".join(parts)


def parse_path(text: str) -> LeafPath:
    """The path that ``text`` spells.

    The messages name the column and never repeat the text: a value may have been typed
    in place of a path.

    Raises:
        UsageError: it is empty or not of the notation (kind ``bad-path``), or holds a
            bare ``=`` (kind ``value-in-path``).
    """
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        if text[position] == "[":
            step, position = _bracket(text, position)
        else:
            if steps:
                if text[position] != ".":
                    raise _bad(text, position)
                position += 1
            match = _PLAIN_KEY.match(text, position)
            if match is None:
                raise _bad(text, position)
            step, position = match.group(), match.end()
        steps.append(step)
    if not steps:
        raise _bad(text, 0)
    return tuple(steps)


def _bracket(text: str, position: int) -> tuple[str | int, int]:
    match = _INDEX.match(text, position)
    if match:
        return int(match.group(1)), match.end()
    try:
        key, end = _JSON.raw_decode(text, position + 1)
    except (ValueError, RecursionError):  # ValueError: also a number of thousands of digits
        raise _bad(text, position) from None
    if not isinstance(key, str) or text[end : end + 1] != "]" or not _is_text(key):
        raise _bad(text, position)
    return key, end + 1


def _is_text(key: str) -> bool:
    """Half a pair of surrogates, which JSON can escape, is in no file."""
    return not any("\ud800" <= character <= "\udfff" for character in key)


def _bad(text: str, position: int) -> UsageError:
    column = position + 1
    if text[position : position + 1] == "=":
        return UsageError(
            f"= at column {column} of the path, as in KEY=VALUE",
            kind="value-in-path",
            column=column,
        )
    return UsageError(f"not a valid path at column {column}", kind="bad-path", column=column)


ADVICE: Final = {
    "bad-path": 'join keys with dots, as in db.password; write special keys as ["like.this"]',
    "no-such-path": "`plana-secrets ls {file}` shows the paths",
    "not-a-leaf": "`plana-secrets ls {file}` shows the paths in it",
    "value-in-path": (
        "a value is never an argument: pass only the path, and the value at the "
        "prompt or with --stdin; write a key that contains = as '[\"a=b\"]'"
    ),
}
