"""The settings by which keysets move: those of the commit at HEAD.

A wait that is shortened in the work tree would make a move at once and leave no trace. So
what the work tree says of the waits, the callers and the deployed branch counts when it is
committed, and a keyset that only the work tree has does not move before that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plana_secrets.config import Settings, settings_in
from plana_secrets.errors import UsageError
from plana_secrets.fields.place import TOP
from plana_secrets.git.repository import Repository
from plana_secrets.git.trees import CommitTree
from plana_secrets.rotation.policy import KeysetPolicy


@dataclass(frozen=True, slots=True)
class InForce:
    """``policies``: as committed, and those of the work tree that no commit has (``new``).

    ``ignored``: places in the file whose uncommitted change does not count.
    """

    policies: tuple[KeysetPolicy, ...]
    branch: str | None
    remote: str | None
    new: frozenset[str] = frozenset()
    ignored: tuple[str, ...] = ()


def settings_in_force(repository: Repository, settings: Settings) -> InForce:
    """What of ``settings``, those of the work tree, counts for a move.

    Raises:
        UsageError: the committed file is malformed (kind ``bad-committed-config``).
    """
    head = repository.head()
    if head is None:
        return InForce(settings.keysets, settings.branch, settings.remote)
    return compare(_committed(repository, head), settings)


def _committed(repository: Repository, head: str) -> Settings:
    try:
        return settings_in(CommitTree(repository, head))
    except UsageError as error:
        raise UsageError(f"HEAD: {error.message}", kind="bad-committed-config") from None


def compare(committed: Settings, present: Settings) -> InForce:
    """Pure: the committed settings, and what is new or ignored in the present ones."""
    known = {policy.name: policy for policy in committed.keysets}
    here = {policy.name: policy for policy in present.keysets}
    new = frozenset(here) - frozenset(known)
    policies = sorted({**here, **known}.values(), key=lambda one: one.name)
    changed = [name for name in sorted(known) if here.get(name) != known[name]]
    fields = [
        name for name in ("branch", "remote") if getattr(committed, name) != getattr(present, name)
    ]
    places = [
        *(TOP.field("keysets").field(name) for name in changed),
        *(TOP.field("git").field(name) for name in fields),
    ]
    ignored = tuple(place.text for place in places)
    return InForce(tuple(policies), committed.branch, committed.remote, new, ignored)


ADVICE: Final = {
    "bad-committed-config": "fix plana-secrets.toml and commit it",
}
