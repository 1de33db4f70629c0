"""Which secret files there are, and which one a person means."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from plana_secrets.errors import MissingFileError, PlanaSecretsError, UsageError
from plana_secrets.git.trees import WorkTree
from plana_secrets.secretfiles.globs import glob_match, last_match
from plana_secrets.secretfiles.names import refuse_left_out
from plana_secrets.secretfiles.open import check_sound, read_structure_of
from plana_secrets.secretfiles.settings import SETTINGS_FILE, FilesSettings
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace
from plana_secrets.storage import is_temporary

__all__ = [
    "glob_match",
    "last_match",
    "resolve_file",
    "select_secret_files",
]


def select_secret_files(settings: FilesSettings, files: Iterable[str]) -> tuple[str, ...]:
    """Those of ``files`` (of a commit, say) that are secret files."""
    return tuple(sorted(file for file in files if is_secret_file(settings, file)))


def is_secret_file(settings: FilesSettings, file: str) -> bool:
    """Whether a file with this name has to be encrypted."""
    if not is_under_roots(settings, file):
        return False
    name = file.rpartition("/")[2]
    if name == RULES_FILE or name.startswith(".git") or is_temporary(name):
        return False
    return not glob_match(settings.plain, file)


def is_under_roots(settings: FilesSettings, file: str) -> bool:
    """Whether a file is in a folder in which everything is encrypted or listed as readable."""
    return any(is_in_root(file, root) for root in settings.roots)


def may_be_changed(workspace: Workspace, file: str) -> bool:
    """Whether one of our changes can include ``file``.

    That is a secret file, the settings, the rules, and beside the roots a file that a
    creation rule names, unless there is one on the disk that sops has not encrypted.
    """
    if file in {SETTINGS_FILE, RULES_FILE} or is_secret_file(workspace.settings, file):
        return True
    try:
        workspace.rule_for(file)
        check_sound(read_structure_of(workspace, file), file)
    except PlanaSecretsError as error:
        return isinstance(error, MissingFileError)
    return True


def is_in_root(file: str, root: str) -> bool:
    """Whether a file is below one folder of the settings, or is itself named there."""
    folder = root.strip("/")
    return folder in {"", ".", file} or file.startswith(f"{folder}/")


def resolve_file(workspace: Workspace, text: str, folder: Path, *, must_exist: bool = True) -> str:
    """The file that ``text`` names, relative to the repository.

    It is looked up relative to ``folder`` (the working directory) first, then to the
    root of the repository; links are not followed here, they are refused when it is read.

    Raises:
        UsageError: it is outside the repository (kind ``outside-repository``), or is
            not there (kind ``no-such-file``), or a sparse checkout leaves it out (kind
            ``not-checked-out``).
    """
    here = _inside(workspace.root, Path(os.path.realpath(folder)) / text)
    at_root = _inside(workspace.root, workspace.root / text)
    candidates = [file for file in (here, at_root) if file is not None]
    if not candidates:
        raise UsageError(f"not in the repository: {text}", kind="outside-repository", file=text)
    for file in candidates:
        if os.path.lexists(workspace.root / file):
            return file
    if must_exist:
        refuse_left_out(WorkTree(workspace.repository).listing(candidates).absent)
        raise UsageError(f"no such file: {text}", kind="no-such-file", file=text)
    under_root = (file for file in candidates if is_secret_file(workspace.settings, file))
    return next(under_root, candidates[0])


def _inside(root: Path, path: Path) -> str | None:
    """``path`` relative to ``root``, or None where it is elsewhere or in git's folder."""
    plain = Path(os.path.normpath(path))
    if not plain.is_relative_to(root):
        plain = Path(os.path.realpath(plain.parent)) / plain.name
    if not plain.is_relative_to(root) or plain == root:
        return None
    relative = plain.relative_to(root)
    return None if relative.parts[0] == ".git" else relative.as_posix()


ADVICE: Final = {
    "no-such-file": (
        "list the secret files with `plana-secrets ls`, or create one with `plana-secrets new`"
    ),
    "not-a-secret-file": "[files] in plana-secrets.toml says where secret files are",
    "outside-repository": "pass another repository with --repo DIR",
}
