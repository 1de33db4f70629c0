"""``-q``: a command that does something, or judges, is silent where all went well."""

from __future__ import annotations

import json

import pytest

from tests.world import World

FILE = "infra/secrets/dev/a.yaml"
SETTINGS = """\
[mirror]
backend = "local"
[mirror.local]
path = "mirror.age"
[keysets.a]
kind = "jwt-hs256"
targets = ["infra/secrets/dev/a.yaml#keys"]
"""


@pytest.fixture
def written(world: World) -> World:
    world.encrypt(FILE, "first: x\nsecond: y\n")
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.commit()
    return world


@pytest.mark.long
def test_what_went_well_is_silent(written: World) -> None:
    """In their order, as a job may run them."""
    (written.repo / "infra/secrets/dev/plain.yaml").write_text("a: b\n")
    (written.folder / "values.env").write_text("A=b\n")
    for argv in (
        ["verify", FILE],
        ["doctor"],
        ["set", FILE, "first", "--stdin"],
        ["unset", FILE, "first"],
        ["new", "infra/secrets/dev/b.yaml"],
        ["encrypt", "infra/secrets/dev/plain.yaml"],
        ["import", str(written.folder / "values.env"), "infra/secrets/dev/b.yaml"],
        ["export", FILE, "--format", "json", "--output", str(written.folder / "out.json")],
        ["edit", FILE],
        ["recover"],
        ["init", "--yes"],
        ["identity", "import", str(written.key_file), "--output", str(written.folder / "copy")],
    ):
        done = written.run(*argv, "-q", stdin=b"x", env={"EDITOR": "true"})
        assert (done.status, done.stdout, done.stderr) == (0, "", ""), argv
    written.commit()
    for argv in (
        ["rotate", "init", "a", "--fresh", "--commit"],
        ["rotate", "run", "a", "--commit"],
        ["rotate", "run", "--due", "--commit"],
        ["mirror", "sync"],
        ["mirror", "restore", "--to", "restored"],
    ):
        done = written.run(*argv, "-q")
        assert (done.status, done.stdout, done.stderr) == (0, "", ""), argv


def test_what_did_not_is_told(written: World) -> None:
    (written.repo / "infra/secrets/dev/plain.yaml").write_text("a: b\n")
    assert "plain.yaml" in written.run("verify", "-q").stdout
    assert "identity" in written.run("doctor", "-q", env={"SOPS_AGE_KEY_FILE": ""}).stdout
    blocked = written.run("rotate", "run", "--due", "-q")
    assert (blocked.status, "a: blocked" in blocked.stdout) == (1, True)
    refused = written.run("unset", FILE, "third", "-q")
    assert (refused.status, refused.stderr.count("\n")) == (2, 2)


def test_what_was_asked_for_is_printed(written: World) -> None:
    assert written.run("get", FILE, "second", "-q").stdout == "y"
    assert FILE in written.run("ls", "-q").stdout
    assert json.loads(written.run("verify", FILE, "-q", "--json").stdout)["checked"] == 1
