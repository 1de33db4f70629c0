"""Where a run lands, by branch, remote and delivery alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.rotation.landing import Delivery, Landing
from tests.rotation.examples import COMMIT, PUSH, START

PROPOSE = Delivery(propose="rotation/")


@dataclass
class Checkout:
    """``line``: commits, the oldest first; ``tips``: the remote's branches."""

    on: str | None = "main"
    at: str | None = "b"
    remote_name: str | None = "origin"
    remotes: bool = True
    line: str = "abc"
    tips: dict[str, str] = field(default_factory=lambda: {"main": "b"})
    asked: list[str] = field(default_factory=list)

    def branch(self) -> str | None:
        return self.on

    def head(self) -> str | None:
        return self.at

    def remote(self) -> str | None:
        return self.remote_name

    def has_remote(self) -> bool:
        return self.remotes

    def fetch(self, *, branch: str) -> str | None:
        self.asked.append(branch)
        return self.tips.get(branch)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return ancestor in self.line[: self.line.index(descendant) + 1]


def landing(
    delivery: Delivery, deployed: str | None = "main", **facts: Any
) -> tuple[Landing, Checkout]:
    checkout = Checkout(**facts)
    repository: Any = checkout
    return Landing(repository, deployed, delivery), checkout


LOCAL = {"remote_name": None, "remotes": False}


@pytest.mark.parametrize(
    ("delivery", "deployed", "facts", "lands", "dates_itself", "branch"),
    [
        (PUSH, "main", {}, True, False, "main"),
        (COMMIT, "main", {}, False, False, "main"),
        (Delivery(), "main", {}, False, False, "main"),
        (COMMIT, "main", LOCAL, True, True, "main"),
        (Delivery(), "main", LOCAL, False, False, "main"),
        (COMMIT, "main", {"remote_name": None}, False, False, "main"),
        (PUSH, "main", {"on": "topic"}, False, False, "topic"),
        (COMMIT, "main", LOCAL | {"on": "topic"}, False, False, "topic"),
        (PUSH, None, {}, False, False, "main"),
        (PUSH, "main", {"on": None}, True, False, "main"),
        (COMMIT, "main", LOCAL | {"on": None}, False, False, None),
        (PROPOSE, "main", {}, False, False, "main"),
    ],
)  # fmt: skip
def test_a_move_lands_on_the_deployed_branch_and_dates_itself_only_without_a_remote(
    delivery: Delivery,
    deployed: str | None,
    facts: dict[str, Any],
    lands: bool,
    dates_itself: bool,
    branch: str | None,
) -> None:
    found, _ = landing(delivery, deployed, **facts)
    assert (found.lands, found.dates_itself, found.branch) == (lands, dates_itself, branch)
    assert found.pushes is delivery.push
    assert found.deployed == deployed


@pytest.mark.parametrize(
    ("delivery", "facts", "head", "tip", "lease"),
    [
        (PUSH, {}, "b", "b", "b"),
        (PUSH, {"at": "c"}, "c", "b", "b"),
        (PUSH, {"tips": {}}, "b", None, ""),
        (PUSH, {"on": "topic", "tips": {"topic": "a"}}, "b", None, "a"),
        (PUSH, {"on": None}, "b", "b", "b"),
        (PUSH, {"at": None, "tips": {}}, None, None, ""),
        (COMMIT, {}, "b", None, None),
        (COMMIT, LOCAL, "b", "b", None),
        (Delivery(), LOCAL, "b", None, None),
        (PROPOSE, {}, "b", "b", None),
    ],
)  # fmt: skip
def test_what_is_deployed_is_looked_at_before_anything_is_decided(
    delivery: Delivery, facts: dict[str, Any], head: str | None, tip: str | None, lease: str | None
) -> None:
    found, checkout = landing(delivery, **facts)
    found.look()
    assert (found.head, found.tip, found.lease) == (head, tip, lease)
    assert bool(checkout.asked) is (delivery.push or delivery.propose is not None)


@pytest.mark.parametrize(
    ("delivery", "deployed", "facts", "kind"),
    [
        (PUSH, "main", {"at": "a"}, "behind-remote"),
        (PUSH, "main", {"on": None, "at": "c"}, "not-deployed"),
        (PROPOSE, "main", {"at": "a"}, "behind-remote"),
        (PROPOSE, "main", {"at": "c"}, "unpushed-work"),
        (PROPOSE, "main", {"tips": {}}, "not-deployed-yet"),
        (PROPOSE, "main", {"at": None}, "not-deployed-yet"),
        (PROPOSE, None, {}, "no-branch"),
    ],
)
def test_another_state_than_the_deployed_one_is_refused(
    delivery: Delivery, deployed: str | None, facts: dict[str, Any], kind: str
) -> None:
    found, _ = landing(delivery, deployed, **facts)
    with pytest.raises(PlanaSecretsError) as caught:
        found.look()
    assert (caught.value.kind, caught.value.retry) == (kind, False)


def test_the_tip_that_others_have_is_asked_for_where_a_run_lands_elsewhere() -> None:
    for facts, known in (
        ({}, "b"),
        ({"on": "topic", "tips": {"main": "a"}}, "a"),
        ({"on": "topic", "tips": {"topic": "b", "main": "a"}}, "b"),
    ):
        found, _ = landing(PUSH, **facts)
        found.look()
        assert found.known_tip() == known
    nowhere, checkout = landing(PUSH, None, tips={})
    nowhere.look()
    assert nowhere.known_tip() is None
    assert checkout.asked == ["main"]


def test_only_a_commit_that_was_seen_to_arrive_moves_the_tip() -> None:
    pushed, _ = landing(PUSH)
    pushed.look()
    pushed.move("c", arrived=False)
    assert (pushed.head, pushed.tip, pushed.lease) == ("c", "b", "b")
    pushed.move("c", arrived=True)
    assert (pushed.head, pushed.tip, pushed.lease) == ("c", "c", "c")
    local, _ = landing(COMMIT, **LOCAL)
    local.look()
    local.move("c", arrived=False)
    assert (local.head, local.tip) == ("c", "c")
    elsewhere, _ = landing(COMMIT)
    elsewhere.look()
    elsewhere.move("c", arrived=False)
    assert (elsewhere.head, elsewhere.tip) == ("c", None)


def test_a_commit_says_when_it_was_deployed_only_if_it_was_quick_and_not_pushed() -> None:
    local, _ = landing(COMMIT, **LOCAL)
    pushed, _ = landing(PUSH)
    second = timedelta(seconds=1)
    assert local.is_dated(START, START + 5 * second)
    assert not local.is_dated(START, START + 6 * second)
    assert not pushed.is_dated(START, START)
