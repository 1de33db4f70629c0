"""What of the index HEAD already has, and in a merge with conflicts the other side."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from plana_secrets.secretfiles.snapshot import Snapshot, at_commit
from plana_secrets.sops.model import Severity
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.ranges.content import Pair, read_pair
from plana_secrets.verify.ranges.inherited import Before, as_warning
from plana_secrets.verify.run import Demand


def beside_parents(
    findings: Sequence[Finding], snapshot: Snapshot, demand: Demand, now: datetime
) -> Iterator[Finding]:
    """The findings of an index; an error that a parent of the commit has, too, as a warning."""
    parents = _Parents(snapshot, demand, now)
    for one in findings:
        if one.severity is Severity.ERROR and (parent := parents.that_has(one)):
            yield as_warning(one, f"{parent} has it, too")
        else:
            yield one


@dataclass(frozen=True)
class _Parents:
    """What the commit begins from, read when it is asked for."""

    snapshot: Snapshot
    demand: Demand
    now: datetime

    def that_has(self, one: Finding) -> str | None:
        """The name of a parent that has the same finding."""
        return next((name for name, before in self._opened.items() if before.has(one)), None)

    @cached_property
    def _opened(self) -> dict[str, Before]:
        workspace = self.snapshot.workspace
        found: dict[str, Before] = {}
        for name in ("HEAD", "MERGE_HEAD"):
            commit = workspace.repository.resolve(name)
            if commit is not None:
                old = at_commit(workspace, commit).under(self.snapshot.settings)
                pair_of = functools.partial(_pair, old, self.snapshot)
                found[name] = Before(old, self.snapshot, self.demand, self.now, pair_of)
        return found


def _pair(old: Snapshot, new: Snapshot, file: str) -> Pair | None:
    sides = (dict(one.contents([file])).get(file) for one in (old, new))
    return read_pair(file, file, *sides)
