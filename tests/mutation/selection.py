"""Which tests are run for a module: those nearest to it first, more when they see nothing."""

from __future__ import annotations

import functools
import re
from pathlib import Path, PurePosixPath

PACKAGE = "plana_secrets"

WIDER = {
    "sops": ("sops", "document", "verify", "secretfiles", "cli"),
    "document": ("document", "sops", "secretfiles", "cli", "mirror/test_restore.py"),
    "secretfiles": ("secretfiles", "rotation", "mirror", "cli", "verify"),
    "rotation": ("rotation", "verify", "cli"),
    "mirror": ("mirror", "verify", "cli"),
    "verify": ("verify", "sops", "cli", "docs"),
    "git": ("git", "secretfiles", "rotation", "mirror", "verify", "cli"),
    "age": ("age", "cli", "mirror", "sops"),
    "config": ("config", "verify", "cli", "rotation", "mirror"),
    "cli": ("cli", "docs", "mirror", "rotation"),
    "": (".",),
}
"""By package: the files and folders of ``tests`` that use it, beside those that name it."""


def choose_stages(root: Path, module: PurePosixPath) -> list[list[str]]:
    """The test files for ``module`` (``plana_secrets/sops/model.py``), in stages.

    A later stage runs when an earlier one saw nothing: first the mirrored file or folder
    and what imports the module, then the table above. No file is in two stages.
    """
    parts = module.relative_to(PACKAGE).with_suffix("").parts
    package = parts[0] if len(parts) > 1 else ""
    near = [*_mirrored(root, parts), *_importing(root, ".".join((PACKAGE, *parts)))]
    wider = [root / "tests" / name for name in WIDER.get(package, WIDER[""])]
    stages: list[list[str]] = []
    seen: set[str] = set()
    for places in (near, wider):
        files = dict.fromkeys(name for place in places for name in _tests_in(root, place))
        stages.append([name for name in files if name not in seen])
        seen.update(files)
    return [stage for stage in stages if stage]


def _mirrored(root: Path, parts: tuple[str, ...]) -> list[Path]:
    """``tests/a/b/test_c.py`` or ``tests/a/b/c``, and the nearest folder of tests above it."""
    folder = root.joinpath("tests", *parts[:-1])
    while not folder.is_dir():
        folder = folder.parent
    own = root.joinpath("tests", *parts)
    places = [own if own.is_dir() else own.with_name(f"test_{parts[-1]}.py")]
    return places if folder == root / "tests" else [*places, folder]


def _importing(root: Path, name: str) -> list[Path]:
    parent, _, last = name.rpartition(".")
    pattern = re.compile(
        rf"{re.escape(name)}\b|from {re.escape(parent)} import [^\n]*\b{re.escape(last)}\b"
    )
    return [file for file, text in _texts(root) if pattern.search(text)]


@functools.cache
def _texts(root: Path) -> tuple[tuple[Path, str], ...]:
    files = sorted((root / "tests").rglob("test_*.py"))
    return tuple((file, file.read_text(encoding="utf-8")) for file in files)


def _tests_in(root: Path, place: Path) -> list[str]:
    files = sorted(place.rglob("test_*.py")) if place.is_dir() else [place]
    left_out = (root / "tests" / "live", root / "tests" / "mutation")
    return [
        file.relative_to(root).as_posix()
        for file in files
        if file.is_file() and not any(file.is_relative_to(folder) for folder in left_out)
    ]
