"""A revoked value is known in whatever holds it, also while a merge has undone its move."""

from __future__ import annotations

import base64
import json

import pytest

from plana_secrets.rotation.revoked import RevokedValues
from plana_secrets.secret import Secret
from tests.merging.teams import put, use_driver
from tests.rotation.fleet import MANIFEST, PORTAL, PROVIDER
from tests.secretfiles.conftest import make_workspace
from tests.world import World

NAME = "shop/portal"
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
