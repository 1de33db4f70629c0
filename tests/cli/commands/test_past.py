"""``log``, and ``get``, ``show``, ``set`` with ``--at``."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.world import World

FILE = "infra/secrets/dev/app.yaml"
OLD = "infra/secrets/dev/old.yaml"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> World:
    """old.yaml with two values; one changed; renamed to app.yaml; a port more."""
    world = World(tmp_path_factory.mktemp("past"))
    world.encrypt(OLD, "db:\n    password: first-value\n    user: shop\n")
    world.commit()
    change(world, OLD, "db.password", "second-value")
    world.commit()
    world.git("mv", OLD, FILE)
    world.commit()
    change(world, FILE, "db.port", "5432", "--type", "int")
    world.commit()
    return world


@pytest.fixture
def past(lived: World) -> Iterator[World]:
    """The same world for every test, put back after each."""
    head, key = lived.git("rev-parse", "HEAD").strip(), lived.key_file.read_text()
    yield lived
    lived.git("checkout", "-qf", "main")
    lived.git("reset", "-q", "--hard", head)
    lived.git("clean", "-fdq")
    lived.key_file.write_text(key)


def change(world: World, file: str, path: str, value: str, *more: str) -> None:
    done = world.run("set", file, path, "--stdin", *more, stdin=value.encode())
    assert done.status == 0, done


def log(world: World, *argv: str) -> list[dict[str, object]]:
    done = world.run("log", *argv, "--json")
    assert done.status == 0, done
    assert "-value" not in done.stdout + done.stderr
    changes: list[dict[str, object]] = json.loads(done.stdout)["changes"]
    return changes


def paths(changes: list[dict[str, object]]) -> list[list[tuple[str, str]]]:
    return [[(one["path"], one["change"]) for one in change["paths"]] for change in changes]  # type: ignore[attr-defined]


def test_the_log_names_paths_and_authors_through_a_rename(past: World) -> None:
    changes = log(past, FILE)
    assert paths(changes) == [
        [("db.port", "added")],
        [],
        [("db.password", "changed")],
        [("db.password", "added"), ("db.user", "added")],
    ]
    assert [one["renamed_from"] for one in changes] == [None, OLD, None, None]
    assert {(one["author"], one["email"]) for one in changes} == {("T", "t@example.test")}
    text = past.run("log", FILE).stdout
    assert "T <t@example.test>" in text
    assert f"renamed from {OLD}" in text
    assert "~ db.password" in text


@pytest.mark.parametrize(
    ("path", "expected"),
    [("db.password", 2), ("db.user", 1), ("db", 3), ("db.port", 1)],
)
def test_the_log_of_a_path(past: World, path: str, expected: int) -> None:
    assert len(log(past, FILE, path)) == expected
    assert len(log(past, f"{FILE}#{path}")) == expected


def test_a_path_may_be_a_key_with_dots(past: World) -> None:
    change(past, FILE, '["tls.key"]', "x")
    past.commit()
    assert paths(log(past, FILE, "tls.key")) == [[('["tls.key"]', "added")]]


def test_what_was_never_there_is_an_error(past: World) -> None:
    for argv, kind in (
        ((FILE, "nope"), "no-such-path"),
        (("infra/secrets/dev/none.yaml",), "no-history"),
    ):
        done = past.run("log", *argv, "--json")
        assert (done.status, json.loads(done.stdout)["kind"]) == (2, kind)


def test_without_an_identity_the_log_says_what_it_cannot_tell(past: World) -> None:
    past.key_file.write_text("")
    assert paths(log(past, FILE))[2] == [("db.password", "changed or re-encrypted")]


def test_a_shallow_clone_says_that_there_may_be_more(past: World) -> None:
    past.git("clone", "-q", "--depth", "1", f"file://{past.repo}", "../shallow")
    done = past.run("--repo", "../shallow", "log", FILE)
    assert "shallow clone: older changes are not shown" in done.stderr


def test_a_value_of_the_past_is_shown_through_a_rename(past: World) -> None:
    assert past.run("get", FILE, "db.password").stdout == "second-value"
    assert past.run("get", FILE, "db.password", "--at", "HEAD~3").stdout == "first-value"
    assert past.run("get", f"{OLD}#db.password", "--at", "HEAD~2").stdout == "second-value"
    assert "port" not in past.run("show", FILE, "--at", "HEAD~1").stdout
    assert "port" in past.run("show", FILE).stdout
    assert "first-value" in past.run("show", FILE, "--at", "HEAD~3", "--reveal").stdout
    assert "-value" not in past.run("show", FILE, "--at", "HEAD~3").stdout


def test_a_file_that_was_deleted_can_still_be_read(past: World) -> None:
    (past.repo / FILE).unlink()
    assert past.run("get", FILE, "db.password", "--at", "HEAD").stdout == "second-value"


@pytest.mark.parametrize("command", [("get", FILE, "db.password"), ("show", FILE)])
def test_a_revision_that_is_not_there(past: World, command: tuple[str, ...]) -> None:
    for revision, kind in (("nope", "no-such-revision"), ("--all", "no-such-revision")):
        done = past.run(*command, f"--at={revision}", "--json")
        assert (done.status, json.loads(done.stdout)["kind"]) == (2, kind)
    past.git("checkout", "-q", "--orphan", f"empty-{command[0]}")
    past.git("rm", "-rqf", ".")
    past.git("commit", "-q", "--allow-empty", "-m", "x")
    past.git("checkout", "-q", "main")
    done = past.run(*command, "--at", f"empty-{command[0]}", "--json")
    assert json.loads(done.stdout)["kind"] == "not-at-revision"


def test_one_value_is_undone_and_nothing_else(past: World) -> None:
    done = past.run("set", FILE, "db.password", "--at", "HEAD~3")
    assert (done.status, "first-value" in done.stdout + done.stderr) == (0, False)
    assert past.run("get", FILE, "db.password").stdout == "first-value"
    diff = json.loads(past.run("diff", "--json").stdout)
    assert [one["path"] for one in diff["files"][0]["paths"]] == ["db.password"]


def test_a_removed_number_comes_back_as_a_number(past: World) -> None:
    assert past.run("unset", FILE, "db.port", "--yes").status == 0
    assert past.run("set", FILE, "db.port", "--at", "HEAD").status == 0
    assert "port: 5432\n" in past.decrypt(FILE)


@pytest.mark.parametrize("more", [("--stdin",), ("--generate", "uuid"), ("--type", "int")])
def test_a_value_of_the_past_is_no_second_value(past: World, more: tuple[str, ...]) -> None:
    done = past.run("set", FILE, "db.password", "--at", "HEAD", *more, "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "several-sources")


def test_a_revoked_key_does_not_come_back(past: World) -> None:
    from plana_secrets.rotation.keyset import Key, Status
    from plana_secrets.rotation.material import encode_base64url, make_fingerprint, new_key_bytes
    from plana_secrets.secret import Secret

    value = Secret.from_text(encode_base64url(new_key_bytes()))
    kid = "k7f3a9b2c"
    tombstone = make_fingerprint(Key(kid, Status.ACTIVE, None, value, None))
    settings = (
        '[keysets."a/api"]\nkind = "api-key"\n'
        f'accepted = ["{FILE}#accepted"]\nrollout = "1m"\ndrain = "1m"\n'
    )
    (past.repo / "plana-secrets.toml").write_text(settings)
    past.encrypt(
        "infra/secrets/keysets/a/api.yaml",
        "schema: plana-secrets/keyset/1\nname: a/api\nkind: api-key\nversion: 2\n"
        "active: k7f3a9b2d\nrotation_id: r0123456789abcdef\nkeys:\n"
        f"    {kid}:\n        status: destroyed\n        since: null\n        fingerprint: {tombstone}\n"
        "    k7f3a9b2d:\n        status: active\n        since: null\n        value: abcdefghijkl\n",
    )
    change(past, FILE, "copy", value.reveal_text())
    past.commit()
    change(past, FILE, "copy", "another")
    done = past.run("set", FILE, "copy", "--at", "HEAD", "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "revoked-value")
    assert past.run("get", FILE, "copy").stdout == "another"
