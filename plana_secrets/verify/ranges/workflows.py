"""What runs `verify`: a change that takes it out of the workflows exempts itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

_WORKFLOW: Final = re.compile(
    r"\.(?:forgejo|gitea|github)/workflows/[^/]+\.ya?ml"
    r"|(?:.*/)?\.gitlab-ci\.yml|\.gitlab/.*\.ya?ml|\.pre-commit-config\.yaml|lefthook\.ya?ml"
    r"|\.husky/[^/]+"
)
_NAME: Final = b"plana-secrets"


def is_workflow(file: str) -> bool:
    """Whether a forge or a hook manager takes a file of this name for what it runs."""
    return _WORKFLOW.fullmatch(file) is not None


def check_workflow(file: str, old: bytes, new: bytes | None) -> Iterator[Finding]:
    """One that names us before, beside what became of it; None where it is gone.

    A step that is gone or another one is an error. What else may switch it off (a condition,
    another trigger) no one can list, so any other change is a warning.
    """
    before = _steps(old)
    if not before or new == old:
        return
    if new is None or not before <= _steps(new):
        words = "a line that runs plana-secrets is gone or changed"
        yield found("policy-weakened", words, file=file)
    else:
        words = "this file runs plana-secrets, and was changed"
        yield found("policy-weakened", words, file=file, severity=Severity.WARNING)


def _steps(content: bytes) -> set[bytes]:
    lines = (line.strip() for line in content.splitlines())
    return {line for line in lines if _NAME in line and not line.startswith(b"#")}
