"""Which secret files there are, and which one a person means."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from plana_secrets.errors import MissingFileError, PlanaSecretsError, UsageError
from plana_secrets.secretfiles.discovery import (
    carries_sops,
    is_exempt,
    is_meant,
    is_rules_file,
)
from plana_secrets.secretfiles.globs import glob_match, last_match
from plana_secrets.secretfiles.missing import no_such_file
from plana_secrets.secretfiles.names import check_folders
from plana_secrets.secretfiles.open import read_bytes_of
from plana_secrets.secretfiles.roots import in_roots
from plana_secrets.secretfiles.settings import SETTINGS_FILE, FilesSettings
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace
from plana_secrets.sops.model import IGNORED_RULES_FILE
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
    return not is_of_others(file) and not glob_match(settings.plain, file)


def is_under_roots(settings: FilesSettings, file: str) -> bool:
    """Whether a file is in a folder in which everything is encrypted or listed as readable."""
    return in_roots(settings.roots)(file)


def may_be_changed(workspace: Workspace, file: str) -> bool:
    """Whether one of our changes can include ``file``.

    That is a secret file, the settings, the rules, and beside the roots a file that a
    creation rule matches, unless it is plain on the disk and nothing says that it should not be.
    """
    if file == SETTINGS_FILE or is_rules_file(file) or is_secret_file(workspace.settings, file):
        return True
    try:
        require_place(workspace, file)
        content = read_bytes_of(workspace, file)
    except PlanaSecretsError as error:
        return isinstance(error, MissingFileError)
    rule = workspace.rule_for(file)
    return carries_sops(file, content) or is_meant(rule, file, content)


def require_place(workspace: Workspace, file: str) -> None:
    """See that ``file`` may be a secret file: it is under the roots, or a rule is for it.

    Raises:
        UsageError: it is meant to be readable (kind ``not-a-secret-file``), or no rule
            matches (kind ``no-rule``).
    """
    settings = workspace.settings
    if is_secret_file(settings, file):
        return
    if is_under_roots(settings, file) or is_of_others(file) or is_exempt(settings, file):
        raise UsageError(f"{file} is meant to be readable", kind="not-a-secret-file", file=file)
    workspace.rule_for(file)


def is_of_others(file: str) -> bool:
    """Whether git, sops or we ourselves read a file of this name, so that it is never secret."""
    if file == SETTINGS_FILE:
        return True
    name = file.rpartition("/")[2]
    return name.startswith(".") and (
        name in {RULES_FILE, IGNORED_RULES_FILE} or name.startswith(".git") or is_temporary(name)
    )


def resolve_file(workspace: Workspace, text: str, folder: Path, *, must_exist: bool = True) -> str:
    """The file that ``text`` names, relative to the repository.

    It is looked up relative to ``folder`` (the working directory) first, then to the
    root of the repository; links are not followed here, they are refused when it is read.

    Raises:
        UsageError: it is outside the repository (kind ``outside-repository``), or is
            not there (kind ``no-such-file``), or it is in a repository or submodule inside this
            one (kind ``other-repository``) or below a file (kind ``not-a-folder``), or a sparse
            checkout leaves it out (kind ``not-checked-out``).
    """
    here = _inside(workspace.root, Path(os.path.realpath(folder)) / text)
    at_root = _inside(workspace.root, workspace.root / text)
    candidates = [file for file in (here, at_root) if file is not None]
    if not candidates:
        raise UsageError(f"not in the repository: {text}", kind="outside-repository", file=text)
    for file in candidates:
        if os.path.lexists(workspace.root / file):
            check_folders(workspace.root, file)
            return file
    if must_exist:
        secret = [file for file in candidates if is_secret_file(workspace.settings, file)]
        raise no_such_file(workspace, text, candidates, secret)
    under_root = (file for file in candidates if is_secret_file(workspace.settings, file))
    file = next(under_root, candidates[0])
    check_folders(workspace.root, file)
    return file


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
    "not-a-secret-file": "[files] in plana-secrets.toml says which files are readable",
    "outside-repository": "pass another repository with --repo DIR",
}
