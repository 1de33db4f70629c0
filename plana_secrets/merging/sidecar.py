"""What is kept of a merge that was a conflict: the three versions, and why.

git has them in its index until the file is added. A person may add our side and go on: as long
as the merge is open, `status` then still shows what was not taken. The versions are ciphertext
already; the whole is encrypted once more, to the identities at hand, and in the git dir.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets.errors import CredentialError, MalformedError
from plana_secrets.git.operation import commits_in_operation
from plana_secrets.merging.versions import Versions
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.state import state_folder
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.storage import make_folder, read_regular_file, remove_file, replace_file

_FOLDER: Final = "merges"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """``reasons``: of the conflict, in words that hold no value."""

    file: str
    versions: Versions
    reasons: tuple[str, ...]


def keep_conflict(workspace: Workspace, kept: Sidecar) -> Path:
    """Store a conflict; its place.

    Raises:
        CredentialError: there is no identity to encrypt it to (kind ``no-identity``).
    """
    from plana_secrets.age.recipients import encrypt_to, usable_together

    members = workspace.identities.complete().members
    own = usable_together([member.recipient for member in members])
    if not own:
        raise CredentialError("no identity to encrypt the conflict for", kind="no-identity")
    content = {"file": kept.file, "reasons": kept.reasons, **kept.versions.to_texts()}
    forget_stale(workspace, kept.file)
    path = _path_of(workspace, kept.file, kept.versions)
    make_folder(path.parent, mode=0o700)
    replace_file(path, encrypt_to(Secret.from_text(json.dumps(content)), own), mode=0o600)
    return path


def find_conflict(workspace: Workspace, file: str) -> Sidecar | None:
    """The conflict of ``file`` that is kept, if it is of the operation that git has open.

    Raises:
        CredentialError: no identity opens it (kind ``no-identity-fits``).
        MalformedError: it is damaged (kind ``bad-kept-merge``).
    """
    place = _live(workspace, file)
    if place is None:
        return None
    opened = workspace.identities.unwrap(read_regular_file(place))
    if opened is None:
        raise CredentialError(
            f"no identity opens the kept merge of {file}", kind="no-identity-fits", file=file
        )
    try:
        content = json.loads(opened.reveal())
        versions = Versions.from_texts(content)
        return Sidecar(content["file"], versions, tuple(map(str, content["reasons"])))
    except (AttributeError, ValueError, KeyError, TypeError):
        raise MalformedError(
            f"the kept merge of {file} is damaged", kind="bad-kept-merge", file=file
        ) from None


def has_conflict(workspace: Workspace, file: str) -> bool:
    """Whether a conflict of ``file`` is kept that git has still open; nothing is decrypted."""
    return _live(workspace, file) is not None


def forget_conflict(workspace: Workspace, file: str) -> None:
    """Remove what is kept of it; nothing is no error."""
    for place in _places(workspace, file):
        remove_file(place)


def forget_stale(workspace: Workspace, file: str, merged: Versions | None = None) -> None:
    """Remove what is kept of other operations than the open one, and of ``merged``.

    A tool may ask git to merge other commits, in passing: the open conflict is still open.
    """
    live = _live(workspace, file)
    done = None if merged is None else _path_of(workspace, file, merged)
    for place in _places(workspace, file):
        if place != live or place == done:
            remove_file(place)


def _live(workspace: Workspace, file: str) -> Path | None:
    """A merge may have been aborted, and another one begun: the commits say what is merged."""
    places = _places(workspace, file)
    repository = workspace.repository
    commits = commits_in_operation(repository) if places else None
    if commits is None:
        return None
    ours, theirs = (
        {entry.id for entry in repository.list_entries(one).values()}
        for one in (commits.ours, commits.theirs)
    )
    for place in places:
        _, here, there, _ = place.name.split(".")
        if here in ours and there in theirs:
            return place
    return None


def _places(workspace: Workspace, file: str) -> list[Path]:
    pattern = f"{_name_of(file)}.*.*.age"
    return sorted((state_folder(workspace.repository) / _FOLDER).glob(pattern))


def _path_of(workspace: Workspace, file: str, versions: Versions) -> Path:
    """Named by the file, and by the two versions as git names them."""
    here, there = map(workspace.repository.blob_id, (versions.ours, versions.theirs))
    name = f"{_name_of(file)}.{here}.{there}.age"
    return state_folder(workspace.repository) / _FOLDER / name


def _name_of(file: str) -> str:
    return hashlib.sha256(file.encode("utf-8", "surrogateescape")).hexdigest()[:32]


ADVICE: Final = {
    "bad-kept-merge": "`git checkout -m -- {file}` brings the conflict back",
}
