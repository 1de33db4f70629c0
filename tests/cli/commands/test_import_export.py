"""Values in from dotenv and JSON, and out again: nothing lost, nothing guessed, nothing shown."""

from __future__ import annotations

import json
import stat

import pytest

from tests.cli.terminal import run_at_terminal
from tests.world import World

PLAIN = "infra/secrets/dev/app.yaml"
SECRET = "infra/secrets/dev/shop.secret.yaml"
DOTENV = b"\xef\xbb\xbfUSER=shop\r\nPASSWORD='hunter2 $x'\r\nPORT=5432\r\n# a comment\r\n"
JSON = b'{"db": {"password": "hunter2", "port": 5432, "on": true}, "hosts": ["a", {"b": null}], "f": 1.5}'


def take(world: World, data: bytes, file: str = PLAIN, *more: str) -> tuple[int, dict[str, object]]:
    form = "json" if data.lstrip().startswith((b"{", b"[")) else "dotenv"
    done = world.run("import", file, "--stdin", "--format", form, "--json", *more, stdin=data)
    assert "hunter2" not in done.stdout + done.stderr
    return done.status, json.loads(done.stdout)


def values(world: World, file: str = PLAIN) -> dict[str, object]:
    done = world.sops("decrypt", "--output-type", "json", file)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_dotenv_makes_a_plain_map(world: World) -> None:
    assert take(world, DOTENV)[0] == 0
    assert values(world) == {"USER": "shop", "PASSWORD": "hunter2 $x", "PORT": "5432"}


def test_json_keeps_its_types_and_nesting(world: World) -> None:
    assert take(world, JSON)[0] == 0
    assert values(world) == json.loads(JSON)


def test_a_secret_gets_its_entries_in_string_data(world: World) -> None:
    assert take(world, DOTENV, SECRET)[0] == 0
    manifest = values(world, SECRET)
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)
    assert (manifest["kind"], metadata["name"]) == ("Secret", "shop")
    assert manifest["stringData"] == {"USER": "shop", "PASSWORD": "hunter2 $x", "PORT": "5432"}


def test_an_entry_that_a_secret_has_in_data_stays_there(world: World) -> None:
    world.encrypt(SECRET, "kind: Secret\ndata:\n    USER: b2xk\nstringData: {}\n")
    assert take(world, DOTENV, SECRET, "--replace")[1]["replaced"] == ["data.USER"]
    manifest = values(world, SECRET)
    assert manifest["data"] == {"USER": "c2hvcA=="}
    assert manifest["stringData"] == {"PASSWORD": "hunter2 $x", "PORT": "5432"}


@pytest.mark.parametrize(
    "data", [b'{"a": 1}', b'{"a": {"b": "x"}}', b'{"a": null}', b'{"a": []}', b'{"a b": "x"}']
)
def test_what_a_secret_cannot_hold_is_refused_by_path(world: World, data: bytes) -> None:
    status, error = take(world, data, SECRET)
    assert status == 2
    assert "stringData" in str(error["message"])
    assert not (world.repo / SECRET).exists()


def test_other_values_are_replaced_only_when_asked_and_are_named(world: World) -> None:
    path = world.encrypt(PLAIN, "USER: shop\nPASSWORD: old\nPORT: 5432\nKEPT: 1\n")
    before = path.read_bytes()
    status, error = take(world, DOTENV)
    assert (status, error["kind"]) == (2, "would-replace")
    assert str(error["message"]).endswith(": PASSWORD")
    assert path.read_bytes() == before
    status, report = take(world, DOTENV, PLAIN, "--replace")
    assert (status, report["replaced"], report["added"]) == (0, ["PASSWORD"], [])
    assert values(world) == {"USER": "shop", "PASSWORD": "hunter2 $x", "PORT": 5432, "KEPT": 1}


