"""When a move has landed: the only reason to write ``since``.

A move lands when the run that makes it pushes it to the deployed branch, or, where
there is no remote, commits it there. All else (a pull request, a commit that is pushed
later) carries no instant, and the next run that lands anything looks whether the file
has arrived since. Such an instant may be late, never early.

For the same reason nothing that is pushed carries its own instant: a push may arrive long
after it was begun, even after we were killed. A second commit dates the first one, once
the branch was read back where its readers fetch it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from plana_secrets.errors import ConflictError, FailedError
from plana_secrets.git.repository import Repository
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.ours import describe_commit
from plana_secrets.rotation.store import KeysetStore
from plana_secrets.secretfiles.writing.writer import CommitRequest

SLOW_LANDING: Final = timedelta(seconds=5)
"""A commit that took longer than this from its instant to the branch is dated again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a change is carried: into the work tree, into a commit, to the remote.

    ``propose``: to a branch of its own on the remote instead, whose name begins so.
    """

    commit: bool = False
    push: bool = False
    propose: str | None = None


class Landing:
    """Where a run writes to. ``deployed`` is the branch that clusters follow.

    ``head`` is the parent of the next commit. ``tip`` is what the branch held that
    this run lands on, when it was last looked at; None in a run that lands nothing, and
    where the branch does not exist yet.
    """

    def __init__(self, repository: Repository, deployed: str | None, delivery: Delivery) -> None:
        self._repository = repository
        self._deployed = deployed
        commit = delivery.commit or delivery.push
        self._delivery = Delivery(commit, delivery.push, delivery.propose)
        self._remote_tip: str | None = None
        self.head: str | None = None
        self.tip: str | None = None

    @property
    def pushes(self) -> bool:
        return self._delivery.push

    @property
    def proposes(self) -> str | None:
        """How the branches begin to which changes go, if it is not the deployed one."""
        return self._delivery.propose

    @cached_property
    def branch(self) -> str | None:
        """The branch that a commit goes to; a detached checkout pushes to the deployed one."""
        return self._repository.branch() or (self._deployed if self.pushes else None)

    @cached_property
    def lands(self) -> bool:
        """Whether what this run writes has landed when it ends."""
        if not self._delivery.commit or self._deployed is None or self.branch != self._deployed:
            return False
        if self.pushes or self._repository.remote() is not None:
            return self.pushes
        return not self._repository.has_remote()

    @cached_property
    def dates_itself(self) -> bool:
        """Whether a commit is deployed as soon as it exists, and so can say when that was."""
        return self.lands and not self.pushes

    @property
    def lease(self) -> str | None:
        """Where the remote's branch must be for a push; empty: it must not exist."""
        return (self._remote_tip or "") if self.pushes else None

    def look(self) -> None:
        """See what is deployed, before anything is decided.

        Raises:
            ConflictError: the remote has commits that are not here (kind ``behind-remote``),
                or a detached checkout has some that would be pushed with ours, as that of
                a pull request has (``not-deployed``).
            UnavailableError: the remote did not answer.
            UsageError: which remote is deployed is not known (kind ``ambiguous-remote``), or
                the settings name one that does not exist (``unknown-remote``).
        """
        head = self.head = self._repository.head()
        if self.proposes is not None:
            self.tip = self._look_for_proposals(head)
            return
        if self.pushes and self.branch is not None:
            self._remote_tip = self._repository.fetch(branch=self.branch)
        if not self.lands or head is None:
            return
        self.tip = self._remote_tip if self.pushes else head
        if self.tip is None:
            return
        if not self._repository.is_ancestor(self.tip, head):
            raise self._behind()
        if self._repository.branch() is None and head != self.tip:
            raise ConflictError(
                f"the checkout is not {self._deployed} of the remote",
                kind="not-deployed",
                retry=False,
                branch=self._deployed,
            )

    def _look_for_proposals(self, head: str | None) -> str:
        """The commit that is deployed; what is here has to be the same."""
        if self._deployed is None:
            raise FailedError("there is no branch to propose a change for", kind="no-branch")
        tip = self._repository.fetch(branch=self._deployed)
        if tip is None or head is None:
            raise not_deployed_yet(self._deployed)
        if not self._repository.is_ancestor(tip, head):
            raise self._behind()
        if head != tip:
            raise FailedError(
                f"the commit {head[:12]} is not on {self._deployed} of the remote",
                kind="unpushed-work",
                commit=head,
            )
        return tip

    def _behind(self) -> ConflictError:
        return ConflictError(
            f"{self._deployed} of the remote has commits that are missing here",
            kind="behind-remote",
            retry=False,
            branch=self._deployed,
        )

    def known_tip(self) -> str | None:
        """The commit whose history others have already, as far as a push is concerned."""
        if self._remote_tip is None and not self.lands and self._deployed is not None:
            return self._repository.fetch(branch=self._deployed)
        return self._remote_tip

    @property
    def deployed(self) -> str | None:
        return self._deployed

    def move(self, commit: str | None, *, arrived: bool) -> None:
        """Note a new commit, and that the remote's branch was seen to have it."""
        self.head = commit
        if self.pushes and not arrived:
            return
        if self.pushes:
            self._remote_tip = commit
        if self.lands:
            self.tip = commit

    def request(
        self, what: str, keyset: Keyset, now: datetime, *, keep: bool = True
    ) -> CommitRequest | None:
        """The commit for a change, or None where none was asked for."""
        if not self._delivery.commit:
            return None
        return CommitRequest(
            describe_commit(keyset, what),
            push=self.pushes,
            branch=self.branch,
            lease=self.lease,
            base=self.head,
            moment=now,
            keep=keep,
        )

    def is_dated(self, dated: datetime, now: datetime) -> bool:
        """Whether the commit dated ``dated``, written ``now``, says the truth."""
        return self.dates_itself and now - dated <= SLOW_LANDING


def not_deployed_yet(branch: str) -> FailedError:
    message = f"the remote has no branch {branch}"
    return FailedError(message, kind="not-deployed-yet", branch=branch)


def find_undeployed(store: KeysetStore, deployed: KeysetStore, keyset: Keyset) -> tuple[str, ...]:
    """The places of ``keyset`` that are not deployed as ``store`` has them.

    The keyset file counts as a whole, of a target only what is rendered.
    """
    differing = [
        file for file in store.files(keyset.name) if store.content(file) != deployed.content(file)
    ]
    if store.file(keyset.name) in differing:
        return (store.file(keyset.name),)
    leaves = [leaf for leaf in store.expected(keyset) if leaf.reference.file in differing]
    return tuple(str(leaf.reference) for leaf in deployed.differences(leaves))


def forget_undeployed(keyset: Keyset, deployed: Keyset | None) -> Keyset:
    """The keyset with no instant for a key that is not, or not so, in ``deployed``.

    It was deployed once, or was said to be: its wait begins when it is again.
    """
    known = deployed.keys if deployed else ()
    keys = (key if key in known else replace(key, since=None) for key in keyset.keys)
    return replace(keyset, keys=tuple(keys))


ADVICE: Final = {
    "not-deployed": "check out {branch} of the remote",
    "behind-remote": "pull {branch}, then run it again",
    "unpushed-work": "`git push` it or remove it from the branch, then run it again",
    "not-deployed-yet": (
        "push {branch} once, then run it again; if it has another name now, change git.branch in "
        "plana-secrets.toml"
    ),
}
