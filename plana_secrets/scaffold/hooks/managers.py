"""husky, lefthook and pre-commit: which of them has a hook, and what to add where.

What they read is a file of the repository that a team shares, so we are called by name there.

Sources: typicode.github.io/husky ("How To"), lefthook.dev/configuration, pre-commit.com ("Creating
new hooks", "Supported git hooks").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets.scaffold.hooks.script import Program, calling_line

_BY_NAME: Final = Program()
_LEFTHOOK: Final = tuple(
    f"{folder}lefthook.{ending}"
    for ending in ("yml", "yaml", "toml", "json")
    for folder in ("", ".", ".config/")
)
_PRE_COMMIT: Final = ".pre-commit-config.yaml"
OF_PRE_COMMIT: Final = b"pre-commit.com"
"""In every hook that pre-commit writes."""


@dataclass(frozen=True, slots=True)
class Managed:
    """Where a manager reads what a hook is to do, and what to add there."""

    file: Path
    add: str


def find_manager(root: Path, folder: Path, name: str, content: bytes) -> Managed | None:
    """The manager of the hook ``name`` in ``folder``, which has ``content``; None for none.

    A manager whose file is in the repository has the hook also where it is not installed yet: it
    would replace ours later.
    """
    found = (look(root, folder, name, content) for look in _LOOKS)
    return next((one for one in found if one is not None), None)


def _husky(_root: Path, folder: Path, name: str, _content: bytes) -> Managed | None:
    for place in (folder, *folder.parents):
        if place.name == ".husky":
            return Managed(place / name, calling_line(name, _BY_NAME))
    return None


def _lefthook(root: Path, _folder: Path, name: str, content: bytes) -> Managed | None:
    present = [root / file for file in _LEFTHOOK if (root / file).is_file()]
    if not present and b"lefthook" not in content:
        return None
    lines = [
        f"{name}:", "  commands:", "    plana-secrets:",
        f"      run: {_BY_NAME.command()} hook run {name} --no-input -- {{0}}",
    ]  # fmt: skip
    if name != "pre-commit":
        lines.append("      use_stdin: true")
    return Managed(present[0] if present else root / _LEFTHOOK[0], "\n".join(lines))


def _pre_commit(root: Path, _folder: Path, name: str, content: bytes) -> Managed | None:
    """For a commit only: the lines of a push it gives to no one but a hook that it moved aside."""
    file = root / _PRE_COMMIT
    is_its_own = OF_PRE_COMMIT in content
    if name != "pre-commit" or not (is_its_own or file.is_file()):
        return None
    lines = [
        "- repo: local", "  hooks:", "    - id: plana-secrets", "      name: verify secret files",
        f"      entry: {_BY_NAME.command()} hook run pre-commit --no-input",
        "      language: system", "      pass_filenames: false", "      always_run: true",
        "      stages: [pre-commit]",
    ]  # fmt: skip
    return Managed(file, "\n".join(lines))


_LOOKS: Final[tuple[Callable[[Path, Path, str, bytes], Managed | None], ...]] = (
    _husky,
    _lefthook,
    _pre_commit,
)
