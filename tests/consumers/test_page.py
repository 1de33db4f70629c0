"""The settings of docs/consume.md write what the reference consumers read."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.consumers.projects import CONSUMERS, ROOT
from tests.world import World

SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: {name}\nstringData: {{}}\n"
(SETTINGS,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", (ROOT / "docs" / "consume.md").read_text())


def _files() -> set[str]:
    """The keys of the Secret ``shop``."""
    return set(re.findall(r'prod/shop\.secret\.yaml#stringData\["(.*?)"\]', SETTINGS))


@pytest.mark.parametrize("name", ["python/app.py", "node/app.js"])
def test_the_examples_read_the_files_of_the_settings(name: str) -> None:
    mounted = r'(?:MOUNT / |join\(KEYS, )["\'](.*?)["\']'
    assert set(re.findall(mounted, (CONSUMERS / name).read_text())) == _files()


@pytest.mark.long
def test_the_settings_fill_every_file(world: World) -> None:
    for name in ("shop", "portal", "pulse-data"):
        world.encrypt(f"infra/secrets/prod/{name}.secret.yaml", SECRET.format(name=name))
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.commit()
    for name in tomllib.loads(SETTINGS)["keysets"]:
        world.run("rotate", "init", name, "--fresh", "--commit")
    for file in _files():
        place = "infra/secrets/prod/shop.secret.yaml"
        assert world.run("get", place, f'stringData["{file}"]').stdout.strip()
    assert world.run("verify", "--level", "L3").status == 0
