"""What is wrong with the rules files, and where two of them disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.counts import counted
from plana_secrets.sops.model import IGNORED_RULES_FILE, RULES_FILE, Severity
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.rulebook import RuleBook
from plana_secrets.sops.rules.rulesfile import Rules
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding


def check_rules(book: RuleBook, files: Sequence[str]) -> Iterator[Finding]:
    """What is wrong with every ``.sops.yaml`` above ``files``, which are encrypted by them.

    How other files of the repository are encrypted is their owners' choice.
    """
    if not book.known and files:
        yield found("rules-missing", "no .sops.yaml at the root", file=RULES_FILE)
    for rules in book.known:
        yield from _check_defects(rules, [one for one in files if book.rules_for(one) is rules])
    yield from _check_nearest(book, files)


def check_deciding(book: RuleBook, files: Sequence[str]) -> Iterator[Finding]:
    """Where only some files are looked at: that nothing is known of their rules."""
    if not book.known:
        yield found("rules-missing", "no .sops.yaml at the root", file=RULES_FILE)
    deciding = {rules.file: rules for one in files if (rules := book.rules_for(one))}
    for name, rules in deciding.items():
        for defect in rules.defects:
            if defect.check == "rules-unreadable":
                yield found(defect.check, defect.message, file=name, line=defect.line)


def _check_defects(rules: Rules, files: Sequence[str]) -> Iterator[Finding]:
    elsewhere = _rules_for_others(rules, files)
    for defect in rules.defects:
        severity = defect.severity
        if defect.check == "rules-other-keys" and _rule_at(rules, defect.line) in elsewhere:
            severity = Severity.NOTE
        yield Finding(defect.check, severity, defect.message, rules.file, defect.line)


def _rules_for_others(rules: Rules, files: Sequence[str]) -> set[int]:
    """The positions of the rules that decide none of ``files``."""
    if all(one.check != "rules-other-keys" for one in rules.defects):
        return set()
    positions = {rule.position for rule in rules.creation_rules}
    return positions - {rule.position for file in files if (rule := rules.rule_for(file))}


def _rule_at(rules: Rules, line: int | None) -> int:
    """The position of the rule that a line of ``.sops.yaml`` is part of."""
    return max(
        (rule.position for rule in rules.creation_rules if rule.line <= (line or 0)), default=0
    )


def _check_nearest(book: RuleBook, files: Sequence[str]) -> Iterator[Finding]:
    """Files for which sops, started at the root, would use other recipients."""
    top = book.in_folder("")
    disputed: dict[str, list[str]] = {}
    for file in files if top is not None else ():
        rules = book.rules_for(file)
        if rules is None or rules is top:
            continue
        nearest, other = rules.rule_for(file), top and top.rule_for(file)
        if nearest and other and _recipients(nearest) != _recipients(other):
            disputed.setdefault(rules.file, []).append(file)
    for name, differing in disputed.items():
        shown = ", ".join(differing[:_NAMED]) + (", ..." if len(differing) > _NAMED else "")
        message = (
            f"the {RULES_FILE} at the root names other recipients "
            f"for {counted(len(differing), 'file')}: {shown}"
        )
        yield found("rules-nested", message, file=name)


_NAMED: Final = 3


def _recipients(rule: CreationRule) -> set[str]:
    return set(map(canonical_recipient, rule.recipients))


def check_ignored(files: Sequence[str]) -> Iterator[Finding]:
    """Every file whose name only looks like that of a rules file."""
    for file in files:
        if file.rpartition("/")[2] == IGNORED_RULES_FILE:
            yield found("rules-ignored", "sops ignores this name", file=file)
