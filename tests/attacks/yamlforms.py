"""One secret file as YAML that sops reads in another way than a person does."""

from __future__ import annotations

from tests.attacks.changes import append, before, behind, sub, swap
from tests.attacks.content import tampered
from tests.attacks.ground import KEYSET, MANIFEST, PLAIN

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))

ROWS = [
    tampered("69", "a second document of nulls", PLAIN, behind("---\nhunter2: null\n"), "yaml"),
    tampered("71", "duplicate keys in a second document", PLAIN, behind("---\na: null\na: null\n"), "yaml"),
    tampered("72", "the last key in a second document", PLAIN, lambda text: text.replace("last:", "---\nlast:", 1), "yaml"),
    tampered("73", "second metadata with plaintext", PLAIN, behind("---\nsops: password=hunter2\n"), "yaml"),
    tampered("A36", "a second document in a manifest", MANIFEST, behind("---\nkind: ConfigMap\n"), "yaml"),
    tampered("A36", "the end of a document", PLAIN, behind("...\nhunter2\n"), "yaml"),
    tampered("74", "an anchor", PLAIN, sub("(user: )", r"\1&a "), "yaml"),
    tampered("75", "an alias", PLAIN, sub(r"(user: )(.*)", r"\1&a \2\n    again: *a"), "yaml"),
    tampered("77", "a merge key", PLAIN, append("extra: {<<: {}}"), "yaml"),
    tampered("A36", "a byte order mark", PLAIN, before("\ufeff"), "yaml"),
    tampered("A36", "carriage returns", PLAIN, lambda text: text.replace("\n", "\r\n"), "yaml"),
    tampered("A36", "a single carriage return", PLAIN, lambda text: text.replace("\n", "\r", 1), "yaml"),
    tampered("A36", "UTF-16", PLAIN, lambda text: text.encode("utf-16").decode("utf-8", "surrogateescape"), "yaml"),
    tampered("A36", "a tab", PLAIN, append("extra:\n\tb: null"), "yaml"),
    tampered("A36", "a directive", PLAIN, before("%YAML 1.1\n---\n"), "yaml"),
    tampered("83", "a tag", PLAIN, sub("(user: )", r"\1!!str "), "yaml"),
    tampered("A7", "a binary tag", PLAIN, append("extra: !!binary aHVudGVyMg=="), "yaml"),
    tampered("A7", "a tag of a stranger", PLAIN, append("extra: !hunter2 x"), "yaml"),
    tampered("84", "an unspecific tag", PLAIN, append("extra: ! 'hunter2'"), "yaml"),
    tampered("76", "a number as a key", PLAIN, append("1: null"), "yaml"),
    tampered("78", "a boolean as a key", PLAIN, append("true: null"), "yaml"),
    tampered("86", "a map as a key", PLAIN, append("? {a: b}\n: null"), "yaml"),
    tampered("15", "a key twice", PLAIN, append("last: null"), "yaml"),
    tampered("87", "a nested key twice", PLAIN, sub("^(    user: .*)", r"    password: null\n\1"), "yaml"),
    tampered("87", "a nested key twice in a keyset", KEYSET, sub("^(        status: .*)", r"        status: standby\n\1"), "yaml"),
    tampered("A36", "a NUL", PLAIN, append("extra: \x00"), "yaml"),
    tampered("A36", "a depth of 100", PLAIN, append("extra: " + "[" * 100 + "]" * 100), "yaml"),
    tampered("A36", "a depth of 20,000", PLAIN, append("extra: " + "[" * 20_000), "yaml"),
    tampered("A36", "a billion laughs", PLAIN, before(LAUGHS), "yaml"),
    tampered("A36", "a line of 10 MB", PLAIN, append("extra: " + "x" * 10_000_000), "too-large"),
    tampered("A36", "a file of 6 MB", PLAIN, append("# x\n" * 1_600_000), "too-large"),
    tampered("A36", "20,000 keys", PLAIN, append("\n".join(f"k{n}: null" for n in range(20_000))), "yaml"),
    tampered("-", "conflict markers", PLAIN, sub("^(last: .*)", r"<<<<<<< ours\n\1\n=======\n\1\n>>>>>>> theirs"), "merge-conflict"),
    tampered("A31", "a pointer of Git LFS", PLAIN, lambda _: "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n", "lfs-pointer"),
    tampered("-", "a list at the top", PLAIN, lambda text: "- " + text.replace("\n", "\n  "), "yaml"),
    tampered("-", "a flow map at the top", PLAIN, lambda _: "{password: hunter2}\n", "not-sops"),
    tampered("A4", "a comment of a stranger behind the file", PLAIN, swap("\nsops:\n", "\nsops: # hunter2\n"), "metadata"),
]  # fmt: skip
