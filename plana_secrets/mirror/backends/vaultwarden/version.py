"""Which servers are good enough.

Before 1.37.0 a member with read-only access could write into a collection by import and
by an empty list of collections: no promise that staff cannot write would be true.
"""

from __future__ import annotations

import re
from typing import Final

from plana_secrets.errors import FailedError, MalformedError
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.models import read_answer

FLOOR: Final = (1, 37, 0)

_VERSION: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})(?:[-+].*)?")


def check_version(client: Client) -> None:
    """
    Raises:
        FailedError: the server is too old (kind ``server-too-old``).
        MalformedError: it does not say which version it is, or is no Vaultwarden.
    """
    body = client.get("/api/version", task="ask for the server's version")
    match = _VERSION.fullmatch(read_answer(body, str, "its version"))
    if match is None:
        raise MalformedError("the server does not report its version", kind="not-vaultwarden")
    version = tuple(int(part) for part in match.groups())
    if version < FLOOR:
        raise FailedError(
            f"the server is Vaultwarden {_text(version)}; {_text(FLOOR)} is the oldest "
            "in which read-only members cannot write",
            kind="server-too-old",
            version=_text(version),
        )


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


ADVICE: Final = {
    "server-too-old": "update the server",
}
