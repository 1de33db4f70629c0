"""Every way to tamper with a file that sops lets pass, and what the reader says to it.

The numbers are those of the catalogue of known tamperings; sops accepts all but the
last group. A tampering that no reader can see in one file alone is listed too, with
what is needed to see it: a list that hides its gaps would be worth little.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pyrage
import pytest

from plana_secrets.sops.model import Severity
from plana_secrets.sops.reading.reader import UnreadableError, open_document, read_structure
from tests.sops.sopsfiles import Bench
from tests.world import sops_program

PLAIN = """\
# a comment
db:
    user: alice
    password: hunter2
    # inside
    port: 5432
hosts:
    - a.example
    - b.example
flag: "True"
digits: "123"
"""

MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: pulse
    namespace: data
data:
    a: Zm9v
    b: YmFy
"""

BLANKS = 'a: x\nnothing: null\nblank: ""\nnone: {}\n'


@dataclass
class Bases:
    """Files from the real sops; ``tokens`` finds an encrypted value by its key."""

    bench: Bench
    texts: dict[str, str]
    stranger: pyrage.x25519.Identity


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Bases:
    stranger = pyrage.x25519.Identity.generate()
    bench = Bench(sops_program(), tmp_path_factory.mktemp("tampering"))
    regex = "encrypted_regex: ^(data|stringData)$"
    texts = {
        "blanks": bench.encrypt(BLANKS),
        "single": bench.encrypt("a: x\n"),
        "plain": b"",
        "manifest": b"",
        "mac-only": b"",
    }
    bench.strangers = [str(stranger.to_public())]
    texts["plain"] = bench.encrypt(PLAIN)
    texts["manifest"] = bench.encrypt(MANIFEST, regex)
    texts["mac-only"] = bench.encrypt(MANIFEST, regex, "mac_only_encrypted: true")
    return Bases(bench, {name: data.decode() for name, data in texts.items()}, stranger)


def findings(bases: Bases, text: str) -> list[str]:
    """What the reader says with the identity: the check words, notes left out."""
    structure = read_structure(text.encode())
    found = [one.check for one in structure.defects if one.severity is not Severity.NOTE]
    try:
        open_document(structure, bases.bench.identities)
    except UnreadableError as error:
        found += [one.check for one in error.defects]
    return found


def swap(old: str, new: str, text: str) -> str:
    assert old in text, old
    return text.replace(old, new, 1)


def token(text: str, key: str) -> str:
    match = re.search(rf"^ *{re.escape(key)}: (ENC\[.*\])$", text, re.MULTILINE)
    assert match is not None
    return match[1]


def alter(key: str, change: Callable[[str], str]) -> Callable[[str], str]:
    """Change the encrypted value of a key."""

    def edit(text: str) -> str:
        old = token(text, key)
        return text.replace(old, change(old), 1)

    return edit


def before_metadata(lines: str) -> Callable[[str], str]:
    return partial(swap, "sops:\n", f"{lines}\nsops:\n")


def in_metadata(lines: str) -> Callable[[str], str]:
    return partial(swap, "sops:\n", f"sops:\n    {lines}\n")


def line_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines(keepends=True) if line.strip().startswith(start))


def drop(start: str) -> Callable[[str], str]:
    return lambda text: text.replace(line_of(text, start), "", 1)


def loosen_padding(old: str) -> str:
    """Set a bit behind the last byte of the tag: the same bytes to a lax decoder."""
    return re.sub(r"(.)==,type", lambda m: chr(ord(m[1]) + 1) + "==,type", old)


def move_tag_byte(old: str) -> str:
    """Give the last byte of the data to the tag: the same bytes when joined."""
    data, tag = re.findall(r"data:([^,]+),|tag:([^,]+),", old)
    joined, rest = base64.b64decode(data[0]), base64.b64decode(tag[1])
    if len(joined) < 2:
        return old
    moved = base64.b64encode(joined[:-1]).decode(), base64.b64encode(joined[-1:] + rest).decode()
    return old.replace(data[0], moved[0]).replace(tag[1], moved[1])


def two(text: str, first: str, second: str, edit: Callable[[str, str], tuple[str, str]]) -> str:
    one, other = line_of(text, first), line_of(text, second)
    new_one, new_other = edit(one, other)
    return text.replace(one, "\0").replace(other, new_other).replace("\0", new_one)


def first_comment(text: str) -> str:
    return line_of(text, "#ENC")


def relabel(text: str) -> str:
    """Give our entry another label, and leave the stranger's entry as it is."""
    ours = re.findall(r"recipient: (age1\S+)", text)[1]
    return text.replace(ours, str(pyrage.x25519.Identity.generate().to_public()))


def junk_recipient(text: str) -> str:
    label = pyrage.x25519.Identity.generate().to_public()
    return in_metadata("age:")(text).replace(
        "    age:\n    age:\n", f"    age:\n        - recipient: {label}\n          enc: junk\n"
    )


