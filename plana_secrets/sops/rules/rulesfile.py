"""``.sops.yaml``: which creation rule a file falls under, and what is wrong with the rules.

sops takes the first rule whose ``path_regex`` is found in the file's path relative to
the folder of ``.sops.yaml``; one without ``path_regex`` takes every file.
Source: ``config/config.go`` of sops 3.11.0.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.errors import MalformedError, UsageError
from plana_secrets.sops.model import RULES_FILE, Defect, Severity
from plana_secrets.sops.reading.nodes import Mapping, Scalar, Sequence, read_tree
from plana_secrets.sops.reading.source import stand_ins
from plana_secrets.sops.rules.creationrule import MAC_ONLY, CreationRule, RuleReader
from plana_secrets.sops.rules.ignored import top_defects

_MOST_RULES: Final = 1000
_MOST_WORK: Final = 20_000
"""States of patterns and recipients in one file, to be found and matched in little time."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The creation rules in order, and every defect of the file that holds them.

    ``folder``: where that file is, relative to the repository; empty for its root.
    """

    creation_rules: tuple[CreationRule, ...]
    defects: tuple[Defect, ...] = ()
    folder: str = ""

    @property
    def unreadable(self) -> Defect | None:
        """Why nothing is known of the rules, and nothing may be written by them; else None."""
        return next((one for one in self.defects if one.check == "rules-unreadable"), None)

    @property
    def is_unreadable(self) -> bool:
        return self.unreadable is not None

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

    def refuse_unreadable(self) -> None:
        """Raise if nothing is known of these rules.

        Raises:
            MalformedError: they cannot be read (kind ``bad-rules``).
        """
        unreadable = self.unreadable
        if unreadable is not None:
            line = f":{unreadable.line}" if unreadable.line else ""
            raise MalformedError(f"{self.file}{line}: {unreadable.message}", kind="bad-rules")

    def usable_rule_for(self, file: str) -> CreationRule:
        """The rule to write ``file`` by.

        Raises:
            UsageError: no rule matches (kind ``no-rule``).
            MalformedError: the rules cannot be read (kind ``bad-rules``), or the rule
                must not be used (kind ``bad-rule``).
        """
        self.refuse_unreadable()
        rule = self.rule_for(file)
        place = f" in {self.file}" if self.folder else ""
        if rule is None:
            raise UsageError(f"no creation rule for {file}{place}", kind="no-rule", file=file)
        if rule.problem is not None:
            repair = self.repair_of(rule.problem)
            number = f"creation rule {rule.position} (line {rule.line})"
            raise MalformedError(
                f"{number}{place} for {file}: {rule.problem.message}",
                kind="bad-rule",
                file=file,
                line=rule.line,
                way=f"`{repair}` removes the option" if repair else f"fix {self.file}",
            )
        return rule

    def repair_of(self, defect: Defect) -> str | None:
        """The command that takes a defect out of the file; None where a person has to."""
        is_option = defect.check == MAC_ONLY
        return f"plana-secrets repair {shlex.quote(self.file)}" if is_option else None


def parse_rules(content: bytes, *, folder: str = "") -> Rules:
    """The rules of a ``.sops.yaml``; never raises, what is wrong is among the defects."""
    return replace(_parse(content), folder=folder)


def _parse(content: bytes) -> Rules:
    try:
        tree = read_tree(content)
    except MalformedError as error:
        if left := stand_ins(content):
            return _unreadable(left[0].message, left[0].line)
        line = error.facts.get("line")
        message = error.message.removeprefix(f"line {line}: ")
        return _unreadable(message, line if isinstance(line, int) else None)
    if tree is None or (isinstance(tree, Scalar) and tree.is_null):
        return Rules(())
    if not isinstance(tree, Mapping):
        left = stand_ins(content)
        return _unreadable(left[0].message if left else "not a map", tree.line)
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
        reader = RuleReader(node, position)
        rules.append(reader.read())
        defects.extend(reader.defects)
        work += rules[-1].work
        if work > _MOST_WORK:
            return _unreadable("too many patterns and recipients", node.line)
    defects.extend(_unreachable(rules))
    return Rules(tuple(rules), tuple(defects))


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


ADVICE: Final = {
    "bad-rule": "{way}; `plana-secrets verify` shows every problem of the rules",
}
