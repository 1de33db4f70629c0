"""Key files are read line by line, age files are opened, and no content is ever repeated."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.age.identities import (
    Further,
    Identities,
    Identity,
    Unusable,
    generate_identity,
    parse_identity_file,
    unite,
)
from plana_secrets.age.recipients import encrypt_to
from plana_secrets.errors import MalformedError
from plana_secrets.secret import Secret

DATA_KEY = bytes(range(32))


def parse(text: str | bytes) -> Identities:
    return parse_identity_file(Secret(text.encode() if isinstance(text, str) else text), "test")


def wrapped_for(*identities: Identity) -> str:
    recipients = [identity.recipient for identity in identities]
    return encrypt_to(Secret(DATA_KEY), recipients, armored=True).decode()


def ssh_key(folder: Path, *options: str) -> bytes:
    file = folder / "ssh_key"
    subprocess.run(["ssh-keygen", "-q", "-f", file, "-N", "", *options], check=True)
    return file.read_bytes()


def test_a_key_file_of_age_keygen_is_read() -> None:
    made = subprocess.run(["age-keygen"], capture_output=True, check=True)
    identities = parse(made.stdout)
    public = made.stderr.decode().split("Public key: ")[1].strip()
    assert identities.recipients() == {public}
    assert identities.unusable == ()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_comments_blank_lines_several_keys_and_windows_line_ends_are_fine(newline: str) -> None:
    one, two = generate_identity(), generate_identity()
    lines = [
        "\ufeff# created: today",
        "",
        one.text.reveal_text(),
        "  # second",
        f"  {two.text.reveal_text()}  ",
    ]
    assert parse(newline.join(lines)).recipients() == {one.recipient.text, two.recipient.text}


def test_a_bad_line_is_named_by_number_and_the_good_ones_still_work() -> None:
    good = generate_identity()
    sentinel = "SENTINEL-5e1f"
    damaged = str(pyrage.x25519.Identity.generate())[:-1] + "!"
    identities = parse(f"{sentinel}\n{good.text.reveal_text()}\n{damaged}\n")
    assert identities.recipients() == {good.recipient.text}
    assert [one.reason for one in identities.unusable] == [
        "line 1: not an age identity",
        "line 3: a damaged age identity",
    ]
    assert sentinel not in repr(identities)
    assert damaged[16:] not in repr(identities)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("AGE-SECRET-KEY-PQ-1QQSENTINEL", "damaged post-quantum"),
        ("AGE-PLUGIN-YUBIKEY-1QQSENTINEL", "plugin"),
        ("", "no identity"),
        ("# only a comment", "no identity"),
    ],
)
def test_what_cannot_be_used_natively_is_named_with_the_reason(line: str, word: str) -> None:
    identities = parse(line)
    assert len(identities) == 0
    assert word in identities.unusable[0].reason
    assert "SENTINEL" not in repr(identities)


@pytest.mark.parametrize(
    "start", ["age-encryption.org/v1\n-> scrypt ", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl"]
)
def test_a_key_file_under_a_passphrase_is_said_to_be_one(start: str) -> None:
    assert "passphrase" in parse(start).unusable[0].reason


def test_bytes_that_are_no_text_are_said_to_be_so() -> None:
    assert parse(b"\xff\xfeSENTINEL").unusable[0].reason == "not a text file"


@pytest.mark.parametrize("options", [("-t", "ed25519"), ("-t", "rsa"), ("-t", "rsa", "-m", "PEM")])
@pytest.mark.long
def test_an_ssh_key_opens_what_is_encrypted_to_its_public_half(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    identities = parse(ssh_key(tmp_path, *options))
    public = (tmp_path / "ssh_key.pub").read_text().split()
    assert identities.recipients() == {f"{public[0]} {public[1]}"}
    encrypted = subprocess.run(
        ["age", "-a", "-R", tmp_path / "ssh_key.pub"],
        input=DATA_KEY,
        capture_output=True,
        check=True,
    )
    assert identities.unwrap(encrypted.stdout) == Secret(DATA_KEY)


@pytest.mark.parametrize(
    ("options", "word"),
    [(("-t", "ecdsa"), "not an ssh key that age can use"), (("-N", "pass"), "passphrase")],
)
def test_an_ssh_key_that_age_cannot_use_is_said_to_be_none(
    tmp_path: Path, options: tuple[str, ...], word: str
) -> None:
    assert word in parse(ssh_key(tmp_path, *options)).unusable[0].reason


def test_a_damaged_ssh_key_is_not_repeated() -> None:
    text = "-----BEGIN OPENSSH PRIVATE KEY-----\nSENTINEL\n-----END OPENSSH PRIVATE KEY-----\n"
    identities = parse(text)
    assert len(identities) == 0
    assert "SENTINEL" not in repr(identities)


def test_ours_opens_also_when_it_is_not_the_first_recipient() -> None:
    ours, other = generate_identity(), generate_identity()
    assert Identities((ours,)).unwrap(wrapped_for(other, ours)) == Secret(DATA_KEY)


def test_the_age_program_encrypts_what_we_open() -> None:
    ours = generate_identity()
    encrypted = subprocess.run(
        ["age", "-a", "-r", ours.recipient.text], input=DATA_KEY, capture_output=True, check=True
    )
    armored = encrypted.stdout.decode()
    identities = Identities((ours,))
    for spelling in (armored, armored.replace("\n", "\r\n"), f"\n \n{armored}\n\n"):
        assert identities.unwrap(spelling) == Secret(DATA_KEY)


def test_a_file_for_others_is_none_and_not_an_error() -> None:
    assert Identities((generate_identity(),)).unwrap(wrapped_for(generate_identity())) is None
    assert Identities().unwrap(wrapped_for(generate_identity())) is None


@pytest.mark.parametrize("text", ["", "SENTINEL", "-----BEGIN AGE ENCRYPTED FILE-----\n", "ä"])
def test_what_is_no_age_file_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        Identities((generate_identity(),)).unwrap(text)
    assert caught.value.kind == "bad-age-file"
    assert "SENTINEL" not in str(caught.value)


@given(position=st.integers(min_value=40), flip=st.integers(min_value=1, max_value=127))
def test_a_changed_age_file_never_opens_to_another_content(position: int, flip: int) -> None:
    """Whatever byte is changed: the same content, not ours, or malformed."""
    ours = generate_identity()
    content = bytearray(wrapped_for(ours).encode())
    content[position % len(content)] ^= flip
    try:
        opened = Identities((ours,)).unwrap(bytes(content))
    except MalformedError:
        return
    assert opened is None or opened == Secret(DATA_KEY)


class Counted:
    """More identities, and how often they were asked for."""

    def __init__(self, *members: Identity) -> None:
        self.calls = 0
        self.found = Identities(members)

    def __call__(self) -> Identities:
        self.calls += 1
        return self.found


def test_further_identities_are_not_looked_for_while_the_first_fit() -> None:
    ours = generate_identity()
    further = Counted(generate_identity())
    identities = Identities((ours,), further=further)
    assert identities.unwrap(wrapped_for(ours)) == Secret(DATA_KEY)
    assert identities.recipients() == {ours.recipient.text}
    assert further.calls == 0


def test_further_identities_open_what_the_first_do_not() -> None:
    hidden = generate_identity()
    identities = Identities((generate_identity(),), further=Counted(hidden))
    assert identities.unwrap(wrapped_for(hidden)) == Secret(DATA_KEY)


def test_counting_completing_and_the_key_file_take_all_identities_once() -> None:
    first, second = generate_identity(), generate_identity()
    identities = Identities((first,), further=Counted(first, second))
    assert len(identities) == 2
    assert identities.as_key_file() == Secret(
        first.text.reveal() + b"\n" + second.text.reveal() + b"\n"
    )
    assert identities.ssh_key() is None


def test_identities_so_far_are_those_that_were_looked_for_already() -> None:
    first, second, third = (generate_identity() for _ in range(3))
    last = Further(lambda: Identities((third,)))
    further = Further(lambda: Identities((second,), further=last))
    identities = Identities((first,), further=further)
    assert identities.so_far().members == (first,)
    further()
    assert identities.so_far().members == (first, second)
    identities.complete()
    assert identities.so_far().members == (first, second, third)
    counted = Counted(second)
    assert Identities((first,), further=counted).so_far().members == (first,)
    assert counted.calls == 0


def test_what_is_unusable_is_asked_for_by_its_reason() -> None:
    closed = parse("age-encryption.org/v1\n-> scrypt ").unusable[0]
    lost = Unusable("SOPS_AGE_KEY_FILE", "no such file", lost=True)
    identities = Identities((), (lost, closed))
    assert (identities.lost(), identities.under_passphrase()) == ([lost], [closed])


def test_ssh_keys_go_to_sops_apart_from_the_key_file(tmp_path: Path) -> None:
    key = ssh_key(tmp_path, "-t", "ed25519")
    native = generate_identity()
    identities = unite([parse(key), Identities((native,))])
    assert identities.as_key_file() == Secret(native.text.reveal() + b"\n")
    assert identities.ssh_key() == Secret(key)


def test_an_identity_prints_and_copies_without_its_text() -> None:
    identity = generate_identity()
    secret = identity.text.reveal_text()[16:]
    identities = Identities((identity,))
    assert secret not in f"{identity!r}{identities!r}{identities}"
    assert copy.copy(identity).text == identity.text


def test_new_identities_differ() -> None:
    assert generate_identity().recipient != generate_identity().recipient
