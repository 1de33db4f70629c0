"""Fresh projects: a copy of a reference consumer, with its packages from the registries."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONSUMERS = ROOT / "infra" / "consumers"

Change = tuple[str, str, str]
"""A file of the consumer, a text that is in it once, and the text in its place."""


def make_project(language: str, place: Path, changes: Iterable[Change] = ()) -> Path:
    """A copy of the consumer of ``language`` at ``place``, ready to start."""
    shutil.copytree(CONSUMERS / language, place)
    for file, old, new in changes:
        text = (place / file).read_text()
        assert text.count(old) == 1, f"{file}: {old!r} is in it {text.count(old)} times"
        (place / file).write_text(text.replace(old, new))
    if language == "node":
        (place / "node_modules").symlink_to(packages("node") / "node_modules")
    return place


def packages(language: str) -> Path:
    """Where the packages of a consumer are installed: once, in the cache of scripts/test."""
    cache = Path(os.environ.get("PLANA_TEST_CACHE") or ROOT / ".cache")
    folder = cache / "consumers" / language
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _INSTALL[language](folder)
            (folder / "done").touch()
    return folder


def _install_python(folder: Path) -> None:
    _run(sys.executable, "-m", "venv", str(folder / "venv"))
    required = str(CONSUMERS / "python" / "requirements.txt")
    _run(str(folder / "venv/bin/pip"), "install", "--quiet", "--requirement", required)


def _install_node(folder: Path) -> None:
    shutil.copy(CONSUMERS / "node" / "package.json", folder)
    _run("npm", "install", "--silent", "--no-package-lock", "--no-audit", "--no-fund",
         "--ignore-scripts", "--prefix", str(folder))  # fmt: skip


_INSTALL: dict[str, Callable[[Path], None]] = {"python": _install_python, "node": _install_node}


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=300)
