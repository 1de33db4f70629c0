"""Whose items a sync may touch: what commits and ids say of other repositories. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from plana_secrets.errors import ConflictError
from plana_secrets.mirror.backend import ActualItem, Known, Listing
from plana_secrets.mirror.drift import Wanted
from plana_secrets.mirror.guards import check_claims, check_owner
from plana_secrets.mirror.plan import plan_mirror
from tests.fakes.memory import MemoryBackend, MemoryStore
from tests.mirror.steps import COMMIT, LATER, PLAIN, PRUNE, make_item

HEAD, ELSEWHERE = "c" * 40, "d" * 40


@dataclass
class Past:
    """HEAD with the commits that it contains. ``asked``: the commits that were asked for."""

    commits: tuple[str, ...] = (COMMIT, LATER)

    def __post_init__(self) -> None:
        self.asked: list[str] = []

    def branch(self) -> str | None:
        raise AssertionError

    def remote(self) -> str | None:
        raise AssertionError

    def resolve(self, revision: str) -> str | None:
        raise AssertionError

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        assert descendant == HEAD
        self.asked.append(ancestor)
        return ancestor in self.commits

    def contains_all(self, descendant: str, ancestors: Sequence[str]) -> bool:
        return all(self.is_ancestor(one, descendant) for one in ancestors)


def item(repository: str | None, commit: str | None, file: str = "a.yaml") -> ActualItem:
    store = MemoryStore()
    MemoryBackend(store).create_items(
        [make_item(file, {"a": "b"}, commit=commit, repository=repository)]
    )
    (found,) = store.items.values()
    return replace(found, id=f"{repository} {commit}")


def others(*whose: tuple[str | None, str | None]) -> Listing:
    return Listing((), foreign=len(whose), others=tuple(item(*one) for one in whose))


def owner_is(listing: Listing, owner: str | None = "r-1", **options: Any) -> str | None:
    """The kind of the error, or None."""
    options = {"history": Past(), "head": HEAD, "forked_from": ()} | options
    kind = None
    try:
        check_owner(listing=listing, owner=owner, **options)
    except ConflictError as error:
        kind = error.kind
    return kind


def test_items_of_this_history_under_another_id_stop_a_sync() -> None:
    mine = others(("r-2", COMMIT))
    assert owner_is(mine) == "another-repository"
    assert owner_is(mine, None) == "another-repository"
    assert owner_is(others(("r-2", ELSEWHERE), ("r-2", LATER))) == "another-repository"
    assert owner_is(others(("r-2", ELSEWHERE), ("r-3", LATER))) == "another-repository"
    closed = Listing((), foreign=1, known={"x": Known("0", commit=COMMIT, repository="r-2")})
    assert owner_is(closed) == "another-repository"


def test_items_of_another_history_or_of_what_this_was_forked_from_do_not() -> None:
    assert owner_is(others(("r-2", ELSEWHERE))) is None
    assert owner_is(others(("r-2", COMMIT)), forked_from=("r-2",)) is None
    assert (
        owner_is(others(("r-2", COMMIT), ("r-3", COMMIT)), forked_from=("r-2",))
        == "another-repository"
    )
    assert owner_is(others(("r-2", COMMIT)), head=None) is None
    assert owner_is(Listing(()), None) is None


def test_without_an_id_no_item_may_name_one() -> None:
    assert owner_is(others(("r-2", ELSEWHERE)), None) == "unnamed-repository"
    assert owner_is(others(("r-2", None)), None) == "unnamed-repository"
    assert owner_is(others(("r-2", ELSEWHERE)), None, forked_from=("r-2",)) is None


def test_what_is_no_commit_is_not_asked_for_and_not_more_than_a_few_are() -> None:
    past = Past()
    strange = ("--all", "e" * 39, "e" * 41, "E" * 40, None)
    assert owner_is(others(*(("r-2", one) for one in strange)), history=past) is None
    assert past.asked == []
    many = others(*(("r-2", f"{number:040x}") for number in range(60)))
    assert owner_is(many, history=past) is None
    assert len(past.asked) == 50
    assert owner_is(others(("r-2", "e" * 64)), history=Past(("e" * 64,))) == "another-repository"


@pytest.mark.parametrize(
    ("repository", "commit", "head", "is_claimed"),
    [
        (None, COMMIT, HEAD, True),
        (None, ELSEWHERE, HEAD, False),
        (None, COMMIT, None, False),
        (None, None, HEAD, True),
        ("r-1", ELSEWHERE, HEAD, True),
        ("r-1", COMMIT, None, True),
    ],
)
def test_an_item_that_names_no_repository_is_deleted_only_by_its_own_history(
    repository: str | None, commit: str | None, head: str | None, is_claimed: bool
) -> None:
    ours = item("r-1", COMMIT, "first.yaml")
    plan = plan_mirror(Wanted(()), Listing((ours, item(repository, commit))), PRUNE)
    assert len(plan.delete) == 2
    if is_claimed:
        check_claims(Past(), head, plan)
        return
    with pytest.raises(ConflictError) as caught:
        check_claims(Past(), head, plan)
    assert (caught.value.kind, caught.value.facts["file"]) == ("unclaimed", "a.yaml")


def test_what_stays_needs_no_claim() -> None:
    plan = plan_mirror(Wanted(()), Listing((item(None, ELSEWHERE),)), PLAIN)
    assert not plan.delete
    check_claims(Past(), HEAD, plan)
