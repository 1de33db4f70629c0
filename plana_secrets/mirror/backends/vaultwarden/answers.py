"""The body of an answer, within limits of size and time."""

from __future__ import annotations

import contextlib
import io
import threading
import time
import zlib
from collections.abc import Callable
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from plana_secrets import limits
from plana_secrets.errors import MalformedError, UnavailableError

_CHUNK: Final = 1 << 18
_TOO_SLOW: Final = "the server's answer takes too long"
_GZIP: Final = 31
"""zlib's word for a gzip header around the data."""


class LostAnswerError(UnavailableError):
    """The request may or may not have been done: look before trying again."""

    default_kind = "no-answer"


def read_body(response: urllib3.BaseHTTPResponse, *, deadline: float) -> bytes:
    """All of the body: a slow drip never reaches a read deadline, so ``deadline`` seconds.

    A proxy may pack what we did not ask to be packed: it is unpacked here, where the
    limit holds.

    Raises:
        LostAnswerError: it takes longer.
        MalformedError: it is too long, or not packed as it says (kind ``bad-answer``).
        urllib3.exceptions.HTTPError: it ends before its end.
    """
    is_large = _declared_length(response) > _CHUNK
    body = _read_large(response, deadline) if is_large else _read_small(response, deadline)
    packed = response.headers.get("Content-Encoding", "identity").strip().lower()
    return _unpack(body) if packed in {"gzip", "x-gzip"} else body


def _declared_length(response: urllib3.BaseHTTPResponse) -> int:
    """0 where none is declared, as in an answer that comes in chunks."""
    try:
        return int(response.headers.get("Content-Length", "0"))
    except ValueError:
        return 0


def _read_small(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """As it comes, since a read of so many bytes would wait for the last of them."""
    end = time.monotonic() + deadline

    def take() -> bytes:
        if time.monotonic() > end:
            response.close()
            raise LostAnswerError(_TOO_SLOW)
        return response.read1(_CHUNK, decode_content=False)

    return _collect(response, take)


def _read_large(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """In large pieces, which costs much less; one that waits too long is cut off."""
    is_late = threading.Event()

    def cut_off() -> None:
        is_late.set()
        with contextlib.suppress(ValueError, RuntimeError, OSError):  # it has just ended
            response.shutdown()

    timer = threading.Timer(deadline, cut_off)
    timer.daemon = True
    timer.start()
    try:
        return _collect(response, lambda: response.read(_CHUNK, decode_content=False))
    except HTTPError:
        if is_late.is_set():
            raise LostAnswerError(_TOO_SLOW) from None
        raise
    finally:
        timer.cancel()


def _collect(response: urllib3.BaseHTTPResponse, take: Callable[[], bytes]) -> bytes:
    buffer = io.BytesIO()
    while part := take():
        buffer.write(part)
        if buffer.tell() > limits.SERVER_ANSWER:
            response.close()
            raise _incomplete()
    return buffer.getvalue()


def _unpack(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        content = unpacking.decompress(body, limits.SERVER_ANSWER)
    except zlib.error:
        raise _incomplete() from None
    if not unpacking.eof:
        raise _incomplete()
    return content


def _incomplete() -> MalformedError:
    return MalformedError("the server's answer is incomplete", kind="bad-answer")
