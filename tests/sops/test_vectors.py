"""Files that stay as one version of sops once wrote them; ``make.py`` beside them made them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plana_secrets.age.identities import parse_identity_file
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Leaf, LeafType, Severity
from plana_secrets.sops.reading.jsonvalues import MASK, to_json_text, typed_value
from plana_secrets.sops.reading.reader import open_document, read_structure
from tests.sops.opening import read_document

FOLDER = Path(__file__).parent.parent / "vectors" / "sops"
VECTORS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
IDENTITIES = parse_identity_file(
    Secret((FOLDER / "public-demo-identity.txt").read_bytes()), "the public demo identity"
)


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 12


@pytest.mark.parametrize("stem", VECTORS)
def test_a_vector_reads_as_sops_read_it(stem: str) -> None:
    structure = read_structure((FOLDER / f"{stem}.yaml").read_bytes())
    document = open_document(structure, IDENTITIES)

    assert structure.errors() == ()
    theirs = json.loads((FOLDER / f"{stem}.json").read_text())
    assert json.loads(to_json_text(document, reveal=True)) == theirs


@pytest.mark.parametrize("stem", VECTORS)
def test_masked_output_has_the_shape_and_no_value(stem: str) -> None:
    document = read_document((FOLDER / f"{stem}.yaml").read_bytes(), IDENTITIES)

    masked = to_json_text(document, reveal=False)
    theirs = json.loads((FOLDER / f"{stem}.json").read_text())
    assert json.loads(masked) == _mask(theirs)


def _mask(node: object) -> object:
    if isinstance(node, dict):
        return {key: _mask(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_mask(value) for value in node]
    return MASK


def test_json_is_written_as_sops_writes_it() -> None:
    """Tabs, a space behind the colon, floats without a needless exponent."""
    data = (FOLDER / "plain-3.11.0.yaml").read_bytes()
    text = to_json_text(read_document(data, IDENTITIES), reveal=True)

    assert text.startswith('{\n\t"db": {\n\t\t"user": "alice",\n')
    assert '\t\t"ratio": 1.5,\n' in text
    assert '\t\t"since": "2020-01-02T00:00:00Z"\n' in text
    assert '\t"none": []' in text


def test_values_have_python_types() -> None:
    document = read_document((FOLDER / "plain-3.11.0.yaml").read_bytes(), IDENTITIES)

    values = {leaf.path: typed_value(leaf, value) for leaf, value in document.entries()}
    assert values["db", "port"] == 5432
    assert values["db", "ratio"] == 1.5
    assert values["db", "tls"] is True
    assert values["nothing",] is None
    assert values["lines",] == "one\ntwo\n"


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"0.000001", "0.000001"), (b"0.0000001", "1e-7"), (b"1" + b"0" * 21, "1e+21"),
     (b"-0", "-0"), (b"100000000000000000000", "100000000000000000000"), (b"+Inf", '"+Inf"'),
     (b"NaN", '"NaN"')],
)  # fmt: skip
def test_a_float_in_json_is_spelled_as_go_spells_it(content: bytes, text: str) -> None:
    document = read_document((FOLDER / "plain-3.11.0.yaml").read_bytes(), IDENTITIES)
    leaf, _value = document.find(("db", "ratio")) or pytest.fail("no such leaf")
    index = document.structure.items.index(leaf)
    document.values[index] = Secret(content)

    assert f'"ratio": {text},' in to_json_text(document, reveal=True)


def test_text_that_is_not_utf8_becomes_replacement_characters() -> None:
    leaf = Leaf(("a",), 1, LeafType.STR, True, None, None)

    assert typed_value(leaf, Secret(b"a\xe2\x82b")) == "a\ufffd\ufffdb"


def test_the_manifest_has_notes_only_where_it_is_readable() -> None:
    structure = read_structure((FOLDER / "manifest-3.13.3.yaml").read_bytes())

    assert {one.severity for one in structure.defects} == {Severity.NOTE}
    comments = [item for item in structure.items if isinstance(item, Comment)]
    assert [comment.in_scope for comment in comments] == [False, True]
