"""The words of ``diff``: for a terminal, for a script, for a comment under a review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from plana_secrets.cli.output import safe_line
from plana_secrets.counts import counted
from plana_secrets.escape import code_span

if TYPE_CHECKING:
    from plana_secrets.document.compare import FileDifference, NameDifference
    from plana_secrets.secretfiles.versions import Difference

_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def as_json(difference: Difference) -> dict[str, Any]:
    """The facts by name; never a value."""
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
    }


def as_text(difference: Difference) -> Iterator[tuple[str, str]]:
    """Lines with their change, which a terminal shows as a colour."""
    for one in difference.files:
        yield f"{_MARKS[one.change]} {safe_line(one.file)}", one.change
        yield from (("    " + line, change) for line, change in details(one))
    for rule in difference.rules:
        yield f"{_MARKS[rule.change]} {safe_line(f'{rule.file} rule {rule.rule}')}", rule.change
        for line, change in _names("recipient", rule.recipients):
            yield f"    {line}", change
        if rule.selector:
            yield f"    {_selector(rule.selector)}", "changed"


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


def as_markdown(difference: Difference) -> Iterator[str]:
    """A comment for a review. Every name is in code quotes, so that none acts as markup."""
    if not difference:
        yield "No secret file changed."
        return
    yield f"**{counted(len(difference.files), 'secret file')} changed**"
    yield ""
    for line, _change in as_text(difference):
        indent = line[: len(line) - len(line.lstrip())]
        yield f"{indent}- {code_span(line.strip())}"
    if difference.undecided:
        yield ""
        yield (
            f"{counted(difference.undecided, 'file')} could not be opened: changed or re-encrypted."
        )
