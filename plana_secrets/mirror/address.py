"""One spelling for each server: what credentials and tokens are bound to.

Two texts name the same server only where they are equal afterwards. What different
readers of an address read differently is refused rather than interpreted: user names,
escapes, dot segments, and host names outside ASCII (their ``xn--`` form is unambiguous).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from plana_secrets.errors import UsageError

_SAFE: Final = re.compile(r"[A-Za-z0-9:/._~\[\]-]+")
_HOST_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def checked_url(url: str) -> str:
    """The server's address: scheme and host in small letters, no default port, no slash at its end.

    The path is kept as it is, since servers tell its letters apart.

    Raises:
        UsageError: not https (kind ``insecure-url``), or not a plain address (``bad-url``).
    """
    parts = _split(url)
    host = _host(parts.hostname or "")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise UsageError(f"the server address is not https: {url!r}", kind="insecure-url", url=url)
    port = parts.port
    shown = f":{port}" if port is not None and port != _DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{host}{shown}{parts.path.rstrip('/')}"


def is_loopback(url: str) -> bool:
    """Whether the server at ``url`` is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult:
    """The parts of an address without anything in it that needs interpreting."""
    if not _SAFE.fullmatch(url):
        raise _bad()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad() from None
    segments = parts.path.rstrip("/").split("/")[1:]
    if not parts.hostname or port == 0 or any(one in {"", ".", ".."} for one in segments):
        raise _bad()
    return parts


def _host(text: str) -> str:
    if ":" in text:
        return f"[{ipaddress.ip_address(text)}]"  # urlsplit has seen that it is one
    if not _HOST_NAME.fullmatch(text):
        raise _bad()
    return text


def _bad() -> UsageError:
    return UsageError("the server address must have the form https://HOST", kind="bad-url")


ADVICE: Final = {
    "bad-url": (
        "use https://HOST or https://HOST:PORT/PATH, without a password; write a "
        "non-ASCII host name in its xn-- form"
    ),
    "insecure-url": "use https; http is allowed only for a server on this machine",
}
