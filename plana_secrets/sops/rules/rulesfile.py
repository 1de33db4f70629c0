"""``.sops.yaml``: which creation rule a file falls under, and what is wrong with the rules.

sops takes the first rule whose ``path_regex`` is found in the file's path relative to
the folder of ``.sops.yaml``; one without ``path_regex`` takes every file. It ignores
keys that it does not know, so a mistyped ``encrypted_regex`` changes what is encrypted
without a word: here that is a defect. A rule that a writer must not use carries the
reason in ``problem``.

Source: ``config/config.go`` of sops 3.11.0.
"""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.errors import MalformedError, PlanaSecretsError, UsageError
from plana_secrets.sops.model import RULES_FILE, Defect, Selector, Severity
from plana_secrets.sops.reading.nodes import Mapping, Node, Scalar, Sequence, read_tree
from plana_secrets.sops.rules.ignored import top_defects
from plana_secrets.sops.rules.pattern import check_pattern, compile_pattern
from plana_secrets.sops.rules.selectors import SELECTOR_OPTIONS, selector_problem

_OTHER_SERVICES: Final = frozenset(
    {"kms", "aws_profile", "pgp", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri"}
)
_RULE_KEYS: Final = frozenset(
    {"path_regex", "age", "key_groups", "shamir_threshold", "mac_only_encrypted"}
    | _OTHER_SERVICES
    | set(SELECTOR_OPTIONS)
)
_GROUP_KEYS: Final = frozenset({"age", "merge"})
_MAC_ONLY: Final = "mac_only_encrypted leaves readable values unprotected"
_MOST_RULES: Final = 1000
_MOST_RECIPIENTS: Final = 500
_MOST_WORK: Final = 20_000
"""States of patterns and recipients in one file, to be found and matched in little time."""


@dataclass(frozen=True, slots=True)
class CreationRule:
    """One entry of ``creation_rules``.

    ``position`` counts from 1. ``recipients`` are age recipients in their order, each
    once; ``repeated`` are those that it names again, and sops writes again. ``problem``: why
    nothing may be written by this rule; None for a good one.
    """

    position: int
    line: int
    path_regex: str | None
    recipients: tuple[str, ...]
    selector: Selector
    problem: str | None = None
    repeated: frozenset[str] = frozenset()

    def matches(self, file: str) -> bool:
        """Whether sops would take this rule for ``file``.

        A ``path_regex`` that cannot be decided matches: sops stops at it with an error,
        or might match it, and either way no later rule may be trusted.
        """
        if not self.path_regex:
            return True
        try:
            return compile_pattern(self.path_regex).search(file)
        except MalformedError:
            return True


@dataclass(frozen=True, slots=True)
class Rules:
    """The creation rules in order, and every defect of the file that holds them.

    ``folder``: where that file is, relative to the repository; empty for its root.
    """

    creation_rules: tuple[CreationRule, ...]
    defects: tuple[Defect, ...] = ()
    folder: str = ""

    @property
    def is_unreadable(self) -> bool:
        """Whether nothing is known of the rules, and nothing may be written by them."""
        return any(one.check == "rules-unreadable" for one in self.defects)

    @property
    def file(self) -> str:
        """The file that holds the rules, relative to the repository."""
        return f"{self.folder}/{RULES_FILE}" if self.folder else RULES_FILE

    def rule_for(self, file: str) -> CreationRule | None:
        """The rule that decides ``file`` (posix, relative to the repository).

        sops compares its path relative to the folder of ``.sops.yaml``.
        """
        relative = file.removeprefix(f"{self.folder}/") if self.folder else file
        return next((rule for rule in self.creation_rules if rule.matches(relative)), None)

    def usable_rule_for(self, file: str) -> CreationRule:
        """The rule to write ``file`` by.

        Raises:
            UsageError: no rule matches (kind ``no-rule``).
            MalformedError: the rules cannot be read (kind ``bad-rules``), or the rule
                must not be used (kind ``bad-rule``).
        """
        unreadable = next((one for one in self.defects if one.check == "rules-unreadable"), None)
        if unreadable is not None:
            line = f":{unreadable.line}" if unreadable.line else ""
            raise MalformedError(f"{self.file}{line}: {unreadable.message}", kind="bad-rules")
        rule = self.rule_for(file)
        place = f" in {self.file}" if self.folder else ""
        if rule is None:
            raise UsageError(f"no creation rule for {file}{place}", kind="no-rule", file=file)
        if rule.problem is not None:
            number = f"creation rule {rule.position} (line {rule.line})"
            raise MalformedError(
                f"{number}{place} for {file}: {rule.problem}",
                kind="bad-rule",
                file=file,
                line=rule.line,
                way=self._way_out(rule.problem),
            )
        return rule

    def _way_out(self, problem: str) -> str:
        if problem != _MAC_ONLY:
            return f"fix {self.file}"
        return f"`plana-secrets repair {shlex.quote(self.file)}` removes the option"


def parse_rules(content: bytes, *, folder: str = "") -> Rules:
    """The rules of a ``.sops.yaml``; never raises, what is wrong is among the defects."""
    return replace(_parse(content), folder=folder)


def _parse(content: bytes) -> Rules:
    try:
        tree = read_tree(content)
    except MalformedError as error:
        line = error.facts.get("line")
        message = error.message.removeprefix(f"line {line}: ")
        return _unreadable(message, line if isinstance(line, int) else None)
    if tree is None or (isinstance(tree, Scalar) and tree.is_null):
        return Rules(())
    if not isinstance(tree, Mapping):
        return _unreadable("not a map", tree.line)
    return _read_rules(tree)


def _read_rules(tree: Mapping) -> Rules:
    entries = tree.entries.get("creation_rules")
    if entries is None or (isinstance(entries, Scalar) and entries.is_null):
        return Rules((), tuple(top_defects(tree)))
    if not isinstance(entries, Sequence):
        return _unreadable("creation_rules is not a list", entries.line)
    if len(entries.items) > _MOST_RULES:
        return _unreadable(f"more than {_MOST_RULES} rules", entries.line)
    rules: list[CreationRule] = []
    defects = top_defects(tree)
    work = 0
    for position, node in enumerate(entries.items, start=1):
        reader = _RuleReader(node, position)
        rules.append(reader.read())
        defects.extend(reader.defects)
        work += _states_of(rules[-1]) + len(rules[-1].recipients)
        if work > _MOST_WORK:
            return _unreadable("too many patterns and recipients", node.line)
    defects.extend(_unreachable(rules))
    return Rules(tuple(rules), tuple(defects))


def _states_of(rule: CreationRule) -> int:
    """How many states the patterns of a rule have; none that is refused counts."""
    patterns = [rule.path_regex or ""]
    if str(rule.selector.option).endswith("_regex"):
        patterns.append(rule.selector.pattern)
    return sum(compile_pattern(one).size for one in patterns if check_pattern(one) is None)


def _unreadable(message: str, line: int | None) -> Rules:
    return Rules((), (Defect("rules-unreadable", Severity.ERROR, message, line),))


def _unreachable(rules: list[CreationRule]) -> list[Defect]:
    """Rules that no file can reach, since one before them takes every file."""
    first = next((rule for rule in rules if not rule.path_regex), None)
    if first is None:
        return []
    return [
        Defect(
            "rules-unreachable",
            Severity.WARNING,
            f"rule {first.position} has no path_regex and takes every file before this one",
            rule.line,
        )
        for rule in rules[first.position :]
    ]


class _RuleReader:
    """One rule and its defects; the first error among them is the rule's problem."""

    def __init__(self, node: Node, position: int) -> None:
        self._node = node
        self._position = position
        self._repeated: frozenset[str] = frozenset()
        self.defects: list[Defect] = []

    def read(self) -> CreationRule:
        node = self._node
        if not isinstance(node, Mapping):
            self._defect("rules-unreadable-rule", "not a map", node.line)
            return self._rule(None, (), Selector())
        for key in node.entries:
            if key not in _RULE_KEYS:
                self._defect(
                    "rules-unknown-key",
                    f"sops knows no {key!r} in a rule and ignores it",
                    node.key_lines[key],
                )
        path_regex = self._path_regex(node)
        selector = self._selector(node)
        self._check_services(node)
        recipients = self._recipients(node)
        return self._rule(path_regex, recipients, selector)

    def _rule(
        self, path_regex: str | None, recipients: tuple[str, ...], selector: Selector
    ) -> CreationRule:
        problem = next((one.message for one in self.defects if one.severity == "error"), None)
        line = self._node.line
        place = (self._position, line, path_regex)
        return CreationRule(*place, recipients, selector, problem, self._repeated)

    def _defect(
        self, check: str, message: str, line: int, severity: Severity = Severity.ERROR
    ) -> None:
        self.defects.append(Defect(check, severity, message, line))

    def _text(self, node: Mapping, key: str) -> str | None:
        """The text at ``key``; None where it is absent, empty or null, as sops takes it."""
        found = node.entries.get(key)
        if found is None:
            return None
        if not isinstance(found, Scalar):
            self._defect("rules-unreadable-rule", f"{key} is not a string", node.key_lines[key])
            return None
        return None if found.is_null or not found.text else found.text

    def _path_regex(self, node: Mapping) -> str | None:
        pattern = self._text(node, "path_regex")
        reason = check_pattern(pattern) if pattern else None
        if reason is not None:
            self._defect(
                "rules-bad-path-regex", f"path_regex: {reason}", node.key_lines["path_regex"]
            )
        return pattern

    def _selector(self, node: Mapping) -> Selector:
        found = [
            Selector(option, pattern)
            for option in SELECTOR_OPTIONS
            if (pattern := self._text(node, option)) is not None
        ]
        if not found:
            return Selector()
        if len(found) > 1:
            both = " and ".join(str(one.option) for one in found)
            self._defect("rules-bad-selector", f"more than one selector: {both}", node.line)
        problem = selector_problem(found[0])
        if problem is not None:
            line = node.key_lines[str(found[0].option)]
            self._defect("rules-bad-selector", problem, line)
        return found[0]

    def _recipients(self, node: Mapping) -> tuple[str, ...]:
        groups = node.entries.get("key_groups")
        found: list[tuple[str, int]] = []
        if isinstance(groups, Sequence) and groups.items:
            if len(groups.items) > 1:
                self._defect(
                    "rules-key-groups",
                    "more than one key group (Shamir shares are not supported)",
                    groups.line,
                )
            for group in groups.items:
                found += self._group(group)
        elif (age := node.entries.get("age")) is not None:
            found = self._texts(age)
        return self._checked(found, node.line)

    def _group(self, group: Node) -> list[tuple[str, int]]:
        if not isinstance(group, Mapping):
            self._defect("rules-unreadable-rule", "a key group is not a map", group.line)
            return []
        found: list[tuple[str, int]] = []
        merge = group.entries.get("merge")
        for inner in merge.items if isinstance(merge, Sequence) else []:
            found += self._group(inner)
        for key in group.entries.keys() - _GROUP_KEYS:
            self._other_service(key, group.key_lines[key])
        age = group.entries.get("age")
        return found + (self._texts(age) if age is not None else [])

    def _texts(self, node: Node) -> list[tuple[str, int]]:
        """The recipients of an ``age:`` entry: a list, or a text with commas, or both."""
        if isinstance(node, Sequence):
            return [one for item in node.items for one in self._texts(item)]
        if isinstance(node, Mapping):
            self._defect("rules-bad-recipient", "age is a map", node.line)
            return []
        if node.is_null:
            return []
        parts = (part.strip() for part in node.text.split(","))
        return [(part, node.line) for part in parts if part]

    def _checked(self, found: list[tuple[str, int]], line: int) -> tuple[str, ...]:
        from plana_secrets.age.recipients import parse_recipient

        if len(found) > _MOST_RECIPIENTS:
            self._defect("rules-bad-recipient", f"more than {_MOST_RECIPIENTS} recipients", line)
            return ()
        for text, at in found:
            try:
                parse_recipient(text)
            except PlanaSecretsError as error:
                reason = "several on separate lines" if "\n" in text else error.message
                self._defect("rules-bad-recipient", f"recipients: {reason}", at)
        if not found and all(one.check != "rules-other-keys" for one in self.defects):
            self._defect("rules-no-recipients", "no age recipient", line)
        counts = Counter(text for text, _ in found)
        self._repeated = frozenset(text for text, number in counts.items() if number > 1)
        return tuple(counts)

    def _check_services(self, node: Mapping) -> None:
        for key in sorted(node.entries.keys() & _OTHER_SERVICES):
            if self._is_filled(node.entries[key]):
                self._other_service(key, node.key_lines[key])
        if self._text(node, "mac_only_encrypted") not in {None, "false", "False", "FALSE"}:
            self._defect(
                "rules-mac-only",
                _MAC_ONLY,
                node.key_lines["mac_only_encrypted"],
            )

    def _is_filled(self, node: Node) -> bool:
        if isinstance(node, Scalar):
            return bool(node.text) and not node.is_null
        return bool(node.items if isinstance(node, Sequence) else node.entries)

    def _other_service(self, key: str, line: int) -> None:
        self._defect("rules-other-keys", f"{key}: only age keys are supported", line)


ADVICE: Final = {
    "bad-rule": "{way}; `plana-secrets verify` shows every problem of the rules",
}
