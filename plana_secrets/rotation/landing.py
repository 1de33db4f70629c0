"""When a move has landed: the only reason to write ``since``.

A move lands when the run that makes it pushes it to the deployed branch, or, where
there is no remote, commits it there. All else (a pull request, a commit that somebody
pushes later) carries no instant, and the next run that lands anything looks whether the
file has arrived meanwhile. Such an instant may be late, never early.

For the same reason nothing that is pushed bears its own instant: a push may arrive long
after it was begun, even after we were killed. A second commit dates the first one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from plana_secrets.errors import ConflictError
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.secretfiles.open import read_bytes_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import CommitRequest

SLOW_LANDING: Final = timedelta(seconds=5)
"""A commit that took longer than this from its instant to the branch is dated again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a change is carried: into the work tree, into a commit, to the remote."""

    commit: bool = False
    push: bool = False


class Landing:
    """Where a run writes to. ``deployed`` is the branch that clusters follow."""

    def __init__(self, workspace: Workspace, deployed: str | None, delivery: Delivery) -> None:
        self._workspace = workspace
        self._repository = workspace.repository
        self._deployed = deployed
        self._delivery = Delivery(delivery.commit or delivery.push, delivery.push)

    @cached_property
    def _remote(self) -> str | None:
        return self._repository.remote()

    @cached_property
    def _branch(self) -> str | None:
        """The branch that a commit goes to; a detached checkout pushes to the deployed one."""
        return self._repository.branch() or (self._deployed if self._delivery.push else None)

    @cached_property
    def lands(self) -> bool:
        """Whether what this run writes has landed when it ends."""
        if not self._delivery.commit or self._deployed is None or self._branch != self._deployed:
            return False
        return self._delivery.push or self._remote is None

    @cached_property
    def dates_itself(self) -> bool:
        """Whether a commit is deployed by being made, and so can say when that was."""
        return self.lands and not self._delivery.push

    @cached_property
    def _tip(self) -> str | None:
        """What is deployed now."""
        if self._remote is None:
            return self._repository.head()
        return self._repository.fetch(branch=self._deployed or "")

    def check_base(self) -> None:
        """Stop before anything is decided on a checkout that is behind, or is of something else.

        Raises:
            ConflictError: the remote has commits that are not here (kind ``behind-remote``),
                or a detached checkout has some that would be pushed with ours, as that of
                a pull request has (``not-deployed``).
            UnavailableError: the remote did not answer.
        """
        head = self._repository.head()
        if not self.lands or self._tip is None or head is None:
            return
        if not self._repository.is_ancestor(self._tip, head):
            raise ConflictError(
                f"{self._deployed} of the remote has commits that are not here",
                kind="behind-remote",
                branch=self._deployed,
            )
        if self._repository.branch() is None and head != self._tip:
            raise ConflictError(
                f"what is checked out is not the {self._deployed} of the remote",
                kind="not-deployed",
                branch=self._deployed,
            )

    def has_arrived(self, files: Iterable[str], keyset: Keyset) -> bool:
        """Whether an open move of ``keyset``, all its files, is deployed and we may say so."""
        if keyset.has_landed or not self.lands or self._tip is None:
            return False
        deployed = self._repository.read_blobs(self._tip, list(files))
        return all(
            content == read_bytes_of(self._workspace, file) for file, content in deployed.items()
        )

    def request(self, subject: str, keyset: Keyset) -> CommitRequest | None:
        """The commit for a change, or None where none was asked for."""
        if not self._delivery.commit:
            return None
        message = f"{subject}\n\nRotation {keyset.rotation_id}, version {keyset.version}.\n"
        return CommitRequest(message, push=self._delivery.push, branch=self._branch)

    def is_dated(self, dated: datetime, now: datetime) -> bool:
        """Whether the commit that was dated ``dated``, and is made ``now``, says the truth."""
        return self.dates_itself and now - dated <= SLOW_LANDING
