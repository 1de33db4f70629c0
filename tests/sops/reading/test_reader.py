"""What sops writes is read, and read as sops reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage
import pytest

from plana_secrets.age.identities import Identities
from plana_secrets.errors import CredentialError
from plana_secrets.sops.model import Comment, Leaf, LeafType, Severity
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.reading.jsonvalues import to_json_text
from plana_secrets.sops.reading.reader import (
    UnreadableError,
    is_sops,
    open_document,
    read_structure,
)
from tests.sops.opening import read_document
from tests.sops.sopsfiles import Bench, identities_of

EVERYTHING = """\
# above
text: hunter2 # beside
number: 42
octal: 0o17
float: 1.50
large: 1e21
truth: yes
yes: true
date: 2020-1-2
time: 2020-01-02 03:04:05.120
nothing: null
blank: ""
none: {}
lines: |
    one
    two
# before a map
map: # beside a key
    # in a map
    a/b c: x
    "on": "é😀"
    # at the end of a map
list: # beside a list
    # in a list
    - one
    - [two, {deep: 3}]
    # at the end of a list
only:
    # nothing but a comment
# at the end
"""

MANIFEST = """\
# readable
apiVersion: v1
kind: Secret
metadata:
    name: x
    labels:
        app.kubernetes.io/name: ""
        "on": "yes"
    annotations:
        script: |
            #!/bin/sh
            \tindented
        number: "8"
        not-a-date: 2020-13-45
        equals: "="
        escaped: "a\\u2028b\\td"
    creationTimestamp: null
    generation: 08
    weight: 1.50
    when: 2020-01-02T03:04:05+05:30
data:
    # encrypted
    a: Zm9v # beside
type: Opaque
"""


@pytest.fixture
def bench(sops: Sops, tmp_path: Path) -> Bench:
    strangers = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2)]
    return Bench(sops.program, tmp_path, strangers=strangers)


def errors(data: bytes) -> list[tuple[str, int | None]]:
    return [(one.check, one.line) for one in read_structure(data).errors()]


@pytest.mark.parametrize(
    ("plain", "rule"),
    [
        (EVERYTHING, []),
        (EVERYTHING, ["mac_only_encrypted: true"]),
        (EVERYTHING, ["unencrypted_suffix: _plain"]),
        (EVERYTHING, ["encrypted_suffix: t"]),
        (EVERYTHING, ["encrypted_regex: ^(map|list)$"]),
        (EVERYTHING, ["encrypted_comment_regex: before"]),
        (EVERYTHING, ["unencrypted_comment_regex: before"]),
        (MANIFEST, ["encrypted_regex: ^(data|stringData)$"]),
        (MANIFEST, ["encrypted_regex: ^(data|stringData)$", "mac_only_encrypted: true"]),
        (MANIFEST, ["unencrypted_regex: ^(data|metadata)$"]),
        (MANIFEST, []),
    ],
)
def test_a_file_reads_as_sops_reads_it(bench: Bench, plain: str, rule: list[str]) -> None:
    """All types, all comments, every selector, ours among the recipients but not first."""
    data = bench.encrypt(plain, *rule)

    structure = read_structure(data)
    document = open_document(structure, bench.identities)

    assert structure.errors() == ()
    assert json.loads(to_json_text(document, reveal=True)) == bench.decrypt(data)


def test_comments_come_back_with_their_places(bench: Bench) -> None:
    document = read_document(bench.encrypt(EVERYTHING), bench.identities)

    comments = [
        (item.path, value.reveal().decode())
        for item, value in zip(document.structure.items, document.values, strict=True)
        if isinstance(item, Comment) and value is not None
    ]
    assert ((), " above") in comments
    assert ((), " beside") in comments
    assert (("map",), " in a map") in comments
    assert (("map",), " at the end of a map") in comments
    assert (("list",), " in a list") in comments
    assert len(comments) == 11


def test_a_comment_beside_an_empty_map_is_written_into_its_braces(bench: Bench) -> None:
    """Its container is the empty map, whatever the column is."""
    plain = "list:\n    - a: x\n      B: {} # a note\nB: {} # another\n"
    readable = read_structure(bench.encrypt(plain, "unencrypted_regex: B"))
    encrypted = bench.encrypt(plain)

    assert readable.errors() == ()
    assert {one.check for one in readable.defects} == {"readable-comment"}
    assert read_document(encrypted, bench.identities).find(("list", 0, "a")) is not None


def test_a_comment_without_text_stays_as_it_is(bench: Bench) -> None:
    """sops encrypts nothing that is empty, and people draw boxes with a bare ``#``."""
    structure = read_structure(
        bench.encrypt("#\n# Mail\n#\nuser: admin #\nmap:\n    #\n    a: b\n#\n")
    )
    assert list(structure.errors()) == []
    document = open_document(structure, bench.identities)
    comments = [value for item, value in zip(structure.items, document.values, strict=True)
                if isinstance(item, Comment)]  # fmt: skip
    texts = sorted(one.reveal() for one in comments if one is not None)
    assert texts == [*[b""] * (len(texts) - 1), b" Mail"]
    assert len(texts) >= 5


