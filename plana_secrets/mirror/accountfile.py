"""A credentials file of a job: a SOPS secret file, or plain YAML that no other user may read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plana_secrets import limits
from plana_secrets.errors import CredentialError, FailedError
from plana_secrets.paths import format_path
from plana_secrets.secret import Secret
from plana_secrets.storage import read_regular_file

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities


def credentials_file(
    variable: str, named: str | None, environment: Mapping[str, str], root: Path
) -> Path | None:
    """The file in use: that of the variable, or that of the settings. It is never mirrored."""
    chosen = environment.get(variable)
    if chosen:
        return Path(chosen).absolute()
    return root / named if named else None


def read_entries(path: Path, find_identities: Callable[[], Identities]) -> dict[str, Secret]:
    """What the file says, by the path of each leaf.

    Raises:
        CredentialError: there is no such file, or it cannot be read (kind
            ``credentials-unreadable``), or others may read it (``credentials-exposed``).
        MalformedError: it is not YAML, or the SOPS file is not sound.
    """
    from plana_secrets.sops.reading.reader import is_sops, open_document, read_structure

    structure = read_structure(_read(path))
    if is_sops(structure):
        document = open_document(structure, find_identities())
        return {format_path(leaf.path): value for leaf, value in document.entries()}
    _check_private(path)
    return {
        format_path(leaf.path): leaf.plain for leaf in structure.leaves() if leaf.plain is not None
    }


def _read(path: Path) -> bytes:
    try:
        return read_regular_file(path, limit=limits.KEY_FILE, name=f"the credentials file {path}")
    except FailedError as error:
        raise CredentialError(
            error.message, kind="credentials-unreadable", file=str(path)
        ) from None


def _check_private(path: Path) -> None:
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid():
        raise CredentialError(
            f"other users can read the unencrypted credentials file {path}",
            kind="credentials-exposed",
            file=str(path),
        )


ADVICE: Final = {
    "credentials-exposed": "`chmod 600 {file}`, or make it a SOPS secret file",
    "credentials-unreadable": (
        "name a regular file that the user of the job can read, in "
        "PLANA_SECRETS_VAULTWARDEN_CREDENTIALS or in plana-secrets.toml"
    ),
}
