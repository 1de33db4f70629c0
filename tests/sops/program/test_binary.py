"""The sops program: what each use gives, what it is told, and what its failures become."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from plana_secrets import memory
from plana_secrets.age.identities import (
    Identities,
    Identity,
    generate_identity,
    parse_identity_file,
)
from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UsageError,
)
from plana_secrets.process import Completed, ProgramError
from plana_secrets.secret import Secret
from plana_secrets.sops.program import binary, locate
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.program.failures import sops_error

FILE = "infra/app.yaml"
PLAIN = """\
# about the database
db:
    # the real one
    password: hunter2-sentinel
    port: 5432
    ratio: 1.5
    on: true
    since: 2020-01-02T00:00:00Z
list:
    - one
    - two
nothing: null
empty: ""
"""


def encrypt(sops: Sops, root: Path, plain: str = PLAIN, file: str = FILE) -> bytes:
    return sops.encrypt(Secret.from_text(plain), file=file, config=root / ".sops.yaml", root=root)


def decrypt(sops: Sops, ciphertext: bytes, identities: Identities) -> str:
    return sops.decrypt(ciphertext, identities=identities).reveal_text()


def with_recipients(root: Path, *recipients: str) -> None:
    rules = root / ".sops.yaml"
    rules.write_text(re.sub(r"age: .*", f"age: {','.join(recipients)}", rules.read_text()))


def test_encrypting_follows_the_rule_and_decrypts_to_the_same(
    sops: Sops, root: Path, identities: Identities
) -> None:
    ciphertext = encrypt(sops, root)
    assert b"sentinel" not in ciphertext
    assert decrypt(sops, ciphertext, identities) == PLAIN.replace("on:", '"on":')
    manifest = encrypt(sops, root, "kind: Secret\ndata:\n    a: Yg==\n", "infra/a.secret.yaml")
    assert b"kind: Secret" in manifest
    assert b"Yg==" not in manifest
    assert b"encrypted_regex: ^(data|stringData)$" in manifest


def test_nothing_is_written_into_the_repository(sops: Sops, root: Path) -> None:
    encrypt(sops, root)
    assert [path.name for path in root.rglob("*")] == [".sops.yaml"]


def test_a_file_without_a_rule_is_refused_before_sops_is_asked(root: Path) -> None:
    broken = Sops(Path("/nonexistent/sops"), (3, 11, 0))
    with pytest.raises(UsageError) as caught:
        encrypt(broken, root, file="elsewhere/app.yaml")
    assert caught.value.kind == "no-rule"


def test_a_rewrite_changes_only_the_ciphertext_of_what_changed(
    sops: Sops, root: Path, identities: Identities
) -> None:
    """All other lines stay byte for byte, besides mac, lastmodified and version."""
    before = encrypt(sops, root)
    plain = decrypt(sops, before, identities).replace("5432", "5433")
    after = sops.rewrite(before, Secret.from_text(plain), identities=identities)
    assert decrypt(sops, after, identities) == plain
    old, new = before.decode().splitlines(), after.decode().splitlines()
    assert len(old) == len(new)
    changed = {a.split(":")[0].strip() for a, b in zip(old, new, strict=True) if a != b}
    assert changed - {"lastmodified"} == {"port", "mac"}


def test_a_rewrite_with_the_same_content_gives_the_same_bytes(
    sops: Sops, root: Path, identities: Identities
) -> None:
    before = encrypt(sops, root)
    plain = sops.decrypt(before, identities=identities)
    assert sops.rewrite(before, plain, identities=identities) is before


@pytest.mark.parametrize("indent", [2, 3, 4])
def test_a_rewrite_keeps_the_indentation(
    sops: Sops, root: Path, identities: Identities, indent: int
) -> None:
    rules = root / ".sops.yaml"
    rules.write_text(rules.read_text() + f"stores: {{yaml: {{indent: {indent}}}}}\n")
    before = encrypt(sops, root)
    after = sops.rewrite(before, Secret.from_text("db:\n  a: b\n"), identities=identities)
    assert f"\n{' ' * indent}a: ENC[".encode() in after
    assert f"\n{' ' * indent}age:".encode() in after


@pytest.mark.parametrize("portable", [False, True], ids=["memfd", "portable"])
def test_an_identity_that_fits_a_later_recipient_works(
    sops: Sops,
    root: Path,
    identity: Identity,
    monkeypatch: pytest.MonkeyPatch,
    portable: bool,
) -> None:
    """A pipe would be drained by the first recipient that sops tries."""
    if portable:
        monkeypatch.setattr(memory, "FACILITIES", replace(memory.FACILITIES, memfd=False))
    others = [generate_identity() for _ in range(3)]
    with_recipients(root, *[one.recipient.text for one in others], identity.recipient.text)
    identities = Identities((generate_identity(), identity))
    before = encrypt(sops, root)
    after = sops.rewrite(before, Secret.from_text("a: b\n"), identities=identities)
    assert decrypt(sops, after, identities) == "a: b\n"


@pytest.mark.parametrize("portable", [False, True], ids=["memfd", "portable"])
def test_an_ssh_identity_works(
    sops: Sops, root: Path, monkeypatch: pytest.MonkeyPatch, portable: bool
) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if portable:
        monkeypatch.setattr(memory, "FACILITIES", replace(memory.FACILITIES, memfd=False))
    private = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    identities = parse_identity_file(Secret(private), "a test")
    (member,) = identities.members
    with_recipients(root, member.recipient.text)
    before = encrypt(sops, root, "a: b\n")
    after = sops.rewrite(before, Secret.from_text("a: c\n"), identities=identities)
    assert decrypt(sops, after, identities) == "a: c\n"


def test_only_the_identities_handed_over_are_used(
    sops: Sops, root: Path, tmp_path: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the caller's variables nor the key file in his home open a file."""
    key_file = tmp_path / "home/.config/sops/age/keys.txt"
    key_file.parent.mkdir(parents=True)
    key_file.write_bytes(identity.text.reveal())
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(key_file))
    monkeypatch.setenv("SOPS_AGE_KEY", identity.text.reveal_text())
    ciphertext = encrypt(sops, root)
    with pytest.raises(CredentialError) as caught:
        decrypt(sops, ciphertext, Identities((generate_identity(),)))
    assert caught.value.kind == "no-identity-fits"
    with pytest.raises(CredentialError) as caught:
        decrypt(sops, ciphertext, Identities(()))
    assert caught.value.kind == "no-identity"


