"""One line of ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass

from plana_secrets.cli.hints import find_hint
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.sops.model import Severity


@dataclass(frozen=True, slots=True)
class Result:
    """``severity`` None: it is as it should be. ``fix``: what to do about it."""

    check: str
    message: str
    severity: Severity | None = None
    fix: str | None = None


def from_error(check: str, error: PlanaSecretsError, severity: Severity) -> Result:
    """A check that ended with one of our errors; its advice is the fix."""
    return Result(check, error.message, severity, find_hint(error))