@pytest.mark.long
@pytest.mark.parametrize(
    ("present", "data", "kept"),
    [
        ("n: 42\n", b"n=0042\n", {"n": "0042"}),
        ("n: true\n", b"n=True\n", {"n": "True"}),
        ("n: 42\n", b"n=43\n", {"n": 43}),
        ("n: [1, 2, 3]\n", b'{"n": [9]}', {"n": [9]}),
        ("n:\n    a: 1\n    b: 2\n", b'{"n": {"a": 3}}', {"n": {"a": 3, "b": 2}}),
        ("n:\n    a: 1\n", b'{"n": "x"}', {"n": "x"}),
        ("n: {}\n", b'{"n": {"a": 3}}', {"n": {"a": 3}}),
    ],
)
def test_a_replaced_value_is_the_one_that_was_handed_over(
    world: World, present: str, data: bytes, kept: dict[str, object]
) -> None:
    world.encrypt(PLAIN, present)
    assert take(world, data, PLAIN, "--replace")[0] == 0
    assert values(world) == kept


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"a": "hunter2", "a": "b"}', "bad-json"),
        (b"A=hunter2\x00\n", "bad-dotenv"),
        (b"A_unencrypted=hunter2\n", "bad-key"),
    ],
)
def test_what_cannot_be_taken_as_it_is_is_refused(world: World, data: bytes, kind: str) -> None:
    status, error = take(world, data)
    assert (status, error["kind"]) == (status or 1, kind)
    assert not (world.repo / PLAIN).exists()


def test_a_dry_run_writes_nothing_and_a_file_tells_its_format(world: World) -> None:
    (world.repo / ".env.local").write_bytes(DOTENV)
    done = world.run("import", ".env.local", PLAIN, "--dry-run")
    assert (done.status, "+ USER" in done.stderr) == (0, True)
    assert not (world.repo / PLAIN).exists()
    done = world.run("import", ".env.local", PLAIN)
    assert "left out" not in done.stderr
    assert "# a comment" in world.decrypt(PLAIN)
    assert "delete it" in done.stderr
    (world.repo / "notes").write_bytes(DOTENV)
    assert world.run("import", "notes", PLAIN).status == 2


COMMENTED = b"""\
# the shop, hunter2
# and its user
USER=shop # beside
#OLD_PASSWORD=hunter2
PASSWORD='new #1' # hunter2
EMPTY= # for later
#
# the end
"""


def comments_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


@pytest.mark.parametrize("file", [PLAIN, SECRET])
def test_comments_come_along_and_none_can_be_read(world: World, file: str) -> None:
    """One may be an old password; what a manifest would leave readable is left out."""
    done = world.run("import", "--stdin", file, "--format", "dotenv", stdin=COMMENTED)
    assert done.status == 0, done
    wanted = ["# the shop, hunter2", "# and its user", "# beside", "#OLD_PASSWORD=hunter2",
              "# hunter2", "# for later", "# the end"]  # fmt: skip
    left = 1 if file == PLAIN else 2
    assert f"{left} comment{'s' if left > 1 else ''} left out" in done.stderr
    plain = world.decrypt(file)
    assert sorted(comments_of(plain)) == sorted(wanted[: 8 - left])
    assert plain.index("#OLD") < plain.index("PASSWORD: ")
    assert plain.index("USER: ") < plain.index("#OLD")
    assert "hunter2" not in (world.repo / file).read_text()
    assert "plain-comment" not in world.run("verify").stdout
    again = world.run("import", "--stdin", file, "--format", "dotenv", stdin=COMMENTED)
    assert (again.status, world.decrypt(file)) == (0, plain)


def test_comments_join_those_that_are_there(world: World) -> None:
    world.encrypt(PLAIN, "# ours\nUSER: old\n# the end\nlast: x\n")
    options = ("--format", "dotenv", "--replace")
    done = world.run("import", "--stdin", PLAIN, *options, stdin=COMMENTED)
    assert done.status == 0, done
    plain = world.decrypt(PLAIN)
    assert "4 comments left out" in done.stderr, "one is empty, three are of a value with its own"
    assert sorted(comments_of(plain)) == sorted(
        ["# ours", "# the end", "#OLD_PASSWORD=hunter2", "# hunter2", "# for later"]
    )


