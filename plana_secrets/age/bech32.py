"""Bech32: how age spells a key as text.

Without the length limit that Bitcoin gave it: a post-quantum recipient has 1,959
characters. Source: BIP 173, and age's C2SP specification, c2sp.org/age.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from plana_secrets.errors import MalformedError

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM: Final = 6
_LONGEST: Final = 1 << 13
"""Of characters; the longest that age has, a post-quantum recipient, is a quarter of it."""


def bech32_encode(prefix: str, data: bytes) -> str:
    """``data`` as lower-case text that starts with ``prefix`` (lower case) and ``1``."""
    words = list(_regroup(data, 8, 5))
    if len(data) * 8 % 5:
        words.append(data[-1] << (5 - len(data) * 8 % 5) & 31)
    checksum = _checksum([*_expand(prefix), *words, *[0] * _CHECKSUM]) ^ 1
    words += [checksum >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    return f"{prefix}1{''.join(_ALPHABET[word] for word in words)}"


def bech32_decode(text: str) -> tuple[str, bytes]:
    """Prefix (in lower case) and data of ``text``, which is all upper or all lower case.

    Raises:
        MalformedError: it is no Bech32, or damaged (kind ``bad-bech32``).
    """
    if len(text) > _LONGEST:
        raise _bad()
    prefix, _, letters = text.lower().rpartition("1")
    if text not in {text.lower(), text.upper()} or len(letters) < _CHECKSUM:
        raise _bad()
    if not prefix or not all("!" <= letter <= "~" for letter in prefix):
        raise _bad()
    try:
        words = [_VALUES[letter] for letter in letters]
    except KeyError:
        raise _bad() from None
    if _checksum([*_expand(prefix), *words]) != 1:
        raise _bad()
    words = words[:-_CHECKSUM]
    left = len(words) * 5 % 8
    if left >= 5 or (left and words[-1] & ((1 << left) - 1)):
        raise _bad()
    return prefix, bytes(_regroup(words, 5, 8))


def _regroup(values: Iterable[int], width: int, wanted: int) -> Iterator[int]:
    """The bits of ``values`` in groups of ``wanted``; what is left at the end is dropped."""
    bits = held = 0
    for value in values:
        bits = (bits << width | value) & 0xFFF
        held += width
        while held >= wanted:
            held -= wanted
            yield bits >> held & ((1 << wanted) - 1)


def _expand(prefix: str) -> list[int]:
    letters = prefix.encode("ascii")
    return [letter >> 5 for letter in letters] + [0] + [letter & 31 for letter in letters]


def _checksum(words: Iterable[int]) -> int:
    checksum = 1
    for word in words:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ word
        for place, generator in enumerate(_GENERATORS):
            if top >> place & 1:
                checksum ^= generator
    return checksum


def _bad() -> MalformedError:
    return MalformedError("not an age key, or a damaged one", kind="bad-bech32")


ADVICE: Final = {
    "bad-bech32": "copy the key again, all of it",
}
