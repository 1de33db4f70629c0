"""What runs `verify`: a change that takes it out of the workflows exempts itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from plana_secrets import limits
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

_WORKFLOW: Final = re.compile(
    r"\.(?:forgejo|gitea|github)/workflows/[^/]+\.ya?ml"
    r"|(?:.*/)?\.gitlab-ci\.yml|\.gitlab/.*\.ya?ml|\.pre-commit-config\.yaml|lefthook\.ya?ml"
    r"|\.husky/[^/]+"
)
_FOLDERS: Final = (".forgejo/workflows/", ".gitea/workflows/", ".github/workflows/")
"""A forge runs the first of those that it knows in which there is anything.

Sources: forgejo.org/docs/latest/user/actions/overview, docs.gitea.com/usage/actions/comparison.
"""

_NAME: Final = b"plana-secrets"


def is_workflow(file: str) -> bool:
    """Whether a forge or a hook manager takes a file of this name for what it runs."""
    return _WORKFLOW.fullmatch(file) is not None


def check_workflows(old: Snapshot, new: Snapshot, changed: Collection[str]) -> Iterator[Finding]:
    """What the ``changed`` files of a range mean for what runs us; nothing else is read."""
    files = [file for file in changed if is_workflow(file)]
    if not files:
        return
    before, after = _workflows_in(old), _workflows_in(new)
    for file in files:
        if file in before:
            yield from check_workflow(file, before[file], after.get(file))
    running, still = ([file for file, one in end.items() if _steps(one)] for end in (before, after))
    yield from check_folders(before, after, running, still)


def _workflows_in(end: Snapshot) -> dict[str, bytes]:
    files = [file for file in end.tree.listing().entries if is_workflow(file)]
    read = end.contents(files, limit=limits.READABLE_FILE)
    return {file: content for file, content in read if isinstance(content, bytes)}


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


def check_folders(
    old: Collection[str], new: Collection[str], running: Collection[str], still: Collection[str]
) -> Iterator[Finding]:
    """A new folder of workflows, for which a forge leaves out one that ran us.

    ``old`` and ``new``: the workflows of both ends; ``running`` and ``still``: those that run us.
    """
    for place, folder in enumerate(_FOLDERS):
        added = sorted(file for file in new if file.startswith(folder))
        if not added or any(file.startswith(folder) for file in old):
            continue
        left_out = sorted(file for file in running if file.startswith(_FOLDERS[place + 1 :]))
        if left_out and not any(file.startswith(folder) for file in still):
            words = f"the folder is new: a forge that knows it no longer runs {left_out[0]}"
            yield found("policy-weakened", words, file=added[0], severity=Severity.WARNING)
