"""The real kustomize, built once by Go into the cache of scripts/test."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

VERSION = "v5.7.1"


def kustomize() -> Path | None:
    """The program; None where there is no Go to build it."""
    if shutil.which("go") is None:
        return None
    cache = Path(os.environ.get("PLANA_TEST_CACHE") or Path(__file__).parents[3] / ".cache")
    folder = cache / f"kustomize-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "kustomize").exists():
            subprocess.run(
                ["go", "install", f"sigs.k8s.io/kustomize/kustomize/v5@{VERSION}"],
                env=os.environ | {"GOBIN": str(folder)}, check=True, capture_output=True, timeout=900,
            )  # fmt: skip
    return folder / "kustomize"


def builds(program: Path, folder: Path) -> bool:
    """Whether kustomize builds a folder; files above it are allowed, as in Flux."""
    done = subprocess.run(
        [str(program), "build", "--load-restrictor", "LoadRestrictionsNone", str(folder)],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode == 0
