"""A file that is not there: what was meant, and the command for it, from any folder."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tests.world import PROGRAM, World

FILE = "infra/secrets/dev/mail.yaml"
OTHER = "infra/secrets/prod/shop.yaml"


@pytest.fixture
def two(world: World) -> World:
    for file in (FILE, OTHER):
        world.encrypt(file, "a: one\n")
    world.commit()
    return world


def error_of(world: World, *argv: str) -> dict[str, str]:
    done = world.run(*argv, "--json")
    assert done.status == 2
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("infra/secret/dev/mail.yaml", FILE),
        ("infra/secrets/dev/mail.yml", FILE),
        ("infra/secrets/dev/Mail.yaml", FILE),
        ("infra/secrets/dev/mial.yaml", FILE),
        ("dev/mail.yaml", FILE),
        ("mail.yaml", FILE),
        ("shop.yaml", OTHER),
        ("infra/secrets/dev/shop.yaml", OTHER),
        ("infra/secrets/dev/other.yaml", None),
        ("nowhere/at/all.yaml", None),
    ],
)
def test_the_file_that_was_meant_is_named(two: World, name: str, meant: str | None) -> None:
    error = error_of(two, "get", name, "a")
    assert error["kind"] == "no-such-file"
    found = re.search(r"; did you mean (\S+)\?", error["message"])
    assert (found[1] if found else None) == meant
    assert "`plana-secrets ls`" in error["hint"]


def test_a_new_file_gets_the_command_that_creates_it(two: World) -> None:
    hint = error_of(two, "edit", "infra/secrets/dev/other.yaml")["hint"]
    (command,) = re.findall(r"`plana-secrets (new [^`]+)`", hint)
    assert two.run(*shlex.split(command)).status == 0
    assert "plana-secrets new" not in error_of(two, "edit", "docs/other.yaml")["hint"]


@pytest.mark.parametrize("folder", [".", "infra"])
@pytest.mark.parametrize("how", ["rm", "git rm -q"])
def test_a_file_that_git_has_comes_back_as_printed(two: World, how: str, folder: str) -> None:
    two.command("sh", "-c", f"{how} {FILE}")
    program = " ".join(map(shlex.quote, PROGRAM))
    name = FILE if folder == "." else "secrets/dev/mail.yaml"
    script = f"cd {folder} && {program} get {name} a --json"
    error = json.loads(two.command("sh", "-c", script, check=False).stdout)
    (command,) = re.findall(r"`(git (?:-C \S+ )?checkout [^`]+)`", error["hint"])
    two.command("sh", "-c", f"cd {folder} && {command}")
    assert two.run("get", FILE, "a").stdout == "one"


def test_the_index_gets_the_encrypted_file_as_printed_from_a_folder(two: World) -> None:
    plain = two.repo / "infra/secrets/dev/it is.yaml"
    plain.write_text("a: one\n")
    two.git("add", "-A")
    program = " ".join(map(shlex.quote, PROGRAM))
    done = two.command("sh", "-c", f"cd infra/secrets && {program} encrypt 'dev/it is.yaml'")
    (command,) = re.findall(r"next: (git (?:-C \S+ )?add .+)", done.stderr)
    two.command("sh", "-c", f"cd infra/secrets && {command}")
    assert "ENC[" in two.git("show", ":infra/secrets/dev/it is.yaml")
