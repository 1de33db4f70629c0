"""What a check saw: complete, without a value, and recognisable in the next run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from plana_secrets.sops.model import Severity

__all__ = ["Finding", "Severity"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``file`` is posix and relative to the repository, ``path`` as ``format_path`` spells it.

    ``commit`` is None outside ranges; ``keyset`` is the one that the fix is for. The message
    names things and places, never a value.
    """

    check: str
    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    path: str | None = None
    commit: str | None = None
    keyset: str | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same finding in a later run: line, commit and wording do not count."""
        parts = "\x00".join((self.check, self.file or "", self.path or ""))
        return hashlib.sha256(parts.encode("utf-8", "surrogateescape")).hexdigest()[:16]
