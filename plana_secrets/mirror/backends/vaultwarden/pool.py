"""The pool of connections, by way of a proxy where the environment names one.

As curl does: ``https_proxy`` or ``all_proxy``, less what ``no_proxy`` names. The
proxy sees the name of the server and nothing else, since TLS goes through to the server.
A server on this machine is spoken to directly, whatever the environment says.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers, parse_url

from plana_secrets.errors import UsageError


def open_pool(url: str, *, is_local: bool, **options: Any) -> urllib3.PoolManager:
    """A pool for the server at ``url``.

    Raises:
        UsageError: the proxy's address is none (kind ``bad-proxy``).
    """
    proxy = None if is_local else _find_proxy(url)
    if proxy is None:
        return urllib3.PoolManager(**options)
    try:
        auth = parse_url(proxy).auth
        headers = make_headers(proxy_basic_auth=auth) if auth else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
    except (HTTPError, ValueError):
        raise UsageError("the proxy in the environment is no address", kind="bad-proxy") from None


def _find_proxy(url: str) -> str | None:
    if proxy_bypass(urlsplit(url).netloc):
        return None
    named = getproxies_environment()
    return named.get("https") or named.get("all") or None


ADVICE: Final = {
    "bad-proxy": "write HTTPS_PROXY as http://HOST:PORT",
}
