"""The private place in which sops works for one call.

A folder in memory with copies, an environment built from nothing (no variable of the
caller's reaches sops: ``SOPS_AGE_RECIPIENTS`` alone would override the rules), and a
HOME of its own, so that sops finds no identity but those handed over here.

Identities go in as descriptors of memory (``/proc/self/fd/N``), which sops may open
again for every recipient that it tries; a pipe would be empty at the second. Where
there is no memfd they go into the environment of sops itself; an ssh identity then
goes through a pipe and works only for the first recipient of a file.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plana_secrets import memory
from plana_secrets.age.identities import Identities
from plana_secrets.errors import CredentialError
from plana_secrets.secret import Secret
from plana_secrets.sops.model import RULES_FILE
from plana_secrets.storage import make_folder, replace_file

_INDENT: Final = re.compile(rb"^sops:[ \t]*\n( +)", re.MULTILINE)


def sops_environment(folder: Path) -> dict[str, str]:
    """All that sops gets to know: where programs are (age plugins), and a home of its own."""
    search = [part for part in os.environ.get("PATH", "").split(":") if part.startswith("/")]
    return {
        "PATH": ":".join(search),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "SOPS_DISABLE_VERSION_CHECK": "1",
    }


@dataclass(slots=True)
class Workshop:
    """The private folder of one call: ``tree`` is where sops works."""

    folder: Path
    environment: dict[str, str]
    stack: contextlib.ExitStack
    descriptors: list[int] = field(default_factory=list)

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    def put(self, name: str, content: bytes) -> Path:
        path = self.tree / name
        make_folder(path.parent, mode=0o700)
        replace_file(path, content, mode=0o600)
        return path

    def configure(self, ciphertext: bytes) -> None:
        """A configuration without rules that keeps the indentation of the file."""
        match = _INDENT.search(ciphertext)
        indent = len(match.group(1)) if match else 4
        self.put(RULES_FILE, f"stores: {{yaml: {{indent: {indent}}}}}\n".encode())

    def descriptor(self, content: Secret) -> int:
        opened = self.stack.enter_context(memory.readable_descriptor(content))
        self.descriptors.append(opened)
        return opened

    def hand_over(self, identities: Identities, *, hybrid: bool) -> None:
        """``hybrid``: whether this sops knows post-quantum identities."""
        keys, ssh_key = identities.as_key_file(hybrid=hybrid), identities.ssh_key()
        if keys.is_empty and ssh_key is None:
            raise CredentialError("no identity that sops could use", kind="no-identity")
        if not memory.FACILITIES.memfd:
            self.environment["SOPS_AGE_KEY"] = keys.reveal_text()
        elif not keys.is_empty:
            self.environment["SOPS_AGE_KEY_FILE"] = self._path_of(keys)
        if ssh_key is not None:
            self.environment["SOPS_AGE_SSH_PRIVATE_KEY_FILE"] = self._path_of(ssh_key)

    def _path_of(self, content: Secret) -> str:
        base = "/proc/self/fd" if memory.FACILITIES.memfd else "/dev/fd"
        return f"{base}/{self.descriptor(content)}"


@contextlib.contextmanager
def workshop() -> Iterator[Workshop]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(memory.private_folder())
        shop = Workshop(folder, sops_environment(folder), stack)
        make_folder(shop.tree, mode=0o700)
        yield shop
