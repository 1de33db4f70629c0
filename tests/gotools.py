"""Programs that Go builds once, into the cache of scripts/test."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path


def built(package: str, version: str) -> Path | None:
    """The program of a Go package; None where there is no Go to build it."""
    if shutil.which("go") is None:
        return None
    name = next(part for part in reversed(package.split("/")) if not part.startswith("v"))
    cache = Path(os.environ.get("PLANA_TEST_CACHE") or Path(__file__).parents[1] / ".cache")
    folder = cache / f"{name}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            subprocess.run(
                ["go", "install", f"{package}@{version}"],
                env=os.environ | {"GOBIN": str(folder)}, check=True, capture_output=True, timeout=900,
            )  # fmt: skip
    return folder / name
