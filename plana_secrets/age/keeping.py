"""Where we keep identities: the keyring, or a 0600 file that the person names.

Neither way ever replaces an identity: what is lost here makes files unreadable.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from plana_secrets.age.identities import Identity, parse_identity_file
from plana_secrets.age.keyring_store import IDENTITY_ENTRY, update_entry
from plana_secrets.age.sources import KEYRING_ORIGIN, read_key_file
from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret
from plana_secrets.storage import make_folder, replace_file


def keep_in_keyring(identities: Sequence[Identity]) -> tuple[Identity, ...]:
    """Put identities before those in the keyring; the ones that were not there yet.

    Raises:
        CredentialError: there is no keyring to be trusted, or it failed.
    """
    added: list[Identity] = []

    def prepend(present: Secret | None) -> Secret:
        kept = Secret(b"") if present is None else present
        known = parse_identity_file(kept, KEYRING_ORIGIN).recipients()
        added.extend(one for one in identities if one.recipient.text not in known)
        return Secret(_lines(added) + kept.reveal())

    update_entry(IDENTITY_ENTRY, prepend)
    return tuple(added)


def write_key_file(path: Path, identities: Sequence[Identity]) -> None:
    """Write a new key file that only its owner reads, in the form that age-keygen writes.

    A folder that is not there yet is created, for its owner alone.

    Raises:
        UsageError: there is something at ``path`` (kind ``exists``).
        FailedError: it cannot be written.
    """
    refuse_present(path)
    make_folder(path.parent, mode=0o700)
    replace_file(path, _commented(identities), mode=0o600)


def add_to_key_file(path: Path, identities: Sequence[Identity]) -> None:
    """Put identities behind those of a key file that no one here can use.

    Raises:
        UsageError: it is no list of identities (kind ``exists``).
        FailedError: it cannot be read or written.
    """
    if not is_key_list(path):
        refuse_present(path)
    content = read_key_file(path).reveal().rstrip(b"\n")
    before = content + b"\n" if content else b""
    replace_file(path, before + _commented(identities), mode=0o600)


def is_key_list(path: Path) -> bool:
    """Whether a file holds nothing but identities and comments, so that a line can be added."""
    if path.is_symlink() or not path.is_file():
        return False
    lines = map(bytes.strip, read_key_file(path).reveal().split(b"\n"))
    return all(not line or line.startswith((b"#", b"AGE-")) for line in lines)


def refuse_present(path: Path) -> None:
    """
    Raises:
        UsageError: there is something at ``path`` (kind ``exists``).
    """
    if os.path.lexists(path):
        raise UsageError(f"{path} already exists; an identity is never overwritten", kind="exists")


def _commented(identities: Sequence[Identity]) -> bytes:
    comments = "".join(f"# public key: {one.recipient.text}\n" for one in identities)
    return comments.encode() + _lines(identities)


def _lines(identities: Sequence[Identity]) -> bytes:
    return b"".join(one.text.reveal() + b"\n" for one in identities)


ADVICE: Final = {
    "exists": "choose another file",
}
