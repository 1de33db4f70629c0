"""What may not be edited, by the kind of the file: every rule, and what is right beside it."""

from __future__ import annotations

import pytest

from plana_secrets.document.guard import check_removal, check_setting
from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, parse_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType, Selector

PLAIN = Selector()
MANIFEST = Selector("encrypted_regex", "^(data|stringData)$")
KEYSET = Selector("encrypted_regex", "^value$")
OTHER = Selector("encrypted_regex", "^password$")


def setting(
    path: str | LeafPath,
    selector: Selector,
    value: str = "aGVsbG8=",
    type_: LeafType = LeafType.STR,
    *,
    by_rotation: bool = False,
) -> str | None:
    """The kind of the refusal, or None."""
    where = parse_path(path) if isinstance(path, str) else path
    try:
        check_setting(where, selector, Secret.from_text(value), type_, by_rotation=by_rotation)
    except UsageError as error:
        return error.kind
    return None


def removal(path: str, selector: Selector, *, by_rotation: bool = False) -> str | None:
    try:
        check_removal(parse_path(path), selector, by_rotation=by_rotation)
    except UsageError as error:
        return error.kind
    return None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a", None),
        ("a.b", None),
        ("a[0].b", None),
        ('["a/b c"]', None),
        ("a.sops", None),
        ("sops", "bad-key"),
        ("sops.a", "bad-key"),
        (("",), "bad-key"),
        (("a", ""), "bad-key"),
        (("a:b",), "bad-key"),
        (("a", "b:c"), "bad-key"),
        (("<<",), "bad-key"),
        (("a", "<<"), "bad-key"),
        (("a\nb",), "bad-key"),
        (("a\x1b",), "bad-key"),
        ("a_unencrypted", "bad-key"),
        ("a_unencrypted.b", "bad-key"),
        ("a[0].b_unencrypted", "bad-key"),
        ("unencrypted_a", None),
    ],
)
def test_keys_of_a_plain_map(path: str | LeafPath, kind: str | None) -> None:
    assert setting(path, PLAIN) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("data.a", None),
        ("stringData.a", None),
        ('stringData["tls.key"]', None),
        ("data.a-b_C.9", "not-a-string"),
        ('data["a-b_C.9"]', None),
        ("data", "not-a-string"),
        ("data.a.b", "not-a-string"),
        ("data[0]", "not-a-string"),
        ('data["a b"]', "bad-key"),
        (("data", "a" * 253), None),
        (("data", "a" * 254), "bad-key"),
        ("data.a_unencrypted", None),
        ("metadata.name", "readable-path"),
        ("type", "readable-path"),
        ("metadata.labels.a", "readable-path"),
    ],
)
def test_places_in_a_secret(path: str | LeafPath, kind: str | None) -> None:
    assert setting(path, MANIFEST) == kind


def test_what_would_be_readable_is_set_by_a_rotation_alone() -> None:
    assert setting("user", OTHER) == "readable-path"
    assert setting("password", OTHER) is None
    assert setting("user", OTHER, by_rotation=True) is None
    assert setting("metadata.name", MANIFEST, by_rotation=True) is None


@pytest.mark.parametrize("type_", list(LeafType))
def test_types(type_: LeafType) -> None:
    settable = {LeafType.STR, LeafType.INT, LeafType.FLOAT, LeafType.BOOL}
    assert setting("a", PLAIN, type_=type_) == (None if type_ in settable else "bad-type")
    in_secret = setting("stringData.a", MANIFEST, type_=type_)
    refused = "not-a-string" if type_ in settable else "bad-type"
    assert in_secret == (None if type_ is LeafType.STR else refused)


@pytest.mark.parametrize(
    ("path", "place", "what"),
    [
        ("stringData.a[0]", "stringData.a", "list"), ("data.tls.crt", "data.tls", "map"),
        ("stringData.a.b[1].c", "stringData.a", "map"), ("stringData[0]", "stringData", "a map of"),
    ],
)  # fmt: skip
def test_what_is_no_string_in_a_secret_is_named_by_the_entry(
    path: str, place: str, what: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_setting(parse_path(path), MANIFEST, Secret(b"x"), LeafType.STR)
    assert caught.value.kind == "not-a-string"
    assert caught.value.message.startswith(f"{place}: ")
    assert what in caught.value.message


def test_a_null_is_set_by_a_rotation_alone() -> None:
    assert setting("a", PLAIN, "", LeafType.NULL, by_rotation=True) is None
    assert setting("a", PLAIN, "", LeafType.NULL) == "bad-type"
    assert setting("a", PLAIN, "", LeafType.TIME, by_rotation=True) == "bad-type"


@pytest.mark.parametrize(
    ("value", "kind"),
    [("aGVsbG8=", None), ("aGVs\nbG8=\n", None), ("", None), ("hello!", "not-base64"), ("aGVsbG8", "not-base64")],
)  # fmt: skip
def test_data_holds_base64_and_string_data_anything(value: str, kind: str | None) -> None:
    assert setting("data.a", MANIFEST, value) == kind
    assert setting("stringData.a", MANIFEST, value) is None
    assert setting("data.a", PLAIN, value) is None


def test_a_keyset_file_is_a_rotations() -> None:
    for path in ("keys.k1.value", "active"):
        assert setting(path, KEYSET) == "keyset-file"
        assert removal(path, KEYSET) == "keyset-file"
        assert setting(path, KEYSET, by_rotation=True) is None
        assert removal(path, KEYSET, by_rotation=True) is None


def test_what_is_readable_in_a_secret_is_not_removed() -> None:
    assert removal("data.a", MANIFEST) is None
    assert removal("stringData", MANIFEST) is None
    assert removal("metadata.name", MANIFEST) == "readable-path"
    assert removal("metadata", MANIFEST, by_rotation=True) == "readable-path"
    assert removal("user", OTHER) is None
    assert removal("a.b", PLAIN) is None
