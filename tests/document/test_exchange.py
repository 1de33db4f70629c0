"""Content from JSON and dotenv: typed as it is there, or refused with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.exchange import read_import
from plana_secrets.document.values import written
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.secret import Secret
from plana_secrets.sops.formats import Format
from plana_secrets.sops.model import Leaf


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"a": 12345678901234567890123}', "bad-json"),
        (b'{"a": 9223372036854775808}', "bad-json"),
        (b'{"a": 0.12345678901234567890}', "bad-json"),
        (b'{"a": -0}', "bad-json"),
        (b'{"a": 1e400}', "bad-json"),
        (b'{"a": 1e-99999999999999999999}', "bad-json"),
        (b'{"a": "hunter2", "a": "b"}', "bad-json"),
        (b'{"a": "hunter2"', "bad-json"),
        (b'["hunter2"]', "bad-json"),
        (b'{"a": "hunter2",}', "bad-json"),
        (b'{"a": "\xff hunter2"}', "bad-json"),
        (b"{}", "nothing-to-import"),
        (b"# hunter2\n", "nothing-to-import"),
        (b"A=hunter2\x00\n", "bad-dotenv"),
        (b"A=hunter2\rB=x\n", "bad-dotenv"),
        (b"A=\xff hunter2\n", "bad-dotenv"),
        (b'{"sops": "hunter2"}', "import-encrypted"),
        (b"A=ENC[]\nsops_mac=ENC[x]\n", "import-encrypted"),
    ],
)
def test_what_cannot_be_taken_as_it_is_is_refused_without_a_value(data: bytes, kind: str) -> None:
    form = Format.JSON if data.startswith((b"{", b"[")) else Format.DOTENV
    with pytest.raises(PlanaSecretsError) as caught:
        read_import(Secret(data), form)
    assert caught.value.kind == kind
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("42", "int", b"42"), ("-7", "int", b"-7"), ("1.10", "float", b"1.1"),
        ("1e3", "float", b"1000"), ("true", "bool", b"True"), ("null", "null", b""),
        ('"0042"', "str", b"0042"), ('"\\u00e9\\n"', "str", "é\n".encode()),
        ('"\\ud83d\\ude00"', "str", "😀".encode()), ('"\u2028"', "str", "\u2028".encode()),
    ],
)  # fmt: skip
def test_a_json_scalar_has_its_type(text: str, kind: str, value: bytes) -> None:
    content = read_import(Secret.from_text(f'\ufeff{{"a":\r\n {text}}}'), Format.JSON).content
    ((leaf, found),) = zip(content.items, content.values, strict=True)
    assert isinstance(leaf, Leaf)
    assert (str(leaf.type), found) == (kind, Secret(value))


DOCUMENTS = st.dictionaries(
    st.sampled_from(["a", "b c", "é", "d.e"]),
    st.text(max_size=6)
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.just([])
    | st.just({}),
    min_size=1,
)


@given(DOCUMENTS)
def test_any_json_that_is_taken_has_the_values_of_python(document: dict[str, object]) -> None:
    content = read_import(Secret.from_text(json.dumps(document)), Format.JSON).content
    found = {}
    for item, value in zip(content.items, content.values, strict=True):
        if isinstance(item, Leaf) and value is not None:
            text = written(item.type, value).decode()
            found[item.path[0]] = text if item.type == "str" else json.loads(text)
        else:
            found[item.path[0]] = [] if getattr(item, "container", "") == "list" else {}
    assert found == document
