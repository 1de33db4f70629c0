"""Who imports the package gets its types: it says so, and they are what they seem."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SNIPPET = """\
from plana_secrets.errors import ConflictError
from plana_secrets.paths import parse_path

retry: bool = ConflictError("x", kind="locked").retry
steps: tuple[str | int, ...] = parse_path("a.b[0]")
wrong: int = parse_path("a")
"""


def test_a_program_that_uses_the_package_is_checked_against_its_types(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(SNIPPET)
    argv = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(program)]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "program.py:6: error: Incompatible types in assignment" in done.stdout
    assert "Found 1 error" in done.stdout, done.stdout
