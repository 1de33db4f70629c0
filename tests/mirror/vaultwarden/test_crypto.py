"""Keys and ciphertext: vectors from outside, laws, and what is refused by name."""

from __future__ import annotations

import base64
import contextlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.errors import CredentialError, MalformedError
from plana_secrets.mirror.backends.vaultwarden.crypto import (
    SymmetricKey,
    load_private_key,
    unwrap_key,
)
from plana_secrets.mirror.backends.vaultwarden.kdf import (
    Kdf,
    checked_kdf,
    derive_master_key,
    login_hash,
    normalise_email,
    stretch,
)
from plana_secrets.mirror.backends.vaultwarden.vault import unwrap_user_key
from plana_secrets.secret import Secret
from tests.fakes.people import key_pair, wrap_for

PASSWORD = Secret(b"asdfasdf")
KEY = SymmetricKey(Secret(bytes(range(64))))


def test_the_hash_of_pbkdf2_is_that_of_the_clients() -> None:
    key = derive_master_key(
        PASSWORD, normalise_email(" TEST@bitwarden.com "), Kdf("pbkdf2", 100_000)
    )
    assert login_hash(key, PASSWORD) == Secret(b"wmyadRMyBZOH7P/a/ucTCbSghKgdzDpPqUnu/DAVtSw=")


def test_the_hash_of_argon2id_is_that_of_the_clients() -> None:
    key = derive_master_key(PASSWORD, "test_salt", Kdf("argon2id", 4, 32, 2))
    assert login_hash(key, PASSWORD) == Secret(b"PR6UjYmjmppTYcdyTiNbAhPJuQQOmynKbdEl1oyi/iQ=")


def test_a_master_key_is_stretched_as_the_clients_do() -> None:
    master_key = bytes.fromhex("1f4f68e29647b15ac250acd1118184518aa745a7fe95021b27c5402a16c3564b")
    encryption = "6f1fb22dee9825728fd77c5387adc3178e8678f93d84a3b671c5bdccbc15ed60"
    mac = "dd7fceea651bca265634221c4e1cb910303d7fa6d1f7c257e81a3055c1f9b39b"
    assert stretch(Secret(master_key)).reveal().reveal().hex() == encryption + mac


def test_a_text_sealed_elsewhere_opens() -> None:
    """Made with the standard's own pieces, and compared with what the vector is known to be."""
    text = b"Bitwarden SDK test vector"
    count = 16 - len(text) % 16
    sealed = seal_elsewhere(text + bytes([count]) * count)
    ciphertext, mac = (base64.b64decode(part) for part in sealed.split("|")[1:])
    assert (ciphertext[:4].hex(), mac[:4].hex()) == ("ea4d100f", "3c4e2c6f")
    assert KEY.open(sealed) == Secret(text)


def seal_elsewhere(padded: bytes) -> str:
    key, vector = bytes(range(64)), bytes.fromhex("d8da2400c4ba965531936ea8b9e32aac")
    encryptor = Cipher(algorithms.AES(key[:32]), modes.CBC(vector)).encryptor()
    ciphertext = encryptor.update(padded) + encryptor.finalize()
    mac = hmac.digest(key[32:], vector + ciphertext, "sha256")
    parts = (base64.b64encode(part).decode() for part in (vector, ciphertext, mac))
    return f"2.{'|'.join(parts)}"


@pytest.mark.parametrize("end", ["00", "11", "0202020203", "0103", "ff"])
def test_a_wrong_padding_is_refused_though_the_mac_holds(end: str) -> None:
    with pytest.raises(MalformedError) as caught:
        KEY.open(seal_elsewhere(bytes.fromhex(end).rjust(16, b"a")))
    assert caught.value.kind == "wrong-padding"


def test_what_is_sealed_opens_by_the_standards_own_pieces() -> None:
    key = bytes(range(64))
    for number in range(3):
        parts = KEY.seal(b"text %d" % number).removeprefix("2.").split("|")
        vector, ciphertext, mac = (base64.b64decode(part) for part in parts)
        assert mac == hmac.digest(key[32:], vector + ciphertext, "sha256")
        decryptor = Cipher(algorithms.AES(key[:32]), modes.CBC(vector)).decryptor()
        assert decryptor.update(ciphertext) == b"text %d" % number + b"\x0a" * 10