@pytest.mark.long
def test_what_is_exported_comes_back(world: World) -> None:
    world.encrypt(
        PLAIN, 'A: "it\'s \\"x\\" $HOME \\\\n `#`"\nB: "two\\nlines\\u2028"\nC: ""\nD: " a "\n'
    )
    first = values(world)
    out = world.run("export", PLAIN, "--format", "json").stdout
    assert take(world, out.encode(), "infra/secrets/dev/b.yaml")[0] == 0
    assert values(world, "infra/secrets/dev/b.yaml") == first
    done = world.run("export", PLAIN, "--format", "dotenv", "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "not-exportable")
    assert f"{PLAIN} cannot be written as dotenv: B: a control character" in done.stdout
    assert world.run("unset", PLAIN, "B", "--yes").status == 0
    out = world.run("export", PLAIN, "--format", "dotenv").stdout
    assert take(world, out.encode(), "infra/secrets/dev/c.yaml")[0] == 0
    assert values(world, "infra/secrets/dev/c.yaml") == values(world)


@pytest.mark.parametrize(
    ("text", "form", "path"),
    [
        ("a:\n    b: x\n", "dotenv", "a.b: nested"),
        ("a: [x]\n", "dotenv", "a[0]: nested"),
        ("a: null\n", "dotenv", "a: null"),
        ("a: {}\n", "dotenv", "a: an empty map"),
        ("a b: x\n", "dotenv", '["a b"]: its name'),
        ("a: .inf\n", "json", "a: JSON has no infinity"),
    ],
)
def test_what_a_format_cannot_hold_is_an_error_that_names_the_path(
    world: World, text: str, form: str, path: str
) -> None:
    world.encrypt(PLAIN, text)
    done = world.run("export", PLAIN, "--format", form)
    assert done.status == 2
    assert path in done.stderr
    assert done.stdout == ""


def test_a_secret_is_exported_as_its_entries_decoded(world: World) -> None:
    text = "kind: Secret\ndata:\n    A: aHVudGVyMg==\n    B: b2xk\nstringData:\n    B: new\n"
    world.encrypt(SECRET, text)
    out = world.run("export", SECRET, "--format", "json").stdout
    assert json.loads(out) == {"A": "hunter2", "B": "new"}
    assert world.run("export", SECRET, "--format", "dotenv").stdout == "A=hunter2\nB=new\n"
    report = json.loads(world.run("export", SECRET, "--format", "dotenv", "--json").stdout)
    assert (report["schema"], report["content"]) == ("plana-secrets/export/1", "A=hunter2\nB=new\n")


def test_a_file_is_new_private_and_not_where_git_would_add_it(world: World) -> None:
    world.encrypt(PLAIN, "a: hunter2\n")
    out = world.home / "a.env"
    assert world.run("export", PLAIN, "--format", "dotenv", "-o", str(out)).status == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_text() == "a=hunter2\n"
    done = world.run("export", PLAIN, "--format", "dotenv", "-o", str(out), "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (6, "output-exists")
    done = world.run("export", PLAIN, "--format", "dotenv", "-o", "a.env", "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "not-ignored")
    (world.repo / ".gitignore").write_text("*.env\n")
    assert world.run("export", PLAIN, "--format", "dotenv", "-o", "a.env").status == 0


def test_a_terminal_and_ci_see_values_only_when_asked(world: World) -> None:
    world.encrypt(PLAIN, "a: hunter2\n")
    for more, seen in ((), False), (("--reveal",), True):
        done = world.run("export", PLAIN, "--format", "json", *more, env={"CI": "1"})
        assert ("hunter2" in done.stdout, done.status) == (seen, 0 if seen else 2)
    dialogue = run_at_terminal(world, "export", PLAIN, "--format", "json")
    assert (dialogue.status, "hunter2" in dialogue.screen) == (2, False)
    assert "--reveal" in dialogue.screen
