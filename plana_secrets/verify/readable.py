"""Files that may be readable: they must hold no secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from plana_secrets import limits
from plana_secrets.errors import FailedError
from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.verify.checks.keycopies import check_readable_copies
from plana_secrets.verify.checks.strangers import check_kind, check_plain, unreadable
from plana_secrets.verify.filecheck import FileResult, ids_of

if TYPE_CHECKING:
    from plana_secrets.rotation.copies import KeyCopies


def check_readable(
    snapshot: Snapshot, files: Sequence[str], copies: KeyCopies | None
) -> Iterator[FileResult]:
    """Each readable file under the roots. ``copies``: values of keysets to find in it."""
    for file, content in snapshot.contents(files, limit=limits.READABLE_FILE):
        problems = tuple(check_kind(file, snapshot.entry(file)))
        if isinstance(content, FailedError):
            yield FileResult(file, None, problems or (unreadable(file, content),))
            continue
        findings = [*problems, *check_plain(file, content, listed=is_listed(snapshot, file))]
        if copies is not None:
            findings.extend(check_readable_copies(file, content, copies))
        yield FileResult(file, None, tuple(findings), ids=ids_of(snapshot.tree.repository, content))


def is_listed(snapshot: Snapshot, file: str) -> bool:
    """Whether a readable file is one by the settings, and not by its name alone."""
    return glob_match(snapshot.settings.plain, file)
