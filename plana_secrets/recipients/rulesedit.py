"""`.sops.yaml` with one recipient more or less, and every other byte as it was. Pure.

The text is changed where the recipient is, and what comes out is read again: it must say what
was meant of every rule. A file in which that does not succeed is a person's to edit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.errors import FailedError
from plana_secrets.sops.model import RULES_FILE
from plana_secrets.sops.reading import nodes
from plana_secrets.sops.rules.rulesfile import CreationRule, Rules, parse_rules


def add_recipient(content: bytes, recipient: str, positions: Collection[int]) -> bytes:
    """``content`` with ``recipient`` in the rules at ``positions`` (from 1).

    Raises:
        FailedError: the text is not so that this can be done (kind ``rules-not-editable``).
    """
    return _edited(content, positions, {recipient}, set())


def remove_recipient(content: bytes, recipient: str, positions: Collection[int]) -> bytes:
    """``content`` without ``recipient`` in those rules; it raises as ``add_recipient``."""
    return _edited(content, positions, set(), {recipient})


def _edited(
    content: bytes, positions: Collection[int], added: set[str], removed: set[str]
) -> bytes:
    before = parse_rules(content)
    wanted = {
        rule.position: (set(map(canonical_recipient, rule.recipients)) | added) - removed
        if rule.position in positions
        else set(map(canonical_recipient, rule.recipients))
        for rule in before.creation_rules
    }
    for position in sorted(positions):
        content = _edit_rule(content, position, wanted[position], added, removed)
    after = parse_rules(content)
    if not _is_meant(before, after, wanted):
        raise _by_hand("other rules would change, too: do they share an anchor?")
    return content


def _edit_rule(
    content: bytes, position: int, wanted: set[str], added: set[str], removed: set[str]
) -> bytes:
    """One rule; with an anchor it may already be as it is wanted."""
    rule = parse_rules(content).creation_rules[position - 1]
    if set(map(canonical_recipient, rule.recipients)) == wanted:
        return content
    text = content.decode("utf-8")
    start, end = _region(content, position)
    lines = text.splitlines(keepends=True)
    head, middle, tail = (
        "".join(lines[:start]), "".join(lines[start:end]), "".join(lines[end:])
    )  # fmt: skip
    spelled = [one for one in rule.recipients if canonical_recipient(one) in removed]
    candidates = (
        _without(middle, spelled[0])
        if removed
        else _with(middle, list(rule.recipients), next(iter(added)))
    )
    for candidate in candidates:
        result = (head + candidate + tail).encode("utf-8")
        rules = parse_rules(result).creation_rules
        if len(rules) < position:
            continue
        now = rules[position - 1]
        if set(map(canonical_recipient, now.recipients)) == wanted and not now.problem:
            return result
    raise _by_hand(f"rule {position} (line {rule.line})")


def _region(content: bytes, position: int) -> tuple[int, int]:
    """The lines of the recipients of a rule, counted from 0; the second is behind them."""
    tree = nodes.read_tree(content)
    assert isinstance(tree, nodes.Mapping)  # noqa: S101 - rules were read from it
    entries = tree.entries["creation_rules"]
    assert isinstance(entries, nodes.Sequence)  # noqa: S101 - likewise
    node = entries.items[position - 1]
    if not isinstance(node, nodes.Mapping):
        raise _by_hand(f"rule {position}")
    groups = node.entries.get("key_groups")
    name = "key_groups" if isinstance(groups, nodes.Sequence) and groups.items else "age"
    if name not in node.key_lines:
        raise _by_hand(f"rule {position}")
    start = node.key_lines[name]
    later = [line for line in node.key_lines.values() if line > start]
    later += [one.line for one in entries.items if one.line > start]
    later += [line for line in tree.key_lines.values() if line > start]
    return start - 1, min(later, default=len(content.splitlines()) + 1) - 1


def _without(text: str, recipient: str) -> Iterator[str]:
    """The ways to take it out, the one for a line of its own first."""
    key = re.escape(recipient)
    for pattern, by in (
        (rf"(?m)^[ \t]*-[ \t]+([\"']?){key}\1[ \t]*(?:#.*)?\r?\n?", ""),
        (rf"(?m)^[ \t]*{key},[ \t]*\r?\n", ""),
        (rf",[ \t]*(\r?\n)[ \t]*{key}[ \t]*(?=\r?\n|$)", ""),
        (rf"([\"']?){key}\1[ \t]*,[ \t]*", ""),
        (rf"[ \t]*,[ \t]*([\"']?){key}\1", ""),
    ):
        yield re.sub(pattern, by, text, count=1)


def _with(text: str, recipients: list[str], new: str) -> Iterator[str]:
    """The ways to put it behind the last one."""
    last = max(recipients, key=text.rfind, default="")
    if not last or text.rfind(last) < 0:
        return
    key = re.escape(last)
    between = ", " if re.search(r",[ \t]+\S", text) or "[" in text else ","
    for pattern, by in (
        (rf"(?m)^([ \t]*-[ \t]+)([\"']?){key}\2(.*)$", rf"\g<0>\n\1{new}"),
        (rf"(?m)^([ \t]*){key}(,?)[ \t]*$", rf"\1{last},\n\1{new}\2"),
        (rf"([\"']){key}\1", rf"\g<0>{between}\g<1>{new}\g<1>"),
        (key, rf"\g<0>{between}{new}"),
    ):
        yield re.sub(pattern, by, text, count=1)


def _is_meant(before: Rules, after: Rules, wanted: Mapping[int, set[str]]) -> bool:
    """Whether nothing but recipients changed, and those as they are wanted."""

    def rest(rule: CreationRule) -> CreationRule:
        return replace(rule, recipients=(), line=0, problem=None)

    def checks(rules: Rules) -> list[str]:
        return sorted(one.check for one in rules.defects)

    return (
        list(map(rest, before.creation_rules)) == list(map(rest, after.creation_rules))
        and checks(before) == checks(after)
        and all(
            set(map(canonical_recipient, rule.recipients)) == wanted[rule.position]
            for rule in after.creation_rules
        )
    )


def _by_hand(what: str) -> FailedError:
    return FailedError(f"{RULES_FILE} cannot be changed here: {what}", kind="rules-not-editable")


ADVICE: Final = {
    "rules-not-editable": (
        "change the recipients in .sops.yaml yourself, then run `plana-secrets recipients apply`"
    ),
}
