"""Which rules a file is under after a merge of the rules themselves."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plana_secrets.git.command import GitCommand
from plana_secrets.merging.rulesafter import _merged, _rules_above

BASE = b"one\ntwo\nthree\nfour\nfive\n"
OURS, THEIRS = BASE.replace(b"one", b"ours"), BASE.replace(b"five", b"theirs")


@pytest.mark.parametrize(
    ("before", "here", "there", "after"),
    [
        (BASE, BASE, THEIRS, THEIRS),
        (BASE, OURS, BASE, OURS),
        (BASE, OURS, OURS, OURS),
        (None, None, THEIRS, THEIRS),
        (BASE, BASE, None, None),
        (BASE, None, BASE, None),
        (BASE, None, THEIRS, None),
        (BASE, OURS, None, None),
        (BASE, OURS, THEIRS, OURS.replace(b"five", b"theirs")),
        (BASE, OURS, BASE.replace(b"one", b"other"), None),
        (None, OURS, THEIRS, None),
    ],
    ids=["theirs", "ours", "same", "new", "gone there", "gone here", "gone and changed", "changed and gone",
         "both", "conflict", "two new"],
)  # fmt: skip
def test_rules_are_merged_as_git_merges_them(
    tmp_path: Path,
    before: bytes | None,
    here: bytes | None,
    there: bytes | None,
    after: bytes | None,
) -> None:
    workspace: Any = SimpleNamespace(repository=SimpleNamespace(command=GitCommand(tmp_path)))
    assert _merged(workspace, before, here, there) == after


def test_the_rules_of_a_file_are_those_of_every_folder_above() -> None:
    assert _rules_above("a/b/c.yaml") == [".sops.yaml", "a/.sops.yaml", "a/b/.sops.yaml"]
    assert _rules_above("c.yaml") == [".sops.yaml"]