ACCEPTED: list[tuple[str, str, Callable[[str], str], str]] = [
    ("1 add null", "plain", before_metadata("hunter2: null"), "null-value"),
    ("2 add empty text", "plain", before_metadata('hunter2: ""'), "empty-value"),
    ("3 add map", "plain", before_metadata("hunter2: {}"), "empty-container"),
    ("3 add list", "plain", before_metadata("hunter2: []"), "empty-container"),
    ("20 colon", "single", partial(swap, "a: ENC", '"x:a": ENC'), "bad-key-name"),
    ("20 nested", "plain", lambda t: re.sub(r"db:\n    user: (.*)\n", r'"db:user": \1\ndb:\n', t), "bad-key-name"),
    ("21 str to int", "plain", alter("password", lambda v: v.replace(":str]", ":int]")), "not-canonical"),
    ("22 str to float", "plain", alter("password", lambda v: v.replace(":str]", ":float]")), "not-canonical"),
    ("25 str to bool", "plain", alter("password", lambda v: v.replace(":str]", ":bool]")), "not-canonical"),
    ("25 str to time", "plain", alter("password", lambda v: v.replace(":str]", ":time]")), "not-canonical"),
    ("32 plain comment", "plain", before_metadata("# password is hunter2"), "plain-comment"),
    ("32 plain comment inside", "plain", partial(swap, "    user: ", "    # hunter2\n    user: "), "plain-comment"),
    ("32 plain comment beside", "plain", alter("user", lambda v: f"{v} # hunter2"), "plain-comment"),
    ("32 plain comment in a list", "plain", partial(swap, "    - ENC", "    # hunter2\n    - ENC"), "plain-comment"),
    ("32 plain comment in data", "manifest", partial(swap, "    a: ENC", "    # hunter2\n    a: ENC"), "plain-comment"),
    ("33 comment moved away", "plain", lambda t: t.replace(first_comment(t), "").replace("    user:", "    " + first_comment(t) + "    user:"), "undecryptable"),
    ("34 comment forged", "plain", before_metadata("#ENC[AES256_GCM,data:eA==]"), "not-canonical"),
    ("34 text after a comment", "plain", lambda t: t.replace(first_comment(t), first_comment(t)[:-1] + " hunter2\n"), "not-canonical"),
    ("40 text behind", "plain", alter("user", lambda v: f"{v} hunter2"), "not-canonical"),
    ("40 quoted text behind", "plain", alter("user", lambda v: f'"{v} hunter2"'), "not-canonical"),
    ("41 second line", "plain", alter("user", lambda v: f"|\n        {v}\n        hunter2"), "not-canonical"),
    ("41 folded line", "plain", alter("user", lambda v: f"{v}\n        hunter2"), "not-canonical"),
    ("43 padding bits", "plain", alter("user", loosen_padding), "not-canonical"),
    ("43 line break", "plain", alter("user", lambda v: '"' + v.replace(",iv:", "\\r\\n,iv:") + '"'), "not-canonical"),
    ("44 tag boundary", "plain", alter("user", move_tag_byte), "not-canonical"),
    ("50 fraction", "plain", lambda t: re.sub(r'(lastmodified: ".*)Z"', r'\1.000Z"', t), "metadata"),
    ("51 offset", "plain", lambda t: re.sub(r'(lastmodified: ".*)Z"', r'\1+00:00"', t), "metadata"),
    ("54 version", "plain", lambda t: re.sub(r"version: .*", "version: 99.0.0", t), "metadata"),
    ("60 unknown entry", "plain", in_metadata("note: hunter2"), "metadata"),
    ("60 unknown entry of an age entry", "plain", partial(swap, "          enc: |", "          note: hunter2\n          enc: |"), "metadata"),
    ("60 comment in the metadata", "plain", partial(swap, "    mac:", "    # hunter2\n    mac:"), "metadata"),
    ("60 behind the last entry", "plain", lambda t: t.rstrip("\n") + " # hunter2\n", "metadata"),
    ("61 relabelled", "plain", relabel, "stanza"),
    ("62 junk recipient", "plain", junk_recipient, "stanza"),
    ("66 threshold", "plain", in_metadata("shamir_threshold: 7"), "key-service"),
    ("72 duplicates in a second document", "plain", lambda t: f"{t}---\na: null\na: null\n", "yaml"),
    ("69 second document", "plain", lambda t: f"{t}---\nhunter2: null\n", "yaml"),
    ("73 second metadata", "plain", lambda t: f"{t}---\nsops: password=hunter2\n", "yaml"),
    ("75 anchor", "plain", alter("user", lambda v: f"&x {v}"), "yaml"),
    ("77 merge key", "plain", before_metadata("<<: null"), "yaml"),
    ("79 byte order mark", "plain", lambda t: f"\ufeff{t}", "yaml"),
    ("80 carriage returns", "plain", lambda t: t.replace("\n", "\r\n"), "yaml"),
    ("82 directive", "plain", lambda t: f"%YAML 1.1\n---\n{t}", "yaml"),
    ("83 tag", "plain", alter("user", lambda v: f"!!str {v}"), "yaml"),
    ("83 unspecific tag", "plain", alter("user", lambda v: f"! '{v}'"), "yaml"),
]  # fmt: skip

