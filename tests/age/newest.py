"""The programs and vectors of age that scripts/go-tools gets by Go."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

_CACHE = Path(os.environ.get("PLANA_TEST_CACHE") or Path(__file__).parents[2] / ".cache")


def newest_age(name: str, *argv: str | Path, stdin: bytes = b"") -> bytes:
    """What the newest ``age`` or ``age-keygen`` prints."""
    program = _CACHE / "age-newest" / name
    if not program.exists():
        pytest.skip("no Go here: the newest age is not tested")
    return subprocess.run([program, *argv], input=stdin, capture_output=True, check=True).stdout


def vectors() -> list[Path]:
    """The test kit of the age file format, CCTV."""
    folder = _CACHE / "age-vectors"
    return sorted(folder.iterdir()) if folder.exists() else []
