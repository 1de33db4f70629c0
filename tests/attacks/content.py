"""One secret file that was tampered with: values, keys, types, comments, ciphertexts.

The numbers are those of the list of what sops accepts; sops itself lets most of these pass.
"""

from __future__ import annotations

from tests.attacks.changes import (
    Change,
    alter,
    append,
    drop,
    first_comment,
    in_turn,
    loosen_padding,
    on_comment,
    retype,
    shift_tag,
    sub,
    swap,
    swap_values,
)
from tests.attacks.ground import KEYSET, MANIFEST, PLAIN, SOURCES, Ground
from tests.attacks.variant import Look, Variant

FILE, RANGE, KEYED = Look.FILE, Look.RANGE, Look.KEYED
WARNING = "warning"


def tampered(
    source: str, name: str, file: str, change: Change, check: str, look: Look = FILE,
    severity: str = "error",
) -> Variant:  # fmt: skip
    """A change of one file, committed where only a range shows it."""

    def build(ground: Ground) -> None:
        ground.change(file, change)
        if look is Look.RANGE:
            ground.commit()

    return Variant(name, source, look, check, build, file, severity, change=change)


def _moved(text: str, key: str) -> str:
    """The first comment in front of another key."""
    comment = first_comment(text)
    return text.replace(comment, "", 1).replace(f"    {key}:", f"    {comment}    {key}:", 1)


def _lines_swapped(text: str) -> str:
    return sub(r"(    user: .*\n)(    password: .*\n)", r"\2\1")(text)


NAMES_AS_LISTS = sub(r"    - (ENC.*)\n    - (ENC.*)\n", r"    - - \1\n      - \2\n")

