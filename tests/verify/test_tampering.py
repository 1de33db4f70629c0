"""Every tampering that needs neither history nor authorship to see is seen.

sops 3.11 itself accepts most of these files with status 0. Left out are the changes that
no file by itself can show: other values between readable neighbours, another nesting or
another type in a plain map, a removed or moved comment, an older version of the file, a
whole file made anew with the public recipients.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from tests.verify.helpers import NO_IDENTITY, checks, verify
from tests.world import World

PLAIN, MANIFEST, KEYSET = (
    "infra/secrets/dev/app.yaml",
    "infra/secrets/dev/app.secret.yaml",
    "infra/secrets/keysets/app.yaml",
)
SOURCES = {
    PLAIN: """\
# a comment
db:
    user: admin
    password: correct-horse
    port: 5432
    ok: true
names:
    - a
    - b
last: value
""",
    MANIFEST: """\
apiVersion: v1
kind: Secret
metadata:
    name: app
    namespace: prod
    labels:
        app.kubernetes.io/name: app
type: Opaque
stringData:
    PASSWORD: correct-horse
    PIN: "1234"
data:
    TOKEN: aGVsbG8=
""",
    KEYSET: f"""\
schema: plana-secrets/keyset/1
name: app
kind: api-key
version: 3
active: k7f3a9b2c
rotation_id: r0123456789abcdef
keys:
    k7f3a9b2c:
        status: active
        since: "2026-11-20T10:00:00Z"
        value: {"A" * 43}
""",
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, str]]:
    """A world with one file of each kind and two recipients, as the real sops made them."""
    other = pyrage.x25519.Identity.generate()
    world = World(tmp_path_factory.mktemp("tampering"), others=[other])
    (world.repo / "plana-secrets.toml").write_text(
        '[keysets."app"]\nkind = "api-key"\naccepted = []\n'
    )
    for file, source in SOURCES.items():
        world.encrypt(file, source)
    world.commit()
    return world, {file: (world.repo / file).read_text() for file in SOURCES}


def test_the_untouched_files_have_no_finding(
    originals: tuple[World, dict[str, str]],
) -> None:
    world, _ = originals
    report = verify(world)
    assert checks(report) == []
    assert (report.level.name, report.complete) == ("L3", True)


def sub(pattern: str, replacement: str) -> Callable[[str], str]:
    """Replace the first match; the test fails when there is none."""

    def change(text: str) -> str:
        changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
        assert count == 1, pattern
        return changed

    return change


def append(line: str) -> Callable[[str], str]:
    return lambda text: text.replace("\nsops:\n", f"\n{line}\nsops:\n", 1)


def in_metadata(line: str) -> Callable[[str], str]:
    return lambda text: text.replace("\nsops:\n", f"\nsops:\n    {line}\n", 1)


def shift_tag(text: str) -> str:
    """Move the last byte of the data in front of the tag."""
    match = re.search(r"data:([^,]+),iv:[^,]+,tag:([^,]+),", text)
    assert match
    data, tag = (base64.b64decode(part) for part in match.groups())
    moved = (data[:-1], data[-1:] + tag)
    for old, new in zip(match.groups(), moved, strict=True):
        text = text.replace(old, base64.b64encode(new).decode(), 1)
    return text


def swap_labels(text: str) -> str:
    """Each of two recipients gets the other's age file."""
    first, second = re.findall(r"recipient: (age1\S+)", text)
    return text.replace(first, "@").replace(second, first).replace("@", second)


def swap_values(text: str) -> str:
    tokens = re.findall(r"ENC\[[^\]]*type:str\]", text)
    return text.replace(tokens[0], "@").replace(tokens[1], tokens[0]).replace("@", tokens[1])


def swap_lines(text: str) -> str:
    return re.sub(r"(    user: .*\n)(    password: .*\n)", r"\2\1", text)


def entries_of(text: str) -> list[str]:
    """The entries of the recipients, whichever of their two fields a release writes first."""
    return re.findall(r"        - (?:enc|recipient): .*\n(?:          .*\n)+", text)


def with_stranger(text: str) -> str:
    """One more recipient, who has somebody else's age file."""
    stranger = pyrage.x25519.Identity.generate().to_public()
    entry = entries_of(text)[0]
    return text.replace(entry, entry + re.sub(r"age1\w+", str(stranger), entry), 1)


def without_recipient(text: str) -> str:
    return text.replace(entries_of(text)[1], "", 1)


