"""SSH signatures of commits, verified by git with ssh-keygen.

Nothing of the settings decides what is believed: which keys are allowed, and which program
verifies, is said in each call. A signature of another kind is none: no gpg is started.

Sources: git-config(1), "gpg.ssh.*"; ssh-keygen(1), "ALLOWED SIGNERS"; git's gpg-interface.c, 2.39.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.git.command import GitCommand

_NO_PROGRAM: Final = "false"
_KEY: Final = re.compile(rb" key (SHA256:[A-Za-z0-9+/]+=*)\n")
_KNOWN: Final = re.compile(rb'^Good "git" signature for ', re.MULTILINE)
_UNKNOWN: Final = (
    b'Good "git" signature with ',
    b": key is not permitted for use in signature namespace",
)
_DATED: Final = (b": key has expired:", b": key is not yet valid:")


class Verdict(StrEnum):
    """What a signature proves. ``STRANGER``: the key is not allowed; ``DATED``: not at the time
    that the commit says."""

    VALID = "valid"
    UNSIGNED = "unsigned"
    STRANGER = "stranger"
    DATED = "dated"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Signature:
    """``key``: the fingerprint of the key, if git found one."""

    verdict: Verdict
    key: str | None = None


def find_ssh_keygen(environment: Mapping[str, str]) -> Path:
    """The ssh-keygen of PATH; places that depend on the working directory do not count.

    Raises:
        FailedError: there is none (kind ``no-ssh-keygen``).
    """
    places = [
        one for one in environment.get("PATH", "").split(os.pathsep) if Path(one).is_absolute()
    ]
    found = shutil.which("ssh-keygen", path=os.pathsep.join(places))
    if found is None:
        raise FailedError("ssh-keygen is not on your PATH", kind="no-ssh-keygen")
    return Path(found)


def verify_signature(
    command: GitCommand, commit: str, *, allowed: Path, program: Path
) -> Signature:
    """Who signed a commit; ``allowed``: a file of allowed signers."""
    settings = {
        "gpg.format": "ssh",
        "gpg.ssh.allowedSignersFile": str(allowed),
        "gpg.ssh.program": str(program),
        "gpg.ssh.revocationFile": os.devnull,
        "gpg.openpgp.program": _NO_PROGRAM,
        "gpg.x509.program": _NO_PROGRAM,
        "gpg.minTrustLevel": "fully",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # what ssh-keygen says is on stderr, and no warning
    done = command.look(*options, "verify-commit", "--raw", commit, answers=())
    found = _KEY.search(done.stderr)
    key = found.group(1).decode("ascii") if found else None
    return Signature(_judge(done.status, done.stderr), key)


def _judge(status: int, told: bytes) -> Verdict:
    if status == 0 and _KNOWN.search(told):
        return Verdict.VALID
    if not told.strip():
        return Verdict.UNSIGNED
    if not any(sign in told for sign in _UNKNOWN):
        return Verdict.BAD
    return Verdict.DATED if any(sign in told for sign in _DATED) else Verdict.STRANGER


ADVICE: Final = {
    "no-ssh-keygen": "install OpenSSH (8.2 or newer): `ssh-keygen` verifies signatures of commits",
}
