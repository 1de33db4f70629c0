"""Reading a secret file of the work tree: through no link, and named in every error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from plana_secrets import limits
from plana_secrets.errors import CredentialError, MalformedError
from plana_secrets.secretfiles.discovery import SOPS_MARK
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Defect, Document, Severity, Structure
from plana_secrets.storage import path_below, read_regular_file

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities


def path_of(workspace: Workspace, file: str) -> Path:
    """Where ``file`` is on the disk.

    Raises:
        FailedError: it, or a folder on the way to it, is a symlink (kind ``symlink``).
    """
    return path_below(workspace.root, file)


def read_bytes_of(workspace: Workspace, file: str) -> bytes:
    """The bytes of a file.

    Raises:
        FailedError: see ``path_of`` and ``storage.read_regular_file``.
    """
    return read_regular_file(path_of(workspace, file), limit=limits.SECRET_FILE, name=file)


def read_structure_of(workspace: Workspace, file: str) -> Structure:
    """A file as it can be read without any key; its defects are in the structure."""
    from plana_secrets.sops.reading.reader import read_structure

    data = read_bytes_of(workspace, file)
    return plain_first(read_structure(data, format_of(file)), data)


def read_document_of(workspace: Workspace, file: str) -> Document:
    """A file opened with the identities at hand; the MAC held and nothing is wrong with it.

    Raises:
        CredentialError: none of the identities opens it.
        MalformedError: it is not what it must be; the message names the file.
    """
    return open_bytes(read_bytes_of(workspace, file), file, workspace.identities)


def plain_first(structure: Structure, data: bytes) -> Structure:
    """``structure`` of ``data``: nothing in it, or nothing encrypted, counts more than its YAML."""
    if not data.strip():
        empty = Defect("empty-file", Severity.ERROR, "the file is empty")
        return replace(structure, defects=[empty])
    if structure.metadata is not None or SOPS_MARK.encode() in data:
        return structure
    if not any(one.check == "yaml" for one in structure.errors()):
        return structure
    plain = Defect("not-sops", Severity.ERROR, "no sops metadata: the file is not encrypted")
    return replace(structure, defects=[plain, *structure.defects])


def first_problem(data: bytes, file: str) -> Defect | None:
    """Why ``data`` is plainly no sound secret file: a quick look, which opens nothing."""
    is_odd = any(one in data for one in (b"\r", b"<<<<<<< ", b"\xef\xbb\xbf"))
    if SOPS_MARK.encode() in data and b"\nsops:\n" in data and not is_odd:
        return None
    from plana_secrets.sops.reading.reader import read_structure

    return next(iter(plain_first(read_structure(data, format_of(file)), data).errors()), None)


def check_sound(structure: Structure, file: str) -> None:
    """Stop at the first error of a structure; ``file`` is for the message only.

    Raises:
        MalformedError: nothing in it (kind ``empty-file``), not encrypted by sops
            (``not-encrypted``), without its metadata (``metadata-gone``), in a format that is not
            read (``unread-format``), a pointer of LFS (``lfs-pointer``), with the markers of git
            in it (``merge-conflict``), with lines of Windows (``carriage-return``), or not as sops
            writes it (kind ``defects``, with the check that it fails).
    """
    from plana_secrets.sops.reading.reader import has_lost_metadata

    if has_lost_metadata(structure):
        refuse_without_metadata(file)
    for defect in structure.defects:
        if defect.severity is Severity.ERROR:
            _refuse(defect, file)


def _refuse(defect: Defect, file: str) -> NoReturn:
    from plana_secrets.sops.reading.source import CARRIAGE_RETURN

    kind = "not-encrypted" if defect.check == "not-sops" else "defects"
    if defect.message == CARRIAGE_RETURN:
        kind = "carriage-return"
    elif defect.check == "unread-format":
        kind = "unread-format"
    elif defect.check == "lfs-pointer":
        kind = "lfs-pointer"
    elif defect.check == "empty-file":
        kind = "empty-file"
    elif defect.check == "merge-conflict":
        kind = "merge-conflict"
    place = f"{file}:{defect.line}" if defect.line else file
    raise MalformedError(f"{place}: {defect.message}", kind=kind, file=file, check=defect.check)


def refuse_without_metadata(file: str) -> NoReturn:
    """The error for encrypted values without the block of their key."""
    raise MalformedError(
        f"{file}: the values are encrypted, but the sops block is gone",
        kind="metadata-gone",
        file=file,
    )


def open_bytes(data: bytes, file: str, identities: Identities) -> Document:
    """The document that ``data`` is; ``file`` is for the messages only."""
    from plana_secrets.sops.reading.reader import open_document, read_structure

    structure = plain_first(read_structure(data, format_of(file)), data)
    check_sound(structure, file)
    try:
        return open_document(structure, identities)
    except CredentialError as error:
        raise CredentialError(
            f"{file}: {error.message}", kind=error.kind, retry=None, **{**error.facts, "file": file}
        ) from None
    except MalformedError as error:
        raise MalformedError(
            f"{file}: {error.message}", kind=error.kind, retry=None, **{**error.facts, "file": file}
        ) from None


ADVICE: Final = {
    "carriage-return": (
        "`plana-secrets repair {file}` brings the file back; if git added it (core.autocrlf), "
        "`*.yaml text eol=lf` in .gitattributes keeps it out"
    ),
    "empty-file": (
        "`plana-secrets repair {file}` brings back what git had; if it is a new file, run "
        "`plana-secrets new {file}`"
    ),
    "lfs-pointer": (
        "fetch it with `git lfs pull`, remove `filter=lfs` for it from .gitattributes, and add "
        "it to git again"
    ),
    "merge-conflict": (
        "`plana-secrets resolve {file}` merges both sides value by value; where no merge made the "
        "markers, `plana-secrets repair {file}` takes what git had"
    ),
    "metadata-gone": "`plana-secrets repair {file}` brings it back",
    "unread-format": "use sops itself for this file, or convert it to YAML",
}