REFUSED_BY_SOPS_TOO: list[tuple[str, str, Callable[[str], str], str]] = [
    ("11 changed value", "manifest", partial(swap, "name: pulse", "name: other"), "mac-mismatch"),
    ("12 reordered", "plain", lambda t: two(t, "user:", "password:", lambda a, b: (b, a)), "mac-mismatch"),
    ("12 reordered list", "plain", lambda t: re.sub(r"( +- ENC.*\n)( +- ENC.*\n)", r"\2\1", t), "mac-mismatch"),
    ("13 swapped", "plain", lambda t: two(t, "user:", "password:", lambda a, b: (a.replace("user", "password"), b.replace("password", "user"))), "undecryptable"),
    ("14 renamed", "plain", partial(swap, "    user: ENC", "    name: ENC"), "undecryptable"),
    ("15 duplicate", "plain", lambda t: line_of(t, "flag:") + t, "yaml"),
    ("19 element removed", "plain", lambda t: t.replace(line_of(t, "- ENC"), "", 1), "mac-mismatch"),
    ("24 str to comment", "plain", alter("user", lambda v: v.replace(":str]", ":comment]")), "not-canonical"),
    ("24 element to comment", "plain", lambda t: t.replace(line_of(t, "- ENC"), line_of(t, "- ENC").replace(":str]", ":comment]"), 1), "mac-mismatch"),
    ("23 bytes", "plain", alter("user", lambda v: v.replace(":str]", ":bytes]")), "not-canonical"),
    ("26 bracket behind", "plain", alter("user", lambda v: f"{v}]"), "not-canonical"),
    ("27 blanked", "plain", alter("user", lambda _v: '""'), "empty-value"),
    ("27 blanked, by its mac", "plain", alter("user", lambda _v: '""'), "mac-mismatch"),
    ("28 nulled", "plain", alter("user", lambda _v: "null"), "null-value"),
    ("29 plaintext", "plain", alter("user", lambda _v: "hunter2"), "not-encrypted"),
    ("30 plain number", "plain", alter("user", lambda _v: "4711"), "not-encrypted"),
    ("30 plain list", "plain", before_metadata("more:\n    - hunter2"), "not-encrypted"),
    ("31 forged token", "plain", alter("user", lambda _v: "ENC[not really, hunter2]"), "not-canonical"),
    ("35 comment under an empty key", "plain", lambda t: t.replace(first_comment(t), '"": ' + first_comment(t)[1:], 1), "bad-key-name"),
    ("52 lastmodified", "plain", lambda t: re.sub(r'lastmodified: "\d{4}', 'lastmodified: "2019', t), "mac-mismatch"),
    ("57 no mac", "plain", drop("mac:"), "metadata"),
    ("58 empty mac", "plain", lambda t: re.sub(r"mac: .*", 'mac: ""', t), "metadata"),
    ("59 mac_only added", "plain", in_metadata("mac_only_encrypted: true"), "mac-mismatch"),
    ("G3 mac_only removed", "mac-only", drop("mac_only_encrypted:"), "mac-mismatch"),
    ("65 two selectors", "manifest", in_metadata("unencrypted_suffix: _plain"), "metadata"),
    ("68 second metadata", "plain", lambda t: f"{t}sops:\n    note: hunter2\n", "yaml"),
    ("63 selector changed", "plain", partial(swap, "unencrypted_suffix: _unencrypted", "encrypted_regex: ^db$"), "stray-ciphertext"),
    ("63 suffix", "plain", before_metadata("a_unencrypted: hunter2"), "unencrypted-suffix"),
    ("64 suffix on a map", "plain", before_metadata("a_unencrypted:\n    b: hunter2"), "unencrypted-suffix"),
    ("74 alias", "plain", lambda t: before_metadata("again: *x")(alter("user", lambda v: f"&x {v}")(t)), "yaml"),
    ("76 number as a key", "plain", before_metadata("1: null"), "yaml"),
    ("78 boolean as a key", "plain", before_metadata("true: null"), "yaml"),
    ("86 map as a key", "plain", before_metadata("? {a: b}\n: null"), "yaml"),
    ("87 nested duplicate", "plain", partial(swap, "    user: ", "    user: null\n    user: "), "yaml"),
    ("81 key groups", "plain", in_metadata("key_groups:\n        - age: []"), "key-service"),
    ("F14 regex that sops cannot compile", "manifest", partial(swap, "^(data|stringData)$", "^(?!other)"), "metadata"),
    ("A12 stub", "plain", lambda t: t.split("sops:\n")[0] + "sops:\n    mac: x\n    version: 3.11.0\n", "metadata"),
    ("A27 key service", "plain", in_metadata('pgp:\n        - fp: x\n          enc: y\n          created_at: "2020-01-01T00:00:00Z"'), "key-service"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "tamper", "check"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED]
)
def test_what_sops_lets_pass_is_found(
    bases: Bases, base: str, tamper: Callable[[str], str], check: str
) -> None:
    original = bases.texts[base]
    tampered = tamper(original)

    assert tampered != original
    assert check not in findings(bases, original)
    assert check in findings(bases, tampered)


