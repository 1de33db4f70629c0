"""``mac_only_encrypted`` taken out of the rules, and the files that it is in encrypted again.

With that option the MAC covers the encrypted values only. It is common in rules that were copied
from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from plana_secrets.document.repair import plan_repair
from plana_secrets.errors import FailedError, PlanaSecretsError
from plana_secrets.secretfiles.editing.repaired import stage_repair
from plana_secrets.secretfiles.editing.repairing import Case, examine
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.stage import StagedFile
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.rules.creationrule import MAC_ONLY
from plana_secrets.sops.rules.rulesfile import Rules, parse_rules

_T = TypeVar("_T")
_OPTION: Final = r"[\"']?mac_only_encrypted[\"']?[ \t]*:[ \t]*"
_WHOLE_LINE: Final = re.compile(rf"[ \t]*{_OPTION}[^#,{{}}\[\]]*(?:#.*)?")
_VALUE: Final = re.compile(rf"({_OPTION})[\"']?\w+[\"']?")


def without_mac_only(content: bytes, name: str) -> bytes:
    """The rules ``content`` of the file ``name`` without the option; every other byte stays.

    Where the option is not on a line of its own, it becomes ``false``. Pure.

    Raises:
        FailedError: the text is not so that this can be done (kind ``option-stays``).
    """
    before = parse_rules(content)
    lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    for at in sorted(
        {one.line or 0 for one in before.defects if one.check == MAC_ONLY}, reverse=True
    ):
        line = lines[at - 1]
        is_alone = _WHOLE_LINE.fullmatch(line.rstrip("\r\n"))
        lines[at - 1] = "" if is_alone else _VALUE.sub(r"\1false", line, count=1)
    result = "".join(lines).encode("utf-8", "surrogateescape")
    if _meaning(parse_rules(result)) != _meaning(before):
        raise FailedError(
            f"mac_only_encrypted cannot be taken out of {name} here", kind="option-stays", file=name
        )
    return result


def _meaning(rules: Rules) -> tuple[object, ...]:
    """All that rules say, but for the option."""
    rest = [replace(one, line=0, problem=None) for one in rules.creation_rules]
    checks = sorted(one.check for one in rules.defects if one.check != MAC_ONLY)
    return (*rest, *checks)


def files_with_mac_only(snapshot: Snapshot, rules_file: str) -> Iterator[str]:
    """The files of these rules that were written with the option."""
    for file, content in sorted(snapshot.contents(snapshot.secret_files), key=lambda one: one[0]):
        rules = snapshot.rule_book.rules_for(file)
        if rules is None or rules.file != rules_file or not isinstance(content, bytes):
            continue
        metadata = read_structure(content, format_of(file)).metadata
        if metadata is not None and metadata.mac_only_encrypted:
            yield file


Left = list[tuple[str, PlanaSecretsError]]
"""Files that cannot be encrypted again, each with why."""


def find_rewritable(workspace: Workspace, files: Sequence[str]) -> tuple[list[str], Left]:
    """Those of ``files`` that open and have a good rule, and the others."""
    cases, left = _each(files, partial(_case_of, workspace))
    return [one.file for one in cases], left


def stage_rewritten(workspace: Workspace, files: Sequence[str]) -> tuple[list[StagedFile], Left]:
    """Each file encrypted again by its rule, and those where that is not possible."""

    def rewritten(file: str) -> StagedFile:
        case = _case_of(workspace, file)
        return stage_repair(workspace, case, plan_repair(case.now, case.then, {}))

    return _each(files, rewritten)


def _each(files: Sequence[str], act: Callable[[str], _T]) -> tuple[list[_T], Left]:
    done: list[_T] = []
    left: Left = []
    for file in files:
        try:
            done.append(act(file))
        except PlanaSecretsError as error:
            left.append((file, error))
    return done, left


def _case_of(workspace: Workspace, file: str) -> Case:
    open_bytes(read_bytes_of(workspace, file), file, workspace.identities)
    workspace.rule_for(file)
    case = examine(workspace, file)
    assert case is not None  # noqa: S101 - the option is in it
    return case


ADVICE: Final = {
    "option-stays": "remove the option from {file} yourself, then run this command again",
}
