"""One creation rule of a ``.sops.yaml``, as sops reads it, and what is wrong with it.

sops ignores keys that it does not know, so a mistyped ``encrypted_regex`` changes what is
encrypted without a word: here that is a defect. A rule that a writer must not use carries
the reason in ``problem``.

Source: ``config/config.go`` of sops 3.11.0.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import MalformedError, PlanaSecretsError
from plana_secrets.sops.model import Defect, Selector, Severity
from plana_secrets.sops.reading.nodes import Mapping, Node, Scalar, Sequence
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
MAC_ONLY: Final = "rules-mac-only"
DAMAGED: Final = frozenset({
    "rules-unreadable-rule", "rules-unknown-key", "rules-bad-selector", "rules-bad-recipient",
})  # fmt: skip
"""Defects after which it is not known what a rule was to say."""
"""The check of the one defect that ``repair`` takes out."""
_MOST_RECIPIENTS: Final = 500


@dataclass(frozen=True, slots=True)
class CreationRule:
    """One entry of ``creation_rules``.

    ``position`` counts from 1. ``recipients`` are age recipients in their order, each
    once; ``repeated`` are those that it names again, and sops writes again. ``problem``: the
    error for which nothing may be written by this rule; None for a good one.
    """

    position: int
    line: int
    path_regex: str | None
    recipients: tuple[str, ...]
    selector: Selector
    problem: Defect | None = None
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

    @property
    def work(self) -> int:
        """The states of its patterns and its recipients; no pattern that is refused counts."""
        patterns = [self.path_regex or ""]
        if str(self.selector.option).endswith("_regex"):
            patterns.append(self.selector.pattern)
        states = (compile_pattern(one).size for one in patterns if check_pattern(one) is None)
        return sum(states) + len(self.recipients)


class RuleReader:
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
        problem = next((one for one in self.defects if one.severity == "error"), None)
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
            message = "mac_only_encrypted leaves readable values unprotected"
            self._defect(MAC_ONLY, message, node.key_lines["mac_only_encrypted"])

    def _is_filled(self, node: Node) -> bool:
        if isinstance(node, Scalar):
            return bool(node.text) and not node.is_null
        return bool(node.items if isinstance(node, Sequence) else node.entries)

    def _other_service(self, key: str, line: int) -> None:
        self._defect("rules-other-keys", f"{key}: only age keys are supported", line)
