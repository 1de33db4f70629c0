"""What each command prints with ``--json``: held to its documented shape by ``World.run``."""

from __future__ import annotations

import json

import pyrage
import pytest

from tests.shapes import shapes
from tests.world import World

EVE = str(pyrage.x25519.Identity.generate().to_public())
FILE = "infra/secrets/prod/a.yaml"
SETTINGS = f"""\
[mirror]
backend = "local"
[mirror.local]
path = "mirror.age"
[keysets.a]
kind = "api-key"
accepted = ["{FILE}#accepted"]
external_callers = ["acme"]
"""

ELSEWHERE = {
    "error": "tests/cli",
    "login": "tests/mirror/vaultwarden",
    "logout": "tests/mirror/vaultwarden",
    "mirror-adopt": "tests/cli/commands/mirror/test_adopt.py",
    "mirror-init": "tests/mirror/vaultwarden",
    "mirror-audit": "tests/mirror/vaultwarden",
    "rotate-redate": "tests/cli/commands/rotate",
    "repair": "tests/cli/commands",
    "resolve": "tests/cli/commands/resolve/test_resolve.py",
    "offboard": "tests/offboarding",
    "recipients-replace": "tests/cli/commands/recipients/test_replace.py",
}
"""Schemas whose command needs a server, a wrong clock, a broken file or a past."""

STEPS = (
    ["identity", "new", "--output", "HOME/own.txt"],
    ["identity", "show"],
    ["identity", "export", "--output", "HOME/copy.age", "--passphrase-stdin"],
    ["identity", "import", "HOME/own.txt", "--output", "HOME/again.txt"],
    ["init", "--yes"],
    ["ls"],
    ["ls", FILE],
    ["show", FILE],
    ["get", FILE, "first"],
    ["set", FILE, "first", "--stdin"],
    ["unset", FILE, "second"],
    ["edit", FILE],
    ["new", "infra/secrets/prod/b.yaml"],
    ["encrypt", "infra/secrets/prod/plain.yaml"],
    ["import", "HOME/values.env", "infra/secrets/prod/b.yaml"],
    ["mv", "infra/secrets/prod/b.yaml", "infra/secrets/prod/moved.yaml"],
    ["export", FILE, "--format", "json", "--output", "HOME/out.json"],
    ["export", FILE, "--format", "json"],
    ["diff"],
    ["status"],
    ["recover"],
    ["doctor"],
    ["explain", "no-rule"],
    ["verify"],
    ["verify", "--propose-accepts"],
    ["recipients", "apply"],
    ["recipients", "add", "eve", EVE, "--rule", "all"],
    ["recipients", "remove", "eve"],
    ["recipients", "list"],
    ["recipients", "list", "--files"],
    ["recipients", "request", "zoe", "--output", "HOME/zoe.txt"],
    ["hook", "install"],
    ["hook", "uninstall"],
    ["COMMIT"],
    ["find", "--stdin"],
    ["log", FILE],
    ["rotate", "init", "a", "--fresh", "--commit"],
    ["rotate", "list"],
    ["rotate", "plan", "a"],
    ["rotate", "run", "a", "--dry-run"],
    ["rotate", "run", "a", "--commit"],
    ["rotate", "confirm", "a", "--commit"],
    ["mirror", "status"],
    ["mirror", "sync", "--dry-run"],
    ["mirror", "sync"],
    ["mirror", "diff"],
    ["mirror", "restore", "--to", "restored"],
)


@pytest.fixture
def written(world: World) -> World:
    world.encrypt(FILE, "first: x\nsecond: y\n")
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    (world.repo / "infra/secrets/prod/plain.yaml").write_text("a: b\n")
    (world.home / "values.env").write_text("A=b\n")
    return world


@pytest.mark.long  # in the everyday suite the other tests run these commands, one by one
def test_every_command_prints_one_object_of_its_shape(written: World) -> None:
    seen = set()
    for argv in STEPS:
        if argv == ["COMMIT"]:
            written.commit()
            continue
        words = [one.replace("HOME", str(written.home)) for one in argv]
        done = written.run(*words, "--json", stdin=b"pass\n", env={"EDITOR": "true"})
        assert done.status == 0, (argv, done)
        seen.add(json.loads(done.stdout)["schema"].split("/")[1])
    assert seen | set(ELSEWHERE) == {name.split("/")[1] for name in shapes()}
