"""``find`` by value and ``ls --path`` by name."""

from __future__ import annotations

import json

import pyrage
import pytest

from tests.cli.terminal import run_at_terminal
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
MAIL = "infra/secrets/dev/mail.yaml"
SHOP = "infra/secrets/prod/shop.secret.yaml"
VALUE = b"hunter2hunter2"


@pytest.fixture
def filled(world: World) -> World:
    """The value at one path today, and at others as parts and in the past."""
    world.encrypt(APP, "db:\n    password: hunter2hunter2\n    user: app\n")
    world.encrypt(MAIL, "url: smtp://me:hunter2hunter2@mail\nhosts: [one]\n")
    world.encrypt(
        SHOP,
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: shop\n"
        "data:\n    KEY: aHVudGVyMmh1bnRlcjI=\n",
    )
    world.commit()
    return world


def find(world: World, value: bytes = VALUE) -> dict[str, tuple[str, bool, int]]:
    """Place -> how, whether today, how many commits."""
    done = world.run("find", "--stdin", "--json", stdin=value + b"\n")
    assert value not in (done.stdout + done.stderr).encode()
    places = json.loads(done.stdout).get("places", [])
    return {
        f"{one['file']}#{one['path']}": (one["how"], one["today"], len(one["commits"]))
        for one in places
    }


def test_as_a_value_as_a_part_and_in_base64(filled: World) -> None:
    assert find(filled) == {
        f"{APP}#db.password": ("value", True, 1),
        f"{MAIL}#url": ("part", True, 1),
        f"{SHOP}#data.KEY": ("value", True, 1),
    }
    done = filled.run("find", "--stdin", stdin=VALUE)
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        f"{APP}#db.password", f"{MAIL}#url", f"{SHOP}#data.KEY"
    ]  # fmt: skip


@pytest.mark.long
def test_in_the_past_on_branches_and_under_other_names(filled: World) -> None:
    filled.run("set", APP, "db.password", "--stdin", stdin=b"new")
    filled.git("rm", "-q", MAIL)
    filled.git("mv", SHOP, "infra/secrets/prod/moved.secret.yaml")
    filled.commit()
    for other in ("older", "newest"):  # only the newest stash has a ref
        filled.encrypt(f"infra/secrets/dev/{other}.yaml", "key: hunter2hunter2\n")
        filled.git("stash", "-q", "-u")
    found = find(filled)
    for other in ("older", "newest"):
        assert found[f"infra/secrets/dev/{other}.yaml#key"] == ("value", False, 1)
    assert found[f"{APP}#db.password"] == ("value", False, 1)
    assert found[f"{MAIL}#url"] == ("part", False, 1)
    assert found[f"{SHOP}#data.KEY"] == ("value", False, 1)
    assert found["infra/secrets/prod/moved.secret.yaml#data.KEY"][:2] == ("value", True)


def test_in_plaintext_that_was_committed_once(filled: World) -> None:
    path = filled.repo / "src/app.py"
    path.parent.mkdir()
    path.write_text("password = 'hunter2hunter2'\n")
    filled.commit()
    assert find(filled)["src/app.py#None"] == ("plaintext", True, 1)
    path.unlink()
    filled.commit()
    assert find(filled)["src/app.py#None"] == ("plaintext", False, 1)


def test_what_a_shallow_clone_does_not_have_is_said(filled: World) -> None:
    filled.git("commit", "-q", "--allow-empty", "-m", "more")
    clone = filled.folder / "shallow"
    filled.git("clone", "-q", "--depth", "1", f"file://{filled.repo}", str(clone))
    found = filled.run("find", "--stdin", "--json", stdin=VALUE, folder=clone)
    assert (found.status, json.loads(found.stdout)["incomplete"]) == (0, "a shallow clone")
    assert "older versions were not searched" in found.stderr
    none = filled.run("find", "--stdin", "--json", stdin=b"nothing-like-it", folder=clone)
    assert (none.status, json.loads(none.stdout)["kind"]) == (3, "partial-past")
    readers = filled.run("recipients", "list", "--files", "--json", folder=clone)
    assert json.loads(readers.stdout)["incomplete"] == "a shallow clone"
    assert "is not known" in readers.stderr


def test_what_is_not_there_and_what_cannot_be_opened(filled: World) -> None:
    """Not there is an answer, and not to know is none; neither is a wrong call."""
    done = filled.run("find", "--stdin", "--json", stdin=b"nothing-like-it")
    assert (done.status, json.loads(done.stdout)["places"]) == (1, [])
    filled.key_file.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    done = filled.run("find", "--stdin", "--json", stdin=VALUE)
    assert (done.status, json.loads(done.stdout)["kind"]) == (4, "value-not-found")
    done = filled.run("find", "--stdin", stdin=VALUE)
    assert "could not be opened" in done.stderr
    assert filled.run("find", "--stdin", stdin=b"\n").status == 2


def test_a_short_value_is_no_part_of_others(filled: World) -> None:
    done = filled.run("find", "--stdin", "--json", stdin=b"app")
    (place,) = json.loads(done.stdout)["places"]
    assert (place["path"], place["how"]) == ("db.user", "value")


def test_a_value_that_was_stored_with_its_newline(world: World) -> None:
    world.encrypt(APP, 'pin: "4711\\n"\n')
    world.commit()
    assert find(world, b"4711")[f"{APP}#pin"][0] == "value"


def test_the_item_of_the_mirror_and_the_keyset(filled: World) -> None:
    (filled.repo / "plana-secrets.toml").write_text(
        '[mirror]\nbackend = "local"\n[keysets.shop]\nkind = "jwt-hs256"\n'
        f'targets = ["{APP}#db.password"]\nmax_token_lifetime = "1h"\n'
    )
    done = filled.run("find", "--stdin", "--json", stdin=VALUE)
    app, _, shop = json.loads(done.stdout)["places"]
    assert (app["mirror_item"], app["keyset"]) == ("app (dev)", "shop")
    assert (shop["mirror_item"], shop["service"]) == ("shop (prod)", "shop")


def test_a_person_is_asked_without_an_echo(filled: World) -> None:
    done = run_at_terminal(filled, "find", answers=[("value to find", "hunter2hunter2\n")])
    assert f"{APP}#db.password" in done.screen
    assert not done.echoed["value to find"]
    assert "hunter2" not in done.screen


def test_paths_in_all_files(filled: World) -> None:
    done = filled.run("ls", "--path", "*password*")
    assert done.stdout.split() == [f"{APP}#db.password", "str"]
    rows = json.loads(filled.run("ls", SHOP, "--path", "*", "--json").stdout)["matches"]
    assert [(one["path"], one["encrypted"]) for one in rows] == [
        ("apiVersion", False), ("kind", False), ("metadata.name", False), ("data.KEY", True)
    ]  # fmt: skip
    assert filled.run("ls", "--path", "hosts[0]").stdout.split() == [f"{MAIL}#hosts[0]", "str"]
    none = json.loads(filled.run("ls", "--path", "password", "--json").stdout)
    assert none["kind"] == "no-match"


def test_a_file_that_cannot_be_read_is_named(filled: World) -> None:
    (filled.repo / MAIL).write_text("url: plain\n")
    done = filled.run("ls", "--path", "db.*")
    assert done.stdout.count(APP) == 2
    assert f"warning: {MAIL}: no sops metadata" in done.stderr
