"""Two versions of a file: what differs, by name, and as far as each side could be opened. Pure."""

from __future__ import annotations

import pytest

from plana_secrets.document.compare import (
    FileDifference,
    NameDifference,
    Version,
    compare_file,
    describe_selector,
)
from plana_secrets.document.comparerules import compare_rules
from plana_secrets.secret import Secret
from plana_secrets.sops.model import (
    Comment,
    Document,
    Empty,
    Item,
    Leaf,
    LeafType,
    Metadata,
    RecipientStanza,
    Selector,
    Structure,
    Token,
)
from plana_secrets.sops.rules.rulesfile import parse_rules

REGEX = Selector("encrypted_regex", "^a$")


def sealed(seal: str, type_: LeafType = LeafType.STR, name: str = "x") -> Leaf:
    token = Token(seal.encode(), b"iv", b"tag", type_.value)
    return Leaf((name,), 1, type_, True, token, None)


def readable(text: str, type_: LeafType = LeafType.STR) -> Leaf:
    return Leaf(("x",), 1, type_, False, None, Secret.from_text(text))


def version(
    item: Item | None,
    value: str | None = None,
    *,
    opened: bool = True,
    key: bytes = b"k",
    recipients: tuple[str, ...] = ("age1a",),
    selector: Selector | None = None,
    problem: str | None = None,
) -> Version:
    stanzas = tuple(RecipientStanza(one, "", 1) for one in recipients)
    metadata = Metadata(stanzas, selector or Selector(), False, "", None, "3.11.0", 1)
    structure = Structure([item] if item else [], metadata)
    values = [None if value is None else Secret.from_text(value)] if item else []
    return Version(structure, Document(structure, values, Secret(key)) if opened else None, problem)


def change(old: Version | None, new: Version | None) -> str | None:
    paths = compare_file("f", old, new).paths
    return paths[0].change if paths else None


def test_the_same_ciphertext_is_the_same_value() -> None:
    for opened in (True, False):
        one = version(sealed("a"), "v", opened=opened)
        assert compare_file("f", one, version(sealed("a"), "v", opened=opened)).paths == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (version(sealed("a"), "v"), version(sealed("b"), "v"), "re-encrypted"),
        (version(sealed("a"), "v"), version(sealed("b"), "w"), "changed"),
        (version(sealed("a"), "5"), version(sealed("b", LeafType.INT), "5"), "changed"),
        (version(sealed("a"), opened=False), version(sealed("b"), "v"), "changed or re-encrypted"),
        (version(sealed("a"), "v"), version(sealed("b"), opened=False), "changed or re-encrypted"),
        (version(readable("a"), "a"), version(readable("b"), "b"), "changed"),
        (version(readable("a"), opened=False), version(readable("b"), opened=False), "changed"),
        (version(readable("a"), "a"), version(readable("a"), "a"), None),
        (version(readable("5"), "5"), version(readable("5", LeafType.INT), "5"), "changed"),
        (version(sealed("a"), "v"), version(readable("v"), "v"), "changed"),
        (version(readable("v"), opened=False), version(sealed("a"), opened=False), "changed"),
        (version(Empty(("x",), 1, "map")), version(Empty(("x",), 1, "list")), "changed"),
        (version(Empty(("x",), 1, "map")), version(Empty(("x",), 1, "map")), None),
        (version(Empty(("x",), 1, "map")), version(sealed("a"), "v"), "changed"),
        (version(None), version(sealed("a"), "v"), "added"),
        (version(sealed("a"), "v"), version(None), "removed"),
        (None, version(sealed("a"), "v"), "added"),
        (version(sealed("a"), opened=False), None, "removed"),
    ],
)
def test_a_path_is_judged_as_far_as_both_sides_open(
    old: Version | None, new: Version | None, expected: str | None
) -> None:
    assert change(old, new) == expected


