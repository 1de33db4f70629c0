"""What ``verify`` demands beyond ``.sops.yaml``: the tables policy, recipients, verify.accept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

RecipientRole = Literal["staff", "job", "cluster", "recovery", "demo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRecipient:
    """A ``[recipients.NAME]``. ``key``: in its canonical spelling; ``kind`` demo: it is public."""

    name: str
    key: str
    kind: RecipientRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """A known exception, with its reason and its end (the last day on which it holds)."""

    check: str
    file: str
    reason: str
    until: date
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """``required``: names of recipients that every file must have. ``named``: every recipient
    of a rule has a name in ``recipients``. ``allowed_signers``: the file that says who may change
    what is protected. ``post_quantum``: every recipient of a file
    withstands a quantum computer.
    """

    min_recipients: int = 1
    required: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    named: bool = False
    post_quantum: bool = False
    recipients: Mapping[str, NamedRecipient] = field(default_factory=dict)
    accepts: tuple[Accept, ...] = ()
    allowed_signers: str | None = None
