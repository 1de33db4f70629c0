"""True time: since when each commit is on the remote's branch, and what that allows.

The wait of a move counts from when the move before it came onto the branch, in the history
that the branch has now: a branch that was set back has not had what it lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from plana_secrets.rotation.keyset import Key, Keyset, Status
from plana_secrets.rotation.kinds.api_key.policy import ApiKeyPolicy
from plana_secrets.rotation.policy import KeysetPolicy

ALLOWED = {
    (None, "standby"), (None, "active"),
    ("standby", "active"), ("standby", "destroyed"), ("active", "retiring"),
    ("retiring", "active"), ("retiring", "disabled"), ("disabled", "retiring"),
    ("disabled", "destroyed"),
}  # fmt: skip


class Violation(AssertionError):  # noqa: N818 - what a judge finds
    """A promise that was not kept."""


def waits(policy: KeysetPolicy) -> dict[tuple[str, str], timedelta]:
    """How long a key must have had a status before it gets the next, from the settings alone."""
    tail = policy.drain if isinstance(policy, ApiKeyPolicy) else policy.max_token_lifetime
    return {
        ("standby", "active"): policy.rollout,
        ("retiring", "disabled"): policy.rollout + tail,
        ("disabled", "destroyed"): policy.rollout + policy.grace,
    }


class Judge:
    """``tolerance``: how early an instant may be, by the wrong clock of this schedule."""

    def __init__(
        self,
        policies: Sequence[KeysetPolicy],
        keysets_of: Callable[[str], Mapping[str, Keyset]],
        tolerance: timedelta,
    ) -> None:
        self._waits = {policy.name: waits(policy) for policy in policies}
        self._keysets_of = keysets_of
        self._tolerance = tolerance
        self._there: dict[str, datetime] = {}
        self.moves: Counter[str] = Counter()

    def see(self, lineage: Sequence[str], now: datetime) -> None:
        """The branch moved: ``lineage`` is what it holds, newest first."""
        arrived = [commit for commit in reversed(lineage) if commit not in self._there]
        self._there = {commit: self._there.get(commit, now) for commit in lineage}
        for commit in arrived:
            at = lineage.index(commit)
            for name, keyset in self._keysets_of(commit).items():
                self._judge(name, keyset, lineage[at:], now)

    def _judge(self, name: str, keyset: Keyset, lineage: Sequence[str], now: datetime) -> None:
        before = self._keysets_of(lineage[1]).get(name) if len(lineage) > 1 else None
        if keyset is before:
            return
        values = [key.value.reveal() for key in keyset.keys if key.value is not None]
        if len(set(values)) != len(values):
            raise Violation(f"{name}: one value twice")
        if sum(key.status is Status.ACTIVE for key in keyset.keys) != 1:
            raise Violation(f"{name}: not one active key")
        for key in keyset.keys:
            old = _find(before, key.kid)
            self._check_date(name, key, lineage)
            if old is None or old.status != key.status:
                self._check_change(name, old, key, lineage[1:], now)
        gone = {key.kid for key in (before.keys if before else ())} - {k.kid for k in keyset.keys}
        if gone:
            raise Violation(f"{name}: a key is gone without a trace")

    def _check_change(
        self, name: str, old: Key | None, new: Key, lineage: Sequence[str], now: datetime
    ) -> None:
        change = (str(old.status) if old else None, str(new.status))
        if change not in ALLOWED:
            raise Violation(f"{name}: {change[0]} became {change[1]}")
        self.moves[change[1]] += 1
        wait = self._waits[name].get(change) if old else None
        if wait is not None:
            had = now - self._since(name, new.kid, lineage)
            if had < wait - self._tolerance:
                raise Violation(f"{name}: {change[1]} after {had}, the wait is {wait}")

    def _check_date(self, name: str, key: Key, lineage: Sequence[str]) -> None:
        if key.since is None:
            return
        landed = self._since(name, key.kid, lineage)
        if key.since < landed - self._tolerance:
            raise Violation(f"{name}: dated {key.since}, and it landed at {landed}")

    def _since(self, name: str, kid: str, lineage: Sequence[str]) -> datetime:
        """Since when the branch has had the key in the status of the first of ``lineage``."""
        status, first = None, lineage[0]
        for commit in lineage:
            keyset = self._keysets_of(commit).get(name)
            key = next((key for key in keyset.keys if key.kid == kid), None) if keyset else None
            if key is None or key.status != (status or key.status):
                break
            status, first = key.status, commit
        return self._there[first]


def _find(keyset: Keyset | None, kid: str) -> Key | None:
    return next((key for key in keyset.keys if key.kid == kid), None) if keyset else None