VALUES = [
    tampered("1", "a key with null", PLAIN, append("hunter2: null"), "null-value", severity=WARNING),
    tampered("2", "a key with an empty text", PLAIN, append('hunter2: ""'), "empty-value", severity=WARNING),
    tampered("3", "a key with an empty map", PLAIN, append("hunter2: {}"), "empty-container", severity=WARNING),
    tampered("3", "a key with an empty list", PLAIN, append("hunter2: []"), "empty-container", severity=WARNING),
    tampered("1", "null in a keyset", KEYSET, append("extra: null"), "keyset-schema"),
    tampered("A1 29", "a plain value", PLAIN, sub("(user: ).*", r"\1hunter2"), "not-encrypted"),
    tampered("A1", "a plain value in a list", PLAIN, sub("^    - ENC.*", "    - hunter2"), "not-encrypted"),
    tampered("29", "a plain list", PLAIN, append("more:\n    - hunter2"), "not-encrypted"),
    tampered("30", "a plain number", PLAIN, sub("(port: ).*", r"\g<1>4711"), "not-encrypted"),
    tampered("A7", "a plain boolean", PLAIN, sub("(ok: ).*", r"\1true"), "not-encrypted"),
    tampered("A7", "a plain date", PLAIN, append("when: 2026-01-01"), "not-encrypted"),
    tampered("31", "a plain value in a manifest", MANIFEST, sub("(PASSWORD: ).*", r"\1hunter2"), "not-encrypted"),
    tampered("31", "a plain value in a keyset", KEYSET, sub("(value: ).*", r"\1hunter2"), "not-encrypted"),
    tampered("27", "a value that was emptied", PLAIN, sub("    user: .*", '    user: ""'), "mac-mismatch", KEYED),
    tampered("28", "a value that became null", PLAIN, sub("^last: .*", "last: null"), "mac-mismatch", KEYED),
    tampered("-", "a value that was removed", PLAIN, sub("^last: .*\n", ""), "mac-mismatch", KEYED),
    tampered("19", "an element that was removed", PLAIN, sub("^    - ENC.*\n", ""), "mac-mismatch", KEYED),
    tampered("-", "a decrypted file", PLAIN, lambda _: SOURCES[PLAIN], "not-sops"),
    tampered("A29", "a decrypted manifest", MANIFEST, lambda _: SOURCES[MANIFEST], "plaintext-secret"),
    tampered("-", "nothing at all", PLAIN, lambda _: "", "not-a-secret-file"),
    tampered("-", "half of the file", PLAIN, lambda text: text[: len(text) // 2], "metadata"),
]  # fmt: skip

KEYS = [
    tampered("A5", "a secret as the name of a key", PLAIN, append("password=hunter2: null"), "value-in-key-name", severity=WARNING),
    tampered("7", "a readable key renamed", MANIFEST, sub("    namespace:", "    note:"), "manifest-shape"),
    tampered("8", "names of readable keys swapped", KEYSET, sub(r"^name: (.*)\nkind: (.*)", r"kind: \1\nname: \2"), "keyset-schema"),
    tampered("8", "name and namespace swapped", MANIFEST, sub("    name: (.*)\n    namespace: (.*)", r"    namespace: \1\n    name: \2"), "changed-without-sops", RANGE),
    tampered("F1", "a readable value in another map", MANIFEST, sub(r"    namespace: (\w+)\n", r"    labels2:\n        namespace: \1\n"), "manifest-shape"),
    tampered("F5", "a kid renamed", KEYSET, sub("^active: .*", "active: k00000000"), "keyset-schema"),
    tampered("9", "bytes shifted between readable values", MANIFEST, in_turn(swap("name: app\n", "name: ap\n"), swap("namespace: prod", "namespace: pprod")), "changed-without-sops", RANGE),
    tampered("10", "two readable values merged", MANIFEST, sub("    name: (.*)\n    namespace: (.*)\n", r"    name: \1\2\n"), "changed-without-sops", RANGE),
    tampered("10b", "a readable value split", MANIFEST, sub("    name: app\n", "    name: a\n    uid: pp\n"), "manifest-shape"),
    tampered("F2 F3", "a readable value nested", MANIFEST, sub("    namespace: prod", "    annotations:\n        namespace: prod"), "changed-without-sops", RANGE),
    tampered("F4", "an empty label added", MANIFEST, swap("    labels:\n", '    labels:\n        a: ""\n'), "changed-without-sops", RANGE),
    tampered("A30", "a value in a readable field", MANIFEST, sub("^type: .*", "note: hunter2"), "manifest-shape"),
    tampered("11", "a readable value changed", MANIFEST, sub("name: app$", "name: other"), "mac-mismatch", KEYED),
    tampered("11", "the version of a keyset changed", KEYSET, sub("^version: 3", "version: 4"), "mac-mismatch", KEYED),
    tampered("12", "two values reordered", PLAIN, _lines_swapped, "mac-mismatch", KEYED),
    tampered("12", "a list reordered", PLAIN, sub(r"    - (ENC.*)\n    - (ENC.*)", r"    - \2\n    - \1"), "mac-mismatch", KEYED),
    tampered("A18 13", "two ciphertexts swapped", PLAIN, swap_values("user", "password"), "undecryptable", KEYED),
    tampered("A18", "two ciphertexts swapped, without a key", PLAIN, swap_values("user", "password"), "moved-value", RANGE),
    tampered("14", "an encrypted key renamed", PLAIN, sub("    password:", "    pass:"), "undecryptable", KEYED),
    tampered("14", "an encrypted key renamed, without a key", PLAIN, sub("    password:", "    pass:"), "moved-value", RANGE),
    tampered("A14 20", "a map as one key with a colon", PLAIN, sub(r"^db:\n    user: (.*)\n", r'"db:user": \1\ndb:\n'), "bad-key-name"),
    tampered("20c", "a map as a list of maps", PLAIN, sub(r"    (user: .*)\n", r"    - \1\n"), "yaml"),
    tampered("A8", "a key with the default suffix", PLAIN, append("note_unencrypted: hunter2"), "unencrypted-suffix"),
    tampered("A8", "a map with the default suffix", PLAIN, append("note_unencrypted:\n    a: hunter2"), "unencrypted-suffix"),
    tampered("A36", "a key that looks like another", PLAIN, append("last\u200b: null"), "twin-keys", severity=WARNING),
    tampered("A36", "a key with a letter of another script", PLAIN, append("l\u0430st: null"), "null-value", severity=WARNING),
    tampered("A36", "a key with a control character", PLAIN, append('"a\\u001b[2Jb": null'), "bad-key-name"),
]  # fmt: skip

SHAPES = [
    tampered("16", "a list in a list", PLAIN, NAMES_AS_LISTS, "reshaped-value", RANGE),
    tampered("16", "an element that became a list", PLAIN, sub(r"    - (ENC.*)\n", r"    - - \1\n"), "reshaped-value", RANGE),
    tampered("18", "a value that became a list", PLAIN, alter("last", lambda value: f"\n    - {value}"), "reshaped-value", RANGE),
    tampered("F10", "a list in a manifest", MANIFEST, sub(r"    PIN: (.*)", r"    PIN:\n        - \1"), "manifest-data"),
    tampered("17", "a list in a keyset", KEYSET, sub(r"value: (.*)", r"value:\n            - \1"), "keyset-schema"),
    tampered("20b", "a map that became a list", PLAIN, sub(r"    (user: .*)\n    (password: .*)\n    (#.*)\n    (port: .*)\n    (ok: .*)\n", r"    - \1\n    - \2\n    - \4\n    - \5\n"), "reshaped-value", RANGE),
    tampered("21", "a text that became a number", PLAIN, retype("digits", "int"), "reshaped-value", RANGE),
    tampered("25", "a text that became a boolean", PLAIN, retype("flag", "bool"), "reshaped-value", RANGE),
    tampered("A13", "a number that became a text", PLAIN, retype("port", "str"), "reshaped-value", RANGE),
    tampered("21", "a type changed in a manifest", MANIFEST, retype("PIN", "int"), "manifest-data"),
    tampered("22", "a type changed in a keyset", KEYSET, sub("type:str", "type:int"), "keyset-schema"),
    tampered("21", "a number that no text of it is", PLAIN, retype("password", "int"), "not-canonical", KEYED),
    tampered("22", "a fraction that no text of it is", PLAIN, retype("password", "float"), "not-canonical", KEYED),
    tampered("25", "a boolean that no text of it is", PLAIN, retype("password", "bool"), "not-canonical", KEYED),
    tampered("25", "a time that no text of it is", PLAIN, retype("password", "time"), "not-canonical", KEYED),
    tampered("23", "the type that makes sops panic", PLAIN, retype("user", "bytes"), "not-canonical"),
    tampered("24", "a value as a comment", PLAIN, retype("user", "comment"), "not-canonical"),
    tampered("24", "an element as a comment", PLAIN, sub(r"(    - ENC.*type:)str", r"\1comment"), "mac-mismatch", KEYED),
]  # fmt: skip

COMMENTS = [
    tampered("A4 32 F9", "a readable comment", PLAIN, sub("^last:", "# password is hunter2\nlast:"), "plain-comment"),
    tampered("A4", "a readable comment at the top", PLAIN, lambda text: f"# hunter2\n{text}", "plain-comment"),
    tampered("A4", "a readable comment inside a map", PLAIN, swap("    user: ", "    # hunter2\n    user: "), "plain-comment"),
    tampered("A4", "a readable comment beside a value", PLAIN, sub("(last: .*)", r"\1 # hunter2"), "plain-comment"),
    tampered("A4", "a readable comment in a list", PLAIN, swap("    - ENC", "    # hunter2\n    - ENC"), "plain-comment"),
    tampered("A4", "a readable comment in the data of a manifest", MANIFEST, swap("    TOKEN: ENC", "    # hunter2\n    TOKEN: ENC"), "plain-comment"),
    tampered("A4", "a comment in a keyset", KEYSET, sub("^kind:", "# hello\nkind:"), "keyset-schema"),
    tampered("33", "a comment that was moved", PLAIN, lambda text: _moved(text, "user"), "undecryptable", KEYED),
    tampered("34", "a forged comment", PLAIN, append("#ENC[AES256_GCM,data:eA==]"), "not-canonical"),
    tampered("34", "text behind a comment", PLAIN, on_comment(lambda line: line[:-1] + " hunter2\n"), "not-canonical"),
    tampered("35", "a comment as the value of an empty key", PLAIN, on_comment(lambda line: '"": ' + line[1:]), "bad-key-name"),
    tampered("32", "a comment that was removed", PLAIN, drop("#ENC"), "changed-without-sops", RANGE),
]  # fmt: skip

CIPHERTEXTS = [
    tampered("26", "text with a bracket behind a ciphertext", PLAIN, alter("user", lambda value: f"{value} x]"), "not-canonical"),
    tampered("A2 40", "text behind a ciphertext", PLAIN, alter("user", lambda value: f"{value} hunter2"), "not-canonical"),
    tampered("A2", "text behind a quoted ciphertext", PLAIN, alter("user", lambda value: f'"{value} hunter2"'), "not-canonical"),
    tampered("A2", "text in front of a ciphertext", PLAIN, alter("user", lambda value: f"hunter2 {value}"), "not-encrypted"),
    tampered("41", "text on a second line", PLAIN, alter("user", lambda value: f"|-\n        {value}\n        hunter2"), "not-canonical"),
    tampered("41", "text on a folded line", PLAIN, alter("user", lambda value: f"{value}\n        hunter2"), "not-canonical"),
    tampered("A2", "text behind a ciphertext of a manifest", MANIFEST, alter("PASSWORD", lambda value: f"{value} hunter2"), "not-canonical"),
    tampered("A2", "text behind a ciphertext of a keyset", KEYSET, alter("value", lambda value: f"{value} hunter2"), "not-canonical"),
    tampered("43", "base64 with loose bits", PLAIN, loosen_padding, "not-canonical"),
    tampered("43", "base64 with a line break", PLAIN, alter("user", lambda value: '"' + value.replace(",iv:", "\\r\\n,iv:") + '"'), "not-canonical"),
    tampered("44", "a byte moved from data to tag", PLAIN, shift_tag, "not-canonical"),
    tampered("A3", "a forged ciphertext", PLAIN, sub("(user: ).*", r"\1ENC[AES256_GCM,data:aHVudGVyMg==,iv:AAAA,tag:AAAA,type:str]"), "not-canonical"),
    tampered("A3", "words in the place of a ciphertext", PLAIN, alter("user", lambda _: "ENC[not really, hunter2]"), "not-canonical"),
    tampered("A3", "a ciphertext of the right form that no key made", PLAIN, alter("user", lambda value: value.replace("data:", "data:AAAA")), "undecryptable", KEYED),
]  # fmt: skip

ROWS = [*VALUES, *KEYS, *SHAPES, *COMMENTS, *CIPHERTEXTS]
