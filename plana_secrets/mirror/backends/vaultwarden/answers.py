"""The body of an answer, within limits of size and time."""

from __future__ import annotations

import io
import time
import zlib
from typing import Final

import urllib3

from plana_secrets import limits
from plana_secrets.errors import MalformedError, UnavailableError

_CHUNK: Final = 1 << 18
_GZIP: Final = 31
"""zlib's word for a gzip header around the data."""


class LostAnswerError(UnavailableError):
    """The request may or may not have been done: look before trying again."""

    default_kind = "no-answer"


def read_body(response: urllib3.BaseHTTPResponse, *, deadline: float) -> bytes:
    """All of the body: a slow drip never reaches a read deadline, so ``deadline`` seconds.

    Taken as it comes, since a read of so many bytes would wait for the last of them. A
    proxy may pack what we did not ask to be packed: it is unpacked here, where the
    limit holds.
    """
    end = time.monotonic() + deadline
    buffer = io.BytesIO()
    while part := response.read1(_CHUNK, decode_content=False):
        buffer.write(part)
        if buffer.tell() > limits.SERVER_ANSWER:
            response.close()
            raise _incomplete()
        if time.monotonic() > end:
            response.close()
            raise LostAnswerError("the server's answer takes too long")
    body = buffer.getvalue()
    packed = response.headers.get("Content-Encoding", "identity").strip().lower()
    return _unpack(body) if packed in {"gzip", "x-gzip"} else body


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
