"""JSON and dotenv: what sops writes is read as sops reads it, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.sops.formats import Format, format_of
from plana_secrets.sops.model import Structure
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.reading.jsontree import read_json_tree
from plana_secrets.sops.reading.jsonvalues import to_json_text
from plana_secrets.sops.reading.reader import UnreadableError, open_document, read_structure
from tests.sops.sopsfiles import Bench
from tests.world import sops_program

EVERYTHING = {
    "b": "x",
    "a": {"n": 1, "f": 1.5, "e": "", "nul": None, "t": True, "exp": 1e21, "neg": -7},
    "list": [1, "two", {"k": "v"}, [], False],
    "map": {},
    "odd é": 'é<>&\u2028 😀\t\n"\\',
    "x_unencrypted_not": "2020-01-01",
}
DOTENV = 'A=1\n# a comment\nB=two words\nC=multi\\nline\n\nD=\nE="quoted"\nexport F=x=y # z\n'


@pytest.fixture
def bench(sops: Sops, tmp_path: Path) -> Bench:
    return Bench(sops.program, tmp_path)


def sealed(bench: Bench, form: Format, plain: str, *rule: str) -> bytes:
    """What sops makes of ``plain`` in this format."""
    bench.encrypt("a: b\n", *rule)
    argv = ["encrypt", "--input-type", form, "--output-type", form, "--filename-override", "x"]
    done = bench._run(*argv, stdin=plain.encode())
    assert done.returncode == 0, done.stderr
    return done.stdout


def errors(structure: Structure) -> set[str]:
    return {one.check for one in structure.errors()}


@pytest.mark.parametrize(
    "rule", [(), ("encrypted_regex: ^(a|list)$",), ("mac_only_encrypted: true",)]
)
def test_json_is_opened_as_sops_opens_it(bench: Bench, rule: tuple[str, ...]) -> None:
    data = sealed(bench, Format.JSON, json.dumps(EVERYTHING), *rule)
    document = open_document(read_structure(data, Format.JSON), bench.identities)
    assert json.loads(to_json_text(document, reveal=True)) == EVERYTHING
    assert [leaf.line for leaf, _ in document.entries()][:2] == [2, 4]


def test_dotenv_is_opened_as_sops_opens_it(bench: Bench) -> None:
    data = sealed(bench, Format.DOTENV, DOTENV)
    document = open_document(read_structure(data, Format.DOTENV), bench.identities)
    values = {str(leaf.path[0]): value.reveal_text() for leaf, value in document.entries()}
    assert values == {
        "A": "1", "B": "two words", "C": "multi\nline", "D": "", "E": '"quoted"',
        "export F": "x=y # z",
    }  # fmt: skip
    assert document.values[1] is not None
    assert document.values[1].reveal_text() == " a comment"


def test_dotenv_with_readable_values_is_opened(bench: Bench) -> None:
    data = sealed(bench, Format.DOTENV, DOTENV, "encrypted_regex: ^(A|B)$")
    document = open_document(read_structure(data, Format.DOTENV), bench.identities)
    assert [leaf.token is None for leaf, _ in document.entries()][:3] == [False, False, True]


Change = Callable[[str], str]


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda t: t.replace(',type:str]"', ',type:str] hunter2"', 1), "not-canonical"),
        (lambda t: t.replace('"nul": null', '"nul": "hunter2"'), "not-encrypted"),
        (lambda t: t.replace('"map": {}', '"map": {"y": 7}'), "not-encrypted"),
        (lambda t: t.replace('"map": {}', '"b": {}'), "yaml"),
        (lambda t: t.replace('"map": {}', '"SOPS": {}'), "metadata"),
        (lambda t: t.replace('"map": {}', '"ſops": {}'), "metadata"),
        (lambda t: t.replace('"map": {}', '"map": {},'), "yaml"),
        (lambda t: t.replace('"map": {}', "'map': {}"), "yaml"),
        (lambda t: t.replace('"map": {}', '"map": {} // hunter2'), "yaml"),
        (lambda t: t.replace('"map": {}', '"map": {"\\ud800": ""}'), "yaml"),
        (lambda t: t.replace('"map": {}', '"map": NaN'), "yaml"),
        (lambda t: t.replace('"map": {}', '"map": 01'), "yaml"),
        (lambda t: t + "{}", "yaml"),
        (lambda t: f"[{t}]", "yaml"),
        (lambda t: t.replace('"version":', '"note": "hunter2", "version":'), "metadata"),
        (lambda t: t.replace(",type:bool]", ",type:comment]", 1), "not-canonical"),
        (lambda t: "﻿" + t, "yaml"),
    ],
)
def test_json_that_sops_does_not_write_is_refused_without_a_value(
    sealed_json: str, change: Change, check: str
) -> None:
    assert change(sealed_json) != sealed_json
    structure = read_structure(change(sealed_json).encode(), Format.JSON)
    assert check in errors(structure)
    assert all("hunter2" not in one.message for one in structure.defects)


@pytest.fixture(scope="module")
def sealed_json(tmp_path_factory: pytest.TempPathFactory) -> str:
    bench = Bench(sops_program(), tmp_path_factory.mktemp("json"))
    return sealed(bench, Format.JSON, json.dumps(EVERYTHING)).decode()


@pytest.mark.parametrize("number", ["9007199254740993", "-0", "12345678901234567890"])
def test_a_readable_number_that_releases_of_sops_read_differently_is_named(number: str) -> None:
    text = '{"a": NUMBER, "sops": {"encrypted_regex": "^x$"}}'.replace("NUMBER", number)
    assert "ambiguous-scalar" in errors(read_structure(text.encode(), Format.JSON))


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda t: t.replace("A=", "A=hunter2 ", 1), "not-encrypted"),
        (lambda t: t + "G=hunter2\n", "not-encrypted"),
        (lambda t: t + "hunter2\n", "yaml"),
        (lambda t: t + "A=\n", "yaml"),
        (lambda t: t + "# hunter2\n", "plain-comment"),
        (lambda t: t + "sops_note=hunter2\n", "metadata"),
        (lambda t: t + "sops_age__list_5__map_enc=hunter2\n", "metadata"),
        (lambda t: t + "sops_age__list_0__map_enc__map_x=hunter2\n", "metadata"),
        (lambda t: t + "sops_age__list_x=hunter2\n", "metadata"),
        (lambda t: t + f"sops_{'a__map_' * 1000}a=hunter2\n", "metadata"),
        (lambda t: t + "sops_pgp__list_0__map_fp=AB\n", "key-service"),
        (lambda t: t.replace("\n", "\r\n"), "yaml"),
    ],
)
def test_dotenv_that_sops_does_not_write_is_refused_without_a_value(
    sealed_dotenv: str, change: Change, check: str
) -> None:
    structure = read_structure(change(sealed_dotenv).encode(), Format.DOTENV)
    assert check in errors(structure)
    assert all("hunter2" not in one.message for one in structure.defects)


@pytest.fixture(scope="module")
def sealed_dotenv(tmp_path_factory: pytest.TempPathFactory) -> str:
    bench = Bench(sops_program(), tmp_path_factory.mktemp("dotenv"))
    return sealed(bench, Format.DOTENV, DOTENV).decode()


def test_values_that_change_places_fail_the_mac_or_do_not_open(bench: Bench) -> None:
    data = sealed(bench, Format.DOTENV, "A=1\nB=2\n").decode()
    first, second, *rest = data.split("\n")
    for changed, kind in (
        ("\n".join([second, first, *rest]), "mac-mismatch"),
        (data.replace("A=", "X=", 1), "not-decryptable"),
    ):
        with pytest.raises(UnreadableError) as caught:
            open_document(read_structure(changed.encode(), Format.DOTENV), bench.identities)
        assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("a.yaml", "yaml"), ("a.yml", "yaml"), ("a.json", "json"), (".env", "dotenv"),
        ("a.env", "dotenv"), ("a.ini", "ini"), ("a.env.yaml", "yaml"), ("a.YAML", "binary"),
        ("a.yaml.bak", "binary"), ("a", "binary"),
    ],
)  # fmt: skip
def test_the_name_decides_as_in_sops(file: str, form: str) -> None:
    assert format_of(file) == form


@pytest.mark.parametrize(
    "form", [Format.INI, Format.BINARY, Format.JSON, Format.DOTENV, Format.YAML]
)
def test_what_another_format_is_expected_of_is_named_as_what_it_is(
    bench: Bench, form: Format
) -> None:
    plain = {Format.INI: "[a]\nb=c\n", Format.JSON: '{"a": "b"}', Format.YAML: "a: b\n"}
    data = sealed(bench, form, plain.get(form, "a=b\n"))
    named = Format.INI if form is Format.DOTENV else Format.DOTENV
    if form in {Format.INI, Format.BINARY}:
        named = form
    (defect,) = read_structure(data, named).defects
    assert defect.check == "unread-format"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-999, 999)
    | st.text(max_size=8).filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@settings(max_examples=10)
@given(st.dictionaries(st.sampled_from("xyz"), json_values, min_size=1), st.sampled_from([None, 2]))
def test_every_text_that_python_writes_is_read_with_the_same_values(
    value: dict[str, object], indent: int | None
) -> None:
    tree = read_json_tree(json.dumps(value, indent=indent))
    assert tree.defects == []
    texts = [one.value for one in tree.scalars if hasattr(one, "value") and not one.plain]
    assert texts == list(_texts(value))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


@given(st.text(alphabet='{}[],:"\\ \n\t0-1.eEtrufalsn/#'))
def test_any_text_gives_a_structure(text: str) -> None:
    for form in (Format.JSON, Format.DOTENV):
        read_structure(text.encode(), form)
        try:
            json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            assert form is Format.DOTENV or errors(read_structure(text.encode(), form))


def _refuse(_word: str) -> object:
    raise ValueError


def test_an_encrypted_comment_is_no_element_of_a_list_of_json() -> None:
    token = "ENC[AES256_GCM,data:AAAA,iv:A,tag:A,type:comment]"
    tree = read_json_tree(f'{{"a": ["x", "{token}"]}}')
    assert [(one.check, one.path) for one in tree.defects] == [("not-canonical", ("a",))]


def test_metadata_of_which_nothing_can_be_read_is_refused() -> None:
    structure = read_structure(b"sops_a__list_x=hunter2\n", Format.DOTENV)
    assert errors(structure) == {"metadata"}


@pytest.mark.parametrize("line", ["a\n", "a=\n", "#\n", "=\n"])
def test_a_large_file_of_mistakes_costs_little(line: str) -> None:
    text = line * (1_000_000 // len(line))
    assert len(read_structure(text.encode(), Format.DOTENV).defects) < 6000
