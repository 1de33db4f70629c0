"""What people do while items are deleted for good: on the fake and on a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.mirror.itemerrors import ItemsRefusedError
from tests.fakes.people import Company
from tests.fakes.vaultwarden import Fault, Relay
from tests.fakes.vaultwarden.wire import Answer, Request
from tests.mirror.steps import PRUNE, kinds, make_item, sync
from tests.mirror.vaultwarden.place import VaultwardenPlace

FILES = [f"infra/secrets/prod/{number}.yaml" for number in range(4)]
ITEMS = [make_item(file, {"a": "1"}, collection="prod") for file in FILES]
KEPT, EDITED = FILES[0], FILES[2]
NIGHT = "typed at night"
TRASH, DELETE = "PUT /api/ciphers/delete", "POST /api/ciphers/delete"


class DeletionContract:
    """The program reaches the server of ``company`` by ``relay``, people without it."""

    @pytest.fixture
    def place(self, relay: Relay, company: Company, tmp_path: Path) -> VaultwardenPlace:
        place = VaultwardenPlace(company, tmp_path, url=relay.url)
        place.hand.clear()
        sync(place.open(), ITEMS)
        return place

    def test_what_is_saved_just_before_it_would_go_is_taken_out_of_the_trash(
        self, relay: Relay, place: VaultwardenPlace
    ) -> None:
        once(relay, TRASH, lambda: place.hand.set_field(EDITED, "a", NIGHT))
        applied = sync(place.open(), ITEMS[:1], PRUNE)
        assert applied.deleted == 2
        assert kinds(applied.after) == [("extra", EDITED, ()), ("hand-edited", EDITED, ("a",))]
        assert files_of(place) == {KEPT: None, EDITED: None}
        assert dict(place.hand.fields(place.hand.find(EDITED)))["a"] == NIGHT

    def test_what_is_moved_just_before_it_would_go_is_taken_out_of_the_trash(
        self, relay: Relay, place: VaultwardenPlace
    ) -> None:
        once(relay, TRASH, lambda: place.hand.put_into(EDITED, ["dev"]))
        assert list(sync(place.open(), ITEMS[:1], PRUNE).failed) == [EDITED]
        assert files_of(place) == {KEPT: None, EDITED: None}

    def test_once_it_is_in_the_trash_a_client_that_has_not_seen_it_saves_nothing(
        self, relay: Relay, place: VaultwardenPlace
    ) -> None:
        """It says so to the person, who still has what they typed."""
        cipher = place.hand.find(EDITED)
        changed = cipher | {"lastKnownRevisionDate": "2020-01-01T00:00:00.000000Z"}
        answers = list[int]()

        def save() -> None:
            path = f"/api/ciphers/{cipher['id']}"
            answers.append(place.company.owner.raw("PUT", path, changed).status)

        once(relay, DELETE, save)
        assert sync(place.open(), ITEMS[:1], PRUNE).deleted == 3
        assert answers == [400]

    @pytest.mark.parametrize("returns", [True, False], ids=["returns", "goes"])
    def test_a_run_that_dies_between_leaves_what_the_next_one_finds(
        self, relay: Relay, place: VaultwardenPlace, returns: bool
    ) -> None:
        """``returns``: the files are there again."""
        backend = place.open()
        listed = backend.list_items().items
        extra = [one for one in listed if one.record and one.record.file != KEPT]
        relay.before = lambda request: (
            Fault() if f"{request.method} {request.path}" == DELETE else None
        )
        with pytest.raises(ItemsRefusedError):
            backend.delete_items(extra)
        relay.before = lambda _: None
        assert all(files_of(place)[file] for file in FILES[1:])
        applied = sync(place.open(), ITEMS[:1])
        assert [one.kind.value for one in applied.left] == ["extra"] * 3
        if returns:
            assert sync(place.open(), ITEMS).after.drift == ()
            assert files_of(place) == dict.fromkeys(FILES)
        else:
            assert sync(place.open(), ITEMS[:1], PRUNE).deleted == 3
            assert files_of(place) == {KEPT: None}

    def test_what_cannot_be_taken_out_of_the_trash_is_named_and_stays(
        self, relay: Relay, place: VaultwardenPlace
    ) -> None:
        def before(request: Request) -> Fault | None:
            if request.path == "/api/ciphers/delete" and request.method == "PUT":
                place.hand.set_field(EDITED, "a", NIGHT)
            refuses = request.path.endswith("/restore")
            return Fault(answer=Answer(400, b"{}")) if refuses else None

        relay.before = before
        applied = sync(place.open(), ITEMS[:1], PRUNE)
        assert applied.deleted == 2
        assert kinds(applied.after) == [("extra", EDITED, ()), ("hand-edited", EDITED, ("a",))]
        assert files_of(place)[EDITED] is not None
        assert dict(place.hand.fields(place.hand.find(EDITED)))["a"] == NIGHT
        again = sync(place.open(), ITEMS[:1], PRUNE)
        assert [one.kind.value for one in again.left] == ["extra", "hand-edited"]


def once(relay: Relay, request_line: str, act: Callable[[], None]) -> None:
    """Act when the first such request comes, before the server sees it."""
    is_done = False

    def before(request: Request) -> None:
        nonlocal is_done
        if not is_done and f"{request.method} {request.path}" == request_line:
            is_done = True
            act()

    relay.before = before


def files_of(place: VaultwardenPlace) -> dict[str | None, str | None]:
    """The date on which each file's item went into the trash."""
    return {place.hand.file_of(one): one["deletedDate"] for one in place.hand.every()}
