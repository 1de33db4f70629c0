"""Fresh projects: a copy of a reference consumer, with its packages from the registries."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
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
        (place / "node_modules").symlink_to(packages(place) / "node_modules")
    return place


def packages(source: Path) -> Path:
    """Where what ``source`` asks for is installed: once, in the cache of scripts/test.

    It asks in ``requirements.txt``, for a virtual environment, or in ``package.json``.
    """
    cache = Path(os.environ.get("PLANA_TEST_CACHE") or ROOT / ".cache")
    asked = next(source / name for name in _INSTALL if (source / name).exists())
    mark = hashlib.sha256(asked.read_bytes()).hexdigest()[:8]
    folder = cache / "consumers" / f"{asked.stem}-{mark}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _INSTALL[asked.name](folder, asked)
            (folder / "done").touch()
    return folder


def _install_python(folder: Path, asked: Path) -> None:
    _run(sys.executable, "-m", "venv", str(folder / "venv"))
    _run(str(folder / "venv/bin/pip"), "install", "--quiet", "--requirement", str(asked))


def _install_node(folder: Path, asked: Path) -> None:
    shutil.copy(asked, folder)
    _run("npm", "install", "--silent", "--no-package-lock", "--no-audit", "--no-fund",
         "--ignore-scripts", "--prefix", str(folder))  # fmt: skip


_INSTALL = {"requirements.txt": _install_python, "package.json": _install_node}


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=300)