def test_a_comment_without_text_in_a_list_is_named(bench: Bench) -> None:
    """sops itself then finds one element more in the list than it was given."""
    data = bench.encrypt("list:\n    - #\n      a: b\n")
    assert bench.decrypt(data) == {"list": ["", {"a": "b"}]}
    (error,) = read_structure(data).errors()
    assert (error.check, error.line) == ("plain-comment", 2)


def test_types_are_those_of_sops(bench: Bench) -> None:
    document = read_document(bench.encrypt(EVERYTHING), bench.identities)

    found = {leaf.path[0]: (leaf.type, value.reveal()) for leaf, value in document.entries()}
    assert found["number"] == (LeafType.INT, b"42")
    assert found["octal"] == (LeafType.INT, b"15")
    assert found["float"] == (LeafType.FLOAT, b"1.5")
    assert found["large"] == (LeafType.FLOAT, b"1000000000000000000000")
    assert found["truth"] == (LeafType.STR, b"yes")
    assert found["date"] == (LeafType.TIME, b"2020-01-02T00:00:00Z")
    assert found["time"] == (LeafType.TIME, b"2020-01-02T03:04:05.12Z")
    assert found["nothing"] == (LeafType.NULL, b"")
    assert found["blank"] == (LeafType.STR, b"")


def test_list_positions_do_not_count_comments(bench: Bench) -> None:
    document = read_document(bench.encrypt(EVERYTHING), bench.identities)

    assert document.find(("list", 0)) is not None
    assert document.find(("list", 1, 1, "deep")) is not None


def test_what_is_not_protected_is_a_warning_and_what_is_readable_a_note(bench: Bench) -> None:
    structure = read_structure(bench.encrypt(EVERYTHING))
    manifest = read_structure(bench.encrypt(MANIFEST, "encrypted_regex: ^(data|stringData)$"))

    assert {(one.check, one.severity, one.path) for one in structure.defects} == {
        ("null-value", Severity.WARNING, ("nothing",)),
        ("null-value", Severity.WARNING, ("only",)),
        ("empty-value", Severity.WARNING, ("blank",)),
        ("empty-container", Severity.WARNING, ("none",)),
    }
    assert [(one.check, one.severity) for one in manifest.defects] == [
        ("readable-comment", Severity.NOTE)
    ]


def test_lines_and_paths_are_those_of_the_file(bench: Bench) -> None:
    data = bench.encrypt("a: x\nb:\n    c: y\n    d: [z]\n")

    places = {leaf.path: leaf.line for leaf in read_structure(data).leaves()}
    assert places == {("a",): 1, ("b", "c"): 3, ("b", "d", 0): 5}


