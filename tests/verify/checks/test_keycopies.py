"""Values of keysets where no rotation reaches them: in any spelling, live or destroyed."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.rotation.apply import confirm_adopted, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move, Status
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.verify.run import Demand, verify_files
from tests.rotation.conftest import fleet
from tests.rotation.examples import API, CALLER, COMMIT, FRESH, JWT, KEYSET_JSON, places
from tests.rotation.fleet import ACCOUNT, PORTAL, PROVIDER, Fleet
from tests.verify.inprocess import NO_IDENTITY, workspace_of

__all__ = ["fleet"]

pytestmark = pytest.mark.long

RAW = f"{ACCOUNT}#stringData.JWT_SECRET"
OTHER = "infra/secrets/prod/other.yaml"


def copies(
    fleet: Fleet, identities: object = None, files: tuple[str, ...] | None = None
) -> list[tuple[str, str, str | None, str]]:
    """Check, file, path, severity of what is found, but for notes of the examples."""
    report = verify_files(
        work_tree(workspace_of(fleet.world, identities)),
        Demand(keysets=tuple(fleet.policies), files=files),
        now=fleet.now,
    )
    return [
        (one.check, one.file or "", one.path, str(one.severity))
        for one in report.findings
        if one.check in {"key-copied", "destroyed-copy"}
    ]


def put(fleet: Fleet, reference: str, value: str) -> None:
    file, _, path = reference.partition("#")
    part, _, key = path.partition(".")
    fleet.world.sops("set", file, f'["{part}"]["{key}"]', json.dumps(value))


def make(fleet: Fleet, name: str, *moves: Move) -> None:
    for move in moves:
        run_move(fleet.rotation(), name, move, delivery=COMMIT)
        fleet.pass_time(days=9)


@pytest.fixture
def both(fleet: Fleet) -> Fleet:
    for policy in (API, JWT):
        init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    return fleet


@pytest.mark.long
def test_targets_and_keyset_files_are_no_copies(both: Fleet) -> None:
    for moves in ((Move.PUBLISH, Move.PROMOTE), (Move.RETIRE, Move.DESTROY)):
        for policy in (API, JWT):
            make(both, policy.name, *moves)
        assert copies(both) == []
    both.change(API, callers=())  # reader-removed names it
    assert copies(both) == []


def test_a_copy_is_named_in_any_spelling(both: Fleet) -> None:
    key, keyset = both.value(CALLER), both.value(KEYSET_JSON)
    secret = json.loads(keyset)["keys"][0]["k"]
    raw = base64.urlsafe_b64decode(secret + "==")
    put(both, f"{PROVIDER}#stringData.COPY", key)
    put(both, f"{PROVIDER}#stringData.IN_TEXT", f"X-API-Key: {key}; x")
    put(both, f"{PORTAL}#stringData.KEYSET", keyset)
    both.world.sops("set", PORTAL, '["data"]', json.dumps({"RAW": base64.b64encode(raw).decode()}))
    both.world.encrypt(
        OTHER, f"# was {key}\na: x\nlist:\n    - {base64.b64encode(key.encode()).decode()}\n"
    )
    assert copies(both) == [
        ("key-copied", OTHER, None, "warning"),
        ("key-copied", OTHER, "list[0]", "warning"),
        ("key-copied", PROVIDER, "stringData.COPY", "warning"),
        ("key-copied", PROVIDER, "stringData.IN_TEXT", "warning"),
        ("key-copied", PORTAL, "stringData.KEYSET", "warning"),
        ("key-copied", PORTAL, "data.RAW", "warning"),
    ]
    assert copies(both, NO_IDENTITY) == []
    assert [one[1] for one in copies(both, files=(OTHER,))] == [OTHER, OTHER]
    readme = "infra/secrets/README.md"
    (both.world.repo / readme).write_text(f"The key is {key}.\n")
    assert ("key-copied", readme, None, "error") in copies(both)


@pytest.mark.long
def test_a_destroyed_value_is_an_error_wherever_it_is(fleet: Fleet) -> None:
    fleet.policies = (API,)
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    make(fleet, API.name, Move.PUBLISH)
    standby = fleet.keyset(API).first(Status.STANDBY)
    assert standby is not None
    assert standby.value is not None
    put(fleet, f"{ACCOUNT}#stringData.COPY", f"key={standby.value.reveal_text()}")
    fleet.world.commit("a copy")
    assert [one[0] for one in copies(fleet)] == ["key-copied"]
    make(fleet, API.name, Move.ABORT)
    error = ("destroyed-copy", ACCOUNT, "stringData.COPY", "error")
    assert copies(fleet) == [error]


@pytest.mark.long
def test_an_adopted_value_is_a_note_then_a_warning_then_an_error(fleet: Fleet) -> None:
    put(fleet, RAW, "the secret of today")
    fleet.world.commit("today")
    init_keyset(fleet.rotation(), JWT.name, Source(parse_reference(RAW)), delivery=COMMIT)
    fleet.policies = (JWT,)
    place = (ACCOUNT, "stringData.JWT_SECRET")
    assert copies(fleet) == [("key-copied", *place, "note")]
    make(fleet, JWT.name, Move.PUBLISH)
    confirm_adopted(fleet.rotation(), JWT.name, delivery=COMMIT)
    for move in (Move.PROMOTE, Move.RETIRE, Move.DESTROY):
        assert copies(fleet) == [("key-copied", *place, "warning")]
        make(fleet, JWT.name, move)
    assert copies(fleet) == [("destroyed-copy", *place, "error")]
    fleet.world.sops("unset", ACCOUNT, '["stringData"]["JWT_SECRET"]')
    assert copies(fleet) == []


def test_one_secret_that_two_keysets_adopted_is_no_copy(fleet: Fleet) -> None:
    refresh = replace(
        JWT, name="pulse-account/jwt-refresh", targets=places(f"{ACCOUNT}#stringData.REFRESH")
    )
    fleet.policies = (JWT, refresh)
    put(fleet, RAW, "the secret of today")
    fleet.world.commit("today")
    for policy in fleet.policies:
        init_keyset(fleet.rotation(), policy.name, Source(parse_reference(RAW)), delivery=COMMIT)
    assert {one[2:] for one in copies(fleet)} == {("stringData.JWT_SECRET", "note")}


def test_a_short_value_counts_as_a_whole_only(fleet: Fleet) -> None:
    put(fleet, f"{PORTAL}#stringData.KEY", "prod")
    fleet.world.commit("today")
    source = Source(parse_reference(f"{PORTAL}#stringData.KEY"))
    init_keyset(fleet.rotation(), API.name, source, delivery=COMMIT)
    put(fleet, f"{ACCOUNT}#stringData.URL", "https://prod.example.com")
    put(fleet, f"{ACCOUNT}#stringData.COPY", "prod")
    found = [one for one in copies(fleet) if one[3] == "warning"]
    assert found == [("key-copied", ACCOUNT, "stringData.COPY", "warning")]