@pytest.mark.parametrize(
    ("base", "tamper", "check"),
    [row[1:] for row in REFUSED_BY_SOPS_TOO],
    ids=[row[0] for row in REFUSED_BY_SOPS_TOO],
)
def test_what_sops_refuses_is_found_and_named(
    bases: Bases, base: str, tamper: Callable[[str], str], check: str
) -> None:
    original = bases.texts[base]
    tampered = tamper(original)

    assert tampered != original
    assert check in findings(bases, tampered)


UNSEEN: list[tuple[str, str, Callable[[str], str], str]] = [
    ("4 rename a null", "blanks", partial(swap, "nothing:", "other:"), "history; the null is a warning before and after"),
    ("5 delete a null", "blanks", drop("nothing:"), "history"),
    ("6 retype a null", "blanks", partial(swap, "nothing: null", "nothing: {}"), "history; a warning before and after"),
    ("7 rename a readable key", "manifest", partial(swap, "    name:", "    nickname:"), "the closed list of readable fields"),
    ("8 swap readable keys", "manifest", lambda t: t.replace("    name:", "\0").replace("    namespace:", "    name:").replace("\0", "    namespace:"), "history, or the path as the name's source"),
    ("9 shift readable bytes", "manifest", lambda t: t.replace("pulse", "puls").replace("namespace: data", "namespace: edata"), "history"),
    ("F4 add an empty label", "manifest", partial(swap, "    name: pulse", '    name: pulse\n    labels:\n        a: ""'), "history"),
    ("16 nest a list", "plain", lambda t: re.sub(r"    - (ENC.*)\n    - (ENC.*)\n", r"    - - \1\n      - \2\n", t), "history; a manifest's data holds no list"),
    ("18 value to list", "plain", alter("digits", lambda v: f"\n    - {v}"), "history; a manifest's data holds no list"),
    ("20b map to list", "plain", lambda t: re.sub(r"    (user: .*)\n    (password: .*)\n    (#.*)\n    (port: .*)\n", r"    - \1\n    - \2\n    - \4\n", t), "history; a manifest's data holds no list"),
    ("21 digits to int", "plain", alter("digits", lambda v: v.replace(":str]", ":int]")), "history; a manifest's data holds no number"),
    ("25 True to bool", "plain", alter("flag", lambda v: v.replace(":str]", ":bool]")), "history; a manifest's data holds no boolean"),
    ("32 remove a comment", "plain", lambda t: t.replace(first_comment(t), "", 1), "history"),
    ("53 other version", "plain", lambda t: re.sub(r"version: .*", "version: 3.0.0", t), "history"),
    ("61 stranger relabelled", "plain", lambda t: t.replace(re.findall(r"recipient: (age1\S+)", t)[0], str(pyrage.x25519.Identity.generate().to_public())), "the rule's recipients"),
    ("64 selector that covers the same", "plain", partial(swap, "unencrypted_suffix: _unencrypted", "encrypted_regex: ."), "the rule's selector"),
    ("G1 readable value under mac_only", "mac-only", partial(swap, "name: pulse", "name: other"), "the rule against mac_only_encrypted"),
    ("G2 readable value added under mac_only", "mac-only", partial(swap, "kind: Secret", "kind: Secret\nnote: hunter2"), "the closed list of readable fields"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "tamper"), [row[1:3] for row in UNSEEN], ids=[f"{row[0]}: {row[3]}" for row in UNSEEN]
)
def test_what_one_file_alone_cannot_show(
    bases: Bases, base: str, tamper: Callable[[str], str]
) -> None:
    """The reader finds nothing new here, and sops accepts it: other checks must look.

    When this fails, the reader has learnt to see it; move the row up.
    """
    original = bases.texts[base]
    tampered = tamper(original)

    assert tampered != original
    assert bases.bench.decrypt(tampered.encode()) is not None
    new = set(findings(bases, tampered)) - set(findings(bases, original))
    assert new <= {"empty-container"}
