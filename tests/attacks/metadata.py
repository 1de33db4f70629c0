"""One secret file that was tampered with: its block of metadata."""

from __future__ import annotations

from tests.attacks.changes import (
    STAMP,
    behind,
    drop,
    in_metadata,
    in_turn,
    relabel,
    second_stanza,
    sub,
    swap,
    swap_labels,
    with_second_entry,
    with_stranger,
    without_recipient,
)
from tests.attacks.content import KEYED, RANGE, tampered
from tests.attacks.ground import KEYSET, MANIFEST, MORE_MANIFEST, PLAIN
from tests.attacks.variant import Variant

JUNK = "    age:\n        - recipient: age1junk\n          enc: junk\n"
PGP = 'pgp:\n        - fp: x\n          enc: y\n          created_at: "2020-01-01T00:00:00Z"'
SUFFIX = "unencrypted_suffix: .*"
READABLE_USER = sub("(user: ).*", r"\1admin")

STAMPS = [
    tampered("50", "fractions of a second", PLAIN, sub(STAMP, r'lastmodified: "\1.000Z"'), "metadata"),
    tampered("51", "another zone", PLAIN, sub(STAMP, r'lastmodified: "\1+00:00"'), "metadata"),
    tampered("52", "another time", PLAIN, sub(STAMP, 'lastmodified: "2020-01-01T00:00:00Z"'), "mac-mismatch", KEYED),
    tampered("A19", "an earlier time, without a key", PLAIN, sub(STAMP, 'lastmodified: "2020-01-01T00:00:00Z"'), "rolled-back", RANGE),
    tampered("A19", "a time in the future", PLAIN, sub(STAMP, 'lastmodified: "2099-01-01T00:00:00Z"'), "future-lastmodified"),
    tampered("53", "a time without quotes", PLAIN, sub(STAMP, r"lastmodified: \1Z"), "metadata"),
    tampered("54", "a version that is not there yet", PLAIN, sub("version: .*", "version: 99.0.0"), "metadata"),
    tampered("54", "no version", PLAIN, drop("version:"), "metadata"),
    tampered("A12 57", "no MAC", PLAIN, drop("mac:"), "metadata"),
    tampered("A12 58", "an empty MAC", PLAIN, sub("mac: .*", 'mac: ""'), "metadata"),
    tampered("A12", "a stub of metadata", PLAIN, lambda text: text.split("sops:\n")[0] + "sops:\n    mac: x\n    version: 3.11.0\n", "metadata"),
    tampered("A12", "no metadata", PLAIN, lambda text: text.split("sops:\n")[0], "metadata"),
    tampered("59", "mac_only_encrypted added", PLAIN, in_metadata("mac_only_encrypted: true"), "mac-only"),
    Variant("mac_only_encrypted removed", "G3", KEYED, "mac-mismatch", lambda ground: ground.write(MORE_MANIFEST, drop("mac_only_encrypted:")(ground.spare["mac-only"])), MORE_MANIFEST),
    tampered("G1", "a readable value changed under mac_only_encrypted", MANIFEST, in_turn(in_metadata("mac_only_encrypted: true"), swap("name: app\n", "name: other\n")), "mac-only"),
    tampered("A11 60", "plaintext in the metadata", PLAIN, in_metadata("note: hunter2"), "metadata"),
    tampered("A11", "plaintext in an entry of the metadata", PLAIN, swap("          enc: |", "          note: hunter2\n          enc: |"), "metadata"),
    tampered("A11", "a comment in the metadata", PLAIN, swap("    mac:", "    # hunter2\n    mac:"), "metadata"),
    tampered("A11", "a comment behind the metadata", PLAIN, lambda text: text.rstrip("\n") + " # hunter2\n", "metadata"),
    tampered("A11", "plaintext in the age file of an entry", PLAIN, sub("(-----BEGIN AGE ENCRYPTED FILE-----\n)", r"\1            hunter2\n"), "stanza"),
    tampered("68", "a second sops key", PLAIN, behind("sops: {}\n"), "yaml"),
]  # fmt: skip

