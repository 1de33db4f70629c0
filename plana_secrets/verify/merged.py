"""Files that a merge broke: git, or a forge, combined their ciphertext as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from plana_secrets.git.filelog import log_of_file
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.verify.finding import Finding

_BROKEN: Final = frozenset({"mac-mismatch", "merge-conflict", "yaml"})
_MOST: Final = 20
"""How many files are asked about: each takes a walk through its history."""


def with_merges_told(snapshot: Snapshot, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings; those of a file as a merge commit brought it name that and the way out."""
    asked: dict[str, str | None] = {}
    for one in findings:
        if one.check not in _BROKEN or one.file is None:
            yield one
            continue
        if one.file not in asked and len(asked) < _MOST:
            asked[one.file] = _merge_of(snapshot, one.file)
        merge = asked.get(one.file)
        if merge is None:
            yield one
        else:
            command = f"plana-secrets resolve {shlex.quote(one.file)}"
            words = f"the merge {merge[:10]} combined it as text; `{command}` merges its values"
            yield replace(one, message=f"{one.message}; {words}")


def _merge_of(snapshot: Snapshot, file: str) -> str | None:
    """The merge that brought the file as it is, and as none of its parents has it."""
    repository = snapshot.workspace.repository
    head = repository.head()
    newest = next(log_of_file(repository.command, file, head), None) if head else None
    if newest is None or len(newest.parents) < 2:
        return None
    return newest.id if newest.new_id == repository.blob_id(snapshot.read(file)) else None