def test_variables_of_the_caller_do_not_override_the_rules(
    sops: Sops, root: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = generate_identity().recipient.text
    monkeypatch.setenv("SOPS_AGE_RECIPIENTS", stranger)
    monkeypatch.setenv("SOPS_CONFIG", "/nonexistent")
    ciphertext = encrypt(sops, root)
    assert stranger.encode() not in ciphertext
    assert identity.recipient.text.encode() in ciphertext


def test_recipients_are_updated_by_the_rule_of_the_real_name(
    sops: Sops, root: Path, identity: Identity, identities: Identities
) -> None:
    """The data key, the values and the MAC stay; only the stanzas change."""
    newcomer = generate_identity()
    before = encrypt(sops, root)
    with_recipients(root, newcomer.recipient.text)
    rules = (root / ".sops.yaml").read_bytes()
    after = sops.update_recipients(before, file=FILE, rules=rules, identities=identities)
    assert identity.recipient.text.encode() not in after
    assert decrypt(sops, after, Identities((newcomer,))) == decrypt(sops, before, identities)
    assert after.split(b"sops:")[0] == before.split(b"sops:")[0]


def test_a_new_data_key_changes_every_ciphertext_and_no_value(
    sops: Sops, root: Path, identities: Identities
) -> None:
    before = encrypt(sops, root)
    after = sops.rotate_data_key(before, identities=identities)
    assert decrypt(sops, after, identities) == decrypt(sops, before, identities)
    tokens = set(re.findall(rb"ENC\[[^]]*\]", before)) & set(re.findall(rb"ENC\[[^]]*\]", after))
    assert tokens == set()


def tampered(ciphertext: bytes, change: str) -> bytes:
    text = ciphertext.decode()
    match change:
        case "mac":
            swapped = re.sub(r"(list:\n    - )(.*)(\n    - )(.*)", r"\1\4\3\2", text)
        case "value":
            swapped = text.replace("type:int", "type:xxx")
        case "plaintext":
            swapped = re.sub(r"password: .*", "password: hunter2-sentinel", text)
        case "no metadata":
            swapped = text.partition("sops:")[0]
        case "no yaml":
            swapped = "a: [hunter2-sentinel"
        case "bytes":
            swapped = text.replace("type:str", "type:bytes", 1)
        case _:
            raise AssertionError(change)
    assert swapped != text
    return swapped.encode()


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ("mac", {"mac-mismatch"}),
        ("value", {"not-decryptable"}),
        ("plaintext", {"not-decryptable"}),
        ("no metadata", {"not-encrypted"}),
        ("no yaml", {"not-encrypted"}),
        ("bytes", {"sops-crashed", "not-decryptable", "mac-mismatch"}),
    ],
)
def test_a_refusal_becomes_an_error_of_ours_without_a_word_of_sops(
    sops: Sops, root: Path, identities: Identities, change: str, kinds: set[str]
) -> None:
    """sops tells the plaintext, or its hash, in its own errors."""
    ciphertext = tampered(encrypt(sops, root), change)
    with pytest.raises(FailedError) as caught:
        sops.decrypt(ciphertext, identities=identities)
    assert caught.value.kind in kinds
    seen = f"{caught.value!r} {caught.value.facts} {caught.value.__cause__}"
    assert "sentinel" not in seen
    assert not re.search(r"[0-9A-F]{32}", seen)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"fatal error: failed to reserve page summary memory\n\nruntime stack:\n", "exhausted"),
        (b"runtime: epollcreate failed with 24\nfatal error: runtime: netpollinit failed\n", "exhausted"),
        (b"fatal error: all goroutines are asleep - deadlock!\n", "sops-crashed"),
        (b"Error unmarshalling input file\n", "sops-unreadable"),
    ],
)  # fmt: skip
def test_a_machine_without_room_for_sops_is_no_bad_file(said: bytes, kind: str) -> None:
    assert sops_error(Completed(2, b"", said), "read the file").kind == kind


