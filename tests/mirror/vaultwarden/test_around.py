"""What people change around the values, on the fake server; keys in their newer places."""

from __future__ import annotations

import json

from plana_secrets.mirror.backends.vaultwarden.models import Sync, read_answer
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.fakes.vaultwarden.wire import Request
from tests.mirror.steps import sync
from tests.mirror.vaultwarden.around import AroundContract, item
from tests.mirror.vaultwarden.place import VaultwardenPlace


class TestFakeServer(AroundContract):
    """As on a real server."""


def test_keys_are_found_in_their_newer_places(place: VaultwardenPlace) -> None:
    content = place.company.service.sync()
    profile = content["profile"]
    unlock = content["userDecryption"]["masterPasswordUnlock"]
    key, private = profile.pop("key"), profile.pop("privateKey")
    profile["accountKeys"] = {"publicKeyEncryptionKeyPair": {"wrappedPrivateKey": private}}
    for name in ("masterKeyWrappedUserKey", "masterKeyEncryptedUserKey"):
        unlock.pop("masterKeyWrappedUserKey", None)
        found = read_answer(json.dumps(content).encode(), Sync, "the items")
        assert found.wrapped_user_key is None
        unlock[name] = key
        found = read_answer(json.dumps(content).encode(), Sync, "the items")
        assert (found.wrapped_user_key, found.wrapped_private_key) == (key, private)
        del unlock[name]


def test_an_item_says_for_which_account_it_was_encrypted(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    seen: list[str] = []

    def look(request: Request) -> None:
        if request.path == "/api/ciphers/create":
            seen.append(request.json()["cipher"]["encryptedFor"])

    server.after = look
    sync(place.open(), [item()])
    assert seen == [place.company.service.id]
