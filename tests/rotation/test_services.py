"""Real services beside a rotation: PyJWT and Fastify with @fastify/jwt read what is rendered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.rotation.apply import run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from tests.rotation.examples import COMMIT, JWT, KEYSET_JSON
from tests.rotation.fleet import ACCOUNT, Fleet
from tests.services.node import NodeService, node_service

RAW_PLACE = f"{ACCOUNT}#stringData.JWT_SECRET"
RAW_SECRET = "the raw secret that all services read today"


def claims(subject: str) -> dict[str, object]:
    now = datetime.now(UTC)
    return {"sub": subject, "iat": now, "exp": now + timedelta(minutes=15)}


@dataclass
class PythonService:
    """A service as documented: PyJWT over the keyset file, read anew for every token."""

    file: Path

    @property
    def keyset(self) -> dict:
        return json.loads(self.file.read_text())

    def _key(self, kid: str | None) -> jwt.PyJWK | None:
        keyset = self.keyset
        legacy = keyset["legacy"]
        if kid is None and legacy:
            ended = legacy["until"] and datetime.fromisoformat(legacy["until"]) <= datetime.now(UTC)
            kid = None if ended else legacy["kid"]
        keys = jwt.PyJWKSet.from_dict(keyset).keys
        return next((key for key in keys if key.key_id == kid), None)

    def sign(self) -> str:
        kid = self.keyset["active"]
        return jwt.encode(claims("python"), self._key(kid).key, "HS256", headers={"kid": kid})

    def accepts(self, token: str) -> bool:
        key = self._key(jwt.get_unverified_header(token).get("kid"))
        if key is None:
            return False
        try:
            jwt.decode(
                token, key, algorithms=["HS256"], leeway=60, options={"require": ["exp", "iat"]}
            )
        except jwt.InvalidTokenError:
            return False
        return True


@dataclass
class RawPythonService:
    """A service not yet migrated: one secret, no kid."""

    secret: str

    def sign(self) -> str:
        return jwt.encode(claims("raw"), self.secret, "HS256")

    def accepts(self, token: str) -> bool:
        try:
            jwt.decode(token, self.secret, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            return False
        return True


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """The file that the kubelet would put into the pods."""
    return tmp_path / "jwt-access.json"


@pytest.fixture
def node(mounted: Path) -> Iterator[NodeService]:
    with node_service("keyset", mounted) as service:
        yield service


def roll_out(fleet: Fleet, mounted: Path) -> None:
    mounted.write_text(fleet.value(KEYSET_JSON))


@pytest.mark.long
def test_tokens_live_through_a_rotation_in_both_languages(
    fleet: Fleet, mounted: Path, node: NodeService
) -> None:
    """A token of either service, under either kid, is accepted by both until its key is retired."""
    python = PythonService(mounted)
    init_keyset(fleet.rotation(), JWT.name, Source(fresh=True), delivery=COMMIT)
    roll_out(fleet, mounted)
    old = [python.sign(), node.sign()]

    run_move(fleet.rotation(), JWT.name, delivery=COMMIT)
    roll_out(fleet, mounted)
    assert [one.accepts(token) for one in (python, node) for token in old] == [True] * 4

    fleet.pass_time(minutes=31)
    run_move(fleet.rotation(), JWT.name, delivery=COMMIT)
    roll_out(fleet, mounted)
    new = [python.sign(), node.sign()]
    assert [one.accepts(token) for one in (python, node) for token in old + new] == [True] * 8
    assert jwt.get_unverified_header(old[0])["kid"] != jwt.get_unverified_header(new[0])["kid"]

    fleet.pass_time(minutes=47)
    run_move(fleet.rotation(), JWT.name, delivery=COMMIT)
    roll_out(fleet, mounted)
    assert [one.accepts(token) for one in (python, node) for token in old] == [False] * 4
    assert [one.accepts(token) for one in (python, node) for token in new] == [True] * 4


def adopt(fleet: Fleet) -> None:
    world = fleet.world
    world.sops("set", ACCOUNT, '["stringData"]["JWT_SECRET"]', json.dumps(RAW_SECRET))
    world.commit("the secret of today")
    source = Source(adopted=parse_reference(RAW_PLACE))
    init_keyset(fleet.rotation(), JWT.name, source, delivery=COMMIT)


@pytest.mark.long
def test_services_move_over_one_by_one(fleet: Fleet, mounted: Path, node: NodeService) -> None:
    """Through init --adopt, a raw service and a migrated one accept each other's tokens."""
    before = RawPythonService(RAW_SECRET).sign()
    adopt(fleet)
    raw = RawPythonService(fleet.value(RAW_PLACE))
    assert raw.secret == RAW_SECRET
    roll_out(fleet, mounted)
    python = PythonService(mounted)
    raw_file = mounted.with_name("raw")
    raw_file.write_text(raw.secret)
    with node_service("raw", raw_file) as raw_node:
        services = [python, node, raw, raw_node]
        tokens = [before, *(one.sign() for one in services)]
        assert [one.accepts(token) for one in services for token in tokens] == [True] * 20


@pytest.mark.long
def test_tokens_without_kid_end_when_the_adopted_secret_does(
    fleet: Fleet, mounted: Path, node: NodeService
) -> None:
    adopt(fleet)
    raw = RawPythonService(RAW_SECRET)
    python = PythonService(mounted)
    fleet.now = datetime.now(UTC)  # the services know no other clock
    fleet.world.sops("unset", ACCOUNT, '["stringData"]["JWT_SECRET"]')
    fleet.world.commit("every service reads the keyset")
    for _ in range(2):
        fleet.pass_time(minutes=31)
        run_move(fleet.rotation(), JWT.name, delivery=COMMIT)
    roll_out(fleet, mounted)
    assert python.keyset["legacy"]["until"] is not None
    assert [one.accepts(raw.sign()) for one in (python, node)] == [True, True]

    ended = python.keyset | {"legacy": {"kid": "legacy", "until": "2020-01-01T00:00:00Z"}}
    mounted.write_text(json.dumps(ended))
    assert [one.accepts(raw.sign()) for one in (python, node)] == [False, False]

    fleet.pass_time(minutes=47)
    run_move(fleet.rotation(), JWT.name, delivery=COMMIT)
    roll_out(fleet, mounted)
    assert python.keyset["legacy"] is None
    assert [one.accepts(raw.sign()) for one in (python, node)] == [False, False]
