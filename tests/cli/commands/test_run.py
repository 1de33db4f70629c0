"""run: values reach the command by its environment alone, and its status is the command's."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.world import PROGRAM, World

PLAIN = "infra/secrets/dev/example.yaml"
SECRET = "infra/secrets/dev/app.secret.yaml"
FLAT = "infra/secrets/dev/flat.yaml"
COLLIDING = "infra/secrets/dev/colliding.yaml"
DEEP = "infra/secrets/dev/deep.yaml"
SENTINEL = "sentinel-77c1-value"

TEXT = f"""\
# a remark
TOKEN: {SENTINEL}
PORT: 5432
RATIO: 0.5
DEBUG: true
MULTI: |
    two
    lines
NOTHING: null
EMPTY: ""
"""
MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
stringData:
    API_KEY: plain
data:
    BINARY: /0Ex
"""


@pytest.fixture
def filled(world: World) -> World:
    world.encrypt(PLAIN, TEXT)
    world.encrypt(FLAT, "TOKEN: other\n")
    world.encrypt(COLLIDING, "db:\n    password: a\nDB_PASSWORD: b\n")
    world.encrypt(DEEP, "db:\n    password: deep\nTOKEN: other\n")
    return world


def environment_of(world: World, *argv: str, env: dict[str, str] | None = None) -> dict[str, str]:
    """What the command saw."""
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    done = world.run("run", *argv, "--", sys.executable, "-I", "-c", code, env=env)
    assert done.status == 0, done.stderr
    return json.loads(done.stdout)


def test_the_values_of_a_plain_map_become_variables(filled: World) -> None:
    seen = environment_of(filled, PLAIN)
    wanted = {
        "TOKEN": SENTINEL, "PORT": "5432", "RATIO": "0.5", "DEBUG": "true",
        "MULTI": "two\nlines\n", "EMPTY": "",
    }  # fmt: skip
    assert {name: seen.get(name) for name in wanted} == wanted
    assert "NOTHING" not in seen
    assert seen["GIT_AUTHOR_NAME"] == "T", "the rest of the environment is inherited"


def test_a_manifest_gives_what_a_container_would_see(world: World) -> None:
    """``data`` decoded, byte for byte; nothing of the readable part."""
    world.encrypt(SECRET, MANIFEST)
    seen = environment_of(world, SECRET)
    assert seen["API_KEY"] == "plain"
    assert seen["BINARY"].encode("utf-8", "surrogateescape") == b"\xffA1"
    assert "kind" not in seen
    seen = environment_of(world, "--env", f"KEY={SECRET}#stringData.API_KEY")
    assert seen["KEY"] == "plain"


def test_base64_in_lines_is_what_the_cluster_takes_it_for(world: World) -> None:
    wrapped = "data:\n    TOKEN: |\n        aGVs\n        bG8=\n"
    world.encrypt(SECRET, f"apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\n{wrapped}")
    assert environment_of(world, SECRET)["TOKEN"] == "hello"
    assert world.run("get", SECRET, "data.TOKEN", "--decode").stdout == "hello"


def test_one_value_under_a_name_of_choice(filled: World) -> None:
    seen = environment_of(filled, "--env", f"PW={DEEP}#db.password", "--env", f"T={PLAIN}#TOKEN")
    assert (seen["PW"], seen["T"]) == ("deep", SENTINEL)
    assert "TOKEN" not in seen


def test_a_nested_value_is_named_by_its_path(world: World) -> None:
    text = (
        "db:\n    password: deep\n    pool-size: 5\nhosts:\n    - one\n    - {a.b: two}\nport: 1\n"
    )
    world.encrypt(DEEP, text)
    seen = environment_of(world, DEEP, "--prefix", "APP_")
    ours = {name: value for name, value in seen.items() if name.startswith("APP_")}
    assert ours == {
        "APP_DB_PASSWORD": "deep", "APP_DB_POOL_SIZE": "5", "APP_HOSTS_0": "one",
        "APP_HOSTS_1_A_B": "two", "APP_port": "1",
    }  # fmt: skip


def test_a_collision_names_both_places(filled: World) -> None:
    done = filled.run("run", COLLIDING, "--", "true")
    assert f"{COLLIDING}#db.password" in done.stderr
    assert f"{COLLIDING}#DB_PASSWORD" in done.stderr


def test_one_odd_key_is_skipped_and_named(world: World) -> None:
    world.encrypt(PLAIN, f"my-key: {SENTINEL}\nTOKEN: x\n")
    done = world.run("run", PLAIN, "--", "sh", "-c", 'echo "$TOKEN"')
    assert (done.status, done.stdout) == (0, "x\n")
    assert f"{PLAIN}#my-key is not a valid variable name" in done.stderr
    assert SENTINEL not in done.stderr


