"""What ``git commit`` would record where the work tree already has something else.

A file that was staged in plaintext and encrypted afterwards looks good on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from plana_secrets import limits
from plana_secrets.age.identities import Identities
from plana_secrets.errors import FailedError
from plana_secrets.secretfiles.snapshot import index
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.checks.strangers import check_plain, unreadable
from plana_secrets.verify.filecheck import FileJob, check_content
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.readable import is_listed
from plana_secrets.verify.selection import Selection, is_readable

_PLAINTEXT: Final = frozenset(
    {"not-sops", "not-encrypted", "plain-comment", "plaintext-secret", "not-a-secret-file"}
)
"""The errors that say that something readable should not be."""


def check_staged(
    job: FileJob, selection: Selection, seen: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    """Plaintext in the index; ``seen``: the blob ids of what was checked on the disk."""
    staged = job.snapshot.listing.staged
    unlike = [file for file in selection.staged if staged[file].id not in seen.get(file, ())]
    if not unlike:
        return
    keyless = replace(job, identities=Identities(()))
    for file, content in index(job.snapshot.workspace).contents(unlike, limit=limits.READABLE_FILE):
        if isinstance(content, FailedError):
            if content.kind == "too-large":
                yield unreadable(file, content)
            continue  # a link, a conflict or only announced: no plaintext
        if not content:
            continue
        for one in check_stored(keyless, file, content):
            if one.check in _PLAINTEXT and one.severity is Severity.ERROR:
                message = f"in the index: {one.message}"
                yield found("staged-plaintext", message, file=file, line=one.line, path=one.path)


def check_stored(job: FileJob, file: str, content: bytes) -> Iterator[Finding]:
    """The checks of one content of a file under the roots, be it meant to be readable or not."""
    if is_readable(job.snapshot.settings, file):
        yield from check_plain(file, content, listed=is_listed(job.snapshot, file))
    else:
        yield from check_content(job, file, content).findings