def test_comments_are_no_paths() -> None:
    comment = Comment(("x",), 1, True, Token(b"c", b"iv", b"tag", "comment"), None)
    assert compare_file("f", version(None), version(comment, "hello")).paths == ()


def test_the_file_itself_is_added_changed_or_removed() -> None:
    one = version(sealed("a"), "v")
    assert [compare_file("f", *sides).change for sides in ((None, one), (one, one), (one, None))] == [
        "added", "changed", "removed",
    ]  # fmt: skip


def test_recipients_are_told_by_name_in_order() -> None:
    def difference(*sides: Version | None) -> NameDifference:
        return compare_file("f", *sides).recipients

    one = version(None, recipients=("age1b", "age1a"))
    other = version(None, recipients=("age1c", "age1b", "age1d"))
    assert difference(one, other) == NameDifference(("age1c", "age1d"), ("age1a",))
    assert difference(None, one) == NameDifference(("age1a", "age1b"), ())
    assert difference(one, None) == NameDifference((), ("age1a", "age1b"))
    assert difference(one, one) == NameDifference()
    assert [bool(NameDifference(*sides)) for sides in (((), ()), (("a",), ()), ((), ("a",)))] == [
        False, True, True,
    ]  # fmt: skip


def test_the_selector_and_the_data_key_are_compared_where_there_are_two() -> None:
    one, other = version(None), version(None, selector=REGEX, key=b"other")
    both = compare_file("f", one, other)
    assert both.selector == (describe_selector(Selector()), "encrypted_regex ^a$")
    assert both.data_key is True
    assert compare_file("f", one, one).data_key is False
    assert compare_file("f", one, one).selector is None
    for sides in ((None, other), (other, None)):
        assert compare_file("f", *sides).selector is None
        assert compare_file("f", *sides).data_key is None
    for sides in ((one, version(None, opened=False)), (version(None, opened=False), one)):
        assert compare_file("f", *sides).data_key is None
    default = version(None, selector=Selector("unencrypted_suffix", "_unencrypted"))
    assert compare_file("f", one, default).selector is None
    plain = Version(Structure([], None))
    assert compare_file("f", plain, one).selector is not None
    assert compare_file("f", plain, plain).selector is None


def test_what_could_not_be_read_is_said_of_each_side() -> None:
    bad, good = version(None, problem="broken"), version(None)
    assert compare_file("f", bad, good).problems == ("before: broken",)
    assert compare_file("f", good, bad).problems == ("after: broken",)
    assert compare_file("f", None, bad).problems == ("after: broken",)
    assert compare_file("f", good, good).problems == ()


def test_a_reencryption_changes_no_value_at_all() -> None:
    def made(*changes: str) -> FileDifference:
        sides = [], []
        for place, kind in enumerate(changes):
            old = sealed("a", name=f"x{place}")
            new = sealed("b", name=f"x{place}")
            sides[0].append((old, "v"))
            sides[1].append((new, "v" if kind == "re-encrypted" else "w"))
        versions = []
        for items in sides:
            structure = Structure([item for item, _ in items], None)
            values = [Secret.from_text(value) for _, value in items]
            versions.append(Version(structure, Document(structure, values, Secret(b"k"))))
        return compare_file("f", *versions)

    assert made("re-encrypted", "re-encrypted").is_reencryption
    assert not made("re-encrypted", "changed").is_reencryption
    assert not made().is_reencryption


def test_a_rule_that_is_gone_names_whom_it_had() -> None:
    import pyrage

    key = str(pyrage.x25519.Identity.generate().to_public())
    rules = parse_rules(f"creation_rules:\n  - path_regex: a\n    age: {key}\n".encode())
    none = parse_rules(b"creation_rules: []\n")
    ((gone),) = compare_rules(rules, none)
    assert (gone.rule, gone.change, gone.recipients) == ("a", "removed", NameDifference((), (key,)))
    ((new),) = compare_rules(none, rules)
    assert (new.rule, new.change, new.recipients) == ("a", "added", NameDifference((key,), ()))
