"""What people type for a path on the first day: a value beside it, dots in a key."""

from __future__ import annotations

import json

import pytest

from tests.world import World

PLAIN = "infra/secrets/dev/example.yaml"
SECRET = "infra/secrets/dev/app.secret.yaml"
TLS = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
stringData:
    tls.key: private
"""


@pytest.fixture
def filled(world: World) -> World:
    world.encrypt(PLAIN, 'db:\n    password: old\n"tls.crt": public\n')
    world.encrypt(SECRET, TLS)
    return world


@pytest.mark.parametrize("path", ["password=SENTINEL-1", "db.password=SENTINEL-1"])
@pytest.mark.parametrize("as_reference", [True, False])
def test_a_value_beside_its_path_is_refused_and_not_repeated(
    filled: World, path: str, as_reference: bool
) -> None:
    before = (filled.repo / PLAIN).read_bytes()
    argv = [f"{PLAIN}#{path}"] if as_reference else [PLAIN, path]
    done = filled.run("set", *argv, "--stdin", stdin=b"x")
    assert done.status == 2
    assert "--stdin" in done.stderr
    assert "SENTINEL" not in done.stdout + done.stderr
    assert (filled.repo / PLAIN).read_bytes() == before


def test_a_key_that_holds_an_equals_sign_can_be_written_and_is_warned_of(filled: World) -> None:
    assert filled.run("set", PLAIN, '["a=b"]', "--stdin", stdin=b"x").status == 0
    assert filled.run("get", PLAIN, '["a=b"]').stdout == "x"
    found = json.loads(filled.run("verify", "--json").stdout)["findings"]
    warned = [one for one in found if one["check"] == "value-in-key-name"]
    assert [(one["file"], one["severity"], one["path"]) for one in warned] == [
        (PLAIN, "warning", None)
    ]
    assert "a=b" not in json.dumps(warned)


def test_the_dots_of_a_key_of_a_secret_are_understood(filled: World) -> None:
    assert filled.run("get", SECRET, "stringData.tls.key").stdout == "private"
    assert filled.run("set", SECRET, "stringData.ca.crt", "--stdin", stdin=b"ca").status == 0
    assert filled.run("get", SECRET, 'stringData["ca.crt"]').stdout == "ca"
    done = filled.run("unset", SECRET, "stringData.tls.key")
    assert 'stringData["tls.key"] is removed' in done.stderr


def test_the_dots_of_a_key_that_is_there_are_understood(filled: World) -> None:
    assert filled.run("get", PLAIN, "tls.crt").stdout == "public"


def test_set_does_not_guess_between_a_key_with_dots_and_a_new_map(filled: World) -> None:
    done = filled.run("set", PLAIN, "tls.crt", "--stdin", stdin=b"x")
    assert done.status == 2
    assert """'["tls.crt"]'""" in done.stderr
    assert filled.run("set", PLAIN, '["tls.crt"]', "--stdin", stdin=b"new").status == 0
    assert filled.run("get", PLAIN, "tls.crt").stdout == "new"


def test_a_suggested_path_can_be_pasted_into_a_shell(filled: World) -> None:
    done = filled.run("get", SECRET, 'stringData["tls.kye"]')
    assert """did you mean 'stringData["tls.key"]'?""" in done.stderr


def test_bash_gets_its_completions_quoted(filled: World) -> None:
    words = {"COMP_WORDS": f"plana-secrets get {SECRET} string", "COMP_CWORD": "3"}
    for shell, expected in (
        ("bash", """'stringData["tls.key"]'"""),
        ("zsh", 'stringData["tls.key"]'),
    ):
        done = filled.run(env=words | {"_PLANA_SECRETS_COMPLETE": f"{shell}_complete"})
        assert expected in done.stdout.replace("plain,", "").split("\n")


def test_a_warning_in_colour_is_no_escaped_text(filled: World) -> None:
    done = filled.run("--color", "always", "set", PLAIN, "a", "--stdin", stdin=b"x\n")
    assert "\x1b[33mwarning:\x1b[0m" in done.stderr
    assert "\\x1b" not in done.stderr


def test_usage_marks_what_is_optional(filled: World) -> None:
    assert "FILE [PATH]" in filled.run("get", "--help").stdout
    assert "[FILE]" in filled.run("ls", "--help").stdout
