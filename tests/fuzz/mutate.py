"""Good inputs changed piece by piece: pieces go, come twice, move, grow or become odd."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

_PIECE: Final = re.compile(rb"[A-Za-z0-9_.-]+|\s+|.", re.DOTALL)
ODD: Final[tuple[bytes, ...]] = (
    b"", b"\0", b"\xff", b"\xef\xbb\xbf", "\u2028\u0301\U0001f600".encode(), b"\r\n", b"\t", b"'",
    b'"', b"\\", b"{", b"}", b"[", b"]", b"#", b": ", b"- ", b"? ", b"&a ", b"*a", b"<<: *a", b"!!int ",
    b"---\n", b"...\n", b"|\n", b"~", b"null", b"true", b"-1", b"0", b"1e999", b"nan", b".inf",
    b"9" * 400, b"0x" + b"f" * 300, b"9999-12-31", b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00Z",
    b'"9999-12-31T23:59:59Z"', b"2026-02-30", b"24:00:00", b"9999999d", b"3650d", b"0s", b"[]", b"{}",
    b"(a+)+$", b"(?i)", b"{0,999}", b"[^/]", b"\\b", b"(", b"**/", b"[!", b"[z-a]", b"../..", b"/",
    b"ENC[AES256_GCM,data:", b"sops:", b"age:", b"\n", b"\n  ", b'"a" = 1\n', b"[[x]]\n", b"'''",
)  # fmt: skip


def mutate(seeds: Sequence[bytes], random_: random.Random) -> bytes:
    """A changed copy of one of ``seeds``."""
    pieces = _PIECE.findall(random_.choice(seeds))
    for _ in range(random_.choice((1, 1, 2, 3, 5, 12))):
        _change(pieces, seeds, random_)
    return b"".join(pieces)[: 1 << 21]


def _grow(piece: bytes, times: int) -> list[bytes]:
    """``piece`` many times, within half a MiB: the mutator is not what is measured."""
    return [piece * min(times, (1 << 19) // max(1, len(piece)))]


def _change(pieces: list[bytes], seeds: Sequence[bytes], random_: random.Random) -> None:
    at = random_.randrange(len(pieces) + 1)
    to = min(len(pieces), at + random_.choice((1, 1, 2, 5, 20)))
    kind = random_.randrange(7)
    if kind == 0:
        del pieces[at:to]
    elif kind == 1:
        pieces[at:at] = pieces[at:to]
    elif kind == 2:
        pieces[at:to] = [random_.choice(ODD)]
    elif kind == 3:
        pieces.insert(at, random_.choice(ODD))
    elif kind == 4:
        pieces[at:to] = _grow(b"".join(pieces[at:to]), random_.choice((10, 100, 3000)))
    elif kind == 5:
        pieces[at:at] = _grow(random_.choice(ODD), random_.choice((10, 1000, 20_000)))
    else:
        other = _PIECE.findall(random_.choice(seeds))
        start = random_.randrange(len(other))
        pieces[at:to] = other[start : start + random_.choice((1, 3, 10))]
