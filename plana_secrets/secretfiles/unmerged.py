"""Files that git has not merged yet: each is on two sides, and what is on the disk is neither.

A write there would be one of them alone, and what the other changed would be lost with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.git.index import unmerged_stages
from plana_secrets.secretfiles.workspace import Workspace


def refuse_unmerged(workspace: Workspace, files: Sequence[str]) -> None:
    """
    Raises:
        UsageError: one of ``files`` has a merge conflict (kind ``merge-open``).
    """
    found = unmerged_stages(workspace.repository)
    for file in files:
        if file in found:
            raise UsageError(f"{file} has a merge conflict", kind="merge-open", file=file)


ADVICE: Final = {
    "merge-open": "`plana-secrets resolve {file}` merges both sides value by value",
}