def test_no_vector_comes_twice() -> None:
    vectors = {KEY.seal(b"the same").split("|")[0] for _ in range(500)}
    assert len(vectors) == 500


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_again(content: bytes) -> None:
    assert KEY.open(KEY.seal(content)) == Secret(content)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_no_changed_character_changes_the_content(content: bytes, data: st.DataObject) -> None:
    """It is refused; only the unused bits at the end of base64 may differ unseen."""
    sealed = KEY.seal(content)
    position = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from([one for one in "AZaz09+/=|.2" if one != sealed[position]]))
    changed = sealed[:position] + other + sealed[position + 1 :]
    if changed[position + 1 : position + 2] in {"=", "|", ""} and other not in "=|.":
        with contextlib.suppress(MalformedError):
            assert KEY.open(changed) == Secret(content)
    else:
        with pytest.raises(MalformedError):
            KEY.open(changed)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("0.{iv}|{ct}", "no-mac", id="type 0"),
        pytest.param("2.{iv}|{ct}", "no-mac", id="type 2 without its mac"),
        pytest.param("2.{iv}|{ct}|", "no-mac", id="type 2 with an empty mac"),
        pytest.param("1.{iv}|{ct}|{mac}", "encryption-type", id="type 1"),
        pytest.param("7.{ct}", "account-v2", id="type 7"),
        pytest.param("4.{ct}", "encryption-type", id="type 4 where 2 must stand"),
        pytest.param("99.{ct}", "encryption-type", id="a type that nobody knows"),
        pytest.param("{ct}", "encryption-type", id="no type"),
        pytest.param("plain text", "encryption-type", id="plain text"),
        pytest.param("", "encryption-type", id="nothing"),
        pytest.param("2.{iv}|{ct}|{mac}\n", "no-mac", id="a newline behind it"),
        pytest.param(" 2.{iv}|{ct}|{mac}", "encryption-type", id="a space before it"),
    ],
)
def test_other_forms_are_refused_by_name(text: str, kind: str) -> None:
    iv, ct, mac = KEY.seal(b"content").removeprefix("2.").split("|")
    with pytest.raises(MalformedError) as error:
        KEY.open(text.format(iv=iv, ct=ct, mac=mac))
    assert error.value.kind == kind
    assert ct not in error.value.message


def test_another_key_does_not_open() -> None:
    with pytest.raises(MalformedError) as error:
        SymmetricKey.generate().open(KEY.seal(b"content"))
    assert error.value.kind == "wrong-mac"


def test_a_key_of_version_2_is_named() -> None:
    with pytest.raises(MalformedError) as error:
        SymmetricKey(Secret(bytes(70)))
    assert error.value.kind == "account-v2"
    with pytest.raises(MalformedError):
        SymmetricKey(Secret(bytes(32)))


def test_the_key_of_an_organisation_is_for_one_member() -> None:
    (private, public), (stranger, _) = key_pair(0), key_pair(1)
    wrapped = wrap_for(public, KEY)
    assert unwrap_key(wrapped, load_private_key(Secret(private))).reveal() == KEY.reveal()
    with pytest.raises(MalformedError):
        unwrap_key(wrapped, load_private_key(Secret(stranger)))
    with pytest.raises(MalformedError):
        unwrap_key(KEY.seal(b"x"), load_private_key(Secret(private)))
    with pytest.raises(MalformedError):
        load_private_key(Secret(b"not a key"))


def test_a_wrong_master_password_is_a_matter_of_credentials() -> None:
    right, wrong = Secret(bytes(32)), Secret(bytes([1] * 32))
    wrapped = stretch(right).seal(KEY.reveal().reveal())
    assert unwrap_user_key(wrapped, right).reveal() == KEY.reveal()
    with pytest.raises(CredentialError) as error:
        unwrap_user_key(wrapped, wrong)
    assert error.value.kind == "wrong-master-password"


def test_no_key_shows_itself() -> None:
    assert "***" in repr(KEY)
    assert KEY.reveal().reveal().hex() not in repr(KEY)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param((0, 99_999, None, None), id="few iterations"),
        pytest.param((0, 2_000_001, None, None), id="absurdly many iterations"),
        pytest.param((0, -1, None, None), id="negative"),
        pytest.param((1, 1, 64, 4), id="one pass of argon2"),
        pytest.param((1, 11, 64, 4), id="many passes of argon2"),
        pytest.param((1, 3, 15, 4), id="little memory"),
        pytest.param((1, 3, 1_048_576, 4), id="absurdly much memory"),
        pytest.param((1, 3, None, 4), id="no memory"),
        pytest.param((1, 3, 64, 17), id="many lanes"),
        pytest.param((1, 3, 64, None), id="no lanes"),
        pytest.param((2, 600_000, None, None), id="an unknown derivation"),
    ],
)
def test_a_hostile_derivation_is_refused(asked: tuple[int, int, int | None, int | None]) -> None:
    with pytest.raises(MalformedError) as error:
        checked_kdf(*asked)
    assert error.value.kind == "kdf-refused"


@pytest.mark.parametrize(
    "asked", [(0, 100_000, None, None), (0, 600_000, None, None), (1, 3, 64, 4), (1, 6, 32, 4)]
)
def test_what_clients_offer_is_accepted(asked: tuple[int, int, int | None, int | None]) -> None:
    assert checked_kdf(*asked).iterations == asked[1]
