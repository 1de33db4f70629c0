"""What differs between two versions of the creation rules, and for which files. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from plana_secrets.document.compare import (
    FileChange,
    NameDifference,
    compare_names,
    describe_selector,
)
from plana_secrets.sops.model import RULES_FILE
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.rulesfile import Rules

Decision = Callable[[str], CreationRule | None]
"""The rule that decides a file."""


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """``rule`` is its ``path_regex``, or ``*`` for one that takes every file of ``file``.

    ``moved``: it comes before or after other rules than it did. ``problem``: why nothing
    may be written by it now, if that is new.
    """

    rule: str
    change: FileChange
    recipients: NameDifference
    selector: tuple[str, str] | None = None
    file: str = RULES_FILE
    moved: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """Files for which other rules count now, all with the same difference."""

    files: tuple[str, ...]
    recipients: NameDifference
    selector: tuple[str, str] | None = None


def compare_rules(old: Rules, new: Rules) -> tuple[RuleDifference, ...]:
    """What differs between two versions of a ``.sops.yaml``; rules are known by their pattern."""
    before, after = _by_pattern(old), _by_pattern(new)
    moved = _moved(before, after)
    found = []
    for pattern in dict.fromkeys([*after, *before]):
        one, other = before.get(pattern), after.get(pattern)
        recipients = compare_names(one.recipients if one else (), other.recipients if other else ())
        if one and other:
            selector = _selectors(one, other)
            problem = _problem_of(other) if _problem_of(other) != _problem_of(one) else None
            if recipients or selector or problem or pattern in moved:
                found.append(
                    RuleDifference(
                        pattern,
                        "changed",
                        recipients,
                        selector,
                        new.file,
                        pattern in moved,
                        problem,
                    )
                )
        else:
            change: FileChange = "added" if other else "removed"
            problem = _problem_of(other) if other else None
            found.append(
                RuleDifference(pattern, change, recipients, file=new.file, problem=problem)
            )
    return tuple(found)


def _problem_of(rule: CreationRule) -> str | None:
    return rule.problem.message if rule.problem else None


def _by_pattern(rules: Rules) -> Mapping[str, CreationRule]:
    """The first rule with a pattern is the one that counts."""
    found: dict[str, CreationRule] = {}
    for rule in rules.creation_rules:
        found.setdefault(rule.path_regex or "*", rule)
    return found


def _moved(before: Mapping[str, CreationRule], after: Mapping[str, CreationRule]) -> set[str]:
    """The rules of both that are not where they were among the rules of both."""
    old = [one for one in before if one in after]
    new = [one for one in after if one in before]
    return {other for one, other in zip(old, new, strict=True) if one != other}


def compare_decisions(files: Iterable[str], old: Decision, new: Decision) -> tuple[RuleEffect, ...]:
    """What the rules say now of each of ``files`` that they did not say before."""
    found: dict[tuple[NameDifference, tuple[str, str] | None], list[str]] = {}
    for file in files:
        one, other = old(file), new(file)
        recipients = compare_names(one.recipients if one else (), other.recipients if other else ())
        selector = _selectors(one, other)
        if recipients or selector:
            found.setdefault((recipients, selector), []).append(file)
    return tuple(RuleEffect(tuple(files), *key) for key, files in found.items())


def _selectors(one: CreationRule | None, other: CreationRule | None) -> tuple[str, str] | None:
    before, after = (
        describe_selector(rule.selector) if rule else "no rule" for rule in (one, other)
    )
    return None if before == after else (before, after)
