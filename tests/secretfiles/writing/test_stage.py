"""What sops wrote is judged by its rule and its content; each fact by itself. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plana_secrets.document.edits import Content
from plana_secrets.errors import MalformedError, PlanaSecretsError, UsageError
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.writing.judge import check_against_rule, describe
from plana_secrets.secretfiles.writing.stage import StagedFile, parse_plain
from plana_secrets.sops.model import (
    Comment,
    Empty,
    Item,
    Leaf,
    LeafType,
    Metadata,
    RecipientStanza,
    Selector,
    Structure,
)
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.storage import digest_of

FILE = "infra/secrets/a.yaml"
RULE = CreationRule(1, 1, None, ("age1a", "age1b"), Selector())
REGEX = Selector("encrypted_regex", "^data$")
METADATA = Metadata(
    tuple(RecipientStanza(one, "", 1) for one in RULE.recipients),
    Selector(), False, "", None, "3.11.0", 1,
)  # fmt: skip
VECTOR = Path(__file__).parents[2] / "vectors" / "sops" / "plain-3.11.0.yaml"


def judged(metadata: Metadata | None, rule: CreationRule = RULE) -> str | None:
    try:
        check_against_rule(Structure([], metadata), rule, FILE)
    except PlanaSecretsError as error:
        return error.kind
    return None


def of(*recipients: str) -> tuple[RecipientStanza, ...]:
    return tuple(RecipientStanza(one, "", 1) for one in recipients)


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        (METADATA, None),
        (replace(METADATA, recipients=of("age1b", "age1a")), None),
        (replace(METADATA, selector=Selector("unencrypted_suffix", "_unencrypted")), None),
        (None, "not-encrypted"),
        (replace(METADATA, selector=REGEX), "selector-differs"),
        (replace(METADATA, mac_only_encrypted=True), "options-differ"),
        (replace(METADATA, other_keys=("pgp",)), "options-differ"),
        (replace(METADATA, recipients=of("age1a")), "recipients-differ"),
        (replace(METADATA, recipients=of("age1a", "age1b", "age1c")), "recipients-differ"),
        (replace(METADATA, recipients=of("age1a", "age1c")), "recipients-differ"),
        (replace(METADATA, recipients=()), "recipients-differ"),
    ],
)
def test_a_file_is_what_its_rule_says(metadata: Metadata | None, kind: str | None) -> None:
    assert judged(metadata) == kind


def test_a_selector_is_compared_whole() -> None:
    rule = replace(RULE, selector=REGEX)
    assert judged(replace(METADATA, selector=REGEX), rule) is None
    for other in (Selector("encrypted_regex", "^data"), Selector("unencrypted_regex", "^data$")):
        assert judged(replace(METADATA, selector=other), rule) == "selector-differs"


def content(*entries: tuple[Item, str | None]) -> Content:
    values = (None if text is None else Secret.from_text(text) for _item, text in entries)
    return Content(tuple(item for item, _text in entries), tuple(values))


def leaf(text: str, type_: LeafType = LeafType.STR, name: str = "a") -> tuple[Item, str]:
    return Leaf((name,), 1, type_, True, None, None), text


def comment(text: str) -> tuple[Item, str]:
    return Comment((), 1, True, None, None), text


def empty(kind: str) -> tuple[Item, None]:
    return Empty(("a",), 1, "map" if kind == "map" else "list"), None


def test_what_survives_a_write_is_everything_but_the_place_of_comments() -> None:
    one = content(comment(" x"), leaf("1"), leaf("2", name="b"), comment(" y"))
    moved = content(leaf("1"), comment("y"), leaf("2", name="b"), comment("x "))
    assert describe(one) == describe(moved)
    for other in (
        content(leaf("2", name="b"), leaf("1"), comment("x"), comment("y")),
        content(leaf("1"), leaf("2", name="b"), comment("x")),
        content(leaf("1"), leaf("2", name="b"), comment("x"), comment("y"), comment("y")),
        content(leaf("1"), leaf("3", name="b"), comment("x"), comment("y")),
        content(leaf("1"), leaf("2", name="c"), comment("x"), comment("y")),
        content(leaf("1", LeafType.INT), leaf("2", name="b"), comment("x"), comment("y")),
    ):
        assert describe(one) != describe(other)
    assert describe(content(empty("map"))) != describe(content(empty("list")))
    assert describe(content(leaf("", LeafType.NULL))) != describe(content(leaf("")))
    assert describe(content(leaf("x", LeafType.NULL))) == describe(content(leaf("", LeafType.NULL)))


def test_plain_yaml_is_read_as_sops_will_see_it() -> None:
    found = parse_plain(Secret(b"# hello\na: 1\nb: {}\nc: [x]\n"), FILE)
    assert describe(found) == describe(
        Content(
            (
                Leaf(("a",), 2, LeafType.INT, True, None, None),
                Empty(("b",), 3, "map"),
                Leaf(("c", 0), 4, LeafType.STR, True, None, None),
                Comment((), 1, True, None, None),
            ),
            (Secret(b"1"), None, Secret(b"x"), Secret(b" hello")),
        )
    )


@pytest.mark.parametrize(
    "text", ["a: *x\n", "a: 1\na: 2\n", "- a\n", "a: hunter2: x\n", "a: !x y\n"]
)
def test_what_sops_would_not_keep_as_it_is_is_refused_by_its_line(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_plain(Secret.from_text(text), FILE)
    assert caught.value.kind == "bad-content"
    assert caught.value.message.startswith(f"{FILE}:")
    assert "hunter2" not in caught.value.message


def test_a_file_that_is_encrypted_is_not_encrypted_again() -> None:
    with pytest.raises(UsageError) as caught:
        parse_plain(Secret(VECTOR.read_bytes()), FILE)
    assert caught.value.kind == "already-encrypted"


def test_whether_a_staged_file_is_a_change_is_told_by_its_bytes() -> None:
    old = digest_of(b"old")
    assert StagedFile(FILE, old, b"new").is_change
    assert not StagedFile(FILE, old, b"old").is_change
    assert StagedFile(FILE, None, b"").is_change
    assert StagedFile(FILE, old, None).is_change
    assert not StagedFile(FILE, None, None).is_change
    assert StagedFile(FILE, None, b"new").new_digest == digest_of(b"new")
    assert StagedFile(FILE, old, None).new_digest is None
