"""What ``verify`` demands beyond ``.sops.yaml``: the tables policy, recipients, verify.accept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

CONFIGURATION: Final = "plana-secrets.toml"
"""Where these tables stand: the file of a finding about them."""


@dataclass(frozen=True, slots=True)
class NamedRecipient:
    """A ``[recipients.NAME]``. ``kind``: staff, job, cluster, recovery, or demo (public)."""

    name: str
    key: str
    kind: str


@dataclass(frozen=True, slots=True)
class Accept:
    """A known exception, with its reason and its end (the last day on which it holds)."""

    check: str
    file: str
    path: str | None
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Policy:
    """``required``: names of recipients that every file must have."""

    min_recipients: int = 1
    required: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    recipients: Mapping[str, NamedRecipient] = field(default_factory=dict)
    accepts: tuple[Accept, ...] = ()
