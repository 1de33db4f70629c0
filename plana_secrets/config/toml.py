"""The bytes of ``plana-secrets.toml`` as a tree, with the place of what is not TOML.

``tomllib`` ends in more ways than its own error: a number of thousands of digits, too many
brackets, and a name of thousands of parts, for which it takes minutes.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from plana_secrets.fields.place import TOP

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LONGEST_NAME: Final = 16
_PART: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_TOO_MANY_PARTS: Final = re.compile(
    rf"(?:^|[\[{{,])[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{_LONGEST_NAME}}}", re.MULTILINE
)
_PLACE: Final = re.compile(r"\(at (line [0-9]+, column [0-9]+|end of document)\)")


def parse_toml(content: bytes) -> dict[str, Any]:
    """The tree of a TOML document.

    Raises:
        UsageError: it is not one (kind ``bad-config``); the message names the line.
    """
    if content.startswith(_BYTE_ORDER_MARK):
        raise TOP.fault("line 1: a byte order mark; save the file as UTF-8 without it")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TOP.fault(f"line {line}: not UTF-8") from None
    long_name = _TOO_MANY_PARTS.search(text)
    if long_name:
        line = text.count("\n", 0, long_name.end()) + 1
        raise TOP.fault(f"line {line}: a name of more than {_LONGEST_NAME} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from plana_secrets.sops.reading.source import stand_ins

        left = stand_ins(content)
        what = f"line {left[0].line}: {left[0].message}" if left else _describe(error)
        raise TOP.fault(what) from None
    except RecursionError:
        raise TOP.fault(f"line {_find_line(text, RecursionError)}: nested too deeply") from None
    except ValueError:
        line = _find_line(text, ValueError)
        raise TOP.fault(f"line {line}: a number with too many digits") from None


def _describe(error: tomllib.TOMLDecodeError) -> str:
    """The place, and never the text, which may repeat what is in the file."""
    match = _PLACE.search(str(error))
    place = match.group(1) if match else "an unknown place"
    place = place.replace("end of document", "the end of the file")
    if str(error).startswith("Cannot "):
        return f"{place}: this name is already set"
    return f"{place}: not TOML"


def _find_line(text: str, kind: type[Exception]) -> int:
    """The line that makes ``tomllib`` end so: the shortest beginning of the text that does."""
    lines = text.split("\n")
    low, high = 1, len(lines)
    while low < high:
        middle = (low + high) // 2
        if _ends_with("\n".join(lines[:middle]), kind):
            high = middle
        else:
            low = middle + 1
    return low


def _ends_with(text: str, kind: type[Exception]) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    except (RecursionError, ValueError) as error:
        return isinstance(error, kind)
    return False
