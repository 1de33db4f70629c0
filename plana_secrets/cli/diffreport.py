"""The words of ``diff``: for a terminal, for a script, for a comment under a review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from plana_secrets.cli.output import safe_line
from plana_secrets.counts import counted
from plana_secrets.escape import code_span

if TYPE_CHECKING:
    from plana_secrets.document.compare import FileDifference, NameDifference
    from plana_secrets.document.comparerules import RuleDifference, RuleEffect
    from plana_secrets.secretfiles.versions import Difference
    from plana_secrets.verify.policychange import SettingDifference

_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Changes:
    """The secret files and rules, and the settings that ``verify`` judges by.

    ``unread``: why the settings of one side are not known.
    """

    difference: Difference
    settings: tuple[SettingDifference, ...] = ()
    unread: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.difference or self.settings or self.unread)


def as_json(changes: Changes) -> dict[str, Any]:
    """The facts by name; never a value."""
    difference = changes.difference
    return {
        "from": difference.span.old,
        "to": difference.span.new,
        "undecided": difference.undecided,
        "files": [
            {
                "file": one.file,
                "change": one.change,
                "paths": [asdict(path) for path in one.paths],
                "re_encrypted_only": one.is_reencryption,
                "recipients": asdict(one.recipients),
                "selector": one.selector,
                "data_key_changed": one.data_key,
                "problems": one.problems,
            }
            for one in difference.files
        ],
        "rules": [asdict(one) for one in difference.rules],
        "rule_effects": [asdict(one) for one in difference.effects],
        "settings": [asdict(one) for one in changes.settings],
        "settings_unread": list(changes.unread),
    }


def as_text(changes: Changes) -> Iterator[tuple[str, str]]:
    """Lines with their change, which a terminal shows as a colour."""
    for one in changes.difference.files:
        yield f"{_MARKS[one.change]} {safe_line(one.file)}", one.change
        yield from (("    " + line, change) for line, change in details(one))
    for rule in changes.difference.rules:
        yield f"{_MARKS[rule.change]} {safe_line(f'{rule.file} rule {rule.rule}')}", rule.change
        yield from (("    " + line, change) for line, change in _rule(rule))
    for effect in changes.difference.effects:
        yield from _effect(effect)
    for problem in changes.unread:
        yield safe_line(f"! plana-secrets.toml {problem}"), "removed"
    for setting in changes.settings:
        yield _setting(setting), "removed" if setting.weaker else setting.change


def _rule(rule: RuleDifference) -> Iterator[tuple[str, str]]:
    if rule.problem:
        yield safe_line(f"! {rule.problem}"), "removed"
    if rule.moved:
        yield "~ other rules come before or after it now", "changed"
    yield from _names("recipient", rule.recipients)
    if rule.selector:
        yield _selector(rule.selector), "changed"


def _effect(effect: RuleEffect) -> Iterator[tuple[str, str]]:
    names = ", ".join(effect.files[:_NAMED]) + (", ..." if len(effect.files) > _NAMED else "")
    files = counted(len(effect.files), "file")
    yield safe_line(f"~ the rules for {files} differ: {names}"), "changed"
    for line, change in _names("recipient", effect.recipients):
        yield f"    {line}", change
    if effect.selector:
        yield f"    {_selector(effect.selector)}", "changed"


def _setting(one: SettingDifference) -> str:
    words = one.setting if one.item is None else f"{one.setting} {one.item}"
    if one.change == "changed":
        words += f": {one.before} -> {one.after}"
    elif one.before or one.after:
        words += f": {one.before or one.after}"
    weaker = " (weaker)" if one.weaker else ""
    return safe_line(f"{_MARKS[one.change]} plana-secrets.toml {words}{weaker}")


def details(one: FileDifference) -> Iterator[tuple[str, str]]:
    """The lines below the name of a file, each with its change."""
    for problem in one.problems:
        yield safe_line(f"! {problem}"), "removed"
    yield from _names("recipient", one.recipients)
    if one.selector:
        yield _selector(one.selector), "changed"
    if one.data_key:
        yield "the data key is new", "changed"
    if one.is_reencryption:
        yield f"re-encrypted only; {counted(len(one.paths), 'value')} unchanged", "changed"
        return
    for path in one.paths:
        mark = _MARKS.get(path.change, "~")
        word = "" if path.change in _MARKS else f" ({path.change})"
        yield f"{mark} {safe_line(path.path)}{word}", path.change


def _names(what: str, names: NameDifference) -> Iterator[tuple[str, str]]:
    for name in names.added:
        yield f"+ {what} {safe_line(name)}", "added"
    for name in names.removed:
        yield f"- {what} {safe_line(name)}", "removed"


def _selector(sides: tuple[str, str]) -> str:
    return safe_line(f"~ selector: {sides[0]} -> {sides[1]}")


def as_markdown(changes: Changes) -> Iterator[str]:
    """A comment for a review. Every name is in code quotes, so that none acts as markup."""
    if not changes:
        yield "No secret file changed."
        return
    difference = changes.difference
    yield f"**{counted(len(difference.files), 'secret file')} changed**"
    weaker = sum(one.weaker for one in changes.settings)
    if weaker:
        yield ""
        yield f"**The policy is weaker in {counted(weaker, 'place')}**"
    yield ""
    for line, _change in as_text(changes):
        indent = line[: len(line) - len(line.lstrip())]
        yield f"{indent}- {code_span(line.strip())}"
    if difference.undecided:
        yield ""
        yield (
            f"{counted(difference.undecided, 'file')} could not be opened: changed or re-encrypted."
        )
