"""What a rules file means, rule by rule: which files each can get, and for whom.

Every rules file is looked at on its own. What a pattern cannot decide is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.counts import counted
from plana_secrets.sops.model import Severity
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.pattern import Pattern, check_pattern, compile_pattern
from plana_secrets.sops.rules.reach import Budget, is_reachable
from plana_secrets.sops.rules.rulesfile import Rules
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.people import names_of
from plana_secrets.verify.policy import Policy

_BEGINS: Final = re.compile(r"(?<![\[\\])\^")
"""A ``^`` that is neither escaped nor the first of a class."""

_STRAY_SPACE: Final = re.compile(r"(?:^|[|(^]) | (?:[|)$]|$)")


@dataclass(frozen=True, slots=True)
class _Place:
    """A rule among those before it; ``roots`` are relative to the folder of the rules file."""

    rule: CreationRule
    before: tuple[Pattern, ...]
    roots: tuple[str, ...]
    budget: Budget

    def reaches(self, folder: str, *, alone: bool = False) -> bool | None:
        pattern = self.rule.path_regex
        before = () if alone else self.before
        wanted = compile_pattern(pattern) if pattern else None
        return is_reachable(wanted, before, folder, self.budget)


def lint_rules(
    rules: Rules, roots: Sequence[str], files: Collection[str], policy: Policy
) -> Iterator[Finding]:
    """Everything that the rules of one file say beside their defects.

    ``roots`` and ``files`` are relative to the repository; the files are those that these
    rules decide.
    """
    used = {rule.position for file in files if (rule := rules.rule_for(file))}
    for place in _places(rules, tuple(_roots_below(rules.folder, roots))):
        rule = place.rule
        absent = _is_absent(place)
        if absent is not None:
            check, message = absent
            yield _found(rules, rule, check, message, Severity.NOTE)
        elif not _is_anchored(rule.path_regex):
            message = f"has no ^: {rule.path_regex} may begin anywhere in a path"
            yield _found(rules, rule, "rules-unanchored", message, Severity.NOTE)
        if _has_stray_space(rule):
            words = f"{rule.selector.option} has a space beside | or at an end: no key is like that"
            yield _found(rules, rule, "rules-bad-selector", words, Severity.WARNING)
        if rule.position in used:
            yield from _check_recipients(rules, rule, policy, Severity.ERROR)
        elif absent is None and _is_aimed(place):
            yield from _check_recipients(rules, rule, policy, Severity.WARNING)


def _found(
    rules: Rules, rule: CreationRule, check: str, message: str, severity: Severity
) -> Finding:
    words = f"rule {rule.position} {message}"
    return found(check, words, file=rules.file, line=rule.line, severity=severity)


def _places(rules: Rules, roots: tuple[str, ...]) -> Iterator[_Place]:
    """The rules up to the first one that takes every file, or that sops stops at."""
    before: list[Pattern] = []
    budget = Budget()
    for rule in rules.creation_rules:
        if rule.path_regex and check_pattern(rule.path_regex) is not None:
            return
        yield _Place(rule, tuple(before), roots, budget)
        if not rule.path_regex:
            return
        before.append(compile_pattern(rule.path_regex))


def _roots_below(folder: str, roots: Sequence[str]) -> Iterator[str]:
    """The roots as the rules in ``folder`` see them; the empty one where all is in a root."""
    for root in (one.strip("/") for one in roots):
        if root in {"", ".", folder} or folder.startswith(f"{root}/"):
            yield ""
        elif not folder:
            yield root
        elif root.startswith(f"{folder}/"):
            yield root.removeprefix(f"{folder}/")


def _is_absent(place: _Place) -> tuple[str, str] | None:
    """The check that a rule fails which gets no file, at all or under the roots, and why."""
    if not place.rule.path_regex:
        return None  # a rule for all the rest is meant to come last
    if any(place.reaches(root) is not False for root in place.roots or ("",)):
        return None
    if place.reaches("") is not False:
        return "rules-elsewhere", f"gets no file under {', '.join(place.roots)}"
    if place.reaches("", alone=True) is False:
        return "rules-unreachable", (
            "matches no file: a path is relative, without ./ or a leading /"
        )
    return "rules-unreachable", (
        "gets no file: the rules before it match every file that it matches"
    )


def _is_aimed(place: _Place) -> bool:
    """Whether the next file under the roots may be one of this rule, and not by accident."""
    pattern = place.rule.path_regex
    if pattern and not _BEGINS.search(pattern):
        return False
    return any(place.reaches(root) for root in place.roots)


def _is_anchored(pattern: str | None) -> bool:
    """Whether a pattern that names a folder says where a path begins."""
    if not pattern or "/" not in pattern or pattern.startswith(".*"):
        return True
    return _BEGINS.search(pattern) is not None


def _has_stray_space(rule: CreationRule) -> bool:
    """As in ``^(data | stringData)$``, by which sops encrypts neither."""
    option = rule.selector.option or ""
    is_of_keys = option.endswith("_regex") and not option.endswith("_comment_regex")
    return is_of_keys and _STRAY_SPACE.search(rule.selector.pattern) is not None


def _check_recipients(
    rules: Rules, rule: CreationRule, policy: Policy, severity: Severity
) -> Iterator[Finding]:
    """A rule of which all recipients can be read, against the policy."""
    if rule.problem is not None:
        return
    own = set(map(canonical_recipient, rule.recipients))
    if len(own) < policy.min_recipients:
        message = (
            f"names {counted(len(own), 'recipient')}; at least {policy.min_recipients} required"
        )
        yield _found(rules, rule, "too-few-recipients", message, severity)
    required = {canonical_recipient(policy.recipients[name].key) for name in policy.required}
    if required - own:
        message = f"does not name {names_of(required - own, policy)}"
        yield _found(rules, rule, "required-recipient", message, severity)
    known = {canonical_recipient(one.key) for one in policy.recipients.values()}
    if policy.named and own - known:
        message = f"names {names_of(own - known, policy)}, which is not in [recipients]"
        yield _found(rules, rule, "unnamed-recipient", message, severity)