def test_only_means_only(filled: World) -> None:
    """PATH, HOME, the locale and the terminal stay, for a program needs them."""
    seen = environment_of(filled, PLAIN, "--only", env={"STRANGER": "x"})
    known = {"PATH", "HOME", "LANG", "LC_CTYPE", "TERM", "USER", "LOGNAME", "LC_ALL"}
    assert set(seen) - known == {"TOKEN", "PORT", "RATIO", "DEBUG", "MULTI", "EMPTY"}


def test_the_private_key_in_our_environment_does_not_reach_the_command(filled: World) -> None:
    key = filled.key_file.read_text().strip()
    seen = environment_of(filled, PLAIN, env={"SOPS_AGE_KEY": key})
    assert "SOPS_AGE_KEY" not in seen


@pytest.mark.parametrize("status", [0, 1, 7, 125])
def test_the_status_is_that_of_the_command(filled: World, status: int) -> None:
    assert filled.run("run", PLAIN, "--", "sh", "-c", f"exit {status}").status == status


def test_options_behind_the_dashes_belong_to_the_command(filled: World) -> None:
    done = filled.run("run", PLAIN, "--", "echo", "--json", "-h", "--", "x")
    assert (done.status, done.stdout) == (0, "--json -h -- x\n")


def test_the_command_gets_the_signals_that_python_ignores_back(filled: World) -> None:
    """Else ``yes | head`` would complain in every script."""
    done = filled.run(
        "run", PLAIN, "--", "sh", "-c", "yes | head -n1; grep SigIgn /proc/self/status"
    )
    assert done.stdout == "y\nSigIgn:\t0000000000000000\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("argv", "status", "kind"),
    [
        ((PLAIN, FLAT, "--", "true"), 2, "name-collision"),
        ((PLAIN, "--env", f"TOKEN={DEEP}#TOKEN", "--", "true"), 2, "name-collision"),
        ((PLAIN, "--env", f"HOME={DEEP}#TOKEN", "--", "true"), 2, "name-collision"),
        ((COLLIDING, "--", "true"), 2, "name-collision"),
        (("--env", f"1X={PLAIN}#TOKEN", "--", "true"), 125, "bad-variable"),
        (("--env", f"X={PLAIN}#NONE", "--", "true"), 125, "no-such-path"),
        (("--env", f"X={PLAIN}", "--", "true"), 125, "bad-reference"),
        (("--env", SENTINEL, "--", "true"), 125, "bad-reference"),
        (("infra/secrets/dev/none.yaml", "--", "true"), 125, "no-such-file"),
        ((PLAIN,), 125, "usage"),
        ((PLAIN, "--"), 125, "usage"),
        (("--", "true"), 125, "usage"),
        (("--nonsense", "--", "true"), 125, "usage"),
        ((PLAIN, "--", "/nonexistent/program"), 127, "program-missing"),
        ((PLAIN, "--", "no-such-program-here"), 127, "program-missing"),
        ((PLAIN, "--", "/etc/passwd"), 126, "program-missing"),
        ((PLAIN, "--", "/"), 126, "program-missing"),
    ],
)
def test_what_goes_wrong_before_the_start_has_a_status_of_ours(
    filled: World, argv: tuple[str, ...], status: int, kind: str
) -> None:
    done = filled.run("run", "--json", *argv)
    assert (done.status, json.loads(done.stdout)["kind"]) == (status, kind), done.stderr
    assert SENTINEL not in done.stdout + done.stderr


def test_without_an_identity_the_command_does_not_run(filled: World) -> None:
    mark = filled.folder / "ran"
    env = {"SOPS_AGE_KEY_FILE": "/nonexistent"}
    done = filled.run("run", PLAIN, "--", "touch", str(mark), env=env)
    assert done.status == 125
    assert not mark.exists()


def test_a_value_that_no_program_takes_is_said(world: World) -> None:
    world.encrypt("infra/secrets/dev/a.yaml", f"BIG: {'x' * 200_000}\n")
    done = world.run("run", "infra/secrets/dev/a.yaml", "--", "true")
    assert (done.status, "smaller values" in done.stderr) == (126, True)


def test_a_value_with_a_nul_is_no_variable(world: World) -> None:
    world.encrypt(PLAIN, 'A: "x\\0y"\n')
    done = world.run("run", PLAIN, "--json", "--", "true")
    assert (done.status, json.loads(done.stdout)["kind"]) == (125, "bad-variable")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_value_is_in_the_environment_of_one_execve_and_nowhere_else(
    filled: World, tmp_path: Path
) -> None:
    """No argument, no file, no pipe; the parent writes it nowhere."""
    log = tmp_path / "trace"
    calls = "trace=execve,write,writev,pwrite64,sendto,sendmsg"
    filled.command(
        "strace", "-f", "-v", "-s", "100000", "-o", str(log), "-e", calls,
        *PROGRAM, "run", PLAIN, "--", "true",
    )  # fmt: skip
    lines = [line for line in log.read_text().splitlines() if SENTINEL in line]
    assert len(lines) >= 1
    for line in lines:
        arguments, _, environment = line.partition("], [")
        assert " execve(" in arguments
        assert SENTINEL not in arguments
        assert f'"TOKEN={SENTINEL}"' in environment
