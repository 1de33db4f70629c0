"""Files beside the roots: which are secret files all the same, and what the others leak.

A byte scan comes first: most files of a repository are never opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets import limits
from plana_secrets.counts import counted
from plana_secrets.secretfiles.discovery import (
    PROSE,
    is_exempt,
    is_exempt_by_hand,
    is_meant,
    is_named_secret,
    may_be_meant,
)
from plana_secrets.secretfiles.listing import is_of_others, is_under_roots
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.formats import READ_HERE, format_of
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.checks.leaks import MARKS, check_leaks, is_dotenv, is_other_manifest
from plana_secrets.verify.checks.strangers import is_secret_candidate, unreadable
from plana_secrets.verify.filecheck import FileResult
from plana_secrets.verify.finding import Finding


@dataclass(frozen=True, slots=True)
class Beside:
    """``secret``: what has to be encrypted; ``others``: what is looked into for values."""

    secret: frozenset[str]
    others: tuple[str, ...]


def look_beside(snapshot: Snapshot, files: Collection[str] | None = None) -> Beside:
    """The files beside the roots: all that there are, or some."""
    if files is None:
        entries, inside = snapshot.tree.listing().entries, snapshot.inside
        outside = [one for one in entries if entries[one].is_regular and one not in inside]
    else:
        outside = [one for one in files if not is_under_roots(snapshot.settings, one)]
    secret = {*snapshot.scattered}.intersection(outside)
    secret.update(_meant(snapshot, [file for file in outside if file not in secret]))
    return Beside(frozenset(secret), tuple(file for file in outside if file not in secret))


def _meant(snapshot: Snapshot, files: Sequence[str]) -> Iterator[str]:
    """Plain files that a rule, or their own name, wants encrypted."""
    named = [file for file in files if is_named(snapshot, file)]
    for file, content in snapshot.contents(named, limit=limits.SEARCHED_FILE):
        if is_to_be_encrypted(snapshot, file, content if isinstance(content, bytes) else b""):
            yield file


def is_named(snapshot: Snapshot, file: str) -> bool:
    """Whether a rule or its own name may want a file encrypted; what is in it may tell."""
    return (
        may_be_meant(file)
        and not is_of_others(file)
        and not file.lower().endswith(PROSE)
        and not is_exempt(snapshot.settings, file)
        and (is_named_secret(file) or snapshot.rule_for(file) is not None)
    )


def is_to_be_encrypted(snapshot: Snapshot, file: str, content: bytes) -> bool:
    """Whether a file that ``is_named`` has to be, with this content."""
    return is_meant(snapshot.rule_for(file), file, content) and (
        is_named_secret(file) or not is_other_manifest(content)
    )


def check_beside(snapshot: Snapshot, files: Sequence[str], *, whole: bool) -> Iterator[Finding]:
    """Values in plaintext in ``files``, and how many of them a broad rule matches."""
    opened = files
    if whole:
        yield from _check_broad_rules(snapshot, files)
        marked = frozenset[str]().union(*map(snapshot.containing, MARKS))
        opened = [file for file in files if file in marked or is_dotenv(file)]
    opened = [file for file in opened if is_judged(snapshot, file)]
    limit = limits.SEARCHED_FILE if whole else limits.READABLE_FILE
    for file, content in snapshot.contents(opened, limit=limit):
        if isinstance(content, bytes):
            yield from check_leaks(file, content)
        elif not whole:
            problem = unreadable(file, content)
            if not is_secret_candidate(file):  # else it may be a Secret, and was not read
                problem = replace(problem, severity=Severity.NOTE)
            yield problem


def is_judged(snapshot: Snapshot, file: str) -> bool:
    """Whether a plain file beside the roots is looked into for values."""
    return not is_of_others(file) and not is_exempt_by_hand(snapshot.settings, file)


def _check_broad_rules(snapshot: Snapshot, files: Sequence[str]) -> Iterator[Finding]:
    """Rules that match files of all kinds: which of them are secret, they do not say."""
    matched: dict[tuple[str, int, int], list[str]] = defaultdict(list)
    for file in files:
        if format_of(file) not in READ_HERE:
            continue
        rules = snapshot.rule_book.rules_for(file)
        rule = rules and rules.rule_for(file)
        if rules and rule and is_judged(snapshot, file):
            matched[rules.file, rule.line, rule.position].append(file)
    for (name, line, position), found_files in sorted(matched.items()):
        message = (
            f"rule {position} also matches {counted(len(found_files), 'file')} that nothing else "
            f"calls secret, not opened: {', '.join(found_files[:_NAMED])}"
        )
        more = ", ..." if len(found_files) > _NAMED else ""
        yield found("rules-broad", message + more, file=name, line=line)


_NAMED: Final = 2


def as_beside(snapshot: Snapshot, result: FileResult) -> FileResult:
    """The result of a file beside the roots. Where no rule is for it, it may be encrypted as
    its owner likes; that it is whole and encrypted is demanded of it, too. One for other keys
    than age is left out, with a note.
    """
    others = [one for one in result.findings if one.check == "key-service"]
    if others and not _is_ruled(snapshot, result.file):
        note = replace(others[0], severity=Severity.NOTE)
        return replace(result, findings=(note,), is_left_out=True)
    if all(one.check != "no-rule" for one in result.findings):
        return result
    return replace(result, findings=tuple(map(_milder, result.findings)))


def _is_ruled(snapshot: Snapshot, file: str) -> bool:
    rule = snapshot.rule_for(file)
    return rule is not None and rule.problem is None


def _milder(finding: Finding) -> Finding:
    if finding.check in _OWNERS_CHOICE and finding.severity is Severity.ERROR:
        return replace(finding, severity=Severity.WARNING)
    return finding


_OWNERS_CHOICE: Final = frozenset(
    {
        "no-rule", "required-recipient", "too-few-recipients", "selector-not-allowed",
        "mac-only", "manifest-shape",
    }
)  # fmt: skip
