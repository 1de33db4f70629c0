"""What agreed before stays closed, and no result tells whether it did."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.mirror.agreed import Agreed
from plana_secrets.mirror.apply import apply_mirror
from plana_secrets.mirror.backend import Listing
from plana_secrets.mirror.drift import Choices, Wanted
from plana_secrets.mirror.guards import check_claims, check_descent, check_extent, check_owner
from plana_secrets.mirror.state import MirrorState
from tests.mirror.closing import Repository, Server, add_stranger
from tests.mirror.places import MemoryHand
from tests.mirror.steps import Kept, make_item

FILES = ["a.yaml", "b.yaml", "c.yaml"]
PATHS = ["one", "two.x"]
PLAIN = Choices()

Step = Callable[[Repository, Server], None]
World = tuple[Repository, Server]

files, paths = st.sampled_from(FILES), st.sampled_from(PATHS)
texts = st.sampled_from(["x", "y", "by hand"])
choices = st.builds(
    Choices, prune=st.booleans(), overwrite_edits=st.booleans(), restamp=st.booleans()
)


def hand(make: Callable[[MemoryHand], None]) -> Step:
    """What cannot be done to an item that is not there is not done."""

    def step(_repository: Repository, server: Server) -> None:
        with contextlib.suppress(AssertionError, KeyError):
            make(MemoryHand(server.store))

    return step


def change(make: Callable[[Repository, Server], object]) -> Step:
    def step(repository: Repository, server: Server) -> None:
        make(repository, server)

    return step


def rename(repository: Repository, file: str, name: str, *, told: bool) -> None:
    if file in repository.files and name not in repository.files:
        repository.files[name] = repository.files.pop(file)
        if told:
            repository.renamed[name] = file


def alter(server: Server, file: str, **changes: object) -> None:
    for key, item in server.store.items.items():
        if item.record and item.record.file == file:
            facts: dict[str, Any] = changes
            server.store.items[key] = replace(item, **facts)


def set_back(server: Server, file: str) -> None:
    """An older ciphertext of the item, as a server could bring it back."""
    item = make_item(file, {"one": "older"}, collection="prod", repository="r-ours")
    alter(server, file, record=item.record, fields={"one": item.fields[0].shown}, revision="1")


IN_FILES = st.one_of(
    st.builds(
        lambda file, values: change(lambda repo, _: repo.files.update({file: values})),
        files,
        st.none() | st.dictionaries(paths, texts, max_size=2),
    ),
    st.builds(lambda file: change(lambda repo, _: repo.files.pop(file, None)), files),
    st.builds(
        lambda file, name, told: change(lambda repo, _: rename(repo, file, name, told=told)),
        files,
        files,
        st.booleans(),
    ),
    st.builds(
        lambda file, place: change(lambda repo, _: repo.places.update({file: place})),
        files,
        st.sampled_from(["prod", "dev"]),
    ),
    st.builds(
        lambda file, title: change(lambda repo, _: repo.titles.update({file: title})), files, texts
    ),
    st.builds(
        lambda file: change(lambda repo, _: repo.excluded.symmetric_difference_update({file})),
        files,
    ),
    st.builds(
        lambda commit: change(lambda repo, _: setattr(repo, "commit", commit)),
        st.sampled_from(["a" * 40, "b" * 40, None]),
    ),
    st.builds(
        lambda owner: change(lambda repo, _: setattr(repo, "owner", owner)),
        st.sampled_from(["r-ours", "r-ours", "r-other"]),
    ),
)
ON_SERVER = st.one_of(
    st.builds(lambda file, path, text: hand(lambda by: by.set_field(file, path, text)), files, paths, texts),
    st.builds(lambda file: hand(lambda by: by.add_field(file, "pin", "1")), files),
    st.builds(lambda file, path: hand(lambda by: by.remove_field(file, path)), files, paths),
    st.builds(lambda file, text: hand(lambda by: by.set_note(file, text)), files, texts),
    st.builds(lambda file, text: hand(lambda by: by.set_title(file, text)), files, texts),
    st.builds(lambda file: hand(lambda by: by.clone(file)), files),
    st.builds(lambda file: hand(lambda by: by.trash(file)), files),
    st.builds(lambda file: hand(lambda by: by.retype(file)), files),
    st.builds(lambda file: hand(lambda by: by.move(file)), files),
    st.builds(lambda file: hand(lambda by: by.delete(file)), files),
    st.builds(lambda title: hand(lambda by: by.add_foreign(title)), texts),
    st.builds(lambda file: change(lambda _, server: set_back(server, file)), files),
    st.builds(
        lambda file: change(lambda _, server: alter(server, file, problems=frozenset(["attached"]))),
        files,
    ),
    st.builds(
        lambda file: change(lambda _, server: alter(server, file, is_held=True, revision="9")), files
    ),
    st.builds(lambda file: change(lambda _, server: alter(server, file, record=None)), files),
    st.builds(
        lambda number, commit: change(lambda _, server: add_stranger(server, number, commit)),
        st.integers(1, 2),
        st.sampled_from(["c" * 40, None]),
    ),
    st.builds(
        lambda context: change(lambda _, server: setattr(server, "context", context)),
        st.sampled_from(["an account", "another"]),
    ),
    st.builds(
        lambda unseen: change(lambda _, server: setattr(server, "unseen", unseen)),
        st.sampled_from([{}, {}, {"dev": "not seen"}]),
    ),
)  # fmt: skip
SYNC = st.builds(lambda chosen: chosen, choices)


class History:
    """Commits of other repositories are not of ours; the ones of ours, all but one, are."""

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return self.contains_all(descendant, [ancestor])

    def contains_all(self, descendant: str, ancestors: Any) -> bool:
        del descendant
        return not {"b" * 40, "c" * 40} & set(ancestors)

    def branch(self) -> str | None:
        return None

    remote = branch

    def resolve(self, revision: str) -> str | None:
        return revision


def facts(repository: Repository, state: MirrorState) -> list[object]:
    """All that a command says or does by what it saw."""
    source, listing, plan = state.source, state.listing, state.plan
    head = source.head
    withdrawn = source.withdrawn & {file for file, _ in listing.origins()}

    def said(guard: Callable[[], None]) -> object:
        try:
            guard()
        except PlanaSecretsError as error:
            return error.kind, error.message, error.facts
        return None

    return [
        plan,
        (source.count, [one.file for one in source.unknown], withdrawn),
        (listing.count, listing.foreign, listing.unseen),
        said(lambda: check_descent(History(), head, listing)),
        said(
            lambda: check_owner(
                History(), head, listing, owner=repository.owner, forked_from=["r-theirs-1"]
            )
        ),
        said(lambda: check_claims(History(), head, plan)),
        said(lambda: check_extent(plan, state.wanted, listing)),
    ]


def kept(agreed: Agreed | None) -> Agreed | None:
    """As the next run reads it."""
    return None if agreed is None else msgspec.json.decode(msgspec.json.encode(agreed), type=Agreed)


def run(
    repository: Repository,
    server: Server,
    chosen: Choices,
    agreed: Agreed | None,
    meanwhile: Step | None,
) -> tuple[list[object], Agreed | None]:
    """A sync; what it saw, did and saw then. ``meanwhile``: something happens before its last look."""
    look, _, backend = repository.look(server, chosen, agreed)
    state, keep = look.take(), Kept()
    seen = facts(repository, state)

    def again(wanted: Wanted, written: Sequence[str]) -> tuple[Wanted, Listing]:
        if meanwhile is not None:
            meanwhile(repository, server)
        wanted, listing = look.again(wanted, written)
        seen.append((listing.count, listing.foreign))
        return wanted, listing

    plan = state.plan
    try:
        done = apply_mirror(backend, state.wanted, state.plan, chosen, keep=keep, look=again)
        seen += [done.created, done.updated, done.deleted, done.kept, done.after, done.left]
        plan = done.after
    except PlanaSecretsError as error:
        seen.append((error.kind, error.message))
        return [*seen, keep, server.store.items], None
    return [*seen, keep, server.store.items], kept(look.agree(plan, repository.keyed))


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


ALONE: dict[str, Step] = {
    "nothing": change(lambda _repo, _server: None),
    "another title": change(lambda repo, _: repo.titles.update({"a.yaml": "y"})),
    "another place": change(lambda repo, _: repo.places.update({"a.yaml": "dev"})),
    "another value": change(lambda repo, _: repo.files.update({"a.yaml": {"one": "y"}})),
    "no identity": change(lambda repo, _: repo.files.update({"a.yaml": None})),
    "no file": change(lambda repo, _: repo.files.pop("a.yaml")),
    "another name": change(lambda repo, _: rename(repo, "a.yaml", "d.yaml", told=True)),
    "another name, untold": change(lambda repo, _: rename(repo, "a.yaml", "d.yaml", told=False)),
    "excluded": change(lambda repo, _: repo.excluded.add("a.yaml")),
    "a commit": change(lambda repo, _: setattr(repo, "commit", "b" * 40)),
    "the work tree": change(lambda repo, _: setattr(repo, "commit", None)),
    "another id": change(lambda repo, _: setattr(repo, "owner", "r-other")),
    "no id": change(lambda repo, _: setattr(repo, "owner", None)),
    "another account": change(lambda _, server: setattr(server, "context", "another")),
    "an unseen place": change(lambda _, server: setattr(server, "unseen", {"prod": "not seen"})),
    "a value by hand": hand(lambda by: by.set_field("a.yaml", "one", "by hand")),
    "a note": hand(lambda by: by.set_note("a.yaml", "by hand")),
    "a title": hand(lambda by: by.set_title("a.yaml", "by hand")),
    "a copy": hand(lambda by: by.clone("a.yaml")),
    "the trash": hand(lambda by: by.trash("a.yaml")),
    "a type": hand(lambda by: by.retype("a.yaml")),
    "a move": hand(lambda by: by.move("a.yaml")),
    "a deletion": hand(lambda by: by.delete("a.yaml")),
    "an older item": change(lambda _, server: set_back(server, "a.yaml")),
    "an attachment": change(
        lambda _, server: alter(server, "a.yaml", problems=frozenset(["attached"]))
    ),
    "no record": change(lambda _, server: alter(server, "a.yaml", record=None)),
    "a foreign item": hand(lambda by: by.add_foreign("mail")),
    "another repository": change(lambda _, server: add_stranger(server, 2, "a" * 40)),
}


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
