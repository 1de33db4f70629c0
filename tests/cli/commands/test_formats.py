"""Secret files that sops takes for JSON, dotenv, INI or binary by their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands.mirror.mirrored import (
    configure,
    edit_mirror,
    hinted,
    mirror,
    read_mirror,
    sync,
    write_mirror,
)
from tests.world import World

RULES = "creation_rules:\n    - path_regex: ^infra/secrets/.*\n      age: {recipients}\n"
FOLDER = "infra/secrets/dev"
PLAIN = {"json": '{"db": {"password": "hunter2", "port": 5432}}\n', "env": "TOKEN=hunter2\n# x\n"}


@pytest.fixture
def mixed(world: World) -> World:
    """A repository whose rule takes every name."""
    world.write_rules(RULES)
    (world.repo / FOLDER).mkdir(parents=True)
    return world


def seal(world: World, name: str, plain: str) -> Path:
    """``plain`` in the file, encrypted by sops as its name says."""
    target = world.repo / FOLDER / name
    target.write_text(plain)
    world.sops("encrypt", "--in-place", str(target))
    return target


@pytest.mark.parametrize(
    ("command", "name"),
    [("new", "a.json"), ("new", "a"), ("encrypt", ".env"), ("encrypt", "a.yaml.bak")],
)
def test_no_yaml_is_written_into_another_name(mixed: World, command: str, name: str) -> None:
    target = mixed.repo / FOLDER / name
    if command == "encrypt":
        target.write_text("a: hunter2\n")
    done = mixed.run(command, f"{FOLDER}/{name}", "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "not-yaml-name")
    assert "hunter2" not in done.stdout + done.stderr
    assert not target.exists() if command == "new" else target.read_text() == "a: hunter2\n"


def test_files_in_json_and_dotenv_are_read_and_verified_with_the_key(mixed: World) -> None:
    for ending, plain in PLAIN.items():
        seal(mixed, f"app.{ending}", plain)
    mixed.commit()
    report = mixed.run("verify", "--level", "L3", "--json")
    assert (report.status, json.loads(report.stdout)["level"]) == (0, "L3"), report
    assert mixed.run("get", f"{FOLDER}/app.json", "db.password").stdout == "hunter2"
    assert mixed.run("get", f"{FOLDER}/app.env#TOKEN").stdout == "hunter2"
    assert "***" in mixed.run("show", f"{FOLDER}/app.env").stdout


@pytest.mark.parametrize("ending", PLAIN)
def test_a_file_that_was_changed_without_sops_fails_verify(mixed: World, ending: str) -> None:
    target = seal(mixed, f"app.{ending}", PLAIN[ending].replace("# x", "MORE=2"))
    text = target.read_text()
    cut = text.index('\n\t\t"port"') if ending == "json" else text.index("MORE")
    end = text.index("\n", cut + 1)
    start = cut - 1 if ending == "json" else cut  # the comma before it goes too
    target.write_text(text[:start] + text[end + (ending != "json") :])
    mixed.commit()
    done = mixed.run("verify", "--json")
    assert [one["check"] for one in json.loads(done.stdout)["findings"]] == ["mac-mismatch"]


@pytest.mark.parametrize("ending", PLAIN)
def test_a_write_to_such_a_file_is_refused_and_it_stays(mixed: World, ending: str) -> None:
    target = seal(mixed, f"app.{ending}", PLAIN[ending])
    before = target.read_bytes()
    done = mixed.run("set", f"{FOLDER}/app.{ending}", "NEW", "--stdin", "--json", stdin=b"v")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "not-yaml-name")
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "plain", "words"),
    [("a.ini", "[s]\nb=hunter2\n", "INI"), ("a.p12", "hunter2", "a binary file")],
)
def test_ini_and_binary_files_are_named_as_what_they_are(
    mixed: World, name: str, plain: str, words: str
) -> None:
    seal(mixed, name, plain)
    mixed.commit()
    for argv in (("show", f"{FOLDER}/{name}"), ("get", f"{FOLDER}/{name}", "s.b"), ("verify",)):
        done = mixed.run(*argv, "--json")
        assert f"as {words}, which is not read here" in done.stdout
        assert "hunter2" not in done.stdout + done.stderr


def test_yaml_that_was_once_written_into_a_name_of_json_is_named(mixed: World) -> None:
    mixed.encrypt(f"{FOLDER}/a.yaml", "a: hunter2\n").rename(mixed.repo / FOLDER / "a.json")
    done = mixed.run("show", f"{FOLDER}/a.json", "--json")
    assert json.loads(done.stdout)["kind"] == "unread-format"
    assert "YAML by its content, but sops reads this name as JSON" in done.stdout


@pytest.mark.parametrize("ending", PLAIN)
def test_no_hand_edit_is_adopted_into_a_format_that_is_not_written(
    mixed: World, ending: str
) -> None:
    configure(mixed)
    write_mirror(mixed, {"encrypted": False, "folders": [], "items": []})
    seal(mixed, f"app.{ending}", PLAIN[ending])
    mixed.commit()
    sync(mixed)
    name = {"json": "db.password", "env": "TOKEN"}[ending]
    edit_mirror(mixed, read_mirror(mixed)["items"][0]["name"], name, "by-hand")
    left = mirror(mixed, "sync")
    assert (left.status, hinted(left)) == (1, [["mirror", "sync", "--overwrite-edits"]])
    assert mirror(mixed, "adopt", f"{FOLDER}/app.{ending}", "--yes").status == 2
    assert sync(mixed, "--overwrite-edits")["in_sync"]


def test_files_in_json_and_dotenv_come_back_from_the_mirror_in_their_formats(mixed: World) -> None:
    (mixed.repo / "plana-secrets.toml").write_text('[mirror]\nbackend = "local"\n')
    for ending, plain in PLAIN.items():
        seal(mixed, f"app.{ending}", plain)
    mixed.commit()
    assert mixed.run("mirror", "sync").status == 0
    done = mixed.run("mirror", "restore", "--to", str(mixed.folder / "back"))
    assert done.status == 0, done
    for ending, plain in PLAIN.items():
        back = mixed.folder / "back" / FOLDER / f"app.{ending}"
        opened = mixed.sops("decrypt", str(back)).stdout
        if ending == "json":
            assert json.loads(opened) == json.loads(plain)
        else:
            assert opened == "TOKEN=hunter2\n"
