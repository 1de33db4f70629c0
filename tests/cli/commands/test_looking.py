"""``ls``, ``show``, ``get``: names without an identity, and values as they are."""

from __future__ import annotations

import json

from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE
from tests.world import PROGRAM, World

VALUES = ("old-password", "old-key", "b2xkLXRva2Vu", "old-token", "5432")


def test_ls_names_files_and_kinds_without_an_identity(files_world: World) -> None:
    (files_world.repo / "infra/secrets/plain.yaml").write_text("a: readable\n")
    done = files_world.run("ls", "--json", "--check", env=files_world.nobody)
    rows = {row["file"]: row for row in json.loads(done.stdout)["files"]}
    assert rows[PLAIN_FILE] == {"file": PLAIN_FILE, "kind": "plain-map", "problem": None}
    assert rows[SECRET_FILE]["kind"] == "kubernetes-secret"
    assert "not encrypted" in rows["infra/secrets/plain.yaml"]["problem"]
    assert done.status == 1
    assert files_world.run("ls").status == 0


def test_ls_of_a_file_names_its_paths(files_world: World) -> None:
    done = files_world.run("ls", PLAIN_FILE, env=files_world.nobody)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["db.password", "str"] in rows
    assert ["port", "int"] in rows
    assert ["nothing", "null", "readable"] in rows


def test_where_there_is_no_repository_nothing_is_said_to_be_open(world: World) -> None:
    done = world.run("ls", "--repo", str(world.home))
    assert done.status == 2
    assert "interrupted" not in done.stderr


def test_show_is_masked_and_needs_no_identity(files_world: World) -> None:
    json_form = files_world.run("show", PLAIN_FILE, "--json", env=files_world.nobody)
    text_form = files_world.run("show", SECRET_FILE, env=files_world.nobody)
    for done in (json_form, text_form):
        assert done.status == 0
        assert "***" in done.stdout
        assert not any(value in done.stdout for value in VALUES)
    assert 'API_KEY: "***"' in text_form.stdout
    assert 'kind: "Secret"' in text_form.stdout


def test_show_revealed_is_what_sops_decrypts(files_world: World) -> None:
    shown = json.loads(files_world.run("show", PLAIN_FILE, "--json", "--reveal").stdout)
    sops = files_world.sops("decrypt", "--output-type", "json", PLAIN_FILE).stdout
    assert shown["data"] == json.loads(sops)
    text = files_world.run("show", PLAIN_FILE, "--reveal").stdout
    assert "# the database of the example" in text
    assert 'password: "old-password"' in text


def test_nothing_is_revealed_into_the_log_of_a_job(files_world: World) -> None:
    done = files_world.run("show", PLAIN_FILE, "--reveal", env={"CI": "true"})
    assert (done.status, done.stdout) == (2, "")
    assert files_world.run("get", PLAIN_FILE, "port", env={"CI": "true"}).stdout == "5432"


def test_get_gives_the_bytes_and_nothing_else(files_world: World) -> None:
    for arguments, expected in (
        ((PLAIN_FILE, "db.password"), "old-password"),
        ((f"{PLAIN_FILE}#port",), "5432"),
        ((PLAIN_FILE, "debug"), "false"),
        ((SECRET_FILE, "data.TOKEN", "--decode"), "old-token"),
    ):
        assert files_world.run("get", *arguments).stdout == expected


def test_get_says_what_is_wrong(files_world: World) -> None:
    near = files_world.run("get", PLAIN_FILE, "db.pasword")
    assert (near.status, near.stdout) == (2, "")
    assert "did you mean db.password?" in near.stderr
    assert "is a map or a list" in files_world.run("get", PLAIN_FILE, "db").stderr
    nobody = files_world.run("get", PLAIN_FILE, "port", env=files_world.nobody)
    assert nobody.status == 4


def test_a_file_is_found_from_its_folder_too(files_world: World) -> None:
    folder = files_world.repo / "infra/secrets/dev"
    done = files_world.command(
        "sh", "-c", f'cd "{folder}" && exec "$0" "$@"', *PROGRAM, "get", "example.yaml", "port"
    )
    assert done.stdout == "5432"
    elsewhere = files_world.command(
        "sh", "-c", 'cd / && exec "$0" "$@"', *PROGRAM,
        "--repo", str(files_world.repo), "get", PLAIN_FILE, "port",
    )  # fmt: skip
    assert elsewhere.stdout == "5432"
