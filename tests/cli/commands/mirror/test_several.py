"""Several mirrors: each has its turn, and one that fails stops no other."""

from __future__ import annotations

import json

import pytest

from plana_secrets.config.schema import parse_settings
from plana_secrets.errors import UsageError
from tests.cli.commands.mirror.mirrored import edit_mirror, hinted, write_mirror
from tests.world import Result, World

FILE = "infra/secrets/prod/mail.yaml"
VAULTWARDEN = """
[mirror.vaultwarden]
url = "http://127.0.0.1:9"
organization = "5f1d0000-0000-4000-8000-000000000000"
collections = { "infra/secrets/**" = "prod" }
"""
SM = """
[mirror.bitwarden-sm]
organization = "5f1d0000-0000-4000-8000-000000000000"
projects = { "infra/secrets/**" = "prod" }
"""


@pytest.fixture
def office(world: World) -> World:
    """Two mirrors: the local one works, there is no login for the other."""
    (world.repo / "plana-secrets.toml").write_text(
        f'[mirror]\nbackend = ["vaultwarden", "local"]\n{VAULTWARDEN}'
    )
    world.encrypt(FILE, "password: s3cr3t\n")
    world.commit()
    return world


def run(office: World, *argv: str) -> Result:
    return office.run(*argv, env={"XDG_STATE_HOME": str(office.folder / "state")})


def test_one_that_fails_stops_no_other(office: World) -> None:
    done = run(office, "mirror", "sync")
    assert done.status == 4
    assert "vaultwarden: no login for http://127.0.0.1:9" in done.stderr
    assert "hint: run `plana-secrets login" in done.stderr
    assert "1 created" in done.stdout + done.stderr
    assert run(office, "mirror", "status", "--check", "--mirror", "local").status == 0


def test_json_is_one_object_with_each_by_itself(office: World) -> None:
    done = run(office, "mirror", "sync", "--json")
    whole = json.loads(done.stdout)
    assert (done.status, whole["schema"], whole["backend"]) == (
        *(4, "plana-secrets/mirror-sync/1"),
        "vaultwarden, local",
    )
    assert (whole["created"], whole["in_sync"]) == (1, False)
    failed, local = whole["mirrors"]
    assert (failed["backend"], failed["error"]["kind"]) == ("vaultwarden", "no-login")
    assert (local["backend"], local["in_sync"]) == ("local", True)


def test_where_all_fail_it_is_an_error(office: World) -> None:
    (office.repo / "plana-secrets.toml").write_text(
        f'[mirror]\nbackend = ["vaultwarden", "bitwarden-sm"]\n{VAULTWARDEN}{SM}'
    )
    office.commit()
    done = run(office, "mirror", "sync", "--json")
    assert (done.status, json.loads(done.stdout)["code"]) == (4, 4)
    assert "no login for" in done.stderr
    assert "no access token for" in done.stderr


def test_diff_says_which_mirror_it_is_about(office: World) -> None:
    done = run(office, "mirror", "diff")
    assert done.status == 4
    assert done.stdout.splitlines() == ["vaultwarden:", "local:", f"missing  {FILE}"]


def test_verify_is_incomplete_and_names_the_one_that_did_not_answer(office: World) -> None:
    run(office, "mirror", "sync")
    done = run(office, "verify", "--mirror")
    assert done.status == 4
    assert "the mirror vaultwarden: no login" in done.stdout + done.stderr


def test_verify_names_the_mirror_that_differs(office: World) -> None:
    done = run(office, "verify", "--mirror", "--json")
    messages = [one["message"] for one in json.loads(done.stdout)["findings"]]
    assert "missing: is not in the mirror local" in messages


def test_adopt_and_restore_need_a_name(office: World) -> None:
    run(office, "mirror", "sync")
    for argv in (["restore", "--to", "restored"], ["adopt", FILE, "password"]):
        done = run(office, "mirror", *argv)
        assert (done.status, "hint: pass --mirror vaultwarden" in done.stderr) == (2, True)
    assert run(office, "mirror", "restore", "--to", "restored", "--mirror", "local").status == 0
    assert (office.repo / "restored" / FILE).exists()


def test_a_hint_names_the_mirror_that_it_is_about(office: World) -> None:
    with (office.repo / "plana-secrets.toml").open("a") as settings:
        settings.write('[mirror.local]\npath = "../mirror.json.age"\n')
    write_mirror(office, {"encrypted": False, "folders": [], "items": []})
    office.commit()
    run(office, "mirror", "sync")
    edit_mirror(office, "mail (prod)", "password", "by-hand")
    commands = hinted(run(office, "mirror", "sync", "--mirror", "local"))
    assert {one[1] for one in commands} == {"adopt", "sync"}
    for command in commands:
        assert run(office, *command).status == 0, command


def test_an_unknown_name_is_refused_with_those_there_are(office: World) -> None:
    done = run(office, "mirror", "sync", "--mirror", "bitwarden-sm")
    assert done.status == 2
    assert "there are: vaultwarden, local" in done.stderr


def test_status_tells_of_each_that_was_seen(office: World) -> None:
    run(office, "mirror", "diff")
    done = run(office, "status", "--json")
    (seen,) = json.loads(done.stdout)["mirrors"]
    assert (seen["backend"], seen["drift"]) == ("local", 1)
    shown = run(office, "status").stdout
    assert "the mirror local, seen" in shown
    assert "had 1 difference" in shown


def test_the_list_is_read_and_its_mistakes_are_named() -> None:
    settings = parse_settings(
        f'[mirror]\nbackend = ["local", "vaultwarden"]\n{VAULTWARDEN}'.encode()
    )
    assert settings.mirror.backend == ("local", "vaultwarden")
    for text, words in (
        ("[]", "must not be empty"),
        ('["local", "local"]', "the same as mirror.backend[0]"),
        ('["none"]', 'expected "local", "vaultwarden" or'),
        ('["local", "vaultwarden"]', "vaultwarden needs a table"),
        ("4", "expected"),
    ):
        with pytest.raises(UsageError) as error:
            parse_settings(f"[mirror]\nbackend = {text}\n".encode())
        assert words in error.value.message, error.value.message


def test_options_complete_the_mirrors_in_use_and_files(office: World) -> None:
    def complete(words: str) -> list[str]:
        env = {"COMP_WORDS": f"plana-secrets mirror {words}", "COMP_CWORD": "4"}
        done = office.run(env=env | {"_PLANA_SECRETS_COMPLETE": "bash_complete"})
        return done.stdout.splitlines()

    for command in ("sync", "adopt"):
        assert complete(f"{command} --mirror ") == ["plain,vaultwarden", "plain,local"]
    assert complete("sync --mirror l") == ["plain,local"]
    assert complete("init --credentials cr") == ["file,cr"]
