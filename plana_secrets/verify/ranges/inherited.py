"""What a change did not bring: errors that the version before it has, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from plana_secrets.errors import UsageError
from plana_secrets.git.changes import changes
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.model import Severity
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.ranges.content import Pair, has_new_plaintext
from plana_secrets.verify.ranges.middle import LEAKS
from plana_secrets.verify.run import Demand, examine


@dataclass(frozen=True)
class Before:
    """``old`` is what ``new`` began from; both are judged by ``demand``.

    ``pair_of``: a file of ``new`` with what it was, where both are SOPS files.
    """

    old: Snapshot
    new: Snapshot
    demand: Demand
    now: datetime
    pair_of: Callable[[str], Pair | None]

    def has(self, one: Finding) -> bool:
        """Whether ``old`` has the same finding, and the change nothing new to read there."""
        return one.fingerprint in self._known and not self._is_new(one)

    @cached_property
    def changed(self) -> dict[str, str]:
        """Files by what became of them; see ``git.changes``."""
        return changes(self.old.tree, self.new.tree)

    @cached_property
    def _known(self) -> frozenset[str]:
        if self.old.commit is None:
            return frozenset()
        try:
            examined = examine(self.old, self.demand, now=self.now)
        except UsageError:  # there was no secret file
            return frozenset()
        return frozenset(one.fingerprint for one in examined.findings)

    def _is_new(self, one: Finding) -> bool:
        """Whether a file with the same finding as before has something new to read.

        Attributes are those of the checkout for both ends.
        """
        if one.check == "git-attributes":
            return any(file.rpartition("/")[2] == ".gitattributes" for file in self.changed)
        if one.file not in self.changed or one.check not in LEAKS:
            return False
        pair = self.pair_of(one.file)
        return pair is None or has_new_plaintext(pair.old, pair.new)


def as_warning(one: Finding, words: str) -> Finding:
    """An inherited error; ``words`` say where it comes from."""
    return replace(one, severity=Severity.WARNING, message=f"{one.message} ({words})")
