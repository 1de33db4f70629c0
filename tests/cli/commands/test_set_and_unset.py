"""``set`` and ``unset``: a value comes back byte for byte, or nothing is changed."""

from __future__ import annotations

import json
import re

from tests.cli.terminal import run_at_terminal
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE
from tests.world import World


def test_a_value_from_stdin_comes_back_byte_for_byte(files_world: World) -> None:
    value = "s3cr3t ü\n\ttab"
    done = files_world.run("set", PLAIN_FILE, "db.password", "--stdin", stdin=value.encode())
    assert (done.status, done.stdout) == (0, "")
    assert value not in done.stderr
    assert files_world.run("get", PLAIN_FILE, "db.password").stdout == value
    assert "s3cr3t" in files_world.decrypt(PLAIN_FILE)


def test_a_final_newline_is_kept_and_pointed_out(files_world: World) -> None:
    done = files_world.run("set", PLAIN_FILE, "a", "--stdin", stdin=b"x\n")
    assert "ends with a newline, which is kept; echo adds one" in done.stderr
    assert files_world.run("get", PLAIN_FILE, "a").stdout == "x\n"


def test_from_a_file_and_generated(files_world: World) -> None:
    source = files_world.folder / "value"
    source.write_bytes(b"from a file")
    files_world.run("set", PLAIN_FILE, "a", "--from-file", str(source))
    assert files_world.run("get", PLAIN_FILE, "a").stdout == "from a file"
    made = files_world.run("set", PLAIN_FILE, "a", "--generate", "hex:24")
    value = files_world.run("get", PLAIN_FILE, "a").stdout
    assert re.fullmatch("[0-9a-f]{48}", value)
    assert value not in made.stdout + made.stderr


def test_a_number_stays_one_on_request_and_never_changes_by_accident(files_world: World) -> None:
    refused = files_world.run("set", PLAIN_FILE, "port", "--stdin", stdin=b"99")
    assert refused.status == 2
    assert "of type int" in refused.stderr
    assert "default: str" in files_world.run("set", "--help").stdout
    arguments = ("set", PLAIN_FILE, "port", "--stdin", "--type")
    done = files_world.run(*arguments, "int", stdin=b"99\n")
    assert done.status == 0
    assert "newline" not in done.stderr, "a number has none to keep"
    assert "port: 99\n" in files_world.decrypt(PLAIN_FILE)
    files_world.run(*arguments, "str", stdin=b"99")
    assert 'port: "99"\n' in files_world.decrypt(PLAIN_FILE)


def test_data_takes_base64_and_encode_makes_it(files_world: World) -> None:
    arguments = ("set", SECRET_FILE, "data.NEW", "--stdin")
    refused = files_world.run(*arguments, stdin=b"sentinel-value!")
    assert refused.status == 2
    assert "sentinel" not in refused.stderr
    files_world.run(*arguments, "--encode", stdin=b"\x00\xff")
    assert files_world.run("get", SECRET_FILE, "data.NEW").stdout == "AP8="


def test_wrong_calls_change_nothing(files_world: World) -> None:
    before = (files_world.repo / PLAIN_FILE).read_bytes()
    for arguments in (
        (PLAIN_FILE, "a"),  # nobody can be asked
        (PLAIN_FILE, "a", "--stdin", "--generate", "hex:3"),
        (PLAIN_FILE, "a", "--generate", "hex"),
        (PLAIN_FILE, "a", "--generate", "hex:99999"),
        (PLAIN_FILE, "a", "--generate", "hex:0000019999"),
        (PLAIN_FILE, "a", "--generate", "typed-value"),
        (PLAIN_FILE, "a", "--stdin"),  # empty
        (PLAIN_FILE, "--stdin"),
        ("infra/secrets/none.yaml", "a", "--generate", "hex:3"),
        ("../outside.yaml", "a", "--generate", "hex:3"),
        (PLAIN_FILE, "a", "--generate", "hex:3", "--dry-run"),
    ):
        done = files_world.run("set", *arguments)
        assert done.status == (0 if "--dry-run" in arguments else 2), arguments
        assert "typed-value" not in done.stderr
    assert (files_world.repo / PLAIN_FILE).read_bytes() == before


def test_what_would_make_a_file_too_large_is_refused(files_world: World) -> None:
    value = b"x" * 900_000
    done = files_world.run("set", PLAIN_FILE, "a", "--stdin", "--json", stdin=value)
    assert (done.status, json.loads(done.stdout)["kind"]) == (3, "too-large")


def test_a_file_that_is_too_large_is_named_as_it_is_in_the_repository(files_world: World) -> None:
    (files_world.repo / PLAIN_FILE).write_bytes(b"a" * (2 << 20))
    for command in ("show", "edit", "encrypt"):
        done = files_world.run(command, PLAIN_FILE)
        assert f"larger than 1 MiB: {PLAIN_FILE}" in done.stderr, done


def test_a_damaged_file_is_not_called_unencrypted(files_world: World) -> None:
    (files_world.repo / PLAIN_FILE).write_text("a: ENC[AES256_GCM,data:x\ntorn [\n")
    done = files_world.run("get", PLAIN_FILE, "a")
    assert "not encrypted" not in done.stderr
    assert "YAML" in done.stderr or "map" in done.stderr


def test_the_prompt_asks_twice_without_an_echo(files_world: World) -> None:
    first, again = f"{PLAIN_FILE}#db.password: ", "(again): "
    typed = run_at_terminal(
        files_world, "set", PLAIN_FILE, "db.password",
        answers=[(first, "typed-in\n"), (again, "typed-in\n")],
    )  # fmt: skip
    assert typed.status == 0
    assert typed.echoed == {first: False, again: False}
    assert "typed-in" not in typed.screen
    assert files_world.run("get", PLAIN_FILE, "db.password").stdout == "typed-in"
    differing = run_at_terminal(
        files_world, "set", PLAIN_FILE, "db.password",
        answers=[(first, "one\n"), (again, "other\n")],
    )  # fmt: skip
    assert differing.status == 2
    assert files_world.run("get", PLAIN_FILE, "db.password").stdout == "typed-in"


def test_unset_asks_before_it_removes_several(files_world: World) -> None:
    assert files_world.run("unset", PLAIN_FILE, "db").status == 2
    assert "user: app" in files_world.decrypt(PLAIN_FILE)
    done = files_world.run("unset", PLAIN_FILE, "db", "--yes", "--json")
    assert json.loads(done.stdout)["removed"] == ["db.user", "db.password"]
    assert "db:" not in files_world.decrypt(PLAIN_FILE)
    assert files_world.run("unset", PLAIN_FILE, "port").status == 0
    assert files_world.run("unset", PLAIN_FILE, "port").status == 2


def test_unset_takes_along_what_is_left_empty_and_says_so(files_world: World) -> None:
    files_world.encrypt(PLAIN_FILE, "# the head\na:\n    # inside\n    b:\n        c: 1\nz: 1\n")
    done = files_world.run("unset", PLAIN_FILE, "a.b.c")
    assert "a.b.c is removed, and a, which is now empty" in done.stderr
    assert files_world.decrypt(PLAIN_FILE) == "# the head\nz: 1\n"
    done = files_world.run("unset", PLAIN_FILE, "z", "--json")
    assert json.loads(done.stdout)["emptied"] is None
    assert json.loads(files_world.run("show", PLAIN_FILE, "--json").stdout)["data"] == {}
    assert files_world.run("set", PLAIN_FILE, "z", "--stdin", stdin=b"2").status == 0
    assert "z:" in files_world.decrypt(PLAIN_FILE)
