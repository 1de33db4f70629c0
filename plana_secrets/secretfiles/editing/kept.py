"""An edit that could not be written yet, kept encrypted in the git dir of the work tree.

Where that cannot be written either, as on a full disk, it is kept in memory.

It holds the text that the edit started from and the text that it came to, encrypted to
the identities at hand, one a file. The next try merges it with what the file is then.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets import memory
from plana_secrets.errors import CredentialError, FailedError, MalformedError
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.state import state_folder
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.storage import (
    make_folder,
    read_regular_file,
    remove_file,
    replace_file,
)

_NAME: Final = ".name"
"""Beside an edit, the name of its file, which may be gone from the disk by now."""


@dataclass(frozen=True, slots=True)
class KeptEdit:
    """``started``: the plain text before the edit; ``text``: as the person left it.

    ``reason``: why it was not written, in words that hold no value.
    """

    file: str
    started: Secret
    text: Secret
    reason: str = ""


def keep_edit(workspace: Workspace, edit: KeptEdit) -> Path | None:
    """Store an edit; its place if that is in memory, until the machine restarts.

    Raises:
        CredentialError: there is no identity to encrypt it to (kind ``no-identity``).
    """
    from plana_secrets.age.recipients import encrypt_to, usable_together

    members = workspace.identities.complete().members
    own = usable_together([member.recipient for member in members])
    if not own:
        raise CredentialError("no identity to encrypt the kept edit for", kind="no-identity")
    content = {
        "file": edit.file,
        "reason": edit.reason,
        # what is no text is kept as well: it is the person's work
        "started": edit.started.reveal().decode("utf-8", "surrogateescape"),
        "text": edit.text.reveal().decode("utf-8", "surrogateescape"),
    }
    sealed = encrypt_to(Secret.from_text(json.dumps(content)), own)
    try:
        path = _path_of(workspace, edit.file)
        make_folder(path.parent, mode=0o700)
        replace_file(path, sealed, mode=0o600)
        replace_file(path.with_suffix(_NAME), os.fsencode(edit.file), mode=0o600)
    except FailedError as error:
        return _keep_in_memory(workspace, edit.file, sealed, error)
    for older in _in_memory(workspace, edit.file):
        remove_file(older)
    return None


def _keep_in_memory(workspace: Workspace, file: str, sealed: bytes, error: FailedError) -> Path:
    for folder in memory.lasting_folders(create=True):
        path = folder / _name_in_memory(workspace, file)
        with contextlib.suppress(FailedError):
            replace_file(path, sealed, mode=0o600)
            return path
    raise error


def find_kept_edit(workspace: Workspace, file: str) -> KeptEdit | None:
    """The edit of ``file`` that waits, if one does.

    Raises:
        CredentialError: no identity opens it (kind ``no-identity-fits``).
        MalformedError: it is damaged (kind ``bad-kept-edit``).
    """
    path = next(iter(_places(workspace, file)), None)
    if path is None:
        return None
    opened = workspace.identities.unwrap(read_regular_file(path))
    if opened is None:
        raise CredentialError(f"no identity opens the kept edit of {file}", kind="no-identity-fits")
    try:
        content = json.loads(opened.reveal())
        started, text = (
            Secret(content[name].encode("utf-8", "surrogateescape")) for name in ("started", "text")
        )
        return KeptEdit(content["file"], started, text, content.get("reason", ""))
    except (AttributeError, ValueError, KeyError, TypeError):
        raise MalformedError(f"the kept edit of {file} is damaged", kind="bad-kept-edit") from None


def has_kept_edit(workspace: Workspace, file: str) -> bool:
    """Whether an edit of ``file`` waits; asked without opening it."""
    return bool(_places(workspace, file))


def files_with_kept_edits(workspace: Workspace, files: Iterable[str]) -> list[str]:
    """Those of ``files``, and others that may be gone from the disk, of which an edit waits."""
    found = {file for file in files if has_kept_edit(workspace, file)}
    for path in (state_folder(workspace.repository) / "edits").glob(f"*{_NAME}"):
        with contextlib.suppress(FailedError):
            file = os.fsdecode(read_regular_file(path))
            if path.stem == Path(_name_of(file)).stem and has_kept_edit(workspace, file):
                found.add(file)
    return sorted(found)


def forget_kept_edit(workspace: Workspace, file: str) -> None:
    """Remove it; one that is not there is no error."""
    for path in _places(workspace, file):
        remove_file(path)
    name = _path_of(workspace, file).with_suffix(_NAME)
    if name.exists():
        remove_file(name)


def _places(workspace: Workspace, file: str) -> list[Path]:
    """Where an edit of ``file`` is, the newest first."""
    return [*_in_memory(workspace, file), *filter(Path.exists, [_path_of(workspace, file)])]


def _in_memory(workspace: Workspace, file: str) -> list[Path]:
    name = _name_in_memory(workspace, file)
    return [folder / name for folder in memory.lasting_folders() if (folder / name).exists()]


def _path_of(workspace: Workspace, file: str) -> Path:
    return state_folder(workspace.repository) / "edits" / _name_of(file)


def _name_in_memory(workspace: Workspace, file: str) -> str:
    """Edits of all repositories are in one folder there."""
    return _name_of(f"{workspace.repository.git_dir}\0{file}")


def _name_of(text: str) -> str:
    return f"{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.age"