def test_all_recipients_are_listed_in_order(bench: Bench) -> None:
    metadata = read_structure(bench.encrypt("a: x\n")).metadata

    assert metadata is not None
    assert [one.recipient for one in metadata.recipients] == [*bench.strangers, bench.recipient]
    assert metadata.lastmodified.endswith("Z")


def test_empty_key_lists_of_older_versions_are_normal(bench: Bench) -> None:
    data = bench.encrypt("a: x\n").replace(
        b"sops:\n", b"sops:\n    kms: []\n    gcp_kms: []\n    azure_kv: []\n    hc_vault: []\n"
        b"    pgp: []\n    shamir_threshold: 0\n",
    )  # fmt: skip

    assert read_structure(data).defects == []
    assert bench.decrypt(data) == {"a": "x"}
    assert read_document(data, bench.identities).find(("a",)) is not None


def test_one_key_group_reads_and_several_are_named(bench: Bench) -> None:
    single = bench.encrypt("a: x\n", f"key_groups: [{{age: [{bench.recipient}]}}]")
    grouped = _into_group(single)
    several = bench.encrypt(
        "a: x\n",
        f"key_groups: [{{age: [{bench.recipient}]}}, {{age: [{bench.strangers[0]}]}}]",
        "shamir_threshold: 2",
    )

    assert bench.decrypt(grouped) == {"a": "x"}
    assert read_document(grouped, bench.identities).find(("a",)) is not None
    assert "key-service" in [check for check, _line in errors(several)]


def _into_group(data: bytes) -> bytes:
    """The same file with its age list inside a key group."""
    head, rest = data.decode().split("    age:\n")
    entries, tail = rest.split("    lastmodified:")
    inner = "".join(f"        {line}\n" for line in entries.splitlines())
    group = f"    key_groups:\n        - hc_vault: []\n          age:\n{inner}"
    return f"{head}{group}    lastmodified:{tail}".encode()


def test_a_stranger_learns_that_no_identity_fits(bench: Bench) -> None:
    structure = read_structure(bench.encrypt("a: x\n"))

    with pytest.raises(CredentialError) as caught:
        open_document(structure, identities_of(pyrage.x25519.Identity.generate()))
    assert caught.value.kind == "no-identity-fits"
    with pytest.raises(CredentialError):
        open_document(structure, Identities())


def test_an_identity_found_only_later_opens_the_file(bench: Bench) -> None:
    """The keyring is asked last; its label is as good as any other."""
    late = Identities((), (), lambda: bench.identities)

    assert read_document(bench.encrypt("a: x\n"), late).find(("a",)) is not None


def test_a_plain_file_is_told_from_an_encrypted_one(bench: Bench) -> None:
    plain = read_structure(b"a: x # y\nb: 08\n")

    assert not is_sops(plain)
    assert [one.check for one in plain.defects] == ["not-sops"]
    assert [leaf.type for leaf in plain.leaves()] == [LeafType.STR, LeafType.FLOAT]
    assert is_sops(read_structure(bench.encrypt("a: x\n")))


def test_a_broken_file_is_never_opened(bench: Bench) -> None:
    data = bench.encrypt("a: hunter2\n") + b"b: hunter3\n"

    with pytest.raises(UnreadableError) as caught:
        read_document(data, bench.identities)
    assert caught.value.kind == "defects"
    assert [one.check for one in caught.value.defects] == ["not-encrypted"]
    assert "hunter" not in f"{caught.value} {caught.value.facts}"


def test_an_emptied_secret_does_not_change_the_document(bench: Bench) -> None:
    """Opening twice gives the same: the structure is not used up."""
    structure = read_structure(bench.encrypt(EVERYTHING))

    first = open_document(structure, bench.identities)
    again = open_document(structure, bench.identities)

    assert [(leaf.path, value.reveal()) for leaf, value in first.entries()] == [
        (leaf.path, value.reveal()) for leaf, value in again.entries()
    ]
    assert all(isinstance(leaf, Leaf) for leaf, _value in first.entries())
