"""How many can read an age file, and how: without a key."""

from __future__ import annotations

import subprocess

import pytest

from plana_secrets.age.header import stanza_kinds
from plana_secrets.age.identities import generate_identity
from plana_secrets.errors import MalformedError
from tests.age.test_recipients import SSH


def age(*recipients: str) -> str:
    options = [part for recipient in recipients for part in ("-r", recipient)]
    done = subprocess.run(["age", "-a", *options], input=b"x" * 32, capture_output=True, check=True)
    return done.stdout.decode()


def test_each_stanza_is_named_by_its_kind() -> None:
    one = generate_identity().recipient.text
    assert stanza_kinds(age(one)) == ("X25519",)
    assert stanza_kinds(age(one, SSH)) == ("X25519", "ssh-ed25519")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text.replace("BEGIN AGE", "BEGIN SOME"),
        lambda text: text.replace("YWdl", "YWdm", 1),
        lambda text: text.replace("\n", "\n!", 1),
        lambda text: "\n".join([*text.splitlines()[:2], "-----END AGE ENCRYPTED FILE-----"]),
        lambda text: text[:-20],
    ],
)
def test_what_is_no_age_file_is_malformed(change) -> None:
    with pytest.raises(MalformedError):
        stanza_kinds(change(age(generate_identity().recipient.text)))
