"""A revoked value is known in whatever holds it, also while a merge has undone its move."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import pytest

from plana_secrets.rotation.keyset import Key, Keyset, Status
from plana_secrets.rotation.material import encode_base64url
from plana_secrets.rotation.revoked import RevokedValues
from plana_secrets.secret import Secret
from tests.merging.teams import put, use_driver
from tests.rotation.fleet import MANIFEST, PORTAL, PROVIDER
from tests.secretfiles.conftest import make_workspace
from tests.world import World

NAME = "shop/portal"
LIVE, RETIRED, GONE = (encode_base64url(bytes([number]) * 32).encode() for number in range(3))


class Known(RevokedValues):
    """Of keysets that are given, with one destroyed value."""

    def __init__(self, *keysets: Keyset) -> None:
        workspace: Any = SimpleNamespace(
            settings=SimpleNamespace(keysets="keysets"), repository=SimpleNamespace()
        )
        super().__init__(workspace, [one.name for one in keysets], print)
        self._given = keysets

    def _keysets(self) -> Iterator[Keyset]:
        return iter(self._given)

    @cached_property
    def _history(self) -> Any:
        return SimpleNamespace(is_destroyed=lambda value: value.reveal() == GONE)


def keyset(name: str, *keys: tuple[Status, bytes]) -> Keyset:
    made = (
        Key(f"k{place}", status, None, Secret(value)) for place, (status, value) in enumerate(keys)
    )
    return Keyset(name, "api-key", 1, "r" + "0" * 16, tuple(made))


ONE = keyset("one", (Status.ACTIVE, LIVE), (Status.DISABLED, RETIRED))


@pytest.mark.parametrize("value", [RETIRED, GONE], ids=["disabled", "destroyed"])
def test_a_revoked_value_is_known_whole_inside_and_encoded(value: bytes) -> None:
    revoked = Known(ONE)
    for text in (
        value,
        b"https://x/?k=" + value,
        b'["' + value + b'"]',
        base64.b64encode(b"k=" + value),
    ):
        assert revoked(Secret(text)), text
    for text in (LIVE, value[:-1], b"", base64.b64encode(LIVE)):
        assert not revoked(Secret(text)), text


def test_a_value_that_another_keyset_has_in_use_is_not_revoked() -> None:
    assert not Known(ONE, keyset("two", (Status.ACTIVE, RETIRED)))(Secret(RETIRED))
    assert Known(ONE, keyset("two", (Status.DISABLED, RETIRED)))(Secret(RETIRED))
    again = keyset("one", (Status.ACTIVE, RETIRED))
    assert Known(ONE, again)(Secret(RETIRED)), "before and after a move that a merge undid"


def test_without_keysets_nothing_is_revoked() -> None:
    assert not Known()(Secret(GONE))


SETTINGS = f"""\
[keysets."{NAME}"]
kind = "api-key"
accepted = ["{PROVIDER}#stringData.API_KEYS_ACCEPTED"]
callers = ["{PORTAL}#stringData.API_KEY"]
rollout = "0s"
drain = "0s"
"""


def accepted(world: World) -> str:
    shown = world.sops("decrypt", "--output-type", "json", PROVIDER).stdout
    return str(json.loads(shown)["stringData"]["API_KEYS_ACCEPTED"])


@pytest.mark.long
def test_a_list_with_a_revoked_key_comes_back_by_no_merge(world: World) -> None:
    use_driver(world)
    for file in (PROVIDER, PORTAL):
        world.encrypt(file, MANIFEST.format(name=file.rpartition("/")[2].split(".")[0]))
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.commit("files")
    assert world.run("rotate", "init", NAME, "--fresh", "--commit").status == 0
    before = accepted(world)
    for _ in ("publish", "promote", "retire"):
        assert world.run("rotate", "run", NAME, "--commit").status == 0
    retired = world.git("rev-parse", "HEAD").strip()

    def is_revoked(text: str) -> bool:
        def warn(words: str) -> None:
            raise AssertionError(words)

        revoked = RevokedValues(make_workspace(world), [NAME], warn)
        return revoked(Secret.from_text(text))

    (key,) = json.loads(before)
    texts = (
        key["value"],
        before,
        f"https://shop/?key={key['value']}",
        base64.b64encode(before.encode()).decode(),
    )
    assert [is_revoked(text) for text in texts] == [True] * 4
    assert not is_revoked(accepted(world))
    put(world, "stringData.LOG", "on", PROVIDER)
    world.commit("between")
    assert world.command("git", "revert", "--no-edit", retired, check=False).status == 1
    assert "would be a key again that a rotation revoked" in world.run("resolve").stderr
    assert world.run("resolve", "--all", "--theirs").status == 2
    assert world.run("resolve", "--all", "--ours").status == 0
    assert key["value"] not in accepted(world)
