"""`.sops.yaml` with one recipient more or less, or another one, and every other byte as it was.
Pure.

The text is changed where the recipient is, or an alias of it, and what comes out is read again:
it must say what was meant of every rule. A file in which that does not succeed is a person's to
edit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.errors import FailedError
from plana_secrets.sops.model import RULES_FILE
from plana_secrets.sops.reading import nodes
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.rulesfile import Rules, parse_rules

_COMMENT: Final = r"(?:^|[ \t])#"


def add_recipient(content: bytes, recipient: str, positions: Collection[int]) -> bytes:
    """``content`` with ``recipient`` in the rules at ``positions`` (from 1).

    Raises:
        FailedError: the text is not so that this can be done (kind ``rules-not-editable``).
    """
    return _edited(content, positions, {recipient}, set())


def remove_recipient(content: bytes, recipient: str, positions: Collection[int]) -> bytes:
    """``content`` without ``recipient`` in those rules; it raises as ``add_recipient``."""
    return _edited(content, positions, set(), {recipient})


def replace_recipient(content: bytes, old: str, new: str) -> bytes:
    """``content`` with ``new`` in place of ``old`` in every rule.

    Raises:
        FailedError: as ``add_recipient`` does.
    """
    before = parse_rules(content)
    both = [rule.position for rule in before.creation_rules if {old, new} <= recipients_of(rule)]
    text = (remove_recipient(content, old, both) if both else content).decode("utf-8")
    spelled = {
        one
        for rule in before.creation_rules
        for one in rule.recipients
        if canonical_recipient(one) == old
    }
    wanted = {
        rule.position: {new if one == old else one for one in recipients_of(rule)}
        for rule in before.creation_rules
    }
    if not spelled:
        raise _by_hand("the recipient is in no rule")
    key = "|".join(_whole(one) for one in sorted(spelled, key=len, reverse=True))
    for place in (rf"(?m)^((?:(?!{_COMMENT}).)*?)(?:{key})", rf"()(?:{key})"):
        result = _replaced(text, place, new).encode("utf-8")
        if _is_meant(before, parse_rules(result), wanted):
            return result
    raise _by_hand("a recipient is not in it as a word of its own")


def _replaced(text: str, place: str, new: str) -> str:
    """Every one of them, more than one in a line included."""
    while (changed := re.sub(place, lambda match: match[1] + new, text)) != text:
        text = changed
    return text


def recipients_of(rule: CreationRule) -> frozenset[str]:
    """The recipients of a rule in canonical spelling."""
    return frozenset(map(canonical_recipient, rule.recipients))


def _edited(
    content: bytes, positions: Collection[int], added: AbstractSet[str], removed: AbstractSet[str]
) -> bytes:
    before = parse_rules(content)
    wanted = {
        rule.position: (recipients_of(rule) | added) - removed
        if rule.position in positions
        else recipients_of(rule)
        for rule in before.creation_rules
    }
    has_returns = content.count(b"\r\n") == content.count(b"\n") > 0
    content = content.replace(b"\r\n", b"\n") if has_returns else content
    for position in sorted(positions):
        content = _edit_rule(content, position, wanted[position], added, removed)
    for result in (_without_unused_anchors(content, removed), content):
        if _is_meant(before, parse_rules(result), wanted):
            return result.replace(b"\n", b"\r\n") if has_returns else result
    raise _by_hand("other rules would change, too: do they share an anchor?")


def _without_unused_anchors(content: bytes, recipients: AbstractSet[str]) -> bytes:
    """Without the lines that only gave a name to a recipient who is in no rule any more."""
    text = content.decode("utf-8")
    for recipient in recipients:
        for name in _anchors(text, recipient):
            if not re.search(_whole(f"*{name}"), text):
                # in a list, or under a name of its own
                before = r"(?:-|[\w.@\"'-]+[ \t]*:)"
                definition = rf"(?m)^[ \t]*{before}[ \t]+&{re.escape(name)}[ \t].*(?:\r?\n|\Z)"
                text = re.sub(definition, "", text, count=1)
    return text.encode("utf-8")


def _anchors(text: str, recipient: str) -> list[str]:
    """The names that the file gives to a recipient: ``&alice age1...``."""
    found = re.findall(rf"&([\w-]+)[ \t]+[\"']?{re.escape(recipient)}(?![\w-])", text)
    return list(dict.fromkeys(found))


def _whole(word: str) -> str:
    """A pattern for ``word`` that is no part of a longer one."""
    return rf"(?<![\w-]){re.escape(word)}(?![\w-])"


def _edit_rule(
    content: bytes,
    position: int,
    wanted: AbstractSet[str],
    added: AbstractSet[str],
    removed: AbstractSet[str],
) -> bytes:
    """One rule; with an anchor it may already be as it is wanted."""
    rule = parse_rules(content).creation_rules[position - 1]
    if recipients_of(rule) == wanted:
        return content
    text = content.decode("utf-8")
    gone = [one for one in rule.recipients if canonical_recipient(one) in removed]
    spelled = [
        way
        for one in (gone if removed else rule.recipients)
        for way in (one, *(f"*{name}" for name in _anchors(text, one)))
    ]
    lines = text.split("\n")
    for start, end in _regions(lines, _region(content, position)):
        head, tail = "".join(f"{one}\n" for one in lines[:start]), "\n".join(lines[end:])
        middle = "\n".join(lines[start:end]) + ("\n" if end < len(lines) else "")
        candidates = (
            (one for way in spelled for one in _without(middle, way))
            if removed
            else _with(middle, spelled, next(iter(added)))
        )
        for candidate in candidates:
            result = (head + candidate + tail).encode("utf-8")
            rules = parse_rules(result).creation_rules
            now = rules[position - 1] if len(rules) >= position else None
            if now and recipients_of(now) == wanted and not now.problem:
                return result
    why = f": {rule.problem.message}" if rule.problem else ""
    raise _by_hand(f"rule {position} (line {rule.line}){why}")


def _regions(lines: list[str], own: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The lines of a rule, then those of what it only names, such as ``team: &team``."""
    regions, names = [own], set[str]()
    for start, end in regions:
        yield start, end
        for name in re.findall(r"(?<![\w*])\*([\w-]+)", "\n".join(lines[start:end])):
            if name not in names:
                names.add(name)
                anchor = re.compile(rf"[ \t:-]&{re.escape(name)}(?![\w-])")
                regions += [_block(lines, at) for at, one in enumerate(lines) if anchor.search(one)]


