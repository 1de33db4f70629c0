"""The local mirror as a file: its form, its privacy, and what hands may do to it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pyrage
import pytest

from plana_secrets.age.identities import Identities
from plana_secrets.errors import ConflictError, CredentialError, MalformedError, UsageError
from plana_secrets.locks import locked
from plana_secrets.mirror.backends.local.backend import LocalBackend
from plana_secrets.mirror.itemerrors import ItemChangedError
from tests.mirror.places import LocalPlace
from tests.mirror.steps import kinds, look, make_item, sync

A = "infra/secrets/prod/a.yaml"


@pytest.fixture
def place(tmp_path: Path) -> LocalPlace:
    return LocalPlace(tmp_path)


def item(value: str = "s3cr3t"):
    return make_item(A, {"x": value})


def test_age_gives_an_export_as_bitwarden_imports_it(place: LocalPlace) -> None:
    sync(place.open(), [item()])
    content = place.read()
    assert set(content) == {"encrypted", "folders", "items"}
    assert content["encrypted"] is False
    (folder,) = content["folders"]
    assert folder["name"] == "infra/secrets/prod"
    (note,) = content["items"]
    assert (note["type"], note["secureNote"], note["folderId"]) == (2, {"type": 0}, folder["id"])
    assert note["fields"][0] == {"name": "x", "value": "s3cr3t", "type": 1, "linkedId": None}
    assert all(field["type"] == 1 for field in note["fields"])


def test_the_file_is_private_and_encrypted(place: LocalPlace) -> None:
    sync(place.open(), [item()])
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o600
    assert b"s3cr3t" not in place.path.read_bytes()


def test_a_run_that_changes_nothing_does_not_write(place: LocalPlace) -> None:
    sync(place.open(), [item()])
    before = place.path.read_bytes()
    sync(place.open(), [item()])
    assert place.path.read_bytes() == before


def test_another_identity_cannot_read_it_and_nothing_is_overwritten(place: LocalPlace) -> None:
    sync(place.open(), [item()])
    before = place.path.read_bytes()
    other = LocalPlace(place.path.parent)
    with pytest.raises(CredentialError) as error:
        sync(other.open(), [item("new")])
    assert error.value.kind == "no-identity-fits"
    assert place.path.read_bytes() == before


def test_without_an_identity_nothing_is_written(place: LocalPlace) -> None:
    backend = place.open(identities=Identities())
    with pytest.raises(CredentialError) as error:
        backend.create_items([item()])
    assert error.value.kind == "no-identity"
    assert not place.path.exists()


def test_a_mirror_that_we_could_not_read_back_is_not_written(place: LocalPlace) -> None:
    stranger = str(pyrage.x25519.Identity.generate().to_public())
    backend = LocalBackend(
        place.path, place.path.parent / "lock", (stranger,), lambda: place.identities
    )
    with pytest.raises(UsageError) as error:
        backend.create_items([item()])
    assert error.value.kind == "mirror-not-readable"
    assert not place.path.exists()


@pytest.mark.parametrize("name", ["create", "update", "delete"])
def test_what_is_saved_while_we_write_is_not_lost(place: LocalPlace, name: str) -> None:
    """By age, which takes no lock: here once the file was read, and is about to be opened."""
    sync(place.open(), [item()])
    (listed,) = place.open().list_items().items
    saved = place.read() | {"items": []}
    asked = 0

    def find_identities() -> Identities:
        nonlocal asked
        asked += 1
        if asked == 2:
            place.write(saved)
        return place.identities

    backend = LocalBackend(place.path, place.path.parent / "lock", (), find_identities)
    actions = {
        "create": lambda: backend.create_items([item("new")]),
        "update": lambda: backend.update_item(listed, item("new")),
        "delete": lambda: backend.delete_items([listed]),
    }
    with pytest.raises(ItemChangedError):
        actions[name]()
    assert (asked, place.read()) == (2, saved)


def test_every_recipient_reads_it(place: LocalPlace) -> None:
    other = pyrage.x25519.Identity.generate()
    recipients = (str(place.identity.to_public()), str(other.to_public()))
    backend = LocalBackend(
        place.path, place.path.parent / "lock", recipients, lambda: place.identities
    )
    sync(backend, [item()])
    assert json.loads(pyrage.decrypt(place.path.read_bytes(), [other]))["items"]


@pytest.mark.parametrize(
    "content",
    [[], "text", {"encrypted": True, "items": []}, {"items": {}}, {"items": [1]}, {"folders": 1}],
    ids=range(6),
)
def test_what_is_no_export_is_refused_and_left_alone(place: LocalPlace, content: object) -> None:
    place.write(content)
    before = place.path.read_bytes()
    with pytest.raises(MalformedError) as error:
        sync(place.open(), [item()])
    assert error.value.kind == "malformed-mirror"
    assert place.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused_and_left_alone(place: LocalPlace, content: bytes) -> None:
    before = pyrage.encrypt(content, [place.identity.to_public()], armored=True)
    place.path.write_bytes(before)
    with pytest.raises(MalformedError) as error:
        sync(place.open(), [item()])
    assert error.value.kind == "malformed-mirror"
    assert place.path.read_bytes() == before


def test_an_item_outside_of_every_folder_has_moved(place: LocalPlace) -> None:
    sync(place.open(), [item()])
    place.hand.change(A, lambda entry: entry.update(folderId=None))
    content = place.read()
    content["folders"].append({"name": "infra/secrets/prod"})
    place.write(content)
    assert kinds(look(place.open(), [item()])) == [("moved", A, ())]
    assert sync(place.open(), [item()]).after.drift == ()


def test_files_of_one_folder_share_it(place: LocalPlace) -> None:
    other = make_item("infra/secrets/prod/b.yaml", {"x": "1"})
    sync(place.open(), [item()])
    sync(place.open(), [item("new"), other])
    content = place.read()
    assert [one["name"] for one in content["folders"]] == ["infra/secrets/prod"]
    assert {one["folderId"] for one in content["items"]} == {content["folders"][0]["id"]}
    elsewhere = make_item("infra/secrets/dev/c.yaml", {"x": "1"})
    assert sync(place.open(), [item("new"), other, elsewhere]).after.drift == ()
    assert len(place.read()["folders"]) == 2


def test_careless_hands_make_drift_not_errors(place: LocalPlace) -> None:
    sync(place.open(), [item()])

    def careless(entry: dict) -> None:
        entry["fields"][0]["value"] = 4711
        entry["fields"].append("odd")
        entry["fields"].append({"name": None, "value": None})
        entry["notes"] = None
        del entry["id"]

    place.hand.change(A, careless)
    assert kinds(look(place.open(), [item()])) == [("hand-edited", A, (".note", "x", ""))]


def test_a_broken_record_is_undecryptable_and_the_item_stays(place: LocalPlace) -> None:
    sync(place.open(), [item()])

    def damage(entry: dict) -> None:
        entry["fields"][-1]["value"] = "{"

    place.hand.change(A, damage)
    applied = sync(place.open(), [item()])
    assert [one[0] for one in kinds(applied.after)] == ["undecryptable"]
    assert applied.created == 1
    assert len(place.read()["items"]) == 2


def test_old_values_do_not_pile_up_in_the_history(place: LocalPlace) -> None:
    sync(place.open(), [item()])
    history = [{"password": "x: old", "lastUsedDate": "2026-11-23T10:00:00.000Z"}]
    place.hand.change(A, lambda entry: entry.update(passwordHistory=history))
    sync(place.open(), [item("new")])
    assert place.read()["items"][0]["passwordHistory"] is None


def test_unknown_parts_of_the_export_survive(place: LocalPlace) -> None:
    place.write({"encrypted": False, "items": [], "collections": [{"id": "c"}], "later": 1})
    sync(place.open(), [item()])
    content = place.read()
    assert (content["collections"], content["later"]) == ([{"id": "c"}], 1)


def test_two_runs_do_not_write_at_once(place: LocalPlace, tmp_path: Path) -> None:
    sync(place.open(), [item()])
    with (
        locked(tmp_path / "state" / "lock", command="another"),
        pytest.raises(ConflictError) as error,
    ):
        sync(place.open(), [item("new")])
    assert error.value.kind == "locked"
