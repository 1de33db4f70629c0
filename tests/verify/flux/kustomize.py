"""The real kustomize, built once by Go into the cache of scripts/test."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.gotools import built

VERSION = "v5.7.1"


def kustomize() -> Path | None:
    """The program; None where there is no Go to build it."""
    return built("sigs.k8s.io/kustomize/kustomize/v5", VERSION)


def builds(program: Path, folder: Path) -> bool:
    """Whether kustomize builds a folder; files above it are allowed, as in Flux."""
    done = subprocess.run(
        [str(program), "build", "--load-restrictor", "LoadRestrictionsNone", str(folder)],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode == 0
