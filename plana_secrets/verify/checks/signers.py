"""The file of allowed signers, as ssh-keygen reads it: a line that it skips allows no one.

Source: ssh-keygen(1), "ALLOWED SIGNERS"; a key begins with its own type, RFC 4253, 6.6.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Final

from plana_secrets import limits
from plana_secrets.errors import FailedError, MissingFileError
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

_CHECK: Final = "allowed-signers"
_LINE: Final = re.compile(
    r'(?:"[^"]*"|[^\s"]+)\s+'  # principals
    r'(?:(?:[^\s"]|"(?:[^"\\]|\\.)*")+\s+)?'  # options
    r"((?:ssh|ecdsa|sk)-\S+)\s+(\S+)(?:\s.*)?"
)


def check_signers(snapshot: Snapshot, file: str) -> Iterator[Finding]:
    """What is wrong with the file that ``[git] allowed_signers`` names."""
    try:
        content = snapshot.read(file, limit=limits.SETTINGS_FILE)
    except FailedError as error:
        missing = isinstance(error, MissingFileError)
        words = "there is no such file" if missing else "it cannot be read as a file"
        yield found(_CHECK, f"{words}, so no one is allowed", file=file)
        return
    allowed = 0
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            if _is_signer(text):
                allowed += 1
            else:
                words = "not a line of principals, options, key type and key"
                yield found(_CHECK, words, file=file, line=number)
    if not allowed:
        yield found(_CHECK, "it allows no one", file=file)


def _is_signer(text: str) -> bool:
    match = _LINE.fullmatch(text)
    if match is None:
        return False
    kind = match.group(1).encode()
    try:
        key = base64.b64decode(match.group(2), validate=True)
    except ValueError:
        return False
    return key.startswith(len(kind).to_bytes(4, "big") + kind) and len(key) > len(kind) + 4
