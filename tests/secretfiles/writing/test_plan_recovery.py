"""What a recovery decides from the journal, the files and git."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Pending, Stage
from plana_secrets.secretfiles.writing.recovery import Facts, Head, plan_recovery

FILE = IntendedFile("a.yaml", "old", "new")
INTENT = Intent("set", "/repo", (FILE,), base="b", branch="main")


@pytest.mark.parametrize(
    ("found", "facts", "action"),
    [
        (None, Facts(), "nothing"),
        (Pending(None, Stage.BEGUN), Facts(), "forget"),
        (Pending(INTENT, Stage.BEGUN), Facts({"a.yaml": "other"}), "forget"),
        (Pending(INTENT, Stage.BUILT, "c"), Facts({"a.yaml": "old"}), "forget"),
        (Pending(INTENT, Stage.PUSHING, "c"), Facts({"a.yaml": "old"}, landed=False), "forget"),
        (Pending(INTENT, Stage.PUSHING, "c"), Facts({"a.yaml": "old"}, landed=None), "blocked"),
        (Pending(INTENT, Stage.PUSHING, "c"), Facts({"a.yaml": "old"}, landed=True), "finish"),
        (Pending(INTENT, Stage.REPLACING), Facts({"a.yaml": "old"}), "finish"),
        (Pending(INTENT, Stage.REPLACING), Facts({"a.yaml": "new"}), "finish"),
        (Pending(INTENT, Stage.REPLACING), Facts({"a.yaml": "other"}), "blocked"),
        (Pending(INTENT, Stage.REPLACING), Facts({}), "blocked"),
        (Pending(INTENT, Stage.REPLACING), Facts({"a.yaml": "new"}, foreign=True), "blocked"),
    ],
)
def test_the_decision(found: Pending | None, facts: Facts, action: str) -> None:
    assert plan_recovery(found, facts).action == action


@pytest.mark.parametrize(
    ("push", "head", "digest", "expected"),
    [
        (None, Head.BASE, "old", ("undo", "none")),
        (None, Head.BASE, "new", ("undo", "none")),
        (None, Head.COMMIT, "new", ("finish", "index")),
        (None, Head.CONTAINS, "new", ("finish", "none")),
        (None, Head.ELSEWHERE, "new", ("undo", "none")),
        ("main", Head.BASE, "old", ("finish", "move")),
        (None, Head.OTHER_BRANCH, "new", ("blocked", "none")),
        ("main", Head.ELSEWHERE, "new", ("finish", "none")),
        ("main", Head.ELSEWHERE, "old", ("forget", "none")),
    ],
)
def test_what_is_left_to_do_in_git(
    push: str | None, head: Head, digest: str, expected: tuple[str, str]
) -> None:
    intent = replace(INTENT, commit=True, push=push)
    plan = plan_recovery(
        Pending(intent, Stage.REPLACING, "c"), Facts({"a.yaml": digest}, head=head)
    )
    assert (plan.action, plan.adoption) == expected
