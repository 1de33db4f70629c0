"""From where to where a range goes: as a person writes it."""

from __future__ import annotations

from plana_secrets.errors import UsageError
from plana_secrets.git.ranges import cut_commits, too_shallow
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.versions import commit_named
from plana_secrets.verify.ranges.run import Ends


def parse_range(repository: Repository, text: str) -> Ends:
    """``A..B`` or ``A...B``: the commits of B that A does not have; without B, HEAD.

    Raises:
        UsageError: it is no range (kind ``usage``), or a revision does not exist (kind
            ``no-such-revision``).
        FailedError: the beginning is not in a shallow clone (kind ``shallow-range``).
    """
    one, dots, other = text.partition("...") if "..." in text else text.partition("..")
    if not dots:
        raise UsageError(f"not a range: {text}; write A..B, or auto", kind="usage")
    old = _commit(repository, one or "HEAD")
    return ends_between(repository, old, _commit(repository, other or "HEAD"))


def ends_between(repository: Repository, old: str, head: str, remark: str | None = None) -> Ends:
    """The range of two commits.

    Raises:
        FailedError: as ``parse_range``.
    """
    base = repository.merge_base(old, head)
    if base is None and cut_commits(repository.common_dir):
        raise too_shallow()
    return Ends(old, base, head, remark)


def _commit(repository: Repository, revision: str) -> str:
    try:
        return commit_named(repository, revision)
    except UsageError:
        if cut_commits(repository.common_dir):
            raise too_shallow() from None
        raise
