"""Values as variables: which names, which texts, and what is refused. Pure."""

from __future__ import annotations

import pytest

from plana_secrets.document.environment import (
    NameCollisionError,
    Variables,
    add_document,
    add_leaf,
    references,
)
from plana_secrets.errors import MalformedError, UsageError
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import (
    Document,
    Item,
    Leaf,
    LeafType,
    Metadata,
    Selector,
    Structure,
)

MANIFEST = Selector("encrypted_regex", "^(data|stringData)$")
FILE = "infra/secrets/a.yaml"


def document(
    entries: dict[LeafPath, tuple[LeafType, str]], selector: Selector | None = None
) -> Document:
    items: list[Item] = [
        Leaf(path, 1, type_, True, None, None) for path, (type_, _text) in entries.items()
    ]
    metadata = Metadata((), selector or Selector(), False, "", None, "3.11.0", 1)
    values = [Secret.from_text(text) for _type, text in entries.values()]
    return Document(Structure(items, metadata), values, Secret(b""))


def text(value: str, type_: LeafType = LeafType.STR) -> tuple[LeafType, str]:
    return type_, value


def made(source: Document, prefix: str = "") -> tuple[dict[str, str], list[str]]:
    variables = Variables()
    add_document(variables, FILE, source, prefix)
    return {
        name: value.reveal_text() for name, value in variables.values.items()
    }, variables.skipped


def test_a_plain_map_gives_a_variable_a_value_and_a_null_none() -> None:
    source = document(
        {
            ("user",): text("anna"),
            ("data",): text("aGk="),
            ("db", "pass-word"): text("x"),
            ("hosts", 0): text("h"),
            ("on",): text("True", LeafType.BOOL),
            ("port",): text("5432", LeafType.INT),
            ("none",): text("", LeafType.NULL),
            ("empty",): text(""),
        }
    )
    assert made(source) == (
        {
            "user": "anna", "data": "aGk=", "DB_PASS_WORD": "x", "HOSTS_0": "h",
            "on": "true", "port": "5432", "empty": "",
        },
        [],
    )  # fmt: skip


def test_a_secret_gives_what_a_container_sees() -> None:
    source = document(
        {
            ("metadata", "name"): text("app"),
            ("kind",): text("Secret"),
            ("data", "A"): text("aGVs\nbG8="),
            ("stringData", "B"): text("aGk="),
            ("data", "C"): text("", LeafType.NULL),
        },
        MANIFEST,
    )
    assert made(source, "APP_") == ({"APP_A": "hello", "APP_B": "aGk="}, [])
    plain = document({("data", "A"): text("aGVsbG8=")})
    assert made(plain) == ({"DATA_A": "aGVsbG8="}, [])


def test_data_that_is_no_base64_is_an_error_that_does_not_repeat_it() -> None:
    source = document({("data", "A"): text("hunter2!")}, MANIFEST)
    with pytest.raises(MalformedError) as caught:
        made(source)
    assert caught.value.kind == "not-base64-value"
    assert "hunter2" not in caught.value.message
    assert f"{FILE}#data.A" in caught.value.message


def test_a_key_that_makes_no_name_is_skipped_and_told() -> None:
    source = document({("my-key",): text("x"), ("9",): text("y"), ("ok",): text("z")})
    assert made(source) == ({"ok": "z"}, [f"{FILE}#my-key", f"{FILE}#9"])
    assert made(source, "P_") == ({"P_9": "y", "P_ok": "z"}, [f"{FILE}#my-key"])


def test_two_values_of_one_name_and_what_no_environment_holds_are_refused() -> None:
    for entries in (
        {("a", "b"): text("1"), ("A_B",): text("2")},
        {("a", "b"): text("1"), ("a", "B"): text("2")},
    ):
        with pytest.raises(NameCollisionError) as caught:
            made(document(entries))
        assert caught.value.facts["name"] == "A_B"
    with pytest.raises(UsageError) as error:
        made(document({("a",): text("x\0y")}))
    assert error.value.kind == "bad-variable"


def test_one_value_under_a_name_of_its_own() -> None:
    source = document(
        {("data", "A"): text("aGVsbG8="), ("stringData", "B"): text("True", LeafType.BOOL)},
        MANIFEST,
    )
    variables = Variables()
    add_leaf(variables, "X", FILE, ("data", "A"), source)
    add_leaf(variables, "y_2", FILE, ("stringData", "B"), source)
    assert {name: value.reveal() for name, value in variables.values.items()} == {
        "X": b"hello", "y_2": b"true",
    }  # fmt: skip
    assert variables.origins["X"] == f"{FILE}#data.A"
    for name in ("2x", "a-b", "", "a b"):
        with pytest.raises(UsageError) as caught:
            add_leaf(variables, name, FILE, ("data", "A"), source)
        assert caught.value.kind == "bad-variable"
    with pytest.raises(UsageError) as caught:
        add_leaf(variables, "Z", FILE, ("data", "gone"), source)
    assert caught.value.kind == "no-such-path"
    with pytest.raises(NameCollisionError):
        add_leaf(variables, "X", FILE, ("data", "A"), source)


@pytest.mark.parametrize("pair", ["hunter2", "hunter2#x", "A=hunter2", "A", "", "=x"])
def test_what_is_no_reference_is_refused_and_not_repeated(pair: str) -> None:
    with pytest.raises(UsageError) as caught:
        list(references(iter([pair])))
    assert caught.value.kind == "bad-reference"
    assert "hunter2" not in caught.value.message


def test_references_are_taken_apart_at_the_first_mark() -> None:
    pairs = ["A=f.yaml#x", 'B=f.yaml#["a=b"]']
    assert list(references(iter(pairs))) == [("A", "f.yaml#x"), ("B", 'f.yaml#["a=b"]')]
