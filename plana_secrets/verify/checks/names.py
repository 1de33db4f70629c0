"""Names that look like, or are on another system, the name of something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secretfiles.names import (
    find_twins,
    has_invisible,
    named_like,
    shown,
    twins_of_roots,
    visible_form,
)
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.sops.model import RULES_FILE, Comment, Item, Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject


def check_names(files: Iterable[str]) -> Iterator[Finding]:
    """Twins among the files under the roots and their folders, and names that hide something."""
    names = list(files)
    for twins in find_twins(names):
        parts = [
            f"only {words} from {', '.join(map(shown, others))}"
            for words, others in twins.differences.items()
        ]
        message = f"{shown(twins.name)} differs {' and '.join(parts)}"
        yield found("twin-names", message, file=twins.name)
    for file in names:
        if has_invisible(file):
            message = f"{shown(file)} contains an invisible character"
            yield found("invisible-name", message, file=file)


def check_settings_names(files: Iterable[str]) -> Iterator[Finding]:
    """What another file system takes for the settings or the rules: which of two, no one knows."""
    top = [one for one in files if "/" not in one]
    for name in (SETTINGS_FILE, RULES_FILE):
        for one in check_names(named_like(top, name)):
            yield replace(one, severity=Severity.ERROR)


def check_root_names(files: Iterable[str], roots: Sequence[str]) -> Iterator[Finding]:
    """Folders beside the roots that look like one."""
    for folder, root in sorted(twins_of_roots(files, roots).items()):
        yield found("twin-root", f"{shown(folder)} looks like {shown(root)}", file=folder)


def check_twin_keys(subject: Subject) -> Iterator[Finding]:
    """Two keys of one map that look the same: which of them a program reads cannot be seen.

    Keys that differ in capital letters are two keys to every program.
    """
    if not any(map(_may_have_twin, subject.structure.items)):
        return
    first: dict[LeafPath, LeafPath] = {}
    reported: set[LeafPath] = set()
    for item in subject.structure.items:
        if isinstance(item, Comment):
            continue
        for path, step in zip(_above(item.path), item.path, strict=True):
            if isinstance(step, str):
                key = (*path[:-1], visible_form(step).strip())
                other = first.setdefault(key, path)
                if other != path and path not in reported:
                    reported.add(path)
                    message = f"looks like {shown(format_path(other))}"
                    yield subject.found("twin-keys", message, path=path, line=item.line)


def _may_have_twin(item: Item) -> bool:
    """Nearly every key of nearly every file is plain: then nothing needs to be compared."""
    return any(
        isinstance(step, str) and (not step.isascii() or step != step.strip()) for step in item.path
    )


def _above(path: LeafPath) -> Iterator[LeafPath]:
    """The path of every step down to ``path`` itself."""
    return (path[: end + 1] for end in range(len(path)))
