"""``login``, ``mirror init`` and ``logout`` at a terminal, with a real keyring of the system."""

from __future__ import annotations

import pytest

from tests.mirror.bitwarden_sm.place import BitwardenPlace
from tests.mirror.bitwarden_sm.test_commands import Shop
from tests.mirror.desk import Desk
from tests.world import World


@pytest.fixture
def shop(world: World, place: BitwardenPlace) -> Shop:
    shop = Shop(world, place)
    shop.credentials.unlink()
    shop.add("a.yaml", "x: y\n")
    world.commit()
    return shop


@pytest.mark.long
def test_a_person_logs_in_with_an_access_token_and_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(shop, monkeypatch)
    token = shop.place.token.reveal_text()
    refused = desk.login(answers=[("access token", token.replace(":", "x:"))])
    assert (refused.status, "not valid" in refused.screen) == (4, True), refused.screen
    done = desk.login(answers=[("access token", f" {token} ")])
    assert done.status == 0, done.screen
    assert token not in done.screen
    assert not done.echoed["access token"]
    status, said = desk.run("mirror", "sync")
    assert (status, "1 created" in said) == (0, True), said
    assert desk.run("logout")[0] == 0
    status, said = desk.run("mirror", "status")
    assert (status, "no access token" in said) == (4, True), said


@pytest.mark.long
def test_init_asks_for_the_token_and_keeps_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(shop, monkeypatch)
    server = shop.place.server
    (shop.world.repo / "plana-secrets.toml").unlink()
    done = desk.login(
        command=(
            *("mirror", "init", "bitwarden-sm", "--organization", server.store.organization),
            *("--api-url", server.api_url, "--identity-url", server.identity_url),
            *("--ca-file", "ca.pem", "--project", "infra/secrets/**=prod"),
        ),
        answers=[("access token", shop.place.token.reveal_text())],
    )
    assert done.status == 0, done.screen
    shop.world.commit()
    status, said = desk.run("mirror", "sync")
    assert (status, "1 created" in said) == (0, True), said


def test_options_of_other_servers_are_refused(shop: Shop) -> None:
    for argv in (["--email", "a@example.com"], ["--api-key"]):
        done = shop.world.run("login", *argv)
        assert (done.status, "takes an access token only" in done.stderr) == (2, True)
