"""identity: made, shown, copied and printed; kept in a keyring or a private file, or refused."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pyrage
import pytest

from tests.age.keyring_session import run_with_keyring
from tests.age.passphrases import protect_cheaply
from tests.cli.terminal import run_at_terminal
from tests.world import PROGRAM, Result, World

NOWHERE = {"SOPS_AGE_KEY_FILE": ""}


class Session:
    """One home with a real keyring; every ``run`` is a login session of its own."""

    def __init__(self, world: World) -> None:
        self.world = world

    def run(self, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Result:
        return self.shell(*PROGRAM, *argv, stdin=stdin, env=env)

    def shell(self, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Result:
        environment = self.world.environment | NOWHERE | (env or {})
        done = run_with_keyring(
            self.world.home, argv, environment=environment, stdin=stdin, cwd=self.world.repo
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def session(world: World) -> Session:
    return Session(world)


def recipient_of(key_file: Path) -> str:
    done = subprocess.run(["age-keygen", "-y", key_file], capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_new_keeps_the_identity_in_the_keyring_and_prints_the_recipient(session: Session) -> None:
    made = session.run("identity", "new")
    assert made.status == 0, made.stderr
    recipient = made.stdout.strip()
    assert recipient.startswith("age1")
    assert "AGE-SECRET-KEY" not in made.stdout + made.stderr
    shown = session.run("identity", "show")
    assert shown.stdout.split() == [recipient, "keyring"]


@pytest.mark.long
def test_new_does_not_replace_the_identity_in_the_keyring(session: Session) -> None:
    first = session.run("identity", "new").stdout.strip()
    refused = session.run("identity", "new")
    assert refused.status == 2
    assert "--add" in refused.stderr
    second = session.run("identity", "new", "--add").stdout.strip()
    listed = json.loads(session.run("identity", "show", "--json").stdout)
    assert [one["recipient"] for one in listed["identities"]] == [second, first]


@pytest.mark.long
def test_plain_sops_works_with_an_identity_in_the_keyring(session: Session) -> None:
    """Through SOPS_AGE_KEY_CMD, and our own commands with that setting do not call themselves."""
    world = session.world
    recipient = session.run("identity", "new").stdout.strip()
    world.write_rules(f"creation_rules:\n  - age: {world.recipients},{recipient}\n")
    world.encrypt("infra/secrets/a.yaml", "a: value\n")
    command = {"SOPS_AGE_KEY_CMD": " ".join([*PROGRAM, "identity", "key"])}
    from tests.world import sops_program

    done = session.shell(str(sops_program()), "decrypt", "infra/secrets/a.yaml", env=command)
    assert done.stdout == "a: value\n"
    shown = session.run("identity", "show", env=command)
    assert shown.stdout.split() == [recipient, "SOPS_AGE_KEY_CMD"]


def test_new_without_a_keyring_is_refused_with_the_ways_out(world: World) -> None:
    """Exit 4, and nothing is written anywhere."""
    before = sorted(world.folder.rglob("*"))
    done = world.run("identity", "new", env=NOWHERE)
    assert done.status == 4
    assert done.stdout == ""
    assert "--output FILE" in done.stderr
    assert sorted(world.folder.rglob("*")) == before


def test_new_into_a_file_that_only_its_owner_reads(world: World) -> None:
    file = world.folder / "new.txt"
    done = world.run("identity", "new", "--output", str(file), "--json")
    report = json.loads(done.stdout)
    assert report["schema"] == "plana-secrets/identity-new/1"
    assert report["recipient"] == recipient_of(file)
    assert (report["kept_in"], report["file"]) == ("file", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_never_overwritten(world: World) -> None:
    before = world.key_file.read_bytes()
    new = world.run("identity", "new", "--output", str(world.key_file))
    export = world.run(
        "identity", "export", "-o", str(world.key_file), "--passphrase-stdin", stdin=b"pass\n"
    )
    assert (new.status, export.status) == (2, 2)
    assert world.key_file.read_bytes() == before


def test_a_private_key_is_not_written_into_the_repository(world: World) -> None:
    done = world.run("identity", "new", "--output", "key.txt")
    assert done.status == 2
    assert "inside the repository" in done.stderr
    assert not (world.repo / "key.txt").exists()


def test_show_names_what_cannot_be_used_without_repeating_it(world: World) -> None:
    world.key_file.write_text(f"{world.identity}\nSENTINEL-91\n")
    done = world.run("identity", "show")
    assert done.status == 0
    assert done.stdout.startswith(f"{world.identity.to_public()}  SOPS_AGE_KEY_FILE (")
    assert "line 2: not an age identity" in done.stderr
    assert "SENTINEL" not in done.stdout + done.stderr


def test_show_with_no_identity_is_a_credential_error(world: World) -> None:
    done = world.run("identity", "show", "--json", env=NOWHERE)
    error = json.loads(done.stdout)
    assert (done.status, error["code"], error["kind"]) == (4, 4, "no-identity")


def test_key_prints_the_chosen_file_and_not_the_environment(world: World) -> None:
    other = world.folder / "other.txt"
    world.run("identity", "new", "-o", str(other))
    done = world.run("identity", "key", "--identity-file", str(other))
    assert done.status == 0
    assert str(pyrage.x25519.Identity.from_str(done.stdout.strip()).to_public()) == recipient_of(
        other
    )
    assert world.run("identity", "key").status == 4
    assert world.run("identity", "key", "--json", "--identity-file", str(other)).status == 2


@pytest.mark.long
def test_a_protected_copy_is_imported_into_the_next_keyring(world: World, tmp_path: Path) -> None:
    """A wrong passphrase changes nothing."""
    copy = tmp_path / "copy.age"
    copy.write_bytes(protect_cheaply(world.key_file.read_bytes(), b"right horse"))
    session = Session(world)
    wrong = session.run("identity", "import", str(copy), "--passphrase-stdin", stdin=b"wrong\n")
    assert wrong.status == 4
    right = ("identity", "import", str(copy), "--passphrase-stdin")
    imported = session.run(*right, stdin=b"right horse")
    assert imported.stdout.strip() == world.recipients
    shown = session.run("identity", "show")
    assert shown.stdout.split() == [world.recipients, "keyring"]


@pytest.mark.long
def test_importing_twice_is_importing_once(session: Session) -> None:
    key_file = str(session.world.key_file)
    first = json.loads(session.run("identity", "import", key_file, "--json").stdout)
    second = json.loads(session.run("identity", "import", key_file, "--json").stdout)
    assert (first["added"], second["added"]) == (1, 0)
    key = session.run("identity", "key").stdout
    assert key == f"{session.world.identity}\n"


def test_import_from_stdin_into_a_file(world: World) -> None:
    made = subprocess.run(["age-keygen"], capture_output=True, check=True).stdout
    file = world.folder / "imported.txt"
    done = world.run("identity", "import", "-", "-o", str(file), stdin=made)
    assert done.stdout.strip() == recipient_of(file)
    both = world.run("identity", "import", "-", "--passphrase-stdin", "-o", "x", stdin=made)
    assert both.status == 2


@pytest.mark.parametrize("content", ["", "SENTINEL-17\n", "AGE-PLUGIN-X-1QQSENTINEL\n"])
def test_import_of_what_is_no_identity_is_refused_without_repeating_it(
    world: World, content: str
) -> None:
    done = world.run("identity", "import", "-", stdin=content.encode())
    assert done.status == 4
    assert "SENTINEL" not in done.stdout + done.stderr
    missing = world.run("identity", "import", "missing.txt", "--json")
    assert (missing.status, json.loads(missing.stdout)["kind"]) == (3, "missing-key-file")


@pytest.mark.long
def test_a_passphrase_is_asked_twice_without_echo(world: World) -> None:
    copy = world.folder / "copy.age"
    done = run_at_terminal(
        world, "identity", "export", "-o", str(copy),
        answers=[("passphrase: ", "wörd SENTINEL\n"), ("(again): ", "wörd SENTINEL\n")],
    )  # fmt: skip
    assert done.status == 0, done.screen
    assert done.echoed == {"passphrase: ": False, "(again): ": False}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert copy.read_bytes().startswith(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    assert "SENTINEL" not in done.screen
    opened = run_at_terminal(
        world, "identity", "import", str(copy), "-o", str(world.folder / "again"),
        answers=[("passphrase: ", "wörd SENTINEL\n")],
    )  # fmt: skip
    assert opened.status == 0, opened.screen
    assert recipient_of(world.folder / "again") == world.recipients


def test_two_passphrases_that_differ_change_nothing(world: World) -> None:
    copy = world.folder / "copy.age"
    done = run_at_terminal(
        world, "identity", "export", "-o", str(copy),
        answers=[("passphrase: ", "one\n"), ("(again): ", "two\n")],
    )  # fmt: skip
    assert done.status == 2
    assert not copy.exists()


@pytest.mark.parametrize(("typed", "status"), [("\x03", 130), ("\x04", 2)])
def test_control_c_and_control_d_at_the_passphrase_stop(
    world: World, typed: str, status: int
) -> None:
    copy = world.folder / "copy.age"
    done = run_at_terminal(
        world, "identity", "export", "-o", str(copy), answers=[("passphrase: ", typed)]
    )
    assert done.status == status
    assert "unexpected" not in done.screen
    assert not copy.exists()


@pytest.mark.parametrize("option", [(), ("--no-input",)])
def test_without_a_terminal_nobody_is_asked(world: World, option: tuple[str, ...]) -> None:
    done = world.run("identity", "export", *option)
    assert done.status == 2
    assert done.stdout == ""
    empty = world.run("identity", "export", "--passphrase-stdin", stdin=b"\n")
    assert empty.status == 2


def test_without_a_keyring_each_command_says_what_works_for_it(world: World) -> None:
    made = world.run("identity", "new")
    login = world.run("login", "--url", "https://vault.example.test")
    assert (made.status, login.status) == (4, 4)
    assert "without one, keep the identity in a 0600 file" in made.stderr
    assert "without one, set PLANA_SECRETS_VAULTWARDEN_CREDENTIALS=FILE" in login.stderr
    assert "identity new" not in login.stderr
