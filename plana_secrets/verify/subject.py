"""What the checks of one file are given: the file as read, and what is demanded of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from plana_secrets.document.kinds import FileKind
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.sops.model import Document, Metadata, Severity, Structure
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policy import Policy


@dataclass(frozen=True, slots=True)
class Subject:
    """One secret file. ``document`` is None where no known identity opens it.

    ``kind`` follows from the rule; without a rule it is that of the file's own selector.
    ``rules_known`` is False where the repository has no ``.sops.yaml`` at all, or the one
    or the rule that decides cannot be read: that is one finding, not one for each file.
    """

    file: str
    structure: Structure
    metadata: Metadata
    rule: CreationRule | None
    kind: FileKind
    policy: Policy
    now: datetime
    keysets_folder: str
    document: Document | None = None
    rules_known: bool = True

    def found(
        self,
        check: str,
        message: str,
        *,
        line: int | None = None,
        path: LeafPath | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding in this file."""
        spelled = format_path(path) if path else None
        return found(check, message, file=self.file, line=line, path=spelled, severity=severity)


FileCheck = Callable[[Subject], Iterator[Finding]]
"""Looks at one file and yields what it sees; never raises for any content."""
