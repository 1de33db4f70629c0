"""What a change may propose on a branch that is not deployed. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.finding import Finding

_PROPOSALS: Final = frozenset({"policy-weakened", "recipient-added", "rolled-back"})


def as_proposal(one: Finding) -> Finding:
    """The finding where a person still judges it: they have to see the change for that."""
    if one.check not in _PROPOSALS or one.severity is not Severity.ERROR:
        return one
    words = f"{one.message} (an error on the deployed branch)"
    return replace(one, severity=Severity.WARNING, message=words)
