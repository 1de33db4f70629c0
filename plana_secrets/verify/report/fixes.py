"""The fix of a finding, ready to paste: with the file and the path that it is about."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

from plana_secrets.escape import safe_line
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.finding import Finding

_COMMAND: Final = re.compile(r"`[^`]*`")


def fix_for(findings: Sequence[Finding]) -> str:
    """The fix of the check of ``findings``.

    ``FILE``, ``PATH`` and the ``NAME`` of a keyset in its commands are filled in where all of
    them have the same one, and one that no escape changes: a name from a stranger must not end
    a command.
    """
    fix = CHECKS[findings[0].check].fix
    for word, names in (
        ("FILE", {one.file for one in findings}),
        ("PATH", {one.path for one in findings}),
        ("NAME", {one.keyset for one in findings}),
    ):
        name = names.pop() if len(names) == 1 else None
        if name is not None and _is_plain(name):
            fix = _filled(fix, word, name)
    return fix


def _filled(fix: str, word: str, name: str) -> str:
    def fill(command: re.Match[str]) -> str:
        return re.sub(rf"\b{word}\b", lambda _: shlex.quote(name), command.group())

    return _COMMAND.sub(fill, fix)


def _is_plain(name: str) -> bool:
    return safe_line(name) == name and "`" not in name
