"""A change on a branch of its own, for a person to merge: where the deployed branch is protected.

The commit is on what is deployed, and written beside every branch and every file here: the clone
stays as it is. A branch that waits to be merged is left alone, so that of each rotation only one
new value is ever visible. One that was merged, or overtaken, gives way to the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import ConflictError, FailedError, UsageError
from plana_secrets.git.commits import build_commit
from plana_secrets.rotation.ground import Rotation
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.landing import Landing
from plana_secrets.rotation.ours import describe_commit
from plana_secrets.secretfiles.writing.push import not_arrived, push_and_read_back
from plana_secrets.secretfiles.writing.stage import StagedFile

_PREFIX: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9_/-])?")
_NEVER: Final = re.compile(r"\.\.|//|/\.|\.lock(/|$)|\.$")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A branch that waits for a pull request into ``into``."""

    name: str
    branch: str
    into: str


def branch_of(prefix: str, name: str) -> str:
    """The branch of a keyset.

    Raises:
        UsageError: git takes no such name (kind ``bad-branch``).
    """
    branch = f"{prefix}{name.replace('/', '--')}"
    if not _PREFIX.fullmatch(prefix) or _NEVER.search(branch):
        raise UsageError(f"not the name of a branch: {branch}", kind="bad-branch")
    return branch


def check_branches(rotation: Rotation, prefix: str) -> None:
    """
    Raises:
        UsageError: a branch would be the deployed one, or that of two keysets (kind
            ``bad-branch``).
    """
    branches = [branch_of(prefix, policy.name) for policy in rotation.policies]
    for branch in branches:
        if branch == rotation.branch or branches.count(branch) > 1:
            raise UsageError(f"{branch} would be a branch for two things", kind="bad-branch")


def find_open(rotation: Rotation, landing: Landing, name: str) -> Proposal | None:
    """The branch of a keyset that waits to be merged.

    It waits while its keyset file differs from the deployed one, and all that it changes is as
    it was when it was written: else its files cannot be merged any more.

    Raises:
        FailedError: there is a branch of this name with other work (kind ``branch-taken``).
    """
    if landing.proposes is None:
        return None
    branch = branch_of(landing.proposes, name)
    return _waiting(rotation, landing, name, rotation.workspace.repository.fetch(branch=branch))


def _waiting(rotation: Rotation, landing: Landing, name: str, there: str | None) -> Proposal | None:
    """``there``: the tip of the branch on the remote."""
    if landing.proposes is None or landing.tip is None or there is None:
        return None
    repository, branch = rotation.workspace.repository, branch_of(landing.proposes, name)
    base = repository.merge_base(there, landing.tip)
    store = rotation.store()
    file, files = store.file(name), store.files(name)
    deployed = repository.read_blobs(landing.tip, files)
    is_current = base is not None and repository.read_blobs(base, files) == deployed
    if is_current and repository.read_blob(there, file) != deployed[file]:
        return Proposal(name, branch, landing.deployed or "")
    if base is None or rotation.first_foreign(landing.tip, there) is not None:
        message = f"{branch} of the remote has commits that are not of a rotation"
        raise FailedError(message, kind="branch-taken", branch=branch)
    return None


def refuse_waiting(rotation: Rotation, landing: Landing, name: str) -> None:
    """
    Raises:
        FailedError: a branch of this keyset waits to be merged (kind ``proposed-already``).
    """
    _refuse(find_open(rotation, landing, name))


def _refuse(waiting: Proposal | None) -> None:
    if waiting is not None:
        raise FailedError(
            f"{waiting.name}: {waiting.branch} waits to be merged into {waiting.into}",
            kind="proposed-already",
            branch=waiting.branch,
        )


def propose(
    rotation: Rotation, landing: Landing, staged: Sequence[StagedFile], keyset: Keyset, what: str
) -> tuple[str, Proposal]:
    """Push the staged files to the keyset's branch; the commit, and what is to be merged.

    A branch that waits to be merged is left alone: it may have the only new value.

    Raises:
        ConflictError: another run was quicker (kind ``push-conflict``).
        FailedError: a file has uncommitted changes, which would go along (kind
            ``uncommitted-changes``), or the server refuses.
    """
    repository = rotation.workspace.repository
    assert landing.proposes is not None  # noqa: S101 - the caller has seen to it
    branch = branch_of(landing.proposes, keyset.name)
    there = repository.fetch(branch=branch)
    _refuse(_waiting(rotation, landing, keyset.name, there))
    changes = [one for one in staged if one.is_change]
    _refuse_uncommitted(rotation, landing, changes)
    commit = build_commit(
        repository.command,
        {one.file: one.content for one in changes},
        describe_commit(keyset, what),
        parent=landing.tip,
        moment=rotation.clock(),
        author=repository.author,
    )
    lease = there or ""  # what was judged: a branch that came since is another run's
    try:
        seen = push_and_read_back(repository, commit, branch=branch, lease=lease)
    except ConflictError:
        if (repository.fetch(branch=branch) or "") != lease:
            raise  # another run was quicker
        what = "replaced" if lease else "created, perhaps for another branch of a similar name"
        message = f"{branch} cannot be {what} on the remote"
        raise FailedError(message, kind="branch-taken", branch=branch) from None
    if not seen:
        raise not_arrived(branch, seen=seen, kept=False)
    return commit, Proposal(keyset.name, branch, landing.deployed or "")


def _refuse_uncommitted(
    rotation: Rotation, landing: Landing, changes: Sequence[StagedFile]
) -> None:
    here, there = rotation.store(), rotation.store(landing.tip)
    for one in changes:
        if here.content(one.file) != there.content(one.file):
            raise FailedError(
                f"{one.file} has uncommitted changes", kind="uncommitted-changes", file=one.file
            )


ADVICE: Final = {
    "proposed-already": "merge {branch}, or delete it on the server to make the move again",
    "bad-branch": "choose another PREFIX, such as rotation/",
    "branch-taken": "choose another PREFIX, or delete {branch} on the server if it is not needed",
}
