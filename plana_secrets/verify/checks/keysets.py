"""Keysets against their targets and their age."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.verify.finding import Finding


def check_keysets(
    workspace: Workspace, policies: Sequence[KeysetPolicy], now: datetime
) -> Iterator[Finding]:
    """Every configured keyset."""
    yield from ()
