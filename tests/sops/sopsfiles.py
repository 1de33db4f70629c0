"""Files that the real sops makes and opens, without any code under test between."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pyrage

from plana_secrets.age.identities import Identities, parse_identity_file
from plana_secrets.secret import Secret


@dataclass
class Bench:
    """One sops with one identity of ours, and as many strangers as a test wants."""

    program: Path
    folder: Path
    identity: pyrage.x25519.Identity = field(default_factory=pyrage.x25519.Identity.generate)
    strangers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "keys.txt").write_text(f"{self.identity}\n")

    @property
    def recipient(self) -> str:
        return str(self.identity.to_public())

    @property
    def identities(self) -> Identities:
        return identities_of(self.identity)

    def _run(self, *argv: str, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(self.program), *argv],
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "SOPS_AGE_KEY_FILE": "keys.txt",
                "SOPS_DISABLE_VERSION_CHECK": "1",
            },
        )

    def encrypt(self, plain: str, *rule: str) -> bytes:
        """``rule`` are further lines of the creation rule, such as ``mac_only_encrypted: true``."""
        recipients = ",".join([*self.strangers, self.recipient])
        keys = [] if any(line.startswith("key_groups") for line in rule) else [f"age: {recipients}"]
        lines = [f"      {line}\n" for line in [*rule, *keys]]
        (self.folder / ".sops.yaml").write_text(
            "creation_rules:\n    - path_regex: .*\n" + "".join(lines)
        )
        done = self._run(
            "--config", ".sops.yaml", "encrypt", "--filename-override", "x.yaml",
            "--input-type", "yaml", "--output-type", "yaml", stdin=plain.encode(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def decrypt(self, data: bytes) -> object | None:
        """What sops makes of a file, by way of JSON; None where it refuses."""
        done = self._run(
            "decrypt", "--input-type", "yaml", "--output-type", "json", "/dev/stdin", stdin=data
        )
        return json.loads(done.stdout) if done.returncode == 0 else None


def identities_of(*keys: pyrage.x25519.Identity) -> Identities:
    text = "".join(f"{key}\n" for key in keys)
    return parse_identity_file(Secret.from_text(text), "test")
