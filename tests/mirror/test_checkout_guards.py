"""Whether a checkout may write to the mirror, and how much it may take away."""

from __future__ import annotations

import pytest

from plana_secrets.errors import ConflictError, UsageError
from plana_secrets.mirror.backend import ActualItem, Listing
from plana_secrets.mirror.drift import Choices, Wanted
from plana_secrets.mirror.guards import check_branch, check_descent, check_extent
from plana_secrets.mirror.plan import plan_mirror
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import COMMIT, LATER, PLAIN, PRUNE, look, sync
from tests.mirror.twofiles import A, B, item


def test_a_rewritten_history_is_accepted_once_and_for_all(place: MemoryPlace) -> None:
    sync(place.open(), [item(A), item(B)])
    rewritten = [item(A, commit=LATER), item(B, commit=LATER)]
    graph = Graph([LATER], {}, "main")
    with pytest.raises(ConflictError):
        check_descent(graph, LATER, place.open().list_items())
    assert sync(place.open(), rewritten, Choices(restamp=True)).updated == 2
    check_descent(graph, LATER, place.open().list_items())
    assert look(place.open(), rewritten, Choices(restamp=True)).is_empty


class Graph:
    """A line of commits with a branch beside it."""

    def __init__(self, line: list[str], tips: dict[str, str], current: str | None) -> None:
        self.line, self.tips, self.current = line, tips, current

    def branch(self) -> str | None:
        return self.current

    def remote(self) -> str | None:
        return "origin"

    def resolve(self, revision: str) -> str | None:
        return self.tips.get(revision)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        line = self.line
        assert isinstance(ancestor, str)
        assert isinstance(descendant, str)
        return (
            ancestor in line
            and descendant in line
            and line.index(ancestor) <= line.index(descendant)
        )

    def contains_all(self, descendant: str, ancestors: list[str]) -> bool:
        return all(self.is_ancestor(one, descendant) for one in ancestors)


def test_head_must_contain_the_commits_of_the_items(place: MemoryPlace) -> None:
    graph = Graph([COMMIT, LATER], {}, "main")
    sync(place.open(), [item(A), item(B, commit=LATER)])
    listing = place.open().list_items()
    check_descent(graph, LATER, listing)
    for head in (COMMIT, None):
        with pytest.raises(ConflictError) as error:
            check_descent(graph, head, listing)
        assert error.value.kind == "older-than-mirror"


def test_items_without_a_commit_bind_nobody(place: MemoryPlace) -> None:
    sync(place.open(), [item(A, commit=None)])
    check_descent(Graph([], {}, None), None, place.open().list_items())


@pytest.mark.parametrize("current", ["topic", None])
def test_head_must_be_on_the_mirrored_branch(current: str | None) -> None:
    with pytest.raises(ConflictError) as error:
        check_branch(Graph([COMMIT, LATER], {"refs/heads/main": COMMIT}, current), LATER, "main")
    assert error.value.kind == "not-on-branch"


def test_without_a_branch_to_mirror_any_will_do() -> None:
    for current in ("topic", None):
        check_branch(Graph([COMMIT], {}, current), COMMIT, None)


def test_a_branch_that_holds_only_an_older_commit_will_not_do() -> None:
    tips = {"refs/heads/main": COMMIT, "refs/remotes/origin/main": COMMIT}
    for head in (LATER, None):
        with pytest.raises(ConflictError):
            check_branch(Graph([COMMIT, LATER], tips, "topic"), head, "main")


def test_a_record_with_something_else_than_a_commit_stops_the_run(place: MemoryPlace) -> None:
    """Nobody asks git about it: what a server says there is no revision."""
    for strange in ("HEAD", "a" * 39, "a" * 41, "A" * 40, "--all"):
        listing = Listing((replace_commit(place, strange),))
        with pytest.raises(ConflictError) as error:
            check_descent(Graph([strange, LATER], {}, "main"), LATER, listing)
        assert error.value.facts["commit"] == "an unreadable commit"
    long = "c" * 64
    check_descent(Graph([long, LATER], {}, "main"), LATER, Listing((replace_commit(place, long),)))


def replace_commit(place: MemoryPlace, commit: str) -> ActualItem:
    place.store.items.clear()
    sync(place.open(), [item(A, commit=commit)])
    return place.open().list_items().items[0]


@pytest.mark.parametrize("place_of_tip", ["refs/heads/main", "refs/remotes/origin/main"])
def test_a_detached_head_that_the_branch_contains_will_do(place_of_tip: str) -> None:
    check_branch(Graph([COMMIT, LATER], {place_of_tip: LATER}, None), COMMIT, "main")


def test_no_file_at_all_needs_consent() -> None:
    plan = plan_mirror(Wanted(()), Listing(()), PLAIN)
    with pytest.raises(UsageError) as error:
        check_extent(plan, Wanted(()), Listing(()))
    assert error.value.kind == "needs-confirm"


def test_files_of_which_nothing_is_known_are_files() -> None:
    wanted = Wanted((), unknown={A: "no identity fits"})
    check_extent(plan_mirror(wanted, Listing(()), PRUNE), wanted, Listing(()))


@pytest.mark.parametrize(
    ("total", "gone", "stopped"),
    [(6, 5, False), (7, 6, True), (60, 6, False), (59, 6, True), (100, 11, True)],
)
def test_many_deletions_need_consent(
    place: MemoryPlace, total: int, gone: int, stopped: bool
) -> None:
    every = [item(f"infra/secrets/{number}.yaml") for number in range(total)]
    sync(place.open(), every)
    wanted = Wanted(tuple(every[gone:]))
    listing = place.open().list_items()
    plan = plan_mirror(wanted, listing, PRUNE)
    if stopped:
        with pytest.raises(UsageError):
            check_extent(plan, wanted, listing)
    else:
        check_extent(plan, wanted, listing)
    check_extent(plan_mirror(wanted, listing, PLAIN), wanted, listing)


def test_a_file_counts_once_however_many_items_it_has(place: MemoryPlace) -> None:
    every = [item(A), *(item(f"infra/secrets/{number}.yaml") for number in range(6))]
    sync(place.open(), every)
    for _ in range(60):
        place.hand.clone(A)
    listing = place.open().list_items()
    without = Wanted(tuple(every[1:]))
    check_extent(plan_mirror(without, listing, PRUNE), without, listing)
    rest = Wanted((every[0],))
    with pytest.raises(UsageError, match="the items of 6 of 7 files"):
        check_extent(plan_mirror(rest, listing, PRUNE), rest, listing)
