"""A file that a person named and that is not there: the error, with what was probably meant."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.git.trees import WorkTree
from plana_secrets.secretfiles.names import refuse_left_out
from plana_secrets.secretfiles.workspace import Workspace

_ALIKE: Final = 0.75
"""How much of a name must be the same; of its folder and of itself."""


def no_such_file(
    workspace: Workspace,
    text: str,
    candidates: Sequence[str],
    secret: Collection[str],
) -> UsageError:
    """The error for ``text``, which may mean one of ``candidates``.

    ``secret``: those of them that would be secret files.

    Raises:
        UsageError: a sparse checkout leaves it out (kind ``not-checked-out``).
    """
    listing = WorkTree(workspace.repository).listing()
    refuse_left_out({file: one for file, one in listing.absent.items() if file in candidates})
    near = _nearest(candidates, listing.entries)
    known = _in_head(workspace, candidates)
    way = ""
    if known is not None:
        way = f"git has it: `git checkout HEAD -- {shlex.quote(known)}`; "
    elif near is None and secret:
        way = f"create it with `plana-secrets new {shlex.quote(min(secret))}`; "
    words = f"; did you mean {near}?" if near and known is None else ""
    return UsageError(f"no such file: {text}{words}", kind="no-such-file", file=text, way=way)


def _in_head(workspace: Workspace, candidates: Sequence[str]) -> str | None:
    head = workspace.repository.head()
    if head is None:
        return None
    found = workspace.repository.list_entries(head, under=candidates)
    return next((file for file in candidates if file in found), None)


def _nearest(candidates: Sequence[str], files: Collection[str]) -> str | None:
    """The file of that name in another folder, if it is the only one; else one that is alike."""
    for candidate in candidates:
        ending = "/" + candidate.rpartition("/")[2]
        same = [file for file in files if f"/{file}".endswith(f"/{candidate}")]
        same = same or [file for file in files if f"/{file}".endswith(ending)]
        if len(same) == 1:
            return same[0]
        rated = [(_likeness(candidate, file), file) for file in sorted(files)]
        best = max(rated, default=(0.0, ""))
        if best[0] >= _ALIKE:
            return best[1]
    return None


def _likeness(one: str, other: str) -> float:
    from difflib import SequenceMatcher

    pairs = zip(one.lower().rpartition("/")[::2], other.lower().rpartition("/")[::2], strict=True)
    return min(SequenceMatcher(None, a, b).ratio() for a, b in pairs)


ADVICE: Final = {
    "no-such-file": "{way}`plana-secrets ls` lists the secret files",
}
