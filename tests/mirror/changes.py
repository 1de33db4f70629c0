"""What can change between two runs, and all that a run says and does; see ``closing``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
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
