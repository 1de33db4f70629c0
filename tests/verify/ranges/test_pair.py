"""Two versions of one file compared without a repository: each edit of a vector and what it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.paths import format_path
from plana_secrets.sops.model import Metadata, Selector, Structure
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.verify.policy import NamedRecipient, Policy
from plana_secrets.verify.ranges.access import Access
from plana_secrets.verify.ranges.content import (
    Pair,
    changed_by_hand,
    compare_content,
    has_new_plaintext,
    read_pair,
    readers,
    shares_ciphertext,
)
from plana_secrets.verify.ranges.dropped import _dropped

FOLDER = Path(__file__).parents[2] / "vectors" / "sops"
PLAIN, MANIFEST, MAC_ONLY = (
    (FOLDER / f"{stem}-3.11.0.yaml").read_text() for stem in ("plain", "manifest", "mac-only")
)
HAND, MOVED, RESHAPED = "changed-without-sops", "moved-value", "reshaped-value"
Edit = Callable[[str], str]


def pair(old: str, new: str) -> Pair:
    found = read_pair("a.yaml", "was.yaml", old.encode(), new.encode())
    assert found is not None
    return found


def said(old: str, new: str) -> list[tuple[str, str | None, str]]:
    assert old != new
    return [(one.check, one.path, str(one.severity)) for one in compare_content(pair(old, new))]


def line(key: str, text: str = PLAIN) -> str:
    return next(one for one in text.splitlines(keepends=True) if one.strip().startswith(f"{key}: "))


def value(key: str) -> str:
    return line(key).partition(": ")[2].strip()


def to(key: str, new: str) -> Edit:
    """Another text in place of a value; nothing else is changed, the MAC neither."""
    return lambda text: text.replace(
        line(key, text), line(key, text).partition(":")[0] + f": {new}\n"
    )


def by_sops(edit: Edit) -> Edit:
    """As sops leaves it: with another MAC."""
    return lambda text: re.sub(r"(mac: ENC\[AES256_GCM,data:)....", r"\1AAAA", edit(text))


def stamped(moment: str) -> Edit:
    return lambda text: re.sub(r'lastmodified: ".*"', f'lastmodified: "{moment}"', text)


ROWS: list[tuple[str, Edit, list[tuple[str, str | None, str]]]] = [
    ("another ciphertext", to("user", value("password")),
     [(HAND, "db.user", "error"), (MOVED, "db.user", "error")]),
    ("another type", lambda t: t.replace(value("port"), value("port").replace("int", "str")),
     [(HAND, "db.port", "error"), (RESHAPED, "db.port", "error")]),
    ("a list of it", to("user", f"\n        - {value('user')}"),
     [(HAND, "db.user[0]", "error"), (RESHAPED, "db.user[0]", "error")]),
    ("a list of it by sops", by_sops(to("user", f"\n        - {value('user')}")),
     [(RESHAPED, "db.user[0]", "warning")]),
    ("another name by sops", by_sops(lambda t: t.replace("    user:", "    name:")),
     [(MOVED, "db.name", "error")]),
    ("a copy of the list", by_sops(lambda t: t.replace("blank:", f"more:\n    - {value('user')}\nblank:")),
     [(MOVED, "more[0]", "error")]),
    ("a value less", lambda t: t.replace(line("tls"), ""), [(HAND, None, "error")]),
    ("a value less by sops", by_sops(lambda t: t.replace(line("tls"), "")), []),
    ("another place in the list", by_sops(lambda t: t.replace("hosts:\n", f"hosts:\n    - {value('tls')}\n")),
     [(MOVED, "hosts[0]", "error")]),
    ("another order by sops", by_sops(lambda t: t.replace(line("user"), "").replace(line("port"), line("port") + line("user"))),
     []),
    ("a null less by sops", by_sops(lambda t: t.replace("nothing: null\n", "")),
     [("null-changed", "nothing", "warning")]),
    ("a null more by sops", by_sops(lambda t: t.replace("nothing:", "more: null\nnothing:")),
     [("null-changed", "more", "warning")]),
    ("an empty map for a list", by_sops(to("none", "{}")), [("null-changed", "none", "warning")]),
    ("a null for an empty list", by_sops(to("none", "null")), [("null-changed", "none", "warning")]),
    ("a later time alone", stamped("2026-11-23T18:36:43Z"), [(HAND, None, "error")]),
    ("five minutes earlier", by_sops(stamped("2026-11-23T18:31:42Z")), []),
    ("more than five minutes earlier", by_sops(stamped("2026-11-23T18:31:41Z")), [("rolled-back", None, "error")]),
    ("no time that it is", by_sops(stamped("2026-13-23T18:31:41Z")), []),
    ("a comment less", lambda t: t.partition("\n")[2], [(HAND, None, "error")]),
    ("another comment in one second", lambda t: t.replace("data:G2rn", "data:AAAA", 1), []),
    ("another comment and another time", lambda t: stamped("2026-11-23T18:36:43Z")(t.replace("data:G2rn", "data:AAAA", 1)),
     [(HAND, None, "error")]),
    ("another comment and a value", lambda t: to("user", value("password"))(t.replace("data:G2rn", "data:AAAA", 1)),
     [(HAND, None, "error"), (MOVED, "db.user", "error")]),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "found"), [one[1:] for one in ROWS], ids=[one[0] for one in ROWS])
def test_an_edit_is_what_it_is(edit: Edit, found: list[tuple[str, str | None, str]]) -> None:
    assert said(PLAIN, edit(PLAIN)) == found


READABLE: list[tuple[str, str, Edit, list[str]]] = [
    ("a readable value", MANIFEST, to("name", "other"), [HAND]),
    ("a readable type", MANIFEST, to("generation", '"8"'), [HAND]),
    ("a readable comment", MANIFEST, lambda t: t.replace("# readable\n", "# other\n"), []),
    ("a readable value that no MAC covers", MAC_ONLY, to("name", "other"), []),
]


@pytest.mark.parametrize(
    ("text", "edit", "found"), [one[1:] for one in READABLE], ids=[one[0] for one in READABLE]
)
def test_a_readable_part_counts_as_far_as_it_is_under_the_mac(
    text: str, edit: Edit, found: list[str]
) -> None:
    assert [one[0] for one in said(text, edit(text))] == found


def test_an_old_version_that_was_broken_says_nothing() -> None:
    broken = PLAIN.replace(value("user"), "plaintext")
    assert said(broken, PLAIN) == []
    assert list(changed_by_hand(pair(broken, PLAIN))) == []
    assert [one[0] for one in said(PLAIN, broken)] == [HAND]


@pytest.mark.parametrize(
    ("key", "edit"),
    [
        ("tls", to("tls", value("user"))),
        ("port", lambda t: t.replace(value("port"), value("port").replace("int", "str"))),
        ("sops", by_sops(stamped("2026-11-22T18:31:41Z"))),
    ],
    ids=["another value", "another type", "an earlier time"],
)
def test_the_line_of_a_change_is_that_of_the_value(key: str, edit: Edit) -> None:
    lines = {one.line for one in compare_content(pair(PLAIN, edit(PLAIN)))}
    assert lines == {PLAIN[: PLAIN.index(f"{key}:")].count("\n") + 1}


@pytest.mark.parametrize(
    "other", [None, FailedError("unreadable"), b"a: b\n"], ids=["none", "unreadable", "plain"]
)
def test_only_two_files_of_sops_are_a_pair(other: bytes | FailedError | None) -> None:
    data = PLAIN.encode()
    assert read_pair("a.yaml", "a.yaml", data, data) is not None
    assert read_pair("a.yaml", "a.yaml", data, other) is None
    assert read_pair("a.yaml", "a.yaml", other, data) is None


def test_each_side_is_read_in_the_format_of_its_own_name() -> None:
    assert read_pair("a.json", "a.yaml", PLAIN.encode(), PLAIN.encode()) is None
    assert read_pair("a.yaml", "a.json", PLAIN.encode(), PLAIN.encode()) is None


def structure(text: str) -> Structure:
    return read_structure(text.encode())


def test_one_ciphertext_that_stayed_shows_the_same_data_key() -> None:
    assert shares_ciphertext(structure(PLAIN), structure(to("user", value("tls"))(PLAIN)))
    assert shares_ciphertext(structure(PLAIN), structure(PLAIN[PLAIN.index("lines:") :]))
    assert not shares_ciphertext(structure(PLAIN), structure(MANIFEST))
    assert not shares_ciphertext(structure(MANIFEST), structure("a: null\nb: x\n"))


def test_plaintext_is_new_where_no_item_had_it() -> None:
    assert not has_new_plaintext(structure(MANIFEST), structure(MANIFEST))
    assert has_new_plaintext(structure(MANIFEST), structure(to("name", "hunter2")(MANIFEST)))
    renamed = MANIFEST.replace("    name: demo", "    other: demo")
    assert not has_new_plaintext(structure(MANIFEST), structure(renamed))
    assert not has_new_plaintext(structure(MANIFEST), structure(line("name", MANIFEST)))


def test_who_reads_a_file_is_what_its_metadata_say() -> None:
    assert readers(None) == readers(structure("a: b\n")) == frozenset()
    here = structure(PLAIN)
    assert len(readers(here)) == 3
    assert isinstance(here.metadata, Metadata)
    fewer = replace(here.metadata, recipients=here.metadata.recipients[:1])
    assert len(readers(replace(here, metadata=fewer))) == 1


# -- who reads it

ONE, TWO, THREE = re.findall("age1[a-z0-9]+", PLAIN)


def for_only(*recipients: str) -> str:
    """The vector without the entries of all others."""
    text = PLAIN
    for other in {ONE, TWO, THREE} - {*recipients}:
        text = re.sub(rf"        - recipient: {other}\n(?:          .*\n)+", "", text)
    return text


def told(
    old: str, new: str, *ruled: str, was: str = "a.yaml", before: tuple[str, ...] | None = None,
    named: tuple[str, ...] = (),
) -> list[tuple[str, str]]:  # fmt: skip
    def rule(file: str) -> CreationRule:
        names = ruled if file == "a.yaml" or before is None else before
        return CreationRule(1, 1, None, names, Selector())

    people = {f"p{place}": NamedRecipient(name=f"p{place}", key=key, kind="staff")
              for place, key in enumerate(named)}  # fmt: skip
    access = Access(rule, rule, lambda _: ".sops.yaml", Policy(recipients=people))
    two = read_pair("a.yaml", was, old.encode(), new.encode())
    assert two is not None
    return [(one.check, str(one.severity)) for one in access.check_file(two)]


def test_a_reader_more_is_an_error_unless_the_rule_or_a_name_has_told() -> None:
    fewer = for_only(ONE, TWO)
    assert told(fewer, PLAIN, ONE, TWO) == [("recipient-added", "error")]
    assert told(fewer, PLAIN, ONE, TWO, named=(THREE,)) == [("recipient-added", "warning")]
    assert told(fewer, PLAIN, ONE, TWO, THREE) == []
    assert told(PLAIN, PLAIN, ONE) == []


def test_a_reader_less_is_named_with_what_stays_open_to_them() -> None:
    assert told(PLAIN, for_only(ONE, TWO), ONE, TWO) == [("recipient-removed", "warning")]
    access = Access(lambda _: None, lambda _: None, lambda _: "", Policy())
    for new, same in (
        (for_only(ONE), True),
        (for_only(ONE).replace("ENC[AES256_GCM,data:", "ENC[AES256_GCM,data:AAAA"), False),
    ):
        (finding,) = access.check_file(pair(PLAIN, new))
        assert ("with the same data key" in finding.message) is same


def test_a_file_that_moved_under_another_rule_tells_whom_that_lets_in() -> None:
    fewer = for_only(ONE)
    assert told(fewer, PLAIN, ONE, TWO, THREE, was="b.yaml", before=(ONE,)) == [
        ("recipient-added", "warning")
    ]
    assert told(fewer, PLAIN, ONE, TWO, THREE, was="b.yaml", before=(ONE, TWO, THREE)) == []


# -- what a merge left out


def left_out(*versions: str) -> list[str | None]:
    found = _dropped([structure(one) for one in versions])
    return [None if path is None else format_path(path) for path in found]


def test_a_change_that_only_the_side_has_was_left_out() -> None:
    side = to("user", value("tls"))(PLAIN)
    assert left_out(PLAIN, side, PLAIN, PLAIN) == ["db.user"]
    assert left_out(PLAIN, side, side, PLAIN) == []
    assert left_out(PLAIN, side, PLAIN, side) == []
    assert left_out(PLAIN, PLAIN, PLAIN) == []
    assert left_out(PLAIN, PLAIN.replace(line("tls"), ""), PLAIN) == ["db.tls"]
    assert left_out(PLAIN, PLAIN.replace("none: []", "none: {}"), PLAIN) == ["none"]
    assert left_out(MANIFEST, to("name", "other")(MANIFEST), MANIFEST) == ["metadata.name"]
    assert left_out(PLAIN, PLAIN.replace("port:", "more: null\n    port:"), PLAIN) == ["db.more"]


def test_a_new_data_key_that_no_other_has_was_left_out() -> None:
    rotated = PLAIN.replace("ENC[AES256_GCM,data:", "ENC[AES256_GCM,data:AAAA")
    rotated = re.sub("(?<=mac: ENC.AES256_GCM,data:)AAAA", "", rotated)
    assert structure(rotated).is_sound
    assert left_out(PLAIN, rotated, PLAIN, PLAIN) == [None]
    assert left_out(PLAIN, rotated, rotated, PLAIN) == []
    broken = PLAIN.replace(value("user"), "plaintext")
    assert left_out(PLAIN, rotated, broken) == []