def test_a_crash_of_sops_is_told_from_its_status_two(root: Path, identities: Identities) -> None:
    """Up to 3.13.1 the type ``bytes`` makes it panic; status 2 alone would mean unreadable."""
    bundled = locate._bundled()
    assert bundled is not None
    ciphertext = tampered(encrypt(bundled, root), "bytes")
    with pytest.raises(FailedError) as caught:
        bundled.decrypt(ciphertext, identities=identities)
    assert caught.value.kind == "sops-crashed"


@pytest.mark.parametrize(
    ("plain", "kind"),
    [
        ("a: [hunter2-sentinel\n", "sops-editor"),
        ("a: 18446744073709551615\n", "not-encryptable"),
        ("# hunter2-sentinel\n", "sops-editor"),
        ("", "sops-editor"),
        ("- a\n", "sops-editor"),
    ],
)
def test_a_text_that_sops_cannot_take_ends_soon_and_changes_nothing(
    sops: Sops, root: Path, identities: Identities, plain: str, kind: str
) -> None:
    """Left alone, sops would start its editor again and again for ever."""
    ciphertext = encrypt(sops, root)
    with pytest.raises(PlanaSecretsError) as caught:
        sops.rewrite(ciphertext, Secret.from_text(plain), identities=identities)
    assert caught.value.kind == kind
    assert "sentinel" not in repr(caught.value)


@pytest.mark.parametrize("service", ["kms", "pgp", "gcp_kms", "hc_vault"])
def test_a_file_with_keys_of_a_service_is_refused_rather_than_asked_about(
    sops: Sops, root: Path, identities: Identities, service: str
) -> None:
    """sops would go to the network for them."""
    ciphertext = encrypt(sops, root)
    place = b"\n    lastmodified:"
    text = ciphertext.replace(place, f"\n    {service}: [{{x: y}}]".encode() + place)
    for call in (
        lambda: sops.decrypt(text, identities=identities),
        lambda: sops.rewrite(text, Secret.from_text("a: b\n"), identities=identities),
        lambda: sops.rotate_data_key(text, identities=identities),
    ):
        with pytest.raises(MalformedError) as caught:
            call()
        assert caught.value.kind == "other-key-service"
    empty = ciphertext.replace(place, f"\n    {service}: []".encode() + place)
    assert decrypt(sops, empty, identities)


def test_a_program_that_hangs_is_ended(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "sops"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(binary, "_DEADLINE", 0.3)
    with pytest.raises(ProgramError) as caught:
        encrypt(Sops(program, (3, 11, 0)), root)
    assert caught.value.kind == "program-deadline"


def test_private_folders_are_gone_afterwards(
    sops: Sops, root: Path, identities: Identities
) -> None:
    """After success and after failure alike."""
    before = {path for parent in memory.FACILITIES.folders for path in memory._ours(parent)}
    ciphertext = encrypt(sops, root)
    with pytest.raises(PlanaSecretsError):
        sops.rewrite(ciphertext, Secret.from_text("- a\n"), identities=identities)
    after = {path for parent in memory.FACILITIES.folders for path in memory._ours(parent)}
    mine = [one for one in after - before if f".{os.getpid()}." in one.name]
    assert mine == []
