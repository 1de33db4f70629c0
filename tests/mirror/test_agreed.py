"""What agreed before stays closed, and no result tells whether it did."""

from __future__ import annotations

import contextlib
import copy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.mirror.agreed import Agreed
from plana_secrets.mirror.drift import Choices
from plana_secrets.mirror.guards import check_extent
from tests.mirror.changes import (
    ALONE,
    IN_FILES,
    ON_SERVER,
    PLAIN,
    choices,
    facts,
    kept,
    run,
)
from tests.mirror.closing import Repository, Server, add_stranger
from tests.mirror.places import MemoryHand


@given(data=st.data())
def test_no_result_depends_on_what_agreed_before(data: st.DataObject) -> None:
    """Whatever changes in between, and however old the memory is."""
    repository, server = (
        Repository(files={"a.yaml": {"one": "x"}, "b.yaml": {"one": "y"}}),
        Server(),
    )
    memories: list[Agreed | None] = [None]
    for _ in range(data.draw(st.integers(1, 4))):
        for step in data.draw(st.lists(IN_FILES | ON_SERVER, max_size=3)):
            step(repository, server)
        agreed = data.draw(st.sampled_from(memories[::-1]))
        chosen = data.draw(st.just(PLAIN) | choices)
        meanwhile = data.draw(st.none() | ON_SERVER)
        plain = copy.deepcopy(repository), replace(copy.deepcopy(server), at_once=0)
        expected, _ = run(*plain, chosen, None, meanwhile)
        found, known = run(repository, server, chosen, agreed, meanwhile)
        assert found == expected
        if known is not None:
            memories.append(known)


def test_only_what_changed_is_opened() -> None:
    repository, server = Repository(), Server()
    repository.files = {f"{number}.yaml": {"one": str(number)} for number in range(9)}
    add_stranger(server, 1, None)
    MemoryHand(server.store).add_foreign("mail")
    _, agreed = run(repository, server, PLAIN, None, None)
    look, files, backend = repository.look(server, PLAIN, agreed)
    assert look.take().in_sync
    assert (files.opened, backend.opened) == ([], [])
    assert kept(look.agree(look.take().plan, repository.keyed)) == agreed

    repository.files["3.yaml"] = {"one": "new"}
    MemoryHand(server.store).set_field("5.yaml", "one", "by hand")
    look, files, backend = repository.look(server, PLAIN, agreed)
    look.take()
    assert files.opened == ["3.yaml", "5.yaml"]
    assert len(backend.opened) == 2


@pytest.mark.parametrize("name", sorted(ALONE))
@pytest.mark.parametrize("commit", ["commit", "worktree", "elsewhere"])
def test_no_result_depends_on_it_after_one_change(name: str, commit: str) -> None:
    for chosen in (PLAIN, Choices(restamp=True), Choices(prune=True, overwrite_edits=True)):
        repository, server = Repository(), Server()
        repository.files = {"a.yaml": {"one": "x"}, "b.yaml": {"one": "y"}, "c.yaml": {"one": "z"}}
        repository.commit = {"commit": "a" * 40, "worktree": None, "elsewhere": "b" * 40}[commit]
        add_stranger(server, 1, "a" * 40)
        _, agreed = run(repository, server, PLAIN, None, None)
        assert agreed is not None
        assert len(agreed.files) == len(repository.files)
        ALONE[name](repository, server)
        for back in (False, True):  # and with the commit of the first run again
            repository.commit = "a" * 40 if back else repository.commit
            plain = copy.deepcopy(repository), replace(copy.deepcopy(server), at_once=0)
            expected, _ = run(*plain, chosen, None, None)
            found, agreed = run(repository, server, chosen, agreed, None)
            assert found == expected


@pytest.mark.parametrize("name", sorted(ALONE))
def test_what_is_only_looked_at_is_seen_again(name: str) -> None:
    repository, server = Repository(), Server()
    repository.files = {"a.yaml": {"one": "x"}, "b.yaml": {"one": "y"}, "c.yaml": {"one": "z"}}
    _, agreed = run(repository, server, PLAIN, None, None)
    ALONE[name](repository, server)

    def look() -> list[object]:
        nonlocal agreed
        look, _, _ = repository.look(server, PLAIN, agreed)
        state = look.take()
        agreed = kept(look.agree(state.plan, repository.keyed)) or agreed
        return facts(repository, state)

    assert look() == look()
    with contextlib.suppress(AssertionError):
        MemoryHand(server.store).delete("a.yaml")
    assert look() == facts(repository, repository.look(server, PLAIN, None)[0].take())


def test_what_is_to_be_written_again_without_drift_does_not_agree() -> None:
    """An item of an earlier release names no repository."""
    repository, server = Repository(files={"a.yaml": {"one": "x"}}, owner=None), Server()
    run(repository, server, PLAIN, None, None)
    repository.owner = "r-ours"
    look, _, _ = repository.look(server, PLAIN, None)
    assert look.take().in_sync
    again, _, _ = repository.look(
        server, PLAIN, kept(look.agree(look.take().plan, repository.keyed))
    )
    assert len(again.take().plan.update) == 1


def test_a_place_that_is_not_seen_is_not_seen_the_next_time() -> None:
    repository, server = Repository(files={"a.yaml": {"one": "x"}}, places={}), Server()
    run(repository, server, PLAIN, None, None)
    repository.files["b.yaml"], repository.places["b.yaml"] = {"one": "y"}, "dev"
    server.unseen = {"dev": "not seen"}
    expected, agreed = run(repository, server, PLAIN, None, None)
    assert run(repository, server, PLAIN, agreed, None)[0] == expected


def test_a_place_that_only_the_last_look_sees_stays_unknown_in_this_run() -> None:
    repository, server = Repository(places={"a.yaml": "dev"}), Server()
    repository.files = {"a.yaml": {"one": "x"}, "b.yaml": {"one": "y"}}
    _, agreed = run(repository, server, PLAIN, None, None)
    server.unseen = {"dev": "not seen"}
    plain = copy.deepcopy(repository), replace(copy.deepcopy(server), at_once=0)
    expected, _ = run(*plain, PLAIN, None, lambda _, server: setattr(server, "unseen", {}))
    found, _ = run(
        repository, server, PLAIN, agreed, lambda _, server: setattr(server, "unseen", {})
    )
    assert found == expected


def test_few_deletions_of_many_items_need_no_consent() -> None:
    repository, server = Repository(), Server()
    repository.files = {f"{number}.yaml": {"one": str(number)} for number in range(80)}
    _, agreed = run(repository, server, PLAIN, None, None)
    for number in range(6):
        del repository.files[f"{number}.yaml"]
    look, _, _ = repository.look(server, Choices(prune=True), agreed)
    state = look.take()
    assert len(state.plan.removed) == 6
    check_extent(state.plan, state.wanted, state.listing)
