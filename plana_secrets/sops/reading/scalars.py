"""What a scalar means to sops: the type of a plain one, and the bytes of a typed value.

sops reads YAML with a Go library whose rules are neither YAML 1.1 nor 1.2: ``0o7``
and ``0777`` are octal, ``08`` is a float, ``2020-1-2`` is a time, ``yes`` is text. The
same bytes that sops hashes into the MAC are created here, so that both sides agree.

Sources: ``resolve.go`` of go.yaml.in/yaml/v3, ``ToBytes`` in ``sops.go`` of sops 3.11.0.
"""

from __future__ import annotations

import calendar
import math
import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from plana_secrets.sops.model import LeafType

Resolved = tuple[LeafType, bytes]

NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
NO_NUMBERS: Final = frozenset({"NaN", "+Inf", "-Inf"})
"""What sops keeps of a float that is no number."""
_WORDS: Final[dict[str, Resolved]] = {
    **dict.fromkeys(NULLS, (LeafType.NULL, b"")),
    **dict.fromkeys(("true", "True", "TRUE"), (LeafType.BOOL, b"True")),
    **dict.fromkeys(("false", "False", "FALSE"), (LeafType.BOOL, b"False")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (LeafType.FLOAT, b"NaN")),
    **dict.fromkeys((".inf", ".Inf", ".INF"), (LeafType.FLOAT, b"+Inf")),
    **dict.fromkeys(("+.inf", "+.Inf", "+.INF"), (LeafType.FLOAT, b"+Inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (LeafType.FLOAT, b"-Inf")),
}
_INTEGER: Final = re.compile(
    r"([-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)"
    r"|(?P<dec>0|[1-9][0-9]*))",
    re.ASCII,
)
_SIGNED_AFTER_PREFIX: Final = re.compile(r"0(?:b(?P<bin>[-+][01]+)|o(?P<oct>[-+][0-7]+))", re.ASCII)
_BASES: Final = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_BETWEEN_DIGITS: Final = re.compile(r"(?<=[0-9])_(?=[0-9])", re.ASCII)
_TIME: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:(?:[Tt](?=.*(?:Z|[-+][0-9]{2}:[0-9]{2})\Z)|\x20+(?!.*[Z+-]))"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2}):(?P<second>[0-9]{1,2})"
    r"(?:[.,](?P<fraction>[0-9]+))?"
    r"(?:Z|(?P<sign>[-+])(?P<zone_hour>[0-9]{2}):(?P<zone_minute>[0-9]{2}))?)?",
    re.ASCII,
)
_CANONICAL_FLOAT: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_CANONICAL_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LONGEST_TIME: Final = 100
_LONG_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[Tt ][0-9 ]", re.ASCII)
_LONGEST_INTEGER: Final = 80
_PREFIXED: Final = re.compile(r"[-+]?0[0-9xXoObB][-+0-9a-fA-F]*\Z", re.ASCII)
_INT64: Final = range(-(2**63), 2**63)
_UINT64_END: Final = 2**64


def resolve_plain(text: str) -> Resolved | None:
    """The type and the canonical bytes of a plain (unquoted) scalar.

    None: sops itself cannot use it (an integer between 2^63 and 2^64, a time zone of
    more than a day), or it is one beyond all measure; its meaning must not be guessed.
    """
    word = _WORDS.get(text)
    if word is not None:
        return word
    first = text[0]
    if first in "0123456789+-":
        return _resolve_number(text)
    bare = _BETWEEN_DIGITS.sub("", text) if first == "." else text
    number = _float(bare) if first == "." and _FLOAT.fullmatch(bare) else None
    return number or (LeafType.STR, text.encode())


def _resolve_number(text: str) -> Resolved | None:
    if len(text) > _LONGEST_TIME and _LONG_TIME.match(text):
        return None
    match = _TIME.fullmatch(text) if len(text) <= _LONGEST_TIME else None
    if match and _is_date(match):
        return _time(match)
    bare = text.replace("_", "")
    if len(bare) > _LONGEST_INTEGER and _PREFIXED.match(bare):
        return None
    number = _integer(bare)
    if number is not None and number in _INT64:
        return LeafType.INT, b"%d" % number
    if number is not None and 0 <= number < _UINT64_END and bare[0] != "+":
        return None
    resolved = _float(bare) if _FLOAT.fullmatch(bare) else None
    return resolved or (LeafType.STR, text.encode())


def _integer(bare: str) -> int | None:
    match = _INTEGER.fullmatch(bare) or _SIGNED_AFTER_PREFIX.fullmatch(bare)
    if match is None or len(bare) > _LONGEST_INTEGER:  # a longer one is a float, or text
        return None
    name = match.lastgroup or "dec"
    number = int(match[name], _BASES[name])
    return -number if match.re is _INTEGER and match[1] == "-" else number


def _float(bare: str) -> Resolved | None:
    number = float(bare)
    return None if math.isinf(number) else (LeafType.FLOAT, format_float(number))


def format_float(number: float) -> bytes:
    """As Go's FormatFloat(v, 'f', -1, 64): the shortest digits, never an exponent."""
    if math.isnan(number):
        return b"NaN"
    if math.isinf(number):
        return b"+Inf" if number > 0 else b"-Inf"
    return format(Decimal(repr(number)), "f").removesuffix(".0").encode()


def _is_date(match: re.Match[str]) -> bool:
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    if not 1 <= month <= 12:
        return False
    if not 1 <= day <= _DAYS[month - 1] + (month == 2 and calendar.isleap(year)):
        return False
    if match["hour"] is None:
        return True
    if int(match["hour"]) > 23 or int(match["minute"]) > 59 or int(match["second"]) > 59:
        return False
    return match["sign"] is None or (
        int(match["zone_hour"]) <= 24 and int(match["zone_minute"]) <= 60
    )


def _time(match: re.Match[str]) -> Resolved | None:
    """RFC 3339 with the shortest fraction; a zone that RFC 3339 cannot write is None."""
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    fraction = (match["fraction"] or "")[:9].rstrip("0")
    zone = "Z"
    if match["sign"]:
        if int(match["zone_hour"]) > 23 or int(match["zone_minute"]) > 59:
            return None
        if match["zone_hour"] != "00" or match["zone_minute"] != "00":
            zone = f"{match['sign']}{match['zone_hour']}:{match['zone_minute']}"
    date = f"{match['year']}-{int(match['month']):02}-{int(match['day']):02}"
    clock = f"{hour:02}:{minute:02}:{second:02}{'.' if fraction else ''}{fraction}"
    return LeafType.TIME, f"{date}T{clock}{zone}".encode()


def is_canonical(kind: str, content: bytes) -> bool:
    """Whether these are the bytes that sops writes for a value of this type.

    The type word of an encrypted value is not authenticated; a word that does not fit
    its content was not written by sops.
    """
    if kind in {"str", "comment"}:
        return True
    if kind == "bool":
        return content in {b"True", b"False"}
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return False
    if kind == "int":
        return _is_canonical_integer(text)
    if kind == "time":
        return (
            bool(text) and text[0].isdigit() and _resolve_number(text) == (LeafType.TIME, content)
        )
    return _is_canonical_float(text)


def _is_canonical_integer(text: str) -> bool:
    return len(text) <= 20 and bool(_CANONICAL_INTEGER.fullmatch(text)) and int(text) in _INT64


def _is_canonical_float(text: str) -> bool:
    if text in NO_NUMBERS:
        return True
    return bool(_CANONICAL_FLOAT.fullmatch(text)) and format_float(float(text)) == text.encode()


@lru_cache(maxsize=8192)
def key_problem(text: str, *, plain: bool) -> str | None:
    """Why a mapping key is not allowed, as the word of the check that it fails; or None.

    Names of keys are not secret, and the same ones come again in file after file.
    """
    if plain and (text == "<<" or not _is_text(text)):
        return "yaml"
    if not text or ":" in text or not text.isprintable():
        return "bad-key-name"
    return None


def _is_text(text: str) -> bool:
    resolved = resolve_plain(text)
    return resolved is not None and resolved[0] is LeafType.STR
