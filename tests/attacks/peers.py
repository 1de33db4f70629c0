"""Other programs, asked about the same files.

The hooks are installed from PyPI, once, into ``PLANA_TEST_CACHE``; one that no longer installs is
told and left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.world import World, sops_program

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("PLANA_TEST_CACHE") or ROOT / ".cache")
PACKAGES = {
    "pre-commit-hook-ensure-sops": "1.1",
    "validate-sops": "0.1.2",
    "sops-checker": "0.2.0",
}


_HANGS = 10
"""Seconds after which a program is given up."""


@dataclass(frozen=True, slots=True)
class Peer:
    """``argv`` of a file; None where the program looks at a whole repository."""

    name: str
    argv: Callable[[str], list[str]]

    def lets_pass(self, world: World, file: str) -> bool:
        """Whether it ends as it does for a good file, which one that hangs does not.

        A file that is gone shows it nothing.
        """
        if not os.path.lexists(world.repo / file):
            return True
        try:
            done = subprocess.run(
                self.argv(file),
                cwd=world.repo,
                env=world.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_HANGS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return self.is_good(done.returncode, done.stdout)

    def is_good(self, status: int, output: bytes) -> bool:
        if "filestatus" in self.name:
            return status == 0 and b'"encrypted":true' in output.replace(b" ", b"")
        return status == 0


def find_peers() -> tuple[list[Peer], list[str]]:
    """The programs that there are, and the packages that could not be installed."""
    peers = [*_sops("sops", str(sops_program()))]
    newest = os.environ.get("PLANA_TEST_SOPS_NEWEST")
    peers += _sops("newest sops", newest) if newest else []
    missing = []
    for package, version in PACKAGES.items():
        folder = _install(package, version)
        if folder is None:
            missing.append(package)
        else:
            peers.append(_HOOKS[package](folder))
    return peers, missing


def _sops(name: str, program: str) -> list[Peer]:
    return [
        Peer(f"{name} decrypt", lambda file: [program, "decrypt", file]),
        Peer(f"{name} filestatus", lambda file: [program, "filestatus", file]),
    ]


def _install(package: str, version: str) -> Path | None:
    folder = CACHE / "peers" / package
    done = subprocess.run(
        [ROOT / "scripts" / "environment", folder, f"{package}=={version}"],
        capture_output=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        print(f"{package} {version} does not install", file=sys.stderr)
        return None
    return folder / "bin"


def _ensure(folder: Path) -> Peer:
    module = "pre_commit_hook_ensure_sops"
    return Peer(module.replace("_", "-"), lambda file: [str(folder / "python"), "-m", module, file])


def _validate(folder: Path) -> Peer:
    return Peer("validate-sops", lambda file: [str(folder / "validate-sops"), file])


def _checker(folder: Path) -> Peer:
    return Peer("sops-checker", lambda _file: [str(folder / "sops-checker"), "."])


_HOOKS: dict[str, Callable[[Path], Peer]] = {
    "pre-commit-hook-ensure-sops": _ensure,
    "validate-sops": _validate,
    "sops-checker": _checker,
}
