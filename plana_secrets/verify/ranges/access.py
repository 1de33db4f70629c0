"""Who could read before and who can now; rules and settings that demand less. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.document.compare import describe_selector
from plana_secrets.document.comparerules import compare_rules
from plana_secrets.document.kinds import PLAIN_MAP_SELECTOR, canonical_selector
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.sops.model import Severity
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.rulesfile import Rules
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.people import names_of
from plana_secrets.verify.policy import Policy
from plana_secrets.verify.policychange import Defaults, Demanded, compare_policies
from plana_secrets.verify.ranges.content import Pair, readers, shares_ciphertext

RuleFor = Callable[[str], CreationRule | None]


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of both ends, as far as they decide; ``policy`` is the trusted one.

    ``rules_file``: in which file the new rule of a file is.
    """

    old: RuleFor
    new: RuleFor
    rules_file: Callable[[str], str]
    policy: Policy

    @property
    def named(self) -> frozenset[str]:
        return frozenset(one.key for one in self.policy.recipients.values())

    def check_rules(
        self, files: Collection[str], old: Sequence[Rules], new: Sequence[Rules]
    ) -> Iterator[Finding]:
        """What the new rules weaken: of the files that there are, then of any that may come."""
        if not old or tuple(old) == tuple(new):
            return
        known = {one for rules in old for rule in rules.creation_rules for one in _of(rule)}
        told: set[str] = set()
        for finding in self._of_files(files, known):
            if finding.message not in told:
                told.add(finding.message)
                yield finding
        before = {rules.folder: rules for rules in old}
        for rules in new:
            for finding in self._of_rules(
                before.get(rules.folder, Rules((), (), rules.folder)), rules, known
            ):
                if finding.message not in told:
                    told.add(finding.message)
                    yield finding

    def _of_files(self, files: Collection[str], known: Collection[str]) -> Iterator[Finding]:
        for file in sorted(files):
            old, new = self.old(file), self.new(file)
            if new is None or old == new:
                continue
            before = _of(old) if old is not None else frozenset(known)
            place = self.rules_file(file)
            yield from self._added(_of(new) - before, new, place)
            if old is not None and _encrypts_less(old, new):
                yield _weaker(place, new.path_regex, old, new)

    def _of_rules(self, old: Rules, new: Rules, known: Collection[str]) -> Iterator[Finding]:
        by_pattern = {rule.path_regex: rule for rule in reversed(old.creation_rules)}
        for one in compare_rules(old, new):
            if one.change == "removed":
                continue
            added = frozenset(map(canonical_recipient, one.recipients.added))
            if one.change == "added":
                added -= frozenset(known)
            pattern = None if one.rule == "*" else one.rule
            was = by_pattern.get(pattern)
            now = next(rule for rule in new.creation_rules if rule.path_regex == pattern)
            yield from self._added(added, now, new.file)
            if was is not None and _encrypts_less(was, now):
                yield _weaker(new.file, pattern, was, now)

    def _added(self, added: Collection[str], rule: CreationRule, file: str) -> Iterator[Finding]:
        for recipient in sorted(added):
            severity = Severity.WARNING if recipient in self.named else Severity.ERROR
            what = f"the rule {rule.path_regex or 'for every file'}"
            words = f"{what} now names {names_of([recipient], self.policy)}"
            yield found("recipient-added", words, file=file, line=rule.line, severity=severity)

    def check_file(self, pair: Pair) -> Iterator[Finding]:
        """Whom a file was encrypted for, and is now; a rule that names them has told already."""
        before, after = readers(pair.old), readers(pair.new)
        rule = self.new(pair.file)
        ruled = _of(rule) if rule is not None else frozenset()
        line = pair.new.metadata.line if pair.new.metadata else None
        for recipient in sorted(after - before - ruled):
            severity = Severity.WARNING if recipient in self.named else Severity.ERROR
            words = f"now encrypted for {names_of([recipient], self.policy)}"
            yield found("recipient-added", words, file=pair.file, line=line, severity=severity)
        former = self.old(pair.was) if pair.was != pair.file else None
        gained = (after & ruled) - before - _of(former) if former is not None else frozenset()
        if gained:  # no rule has changed, so none has told
            words = f"was {pair.was}, and is now encrypted for {names_of(gained, self.policy)}"
            yield found(
                "recipient-added", words, file=pair.file, line=line, severity=Severity.WARNING
            )
        if before - after:
            words = f"no longer encrypted for {names_of(before - after, self.policy)}"
            if shares_ciphertext(pair.old, pair.new):
                words += ", with the same data key"
            yield found("recipient-removed", words, file=pair.file, line=line)


def _of(rule: CreationRule) -> frozenset[str]:
    return frozenset(map(canonical_recipient, rule.recipients))


def _encrypts_less(old: CreationRule, new: CreationRule) -> bool:
    """Any other selector than before may leave something readable, but for none at all."""
    before, after = canonical_selector(old.selector), canonical_selector(new.selector)
    return after not in {before, PLAIN_MAP_SELECTOR}


def _weaker(file: str, pattern: str | None, old: CreationRule, new: CreationRule) -> Finding:
    sides = describe_selector(old.selector), describe_selector(new.selector)
    words = f"the rule {pattern or 'for every file'} encrypts {sides[1]}, before {sides[0]}"
    return found("policy-weakened", words, file=file, line=new.line)


def check_settings(old: Demanded, new: Demanded, defaults: Defaults) -> Iterator[Finding]:
    """Each setting that demands less than before; see ``compare_policies``."""
    for one in compare_policies(old, new, defaults=defaults):
        if one.weaker:
            words = one.change if one.item is None else f"{one.item} {one.change}"
            if one.change == "changed":
                words += f" from {one.before} to {one.after}"
            elif one.item is None and one.after is not None:
                words += f": {one.after}"
            yield found("policy-weakened", words, file=SETTINGS_FILE, path=one.setting)
