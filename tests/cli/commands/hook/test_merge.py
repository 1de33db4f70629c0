"""``hook install --merge``: the driver in a clone, its lines in .gitattributes, and `doctor`."""

from __future__ import annotations

import json
import sys

import pytest

from plana_secrets.scaffold.hooks.mergedriver import attribute_lines
from tests.merging.teams import FILE, TEXT, on_branch, put
from tests.world import World

LINE = "/infra/secrets/** merge=plana-secrets"


@pytest.fixture
def clone(world: World) -> World:
    world.encrypt(FILE, TEXT)
    world.commit("start")
    return world


def doctor(world: World) -> list[tuple[str, str | None]]:
    """What it says of the driver, and the fix."""
    found = json.loads(world.run("doctor", "--json").stdout)["results"]
    return [(one["message"], one["fix"]) for one in found if one["check"] == "merge"]


@pytest.mark.long
def test_it_installs_that_alone_and_says_which_line_is_missing(clone: World) -> None:
    done = clone.run("hook", "install", "--merge", "--json")
    assert done.status == 1
    driver, attributes = json.loads(done.stdout)["hooks"]
    assert (driver["name"], driver["state"], driver["add"]) == ("merge", "installed", None)
    assert (attributes["state"], attributes["add"]) == ("foreign", f"{LINE}\n")
    assert not (clone.repo / ".gitattributes").exists()
    assert not [one for one in (clone.repo / ".git/hooks").iterdir() if one.suffix != ".sample"]
    configured = clone.git("config", "--local", "merge.plana-secrets.driver").strip()
    assert configured == f"{sys.executable} -I -m plana_secrets hook merge -- %O %A %B %P"
    told = clone.run("hook", "install", "--merge").stdout
    assert ".gitattributes: not written: pass --attributes, or add to" in told
    written = clone.run("hook", "install", "--merge", "--attributes")
    assert written.status == 0
    assert (clone.repo / ".gitattributes").read_text() == f"{LINE}\n"
    again = clone.run("hook", "install", "--merge")
    assert (again.status, again.stdout.count("already installed")) == (0, 1)
    clone.commit("attributes")
    assert clone.run("verify").status == 0


@pytest.mark.long
def test_an_undefined_driver_is_named_by_doctor_and_its_fix_works(clone: World) -> None:
    assert doctor(clone) == []
    (clone.repo / ".gitattributes").write_text(LINE)
    ((message, fix),) = doctor(clone)
    assert "git merges as text" in message
    assert fix is not None
    assert clone.run(*fix.split()[1:]).status == 0
    assert doctor(clone) == [("git merges secret files by value", None)]
    clone.git("config", "merge.plana-secrets.driver", "/gone/python -I -m plana_secrets")
    assert "its program is gone" in doctor(clone)[0][0]


@pytest.mark.long
def test_a_driver_of_others_is_left_alone_and_ours_is_removed(clone: World) -> None:
    clone.git("config", "merge.plana-secrets.driver", "their-driver %A")
    done = clone.run("hook", "install", "--merge", "--attributes")
    assert done.status == 1
    assert "has another driver of that name; to replace it:" in done.stdout
    assert clone.run("hook", "uninstall", "--merge").status == 0
    assert clone.git("config", "merge.plana-secrets.driver") == "their-driver %A\n"
    clone.git("config", "--remove-section", "merge.plana-secrets")
    for left in ("merge.plana-secrets", "merge.plana-secrets-bases"):
        clone.run("hook", "install", "--merge")
        clone.git("config", "--remove-section", left)
        assert clone.run("hook", "uninstall", "--merge").status == 0
        assert "merge" not in clone.git("config", "--list", "--local")
    clone.run("hook", "install", "--merge")
    done = clone.run("hook", "uninstall")
    assert done.status == 0
    assert "merge: removed" in done.stdout
    assert "merge" not in clone.git("config", "--list", "--local")


@pytest.mark.long
def test_two_colleagues_need_nothing_else(clone: World) -> None:
    clone.run("hook", "install", "--merge", "--attributes")
    clone.commit("attributes")
    on_branch(clone, "theirs", lambda: put(clone, "db.password", "theirs"))
    put(clone, "db.user", "ours")
    clone.commit("ours")
    clone.git("merge", "-q", "-m", "merged", "theirs")
    text = clone.decrypt(FILE)
    assert "user: ours" in text
    assert "password: theirs" in text


def test_lines_name_roots_and_what_is_beside_them() -> None:
    assert attribute_lines(("infra/secrets", "deploy/*/secrets/**"), ("a b.yaml",)) == [
        LINE,
        "deploy/*/secrets/** merge=plana-secrets",
        '"/a b.yaml" merge=plana-secrets',
    ]
    assert attribute_lines((".",), ("x/y.yaml",)) == [
        f"{one} merge=plana-secrets" for one in ("*.yaml", "*.yml", "*.json", "*.env")
    ]
