"""Identities are looked for in the documented places, united, and nothing breaks the search."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from plana_secrets.age.identities import Identities, Identity, generate_identity
from plana_secrets.age.recipients import encrypt_to
from plana_secrets.age.sources import IdentitySources, default_key_file, find_identities, key_files
from plana_secrets.errors import CredentialError
from plana_secrets.secret import Secret
from tests.age.keyring_session import run_python_with_keyring
from tests.age.test_identities import ssh_key
from tests.world import World, sops_program


def write_key(path: Path, *identities: Identity) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{one.text.reveal_text()}\n" for one in identities))
    path.chmod(0o600)
    return path


def find(home: Path, *, file: Path | None = None, **environment: str) -> Identities:
    passed = {"PATH": os.environ["PATH"], **environment}
    return find_identities(IdentitySources(file, passed, home))


def texts(*identities: Identity) -> set[str]:
    return {identity.recipient.text for identity in identities}


def test_nothing_anywhere_is_an_empty_set_and_no_error(tmp_path: Path) -> None:
    found = find(tmp_path)
    assert len(found) == 0
    assert found.complete().unusable == ()


def test_all_places_are_united_in_order(tmp_path: Path) -> None:
    in_file, in_value, in_command, in_default = (generate_identity() for _ in range(4))
    write_key(tmp_path / "key.txt", in_file)
    write_key(tmp_path / "command.txt", in_command)
    write_key(tmp_path / ".config/sops/age/keys.txt", in_default, in_file)
    found = find(
        tmp_path,
        SOPS_AGE_KEY_FILE=str(tmp_path / "key.txt"),
        SOPS_AGE_KEY=in_value.text.reveal_text(),
        SOPS_AGE_KEY_CMD=f"cat '{tmp_path}/command.txt'",
    )
    assert [member.recipient for member in found.members] == [
        one.recipient for one in (in_file, in_default, in_value, in_command)
    ]


def test_a_chosen_identity_file_stands_alone(tmp_path: Path) -> None:
    chosen, other = generate_identity(), generate_identity()
    found = find(
        tmp_path,
        file=write_key(tmp_path / "chosen", chosen),
        SOPS_AGE_KEY=other.text.reveal_text(),
    )
    assert found.complete().recipients() == texts(chosen)


def test_a_chosen_identity_file_without_an_identity_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "junk").write_text("SENTINEL\n")
    for name in ("junk", "missing"):
        with pytest.raises(CredentialError, match=name) as caught:
            find(tmp_path, file=tmp_path / name)
        assert caught.value.kind == "bad-identity-file"
        assert "SENTINEL" not in str(caught.value)


def test_the_default_key_file_moves_with_xdg_config_home(tmp_path: Path) -> None:
    identity = generate_identity()
    write_key(tmp_path / "xdg/sops/age/keys.txt", identity)
    found = find(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "xdg"))
    assert found.recipients() == texts(identity)


def test_macos_has_a_second_default_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    sources = IdentitySources(None, {}, tmp_path)
    assert [file.path.relative_to(tmp_path).parts[0] for file in key_files(sources)] == [
        ".config",
        "Library",
    ]
    assert default_key_file({}, tmp_path) == key_files(sources)[1].path
    assert default_key_file({"XDG_CONFIG_HOME": "/x"}, tmp_path) == Path("/x/sops/age/keys.txt")


def test_several_keys_in_one_variable_are_separated_by_lines_or_spaces(tmp_path: Path) -> None:
    one, two, three = (generate_identity() for _ in range(3))
    keys = [identity.text.reveal_text() for identity in (one, two, three)]
    found = find(tmp_path, SOPS_AGE_KEY=f"# created: on a day\n{keys[0]} {keys[1]}\n{keys[2]}")
    assert found.recipients() == texts(one, two, three)
    assert found.unusable == ()


def test_a_key_file_may_be_a_symlink_or_a_pipe(tmp_path: Path) -> None:
    identity = generate_identity()
    target = write_key(tmp_path / "..data", identity)
    (tmp_path / "mounted").symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: write_key(tmp_path / "pipe", identity))
    writer.start()
    assert find(tmp_path, file=tmp_path / "pipe").recipients() == texts(identity)
    writer.join()
    assert find(tmp_path, file=tmp_path / "mounted").recipients() == texts(identity)


@pytest.mark.long
def test_a_slow_writer_of_a_pipe_is_waited_for(tmp_path: Path) -> None:
    identity = generate_identity()
    os.mkfifo(tmp_path / "pipe")

    def write_slowly() -> None:
        with (tmp_path / "pipe").open("wb") as pipe:
            time.sleep(1.3)
            pipe.write(identity.text.reveal())

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert find(tmp_path, file=tmp_path / "pipe").recipients() == texts(identity)
    writer.join()


def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    started = time.monotonic()
    assert find(tmp_path, SOPS_AGE_KEY_FILE=str(tmp_path / "pipe")).recipients() == set()
    assert time.monotonic() - started < 10


def test_what_sops_accepts_is_not_refused_for_its_mode(tmp_path: Path) -> None:
    identity = generate_identity()
    file = write_key(tmp_path / "key", identity)
    file.chmod(0o644)
    assert find(tmp_path, SOPS_AGE_KEY_FILE=str(file)).recipients() == texts(identity)


def test_sources_that_cannot_be_used_are_named_and_the_others_work(tmp_path: Path) -> None:
    identity = generate_identity()
    (tmp_path / "folder").mkdir()
    found = find(
        tmp_path,
        SOPS_AGE_KEY_FILE=str(tmp_path / "folder"),
        SOPS_AGE_SSH_PRIVATE_KEY_FILE=str(tmp_path / "gone"),
        SOPS_AGE_KEY=identity.text.reveal_text(),
    )
    assert found.recipients() == texts(identity)
    assert [str(one) for one in found.unusable] == [
        f"SOPS_AGE_KEY_FILE ({tmp_path}/folder): cannot be read: Is a directory",
        f"SOPS_AGE_SSH_PRIVATE_KEY_FILE ({tmp_path}/gone): no such file",
    ]


def test_an_endless_key_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    found = find(tmp_path, SOPS_AGE_KEY_FILE="/dev/zero")
    assert found.unusable[0].reason == "too large for a key file"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("sh -c 'echo SENTINEL >&2; exit 3'", "the command failed with exit status 3"),
        ("sh -c 'echo SENTINEL'", "line 1: not an age identity"),
        ("no-such-program-here", "cannot start no-such-program-here: No such file or directory"),
        ("sh -c 'echo", "a quote is not closed"),
        ("true", "it contains no identity"),
        ("cat /dev/zero", "cat wrote more than 1 MiB"),
    ],
)
def test_a_key_command_that_fails_is_told_without_its_output(
    tmp_path: Path, command: str, reason: str
) -> None:
    found = find(tmp_path, SOPS_AGE_KEY_CMD=command)
    assert [str(one) for one in found.unusable] == [f"SOPS_AGE_KEY_CMD: {reason}"]


def test_a_key_command_runs_without_a_shell_and_without_the_keys(tmp_path: Path) -> None:
    """It gets the person's environment otherwise, since it may need an agent or a display."""
    identity = generate_identity()
    script = tmp_path / "print key"
    script.write_text(
        f'#!/bin/sh\nenv > "{tmp_path}/env"\necho "$1" > "{tmp_path}/argument"\n'
        f"cat {write_key(tmp_path / 'key', identity)}\n"
    )
    script.chmod(0o700)
    found = find(
        tmp_path,
        SOPS_AGE_KEY_CMD=f"'{script}' '$HOME;id'",
        SOPS_AGE_KEY=generate_identity().text.reveal_text(),
        GNUPGHOME="/somewhere",
    )
    assert identity.recipient.text in found.recipients()
    assert (tmp_path / "argument").read_text() == "$HOME;id\n"
    seen = (tmp_path / "env").read_text()
    assert "GNUPGHOME=/somewhere" in seen
    assert "SOPS_AGE_KEY" not in seen


