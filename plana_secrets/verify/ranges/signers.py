"""Who changed it: commits that touch what is protected are signed by a person whom the base allows.

A commit touches a file where it differs from any of its parents, so a merge that decides between
two versions counts, and so does one that brings the changes of the other side.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets import limits
from plana_secrets.counts import counted
from plana_secrets.errors import FailedError
from plana_secrets.git.signatures import Signature, Verdict, find_ssh_keygen, verify_signature
from plana_secrets.memory import private_folder
from plana_secrets.secretfiles.discovery import is_rules_file
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.settings import SETTINGS_FILE, FilesSettings
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.storage import replace_file
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policychange import Demanded
from plana_secrets.verify.selection import is_readable

_CHECKS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.UNSIGNED: ("commit-unsigned", "no SSH signature"),
    Verdict.STRANGER: ("commit-by-stranger", "signed by a key that the base does not allow"),
    Verdict.DATED: ("commit-key-expired", "signed by a key that was not valid at its date"),
    Verdict.BAD: ("commit-signature-bad", "its signature is of something else, or damaged"),
}


@dataclass(frozen=True, slots=True)
class Signers:
    """``base`` is trusted, and so is what it demands. ``files``: what both ends take for secret."""

    base: Snapshot
    demanded: Demanded
    files: FilesSettings

    @property
    def file(self) -> str | None:
        """The file that names them."""
        return self.demanded.policy.allowed_signers

    def allowed(self) -> bytes:
        """What it says; a file that is not there allows no one."""
        try:
            return self.base.read(self.file or "", limit=limits.SETTINGS_FILE)
        except FailedError:
            return b""

    def protect(self, file: str) -> bool:
        """Whether a change of a file has to be signed, by its name."""
        if file in {SETTINGS_FILE, self.file} or is_rules_file(file):
            return True
        return is_under_roots(self.files, file) and not is_readable(self.demanded.files, file)


def check_signatures(
    signers: Signers, touched: Mapping[str, Sequence[str]], scattered: Collection[str]
) -> Iterator[Finding]:
    """``touched``: the commits with their files. ``scattered``: secret files beside the roots.

    Raises:
        FailedError: there is no ssh-keygen (kind ``no-ssh-keygen``).
    """
    chosen = {
        commit: [file for file in files if file in scattered or signers.protect(file)]
        for commit, files in touched.items()
    }
    if not any(chosen.values()):
        return
    program = find_ssh_keygen(os.environ)
    command = signers.base.workspace.repository.command
    with private_folder() as folder:
        allowed = folder / "allowed_signers"
        replace_file(allowed, signers.allowed(), mode=0o600)
        for commit, files in chosen.items():
            if files:
                signature = verify_signature(command, commit, allowed=allowed, program=program)
                yield from _judge(commit, files, signature)


def _judge(commit: str, files: Sequence[str], signature: Signature) -> Iterator[Finding]:
    if signature.verdict is Verdict.VALID:
        return
    check, words = _CHECKS[signature.verdict]
    key = f": {signature.key}" if signature.key else ""
    more = f"; the commit changes {counted(len(files), 'protected file')}" if files[1:] else ""
    one = found(check, f"{words}{key}{more}", file=min(files))
    yield Finding(one.check, one.severity, one.message, one.file, commit=commit)
