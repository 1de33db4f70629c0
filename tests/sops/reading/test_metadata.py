"""The metadata block: what may be in it, and what is said to everything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.age.identities import parse_identity_file
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Selector
from plana_secrets.sops.reading.reader import open_document, read_structure

FOLDER = Path(__file__).parents[2] / "vectors" / "sops"
IDENTITIES = parse_identity_file(
    Secret((FOLDER / "public-demo-identity.txt").read_bytes()), "the public demo identity"
)
PLAIN = (FOLDER / "plain-3.11.0.yaml").read_text()
GROUP = (FOLDER / "key-group-3.13.3.yaml").read_text()
BLOCK_LINE = PLAIN[: PLAIN.index("\nsops:\n") + 1].count("\n") + 1

Edit = Callable[[str], str]


def put(lines: str) -> Edit:
    """One more entry, right at the start of the block."""
    return lambda text: text.replace("\nsops:\n", f"\nsops:\n    {lines}\n")


def entry(name: str, value: str | None) -> Edit:
    """Another value of an entry that is one line; None takes the entry away."""
    line = "" if value is None else f"    {name}: {value}\n"
    return lambda text: re.sub(rf"(?m)^    {name}: .*\n", lambda _: line, text)


def age(value: str) -> Edit:
    """Something else in place of the list of recipients."""
    return lambda text: re.sub(r"(?s)    age:.*?(    lastmodified)", rf"    age: {value}\n\1", text)


def first(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new, 1)


def in_group(value: str) -> Edit:
    pattern = r"(?s)    key_groups:.*?(    lastmodified)"
    return lambda text: re.sub(pattern, rf"    key_groups: {value}\n\1", text)


def said(text: str) -> list[str]:
    return sorted(one.check for one in read_structure(text.encode()).errors())


@pytest.mark.parametrize(
    "edit",
    [
        put("kms: []"),
        put("gcp_kms: null"),
        put("azure_kv: ~"),
        put("hc_vault:"),
        put("key_groups: []"),
        put("key_groups: null"),
        put("shamir_threshold: 0"),
        put("shamir_threshold: 1"),
        put("mac_only_encrypted: false"),
        put('encrypted_suffix: ""'),
        entry("version", "3.13.3"),
        entry("version", "1.0.0"),
        entry("version", "3.8.0-rc.1"),
        entry("version", "2.0.0-alpha"),
        first("enc: |\n", "enc: |-\n"),
    ],
)
def test_what_sops_writes_is_accepted_and_opens(edit: Edit) -> None:
    text = edit(PLAIN)
    assert text != PLAIN or "3.11.0" in text
    structure = read_structure(text.encode())
    assert structure.errors() == ()
    assert open_document(structure, IDENTITIES).find(("db", "user")) is not None


ROWS: list[tuple[str, Edit, list[str]]] = [
    ("unknown", put("note: x"), ["metadata"]),
    ("two unknown", put("note: x\n    more: [y]"), ["metadata", "metadata"]),
    ("a service", put("pgp: [{fp: x}]"), ["key-service"]),
    ("every service", put("\n    ".join(f"{name}: [x]" for name in ("kms", "gcp_kms", "azure_kv", "hc_vault", "hckms", "pgp"))), ["key-service"] * 6),
    ("a service that is a text", put("kms: x"), ["key-service"]),
    ("a service that is an empty text", put('kms: ""'), ["key-service"]),
    ("no age", age("[]"), ["metadata"]),
    ("age null", age("null"), ["metadata"]),
    ("age a text", age("x"), ["metadata", "metadata"]),
    ("age a map", age("{a: b}"), ["metadata", "metadata"]),
    ("an entry that is a text", age("[x]"), ["metadata", "metadata"]),
    ("an entry without enc", age("[{recipient: age1x}]"), ["metadata", "metadata"]),
    ("an entry without recipient", age("[{enc: x}]"), ["metadata", "metadata"]),
    ("an entry with more", first("          enc: |", "          more: x\n          enc: |"), ["metadata"]),
    ("a recipient that is a list", age("[{recipient: [x], enc: y}]"), ["metadata", "metadata"]),
    ("a recipient that is a number", age("[{recipient: 12, enc: y}]"), ["metadata", "metadata"]),
    ("an enc that is a map", age("[{recipient: x, enc: {}}]"), ["metadata", "metadata"]),
    ("a recipient that is none", age("[{recipient: x, enc: y}]"), ["stanza"]),
    ("keys and groups", put("key_groups: [{age: []}]"), ["key-service"]),
    ("a threshold", put("shamir_threshold: 2"), ["key-service"]),
    ("a threshold in quotes", put('shamir_threshold: "1"'), ["key-service"]),
    ("a threshold that is a list", put("shamir_threshold: []"), ["key-service"]),
    ("two selectors", put("encrypted_regex: ^a$"), ["metadata"]),
    ("a selector that is no pattern", lambda t: put("encrypted_regex: '('")(entry("unencrypted_suffix", None)(t)), ["metadata"]),
    ("a selector that is a list", put("encrypted_regex: [a]"), ["metadata"]),
    ("a flag in quotes", put('mac_only_encrypted: "true"'), ["metadata"]),
    ("a flag that is a word", put("mac_only_encrypted: sure"), ["metadata"]),
    ("a flag that is a list", put("mac_only_encrypted: []"), ["metadata"]),
    ("no time", entry("lastmodified", None), ["metadata"]),
    ("an empty time", entry("lastmodified", '""'), ["metadata"]),
    ("a time with a fraction", entry("lastmodified", '"2026-11-23T18:36:42.5Z"'), ["metadata"]),
    ("a time that is none", entry("lastmodified", '"2026-13-23T18:36:42Z"'), ["metadata"]),
    ("a time of the right length", entry("lastmodified", '"2026-11-23 18:36:42Z"'), ["metadata"]),
    ("a date and a zone", entry("lastmodified", '"2026-11-23T18:36+01"'), ["metadata"]),
    ("a bare time", entry("lastmodified", "2026-11-23T18:36:42Z"), ["metadata"]),
    ("no mac", entry("mac", None), ["metadata"]),
    ("an empty mac", entry("mac", '""'), ["metadata"]),
    ("a mac that is a word", entry("mac", "x"), ["metadata"]),
    ("a mac of another type", lambda t: re.sub(r"(mac: .*):str\]", r"\1:int]", t), ["metadata"]),
    ("a short mac", lambda t: re.sub(r"(mac: ENC\[AES256_GCM,data:)[^,]{4}", r"\1", t), ["metadata"]),
    ("a mac that is a list", entry("mac", "[x]"), ["metadata"]),
    ("no version", entry("version", None), ["metadata"]),
    ("an empty version", entry("version", '""'), ["metadata"]),
    ("a later version", entry("version", "4.0.0"), ["metadata"]),
    ("half a version", entry("version", '"3.11"'), ["metadata"]),
    ("more than a version", entry("version", "3.11.0.0"), ["metadata"]),
    ("a version and a text", entry("version", "3.11.0 x"), ["metadata"]),
    ("a version that is a map", entry("version", "{}"), ["metadata"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "checks"), [one[1:] for one in ROWS], ids=[one[0] for one in ROWS]
)
def test_everything_else_is_refused_by_its_check(edit: Edit, checks: list[str]) -> None:
    text = edit(PLAIN)
    assert text != PLAIN
    found = [one for one in read_structure(text.encode()).errors() if one.path == ("sops",)]
    assert sorted(one.check for one in found) == checks
    assert all(one.line is not None and one.line >= BLOCK_LINE for one in found)


GROUPS: list[tuple[str, Edit, list[str]]] = [
    ("two groups", in_group("[{age: []}, {age: []}]"), ["key-service"]),
    ("no list", in_group("{age: []}"), ["key-service"]),
    ("a group that is a text", in_group("[x]"), ["metadata", "metadata"]),
    ("a group of something else", in_group("[{keys: []}]"), ["metadata", "metadata"]),
    ("a group without keys", in_group("[{}]"), ["metadata"]),
    ("a group without age keys", in_group("[{age: []}]"), ["metadata"]),
    ("a group with a service", first("hc_vault: []", "hc_vault: [x]"), ["key-service"]),
    ("no groups at all", in_group("[]"), ["metadata"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "checks"), [one[1:] for one in GROUPS], ids=[one[0] for one in GROUPS]
)
def test_of_key_groups_only_a_single_one_can_be_judged(edit: Edit, checks: list[str]) -> None:
    assert said(GROUP) == []
    assert edit(GROUP) != GROUP
    assert said(edit(GROUP)) == checks


@pytest.mark.parametrize("block", ["x", "[a]", "null", '""'])
def test_a_block_that_is_no_map_is_refused(block: str) -> None:
    assert "metadata" in said(PLAIN[: PLAIN.index("\nsops:\n")] + f"\nsops: {block}\n")


def test_what_the_block_says_comes_back() -> None:
    metadata = read_structure(put("pgp: [x]")(PLAIN).encode()).metadata
    assert metadata is not None
    assert metadata.other_keys == ("pgp",)
    assert metadata.line == BLOCK_LINE
    assert metadata.version == "3.11.0"
    assert metadata.lastmodified == "2026-11-23T18:36:42Z"
    assert metadata.selector == Selector("unencrypted_suffix", "_unencrypted")
    assert not metadata.mac_only_encrypted
    labels = re.findall(r"recipient: (\S+)", PLAIN)
    assert [one.recipient for one in metadata.recipients] == labels
    lines = PLAIN.splitlines()
    # one line more than in the file without pgp
    assert [lines[one.line - 2].split()[-1] for one in metadata.recipients] == labels


@pytest.mark.parametrize(("value", "flag"), [("true", True), ("True", True), ("false", False)])
def test_the_flag_is_read_as_yaml_means_it(value: str, flag: bool) -> None:
    metadata = read_structure(put(f"mac_only_encrypted: {value}")(PLAIN).encode()).metadata
    assert metadata is not None
    assert metadata.mac_only_encrypted is flag


def test_no_selector_at_all_is_none() -> None:
    metadata = read_structure(entry("unencrypted_suffix", None)(PLAIN).encode()).metadata
    assert metadata is not None
    assert metadata.selector == Selector()


def test_an_age_list_that_is_empty_is_found_though_nothing_else_is() -> None:
    """Without a rule nothing but the reader asks who can open the file."""
    empty = age("[]")(PLAIN)
    assert said(empty) == ["metadata"]
    assert said(put("kms: [x]")(empty)) == ["key-service"]
