"""Where a rotation runs: a clone, its keysets, the branch that is deployed, and a clock.

All that ``apply``, ``delivery`` and ``initialise`` know of disk and git goes through here,
so that the decisions can be tried by the thousand on ground that is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plana_secrets.errors import FailedError, PlanaSecretsError
from plana_secrets.git.commits import squash
from plana_secrets.rotation.clock import ahead_error, behind_error, find_far_behind, is_behind
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.keysetfile import read_keyset_shape
from plana_secrets.rotation.landing import Delivery, Landing
from plana_secrets.rotation.ours import Ours
from plana_secrets.rotation.plan import KeysetStatus
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.status import describe
from plana_secrets.rotation.store import KeysetStore
from plana_secrets.secretfiles.open import read_structure_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import (
    CommitRequest,
    StagedFile,
    WriteResult,
    write_files,
    writing,
)


def _no_one(_newest: datetime, _now: datetime) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Rotation:
    """What every run needs: ``branch`` is the deployed one, ``clock`` tells the time.

    ``trust_clock`` is asked, with the time of the newest move and ours, whether a clock
    that looks wrong is right. ``uncommitted``: keysets whose settings are in no commit.
    """

    workspace: Workspace
    policies: Sequence[KeysetPolicy]
    branch: str | None
    clock: Callable[[], datetime]
    trust_clock: Callable[[datetime, datetime], bool] = _no_one
    uncommitted: frozenset[str] = frozenset()

    def require_committed(self, name: str) -> None:
        """
        Raises:
            FailedError: the settings of the keyset are not committed, so that its waits
                could change without a trace (kind ``uncommitted-settings``).
        """
        if name in self.uncommitted:
            raise FailedError(
                f"the settings of {name} are not committed", kind="uncommitted-settings", name=name
            )

    def store(self, commit: str | None = None) -> KeysetStore:
        """The keysets as they are on the disk now, or in a commit."""
        return KeysetStore(self.workspace, self.policies, commit)

    def landing(self, delivery: Delivery) -> Landing:
        return Landing(self.workspace.repository, self.branch, delivery)

    def status(self, name: str) -> KeysetStatus:
        """How one keyset is now."""
        store = self.store()
        return describe(store, store.policy(name), self.clock())

    def alone(self, operation: str) -> AbstractContextManager[object]:
        """The lock, on ground where nothing is half done."""
        return writing(self.workspace, operation)

    def write(
        self, staged: Sequence[StagedFile], operation: str, commit: CommitRequest | None
    ) -> WriteResult:
        return write_files(self.workspace, staged, operation=operation, commit=commit)

    def squash(self, head: str, message: str, *, parent: str) -> str:
        """Let one commit on ``parent`` replace all up to ``head``; its id."""
        repository, now = self.workspace.repository, self.clock()
        return squash(
            repository.command, head, message, parent=parent, moment=now, author=repository.author
        )

    def first_foreign(self, base: str | None, head: str) -> str | None:
        """A commit of ``head`` that is neither in ``base`` nor of a rotation."""
        found = Ours(self.workspace, self.policies).first_foreign(base, head)
        return found.id if found else None

    def newest_move(self, now: datetime) -> tuple[str, datetime] | None:
        """The keyset of the newest move commit, and its time by the clock of that run."""
        ours = Ours(self.workspace, self.policies)
        return ours.newest_move(self.workspace.repository.head(), now)

    def shapes(self) -> Iterator[Keyset]:
        """The keysets as they can be read without an identity."""
        for policy in self.policies:
            with suppress(PlanaSecretsError):
                file = self.store().file(policy.name)
                yield read_keyset_shape(read_structure_of(self.workspace, file), file)

    def check_clock(self) -> None:
        """Stop where the clock of this machine cannot be right.

        Raises:
            ClockError: it is behind the newest move (kind ``clock-backwards``), or further
                ahead of it than the waits explain (``clock-ahead``).
        """
        now = self.clock()
        name, made = self.newest_move(now) or ("", None)
        if made is not None and is_behind(made, now) and not self.trust_clock(made, now):
            raise behind_error(name, made)
        newest = find_far_behind(made, list(self.shapes()), self.policies, now)
        if newest is not None and not self.trust_clock(newest, now):
            raise ahead_error(newest, now)


ADVICE: Final = {
    "uncommitted-settings": "commit plana-secrets.toml: waits are read from the committed settings",
}
