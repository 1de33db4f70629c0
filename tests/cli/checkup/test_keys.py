"""The identities at hand, who else may read them, and the keyring."""

from __future__ import annotations

import os
import subprocess

import pytest

from plana_secrets.age.identities import generate_identity
from tests.age.keyring_session import run_with_keyring
from tests.cli.checkup.doctor import troubles
from tests.world import PROGRAM, World


def test_a_key_file_of_root_for_the_group_of_the_pod_is_as_it_should_be(healthy: World) -> None:
    if os.getuid() != 0:
        pytest.skip("it gives a file away")
    os.chown(healthy.key_file, 12345, 0)
    for mode, trouble in ((0o440, set()), (0o444, {"key-file-mode"})):
        healthy.key_file.chmod(mode)
        assert set(troubles(healthy)) == trouble


def test_no_identity_is_an_error_with_the_ways_to_one(healthy: World) -> None:
    found = troubles(healthy, env={"SOPS_AGE_KEY_FILE": ""})
    assert found["identity"]["severity"] == "error"
    assert "identity new" in found["identity"]["fix"]


def test_a_key_file_that_others_may_read_comes_with_its_chmod(healthy: World) -> None:
    healthy.key_file.chmod(0o644)
    fix = troubles(healthy)["key-file-mode"]["fix"]
    subprocess.run(["sh", "-c", fix], check=True)
    assert troubles(healthy) == {}


def test_keys_that_cannot_be_used_are_named_without_their_content(healthy: World) -> None:
    healthy.key_file.write_text(f"{healthy.identity}\nSENTINEL-7\n")
    done = healthy.run("doctor")
    assert "line 2: not an age identity" in done.stdout
    assert "SENTINEL" not in done.stdout + done.stderr


def test_an_identity_that_no_rule_names_is_a_warning(healthy: World) -> None:
    other = generate_identity().text.reveal_text()
    env = {"SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY": other, "SOPS_AGE_RECIPIENTS": "age1x"}
    found = troubles(healthy, env=env)
    assert set(found) == {"recipient", "recipients-in-environment"}
    assert other[16:] not in healthy.run("doctor", env=env).stdout


def test_a_broken_identity_file_option_is_an_error(healthy: World) -> None:
    found = troubles(healthy, "--identity-file", "missing.txt")
    assert found["identity"]["severity"] == "error"


def test_the_keyring_in_use_is_named(healthy: World) -> None:
    done = run_with_keyring(
        healthy.home, [*PROGRAM, "doctor"], environment=healthy.environment, cwd=healthy.repo
    )
    assert b"ok       keyring keyring.backends.SecretService.Keyring" in done.stdout


def test_a_keyring_that_is_none_is_a_warning(healthy: World) -> None:
    env = {
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    found = troubles(healthy, env=env)["keyring"]
    assert "null" in found["message"]
    assert "--output FILE" in found["fix"]