def _block(lines: list[str], start: int) -> tuple[int, int]:
    """What begins at a line, by the indentation."""
    first = lines[start].lstrip()
    indent = len(lines[start]) - len(first)
    for at in range(start + 1, len(lines)):
        inner = lines[at].lstrip()
        is_item = inner.startswith("- ") and not first.startswith("- ")
        if (
            inner
            and not inner.startswith("#")
            and len(lines[at]) - len(inner) < indent + (not is_item)
        ):
            return start, at
    return start, len(lines)


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
        raise _by_hand(f"rule {position} (line {node.line}) has no age recipients")
    start = node.key_lines[name]
    later = [line for line in node.key_lines.values() if line > start]
    later += [one.line for one in entries.items if one.line > start]
    later += [line for line in tree.key_lines.values() if line > start]
    return start - 1, min(later, default=len(content.splitlines()) + 1) - 1


def _without(text: str, recipient: str) -> Iterator[str]:
    """The ways to take it out, the one for a line of its own first."""
    key = rf"{re.escape(recipient)}(?![\w-])"
    patterns = (
        rf"(?m)^[ \t]*-[ \t]+([\"']?){key}\1[ \t]*(?:#.*)?\n?",
        rf"(?m)^[ \t]*([\"']?){key}\1,[ \t]*(?:#.*)?\n",
        rf",[ \t]*\n[ \t]*{key}[ \t]*(?=\n|$)",
        rf"(?m)^[ \t]*([\"']?){key}\1[ \t]*(?:#.*)?\n",
        rf"([\"']?){key}\1[ \t]*,[ \t]*",
        rf"[ \t]*,[ \t]*([\"']?){key}\1",
    )
    # once; or wherever it is, where it was written twice
    for count in (1, 0):
        yield from (re.sub(pattern, "", text, count=count) for pattern in patterns)


def _with(text: str, spelled: list[str], new: str) -> Iterator[str]:
    """The ways to put it behind the last one; ``spelled``: those that are there."""
    places = [(one.start(), way) for way in spelled for one in re.finditer(_whole(way), text)]
    if not places:
        return
    place, last = max(places)
    key = rf"{re.escape(last)}(?![\w-])"
    between = ", " if re.search(r"(?:,[ \t]+|\[[ \t]*)[\"']?$", text[:place]) else ","
    for pattern, by in (
        (rf"(?m)^([ \t]*-[ \t]+)([\"']?){key}\2(.*)$", rf"\g<0>\n\1{new}"),
        (rf"(?m)^([ \t]*){key}(,?)[ \t]*$", rf"\1{last},\n\1{new}\2"),
        (rf"(?m)^([ \t]*){key},?([ \t]+#.*)$", rf"\1{last},\2\n\1{new}"),
        (rf"([\"']){key}\1", rf"\g<0>{between}\g<1>{new}\g<1>"),
        (key, rf"\g<0>{between}{new}"),
    ):
        yield re.sub(pattern, by, text, count=1)


def _is_meant(before: Rules, after: Rules, wanted: Mapping[int, AbstractSet[str]]) -> bool:
    """Whether nothing but recipients changed, and those as they are wanted."""

    def rest(rule: CreationRule) -> CreationRule:
        return replace(rule, recipients=(), line=0, problem=None, repeated=frozenset())

    def checks(rules: Rules) -> list[str]:
        return sorted(one.check for one in rules.defects)

    return (
        list(map(rest, before.creation_rules)) == list(map(rest, after.creation_rules))
        and checks(before) == checks(after)
        and all(recipients_of(rule) == wanted[rule.position] for rule in after.creation_rules)
    )


def _by_hand(what: str) -> FailedError:
    message = f"{RULES_FILE} cannot be changed here: {what}"
    return FailedError(message, kind="rules-not-editable", file=RULES_FILE)


ADVICE: Final = {
    "rules-not-editable": (
        "change the recipients in {file} yourself, then run `plana-secrets recipients apply`"
    ),
}