RECIPIENTS = [
    tampered("61", "the labels of two recipients swapped", PLAIN, swap_labels, "stanza", KEYED),
    tampered("A21", "another label", PLAIN, relabel, "recipients-differ"),
    tampered("A21", "a damaged age file", PLAIN, sub("(-----BEGIN AGE ENCRYPTED FILE-----\n +)YWdl", r"\1AAAA"), "stanza"),
    tampered("A22", "a hidden second reader in an age file", PLAIN, second_stanza, "stanza"),
    tampered("A22", "a hidden second reader in an entry of their own", PLAIN, with_second_entry, "stanza"),
    tampered("A20", "a recipient added", PLAIN, with_stranger, "recipients-differ"),
    tampered("A20", "a recipient added to a manifest", MANIFEST, with_stranger, "recipients-differ"),
    tampered("A20", "a recipient added to a keyset", KEYSET, with_stranger, "recipients-differ"),
    tampered("62", "a recipient with junk", PLAIN, sub("^    age:\n", JUNK), "stanza"),
    tampered("A24", "a recipient dropped", PLAIN, without_recipient, "recipients-differ"),
    tampered("66", "a threshold of parts", PLAIN, in_metadata("shamir_threshold: 7"), "key-service"),
    tampered("81", "groups of keys", PLAIN, in_metadata("key_groups:\n        - age: []"), "key-service"),
    tampered("A27", "a Vault of a stranger", PLAIN, in_metadata('hc_vault:\n        - vault_address: "https://evil.example"'), "key-service"),
    tampered("A27", "a PGP key", PLAIN, in_metadata(PGP), "key-service"),
]  # fmt: skip

SELECTORS = [
    tampered("63", "a selector that leaves ciphertext out", PLAIN, sub(SUFFIX, "encrypted_regex: ^db$"), "stray-ciphertext"),
    tampered("63", "a selector that covers today's keys", PLAIN, sub(SUFFIX, "encrypted_regex: ^(user|password|port|ok|names|digits|flag|last)$"), "selector-differs"),
    tampered("64", "a selector that covers everything today", PLAIN, sub(SUFFIX, "encrypted_regex: ."), "selector-differs"),
    tampered("64", "a narrower selector in a manifest", MANIFEST, sub("encrypted_regex: .*", "encrypted_regex: ^(PASSWORD|PIN|TOKEN)$"), "selector-differs"),
    tampered("F11", "another selector in a keyset", KEYSET, sub("encrypted_regex: .*", "encrypted_regex: ^(value|name)$"), "selector-differs"),
    tampered("F12", "another suffix", PLAIN, sub(SUFFIX, "unencrypted_suffix: _plain"), "selector-differs"),
    tampered("65", "two selectors", MANIFEST, in_metadata("unencrypted_suffix: _plain"), "metadata"),
    tampered("F14", "a selector that sops cannot compile", MANIFEST, sub("encrypted_regex: .*", "encrypted_regex: ^(?!other)"), "selector-not-allowed"),
    tampered("A9", "a selector that encrypts nothing", PLAIN, sub(SUFFIX, "unencrypted_regex: .*"), "selector-differs"),
    tampered("A9", "a selector of a name that is not there", PLAIN, sub(SUFFIX, "encrypted_regex: ^never$"), "selector-differs"),
    tampered("A10", "a selector that lets one value be readable", PLAIN, in_turn(sub(SUFFIX, "unencrypted_regex: ^user$"), READABLE_USER), "selector-differs"),
    tampered("A10", "comments that may be readable", PLAIN, sub(SUFFIX, "unencrypted_comment_regex: plain"), "selector-differs"),
]  # fmt: skip

ROWS = [*STAMPS, *RECIPIENTS, *SELECTORS]