def test_a_ssh_key_in_its_usual_place_opens_what_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/id_ed25519").write_bytes(ssh_key(tmp_path, "-t", "ed25519"))
    first = generate_identity()
    found = find(tmp_path, SOPS_AGE_KEY=first.text.reveal_text())
    assert found.recipients() == texts(first)
    recipient = found.complete().members[1].recipient
    assert found.unwrap(encrypt_to(Secret(b"k"), [recipient])) == Secret(b"k")


STORE = """
import sys
from plana_secrets.age.keyring_store import IDENTITY_ENTRY, store_entry
from plana_secrets.secret import Secret
store_entry(IDENTITY_ENTRY, Secret.from_text(sys.argv[1]))
"""

FIND = """
import os, sys
from pathlib import Path
from plana_secrets.age.sources import IdentitySources, find_identities
found = find_identities(IdentitySources(None, os.environ | {"SOPS_AGE_KEY": sys.argv[1]}, Path.home()))
print("keyring" in sys.modules, *found.recipients())
print(*(f"{one.origin}={one.recipient.text}" for one in found.complete().members))
"""


def test_an_identity_in_a_real_keyring_is_found_when_it_is_needed(tmp_path: Path) -> None:
    kept, first = generate_identity(), generate_identity()
    run_python_with_keyring(tmp_path, STORE, kept.text.reveal_text())
    printed = run_python_with_keyring(tmp_path, FIND, first.text.reveal_text())
    assert printed.splitlines() == [
        f"False {first.recipient.text}",
        f"SOPS_AGE_KEY={first.recipient.text} keyring={kept.recipient.text}",
    ]