STAMP = r'lastmodified: "([^"]*)Z"'
ROWS: dict[str, tuple[str, Callable[[str], str], str]] = {
    # what is neither encrypted nor in the MAC
    "1 a key with null": (PLAIN, append("extra: null"), "null-value"),
    "2 a key with an empty text": (PLAIN, append('extra: ""'), "empty-value"),
    "3 a key with an empty map": (PLAIN, append("extra: {}"), "empty-container"),
    "3 a key with an empty list": (PLAIN, append("extra: []"), "empty-container"),
    "1 null in a keyset": (KEYSET, append("extra: null"), "keyset-schema"),
    "A5 a secret as the name of a key": (PLAIN, append("correct-horse: null"), "null-value"),
    # readable keys
    "7 a readable key renamed": (MANIFEST, sub("    namespace:", "    note:"), "manifest-shape"),
    "8 key names swapped": (KEYSET, sub(r"^name: (.*)\nkind: (.*)", r"kind: \1\nname: \2"), "keyset-schema"),
    "F1 a value moved to another map": (
        MANIFEST, sub(r"    namespace: (\w+)\n", r"    labels2:\n        namespace: \1\n"), "manifest-shape",
    ),
    "F5 a readable kid renamed": (KEYSET, sub("^active: .*", "active: k00000000"), "keyset-schema"),
    "A30 a secret in a readable field": (MANIFEST, sub("^type: .*", "note: x"), "manifest-shape"),
    "11 a readable value changed": (MANIFEST, sub("name: app$", "name: other"), "mac-mismatch"),
    "11 the version of a keyset changed": (KEYSET, sub("^version: 3", "version: 4"), "mac-mismatch"),
    # places
    "12 two leaves reordered": (PLAIN, swap_lines, "mac-mismatch"),
    "13 two ciphertexts swapped": (PLAIN, swap_values, "undecryptable"),
    "14 an encrypted key renamed": (PLAIN, sub("    password:", "    pass:"), "undecryptable"),
    "20 a map as one key with a colon": (
        PLAIN, sub(r"^db:\n    user: (.*)\n", r'"db:user": \1\ndb:\n'), "bad-key-name",
    ),
    "16 a list in a manifest": (MANIFEST, sub(r"    PIN: (.*)", r"    PIN:\n        - \1"), "manifest-data"),
    "17 a list in a keyset": (KEYSET, sub(r"value: (.*)", r"value:\n            - \1"), "keyset-schema"),
    "19 a list reordered": (PLAIN, sub(r"    - (.*)\n    - (.*)", r"    - \2\n    - \1"), "mac-mismatch"),
    "27 a leaf emptied": (PLAIN, sub("    user: .*", '    user: ""'), "mac-mismatch"),
    "28 a leaf nulled": (PLAIN, sub("^last: .*", "last: null"), "mac-mismatch"),
    "- a leaf removed": (PLAIN, sub("^last: .*\n", ""), "mac-mismatch"),
    # types
    "21 a type changed in a manifest": (
        MANIFEST, sub(r"(PIN: .*type:)str", r"\1int"), "manifest-data",
    ),
    "22 a type changed in a keyset": (KEYSET, sub("type:str", "type:int"), "keyset-schema"),
    "23 the type that makes sops panic": (PLAIN, sub("type:str", "type:bytes"), "not-canonical"),
    "24 a value as a comment": (PLAIN, sub(r"(user: .*type:)str", r"\1comment"), "not-canonical"),
    "25 a type that does not fit": (PLAIN, sub(r"(user: .*type:)str", r"\1int"), "not-canonical"),
    # comments
    "33 a readable comment": (PLAIN, sub("^last:", "# password is correct-horse\nlast:"), "plain-comment"),
    "33 a readable comment beside a value": (PLAIN, sub("(last: .*)", r"\1 # correct-horse"), "plain-comment"),
    "33 a comment in a keyset": (KEYSET, sub("^kind:", "# hello\nkind:"), "keyset-schema"),
    "35 a comment as the value of an empty key": (PLAIN, sub("^#", '"": '), "bad-key-name"),
    # the text of a ciphertext
    "26 garbage with a bracket": (PLAIN, sub(r"(user: .*)", r"\1 x]"), "not-canonical"),
    "40 plaintext behind a ciphertext": (PLAIN, sub(r"(user: .*)", r"\1 correct-horse"), "not-canonical"),
    "41 plaintext on a second line": (
        PLAIN, sub(r"    user: (.*)", r"    user: |-\n        \1\n        correct-horse"), "not-canonical",
    ),
    "43 base64 that is not canonical": (
        PLAIN, lambda text: re.sub(r"tag:([^,]+)([AQgw])==", lambda m: f"tag:{m[1]}{chr(ord(m[2]) + 1)}==", text, count=1), "not-canonical",
    ),
    "44 a byte moved from data to tag": (PLAIN, shift_tag, "not-canonical"),
    "A3 a forged token": (
        PLAIN, sub("(user: ).*", r"\1ENC[AES256_GCM,data:aHVudGVyMg==,iv:AAAA,tag:AAAA,type:str]"), "not-canonical",
    ),
    "29 a plain value": (PLAIN, sub("(user: ).*", r"\1hunter2"), "not-encrypted"),
    "30 a plain number": (PLAIN, sub("(port: ).*", r"\g<1>5432"), "not-encrypted"),
    "31 a plain value in a manifest": (MANIFEST, sub("(PASSWORD: ).*", r"\1hunter2"), "not-encrypted"),
    "31 a plain value in a keyset": (KEYSET, sub("(value: ).*", r"\1hunter2"), "not-encrypted"),
    # the metadata
    "50 fractional seconds": (PLAIN, sub(STAMP, r'lastmodified: "\1.000Z"'), "metadata"),
    "51 another zone": (PLAIN, sub(STAMP, r'lastmodified: "\1+00:00"'), "metadata"),
    "52 another time": (PLAIN, sub(STAMP, 'lastmodified: "2020-01-01T00:00:00Z"'), "mac-mismatch"),
    "A19 a time in the future": (PLAIN, sub(STAMP, 'lastmodified: "2099-01-01T00:00:00Z"'), "future-lastmodified"),
    "54 an unknown version": (PLAIN, sub("version: .*", "version: 99.0.0"), "metadata"),
    "57 no mac": (PLAIN, sub("    mac: .*\n", ""), "metadata"),
    "58 an empty mac": (PLAIN, sub("mac: .*", 'mac: ""'), "metadata"),
    "59 mac_only_encrypted added": (PLAIN, in_metadata("mac_only_encrypted: true"), "mac-only"),
    "60 plaintext in the metadata": (PLAIN, in_metadata("note: correct-horse"), "metadata"),
    "60 a comment in the metadata": (PLAIN, in_metadata("# correct-horse"), "metadata"),
    "61 the labels of two recipients swapped": (PLAIN, swap_labels, "stanza"),
    "62 a recipient added": (PLAIN, with_stranger, "recipients-differ"),
    "62 a recipient with junk": (
        PLAIN, sub(r"^    age:\n", "    age:\n        - recipient: age1junk\n          enc: junk\n"), "stanza",
    ),
    "A24 a recipient dropped": (PLAIN, without_recipient, "recipients-differ"),
    "A21 a damaged age file": (PLAIN, sub("(-----BEGIN AGE ENCRYPTED FILE-----\n +)YWdl", r"\1AAAA"), "stanza"),
    "66 a shamir threshold": (PLAIN, in_metadata("shamir_threshold: 7"), "key-service"),
    "81 key groups": (PLAIN, in_metadata("key_groups:\n        - age: []"), "key-service"),
    "A27 another key service": (
        PLAIN, in_metadata('hc_vault:\n        - vault_address: "https://evil.example"'), "key-service",
    ),
    "63 another selector": (PLAIN, sub("unencrypted_suffix: .*", "encrypted_regex: ^(user|password|port|ok|names|last)$"), "selector-differs"),
    "64 another selector in a manifest": (MANIFEST, sub("encrypted_regex: .*", "encrypted_regex: ^(PASSWORD|PIN|TOKEN)$"), "selector-differs"),
    "65 two selectors": (PLAIN, in_metadata("encrypted_regex: ^x$"), "metadata"),
    "F14 a selector that RE2 refuses": (MANIFEST, sub("encrypted_regex: .*", "encrypted_regex: ^(?!other)"), "selector-not-allowed"),
    "68 a second sops key": (PLAIN, lambda text: text + "sops: {}\n", "yaml"),
    "73 a sops scalar": (PLAIN, lambda text: text + "---\nsops: password=hunter2\n", "yaml"),
    # YAML
    "69 a second document of nulls": (PLAIN, lambda text: text + "---\na: null\n", "yaml"),
    "71 duplicate keys in a second document": (PLAIN, lambda text: text + "---\na: null\na: null\n", "yaml"),
    "74 an anchor": (PLAIN, sub("(user: )", r"\1&a "), "yaml"),
    "75 an alias": (PLAIN, sub(r"(user: )(.*)", r"\1&a \2\n    again: *a"), "yaml"),
    "77 a merge key": (PLAIN, append("extra: {<<: {}}"), "yaml"),
    "79 a byte order mark": (PLAIN, lambda text: "\ufeff" + text, "yaml"),
    "80 carriage returns": (PLAIN, lambda text: text.replace("\n", "\r\n"), "yaml"),
    "81 a directive": (PLAIN, lambda text: "%YAML 1.1\n---\n" + text, "yaml"),
    "83 a tag": (PLAIN, sub("(user: )", r"\1!!str "), "yaml"),
    "86 a number as a key": (PLAIN, append("1: null"), "yaml"),
    "87 a nested key twice": (PLAIN, sub("^(    user: .*)", r"    password: null\n\1"), "yaml"),
    "A8 a key with the default suffix": (PLAIN, append("note_unencrypted: hunter2"), "unencrypted-suffix"),
    "A36 a NUL": (PLAIN, append("extra: \x00"), "yaml"),
    "A36 a depth of 100": (PLAIN, append("extra: " + "[" * 100 + "]" * 100), "yaml"),
    "- nothing at all": (PLAIN, lambda _text: "", "not-a-secret-file"),
    "- half of the file": (PLAIN, lambda text: text[: len(text) // 2], "metadata"),
    "- conflict markers": (PLAIN, sub("^db:", "<<<<<<< ours\ndb:"), "yaml"),
    "- decrypted": (PLAIN, lambda _text: SOURCES[PLAIN], "not-sops"),
    "A29 a decrypted manifest": (MANIFEST, lambda _text: SOURCES[MANIFEST], "plaintext-secret"),
    "- a keyset at another's place": (KEYSET, sub("^name: app", "name: other"), "keyset-name"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_the_tampering_is_named_with_its_file(
    originals: tuple[World, dict[str, str]], row: str
) -> None:
    world, texts = originals
    file, tamper, check = ROWS[row]
    changed = tamper(texts[file])
    assert changed != texts[file]
    target = world.repo / file
    target.write_text(changed, newline="")
    try:
        report = verify(world, file)
    finally:
        target.write_text(texts[file])
    names = {name for name, _, _ in checks(report)}
    assert check in names, checks(report)
    assert "correct-horse" not in "".join(one.message for one in report.findings)
    assert "hunter2" not in "".join(one.message for one in report.findings)


def test_another_file_copied_here_decrypts_and_is_named(
    originals: tuple[World, dict[str, str]],
) -> None:
    world, texts = originals
    copy = world.repo / "infra/secrets/prod/app.yaml"
    copy.parent.mkdir()
    copy.write_text(texts[PLAIN])
    try:
        report = verify(world)
    finally:
        copy.unlink()
        copy.parent.rmdir()
    assert checks(report) == [("copied-file", "infra/secrets/prod/app.yaml", None)]
    assert PLAIN in report.findings[0].message


def test_a_file_that_leaves_readable_values_out_of_its_mac_is_an_error(tmp_path: Path) -> None:
    """Rows G1 and G2: with mac_only_encrypted a changed readable value passes every MAC."""
    world = World(tmp_path)
    world.write_rules(
        "creation_rules:\n    - encrypted_regex: ^(data|stringData)$\n"
        "      mac_only_encrypted: true\n      age: {recipients}\n"
    )
    target = world.encrypt(MANIFEST, SOURCES[MANIFEST])
    target.write_text(target.read_text().replace("name: app\n", "name: other\n", 1))
    world.sops("decrypt", MANIFEST)
    names = {name for name, _, _ in checks(verify(world))}
    assert {"mac-only", "rules-mac-only"} <= names


@pytest.mark.parametrize(
    ("kind", "value"),
    [("api-key", '"two\\nlines"'), ("api-key", '" padded"'), ("jwt-hs256", "not-base64!")],
)
def test_a_value_that_is_none_of_its_kind_is_seen_with_the_identity_alone(
    originals: tuple[World, dict[str, str]], kind: str, value: str
) -> None:
    """The form is right; only who can open the file sees what no service would accept."""
    world, texts = originals
    changed = SOURCES[KEYSET].replace("A" * 43, value).replace("api-key", kind)
    world.encrypt(KEYSET, changed)
    try:
        seen, unseen = verify(world, KEYSET), verify(world, KEYSET, identities=NO_IDENTITY)
    finally:
        (world.repo / KEYSET).write_text(texts[KEYSET])
    assert checks(unseen) == []
    assert [one[0] for one in checks(seen)] == ["keyset-schema"]
