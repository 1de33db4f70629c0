"""`plana-secrets.toml` with one name more or less, or another key for it. Pure text.

The caller reads what comes out: it must say what was meant.
"""

from __future__ import annotations

import re
from typing import Final

from plana_secrets.errors import FailedError

_HEADER: Final = r"(?m)^[ \t]*\[recipients\.(?:{name}|\"{name}\"|'{name}')\][ \t]*(?:#.*)?\r?\n"


def add_name(settings: bytes, name: str, recipient: str, kind: str) -> bytes:
    """``settings`` with a table for ``name`` at the end."""
    end = b"" if not settings or settings.endswith(b"\n") else b"\n"
    gap = b"\n" if settings else b""
    table = f'[recipients.{name}]\nkey = "{recipient}"\nkind = "{kind}"\n'
    return settings + end + gap + table.encode()


def remove_name(settings: bytes, name: str) -> bytes:
    """``settings`` without ``[recipients.NAME]``.

    Raises:
        FailedError: it has no such table of its own (kind ``settings-by-hand``).
    """
    text = settings.decode("utf-8")
    header = re.search(_HEADER.format(name=re.escape(name)), text)
    if header is None:
        raise FailedError(f"no table [recipients.{name}] of its own", kind="settings-by-hand")
    body = re.match(r"(?:[ \t]*(?:key|kind)[ \t]*=.*(?:\r?\n|$))*", text[header.end() :])
    end = header.end() + (body.end() if body else 0)
    start = header.start()
    if text[end : end + 1] == "\n" or end == len(text):
        start -= len(text[:start]) - len(text[:start].rstrip("\n")) - 1 if start else 0
    return (text[:start] + text[end:]).encode("utf-8")


def replace_key(settings: bytes, old: str, new: str) -> bytes:
    """``settings`` with ``new`` wherever ``old`` is, with the comment of an ssh key."""
    comment = r"(?:[ \t][^\"'\r\n]*)?" if old.startswith("ssh-") else ""
    key = rf"(?<![\w-]){re.escape(old)}(?![\w-]){comment}"
    return re.sub(key, lambda _: new, settings.decode("utf-8")).encode("utf-8")


ADVICE: Final = {
    "settings-by-hand": (
        "change plana-secrets.toml and .sops.yaml yourself, then run "
        "`plana-secrets recipients apply`"
    ),
}