def test_sops_reads_the_key_file_that_is_made_for_it(world: World) -> None:
    """Also when ours is not the first recipient."""
    ours, other = generate_identity(), generate_identity()
    world.write_rules(f"creation_rules:\n  - age: {other.recipient.text},{ours.recipient.text}\n")
    world.encrypt("infra/secrets/a.yaml", "a: value\n")
    key_file = world.folder / "for-sops"
    key_file.write_bytes(Identities((generate_identity(), ours)).as_key_file().reveal())
    done = world.command(
        str(sops_program()), "decrypt", "infra/secrets/a.yaml",
        env={"SOPS_AGE_KEY_FILE": str(key_file)},
    )  # fmt: skip
    assert done.stdout == "a: value\n"


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"SOPS_AGE_KEY_FILE": "/missing/key.txt"}, ["/missing/key.txt"]),
        ({"SOPS_AGE_KEY_FILE": "{folder}/empty"}, ["{folder}/empty"]),
        ({"SOPS_AGE_KEY_FILE": "{folder}"}, ["{folder}"]),
        ({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": "/missing/id"}, ["/missing/id"]),
        ({"SOPS_AGE_KEY_CMD": "false"}, ["SOPS_AGE_KEY_CMD"]),
        ({"SOPS_AGE_KEY": "AGE-SECRET-KEY-1DAMAGED"}, ["SOPS_AGE_KEY"]),
        ({"SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY": ""}, []),
        ({"SOPS_AGE_KEY": "AGE-PLUGIN-YUBIKEY-1QGZQVQQQQQQQQQQQQQQQQQQ"}, []),
        ({}, []),
    ],
)
def test_a_source_that_is_named_and_empty_is_lost(
    tmp_path: Path, environment: dict[str, str], names: list[str]
) -> None:
    """Unlike a default place, and unlike an identity that other programs can use."""
    for name in ("empty", ".config/sops/age/keys.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# nothing\n")
    filled = {name: value.format(folder=tmp_path) for name, value in environment.items()}
    lost = find(tmp_path, **filled).complete().lost()
    assert [any(name.format(folder=tmp_path) in str(one) for one in lost) for name in names] == [
        True for _ in lost
    ]


def test_a_key_file_with_one_good_identity_is_not_lost(tmp_path: Path) -> None:
    key = write_key(tmp_path / "key.txt", generate_identity())
    key.write_text("junk\n" + key.read_text())
    assert not find(tmp_path, SOPS_AGE_KEY_FILE=str(key)).lost()
