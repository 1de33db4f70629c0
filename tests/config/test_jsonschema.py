"""The schema that editors use: it is that of the code, and agrees with the reader."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets import config
from plana_secrets.config.schema import as_json_schema, author, parse_settings
from plana_secrets.errors import UsageError
from plana_secrets.fields import reading
from plana_secrets.fields.values import duration, recipient, reference
from plana_secrets.mirror.backends.vaultwarden.settings import url
from plana_secrets.rotation.kinds import KINDS
from tests.config.test_settings import KEY
from tests.docs.reference import SETTINGS_PAGE, settings_schema

jsonschema = pytest.importorskip("jsonschema")

FILE = Path(config.__file__).with_name("plana-secrets.schema.json")
SCHEMA = json.loads(FILE.read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def as_json(text: str) -> object:
    """What an editor compares: a date of TOML is a text there."""
    return json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))


def test_the_file_that_is_shipped_is_that_of_the_code() -> None:
    assert FILE.read_text() == settings_schema(), "run scripts/reference"


def test_it_is_a_valid_schema_that_forbids_what_it_does_not_know() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    def tables(node: object) -> list[dict]:
        if isinstance(node, list):
            return [found for one in node for found in tables(one)]
        if not isinstance(node, dict):
            return []
        own = [node] if node.get("type") == "object" else []
        return own + [found for one in node.values() for found in tables(one)]

    assert all(one.get("additionalProperties") is not None for one in tables(SCHEMA))


def test_every_field_is_described() -> None:
    bare = [
        (table, name)
        for table, node in SCHEMA["properties"].items()
        for name, field in node.get("properties", {}).items()
        if field.get("type") != "object" and "description" not in field
    ]
    assert bare == [("verify", "accept")]


def test_the_example_of_the_page_is_valid() -> None:
    example = SETTINGS_PAGE.read_text().partition("```toml\n")[2].partition("```")[0]
    VALIDATOR.validate(as_json(example))


GOOD = [
    "",
    '[git]\nauthor = "A B <a@b>"\n',
    f'[recipients.a]\nkey = "{KEY}"\nkind = "job"\n[policy]\nrequired = ["a"]\n',
    '[mirror]\nbackend = "local"\n[mirror.local]\npath = ""\n',
    '[keysets."a/b"]\nkind = "jwt-hs256"\ntargets = ["a.yaml#x"]\nrollout = "0s"\ncache = "5m"\n',
    '[keysets.c]\nkind = "api-key"\naccepted = ["a.yaml#x"]\nexternal_callers = ["acme"]\n',
    '[[verify.accept]]\ncheck = "x"\nfile = "y"\nreason = "z"\nuntil = 2027-01-31\n',
]
BAD = [
    "[polcy]\n",
    "[policy]\nmin_recipients = 0\n",
    "[policy]\nmin_recipients = true\n",
    '[policy]\nrequired = "flux"\n',
    '[files]\nroots = [""]\n',
    "[recipients.a]\nkind = 'staff'\n",
    "[recipients.a]\nkey = 'x'\nkind = 'staff'\n",
    f"[recipients.a]\nkey = '{KEY}'\nkind = 'boss'\n",
    "[git]\nauthor = 'me'\n",
    "[mirror]\nbackend = 'memory'\n",
    "[mirror.vaultwarden]\nurl = 'https://x'\n",
    '[keysets.a]\nkind = "jwt"\ntargets = ["a.yaml#x"]\n',
    '[keysets.a]\nkind = "jwt-hs256"\n',
    '[keysets.a]\nkind = "jwt-hs256"\ntargets = ["a.yaml"]\n',
    '[keysets.a]\nkind = "jwt-hs256"\ntargets = ["a.yaml#x"]\ndrain = "1h"\n',
    '[keysets.a]\nkind = "api-key"\naccepted = ["a.yaml#x"]\nrollout = "0m"\n',
    '[keysets.a]\nkind = "api-key"\naccepted = ["a.yaml#x"]\nrollout = "1w"\n',
    '[keysets.a]\nkind = "api-key"\naccepted = ["a.yaml#x"]\nmax_age = "0s"\n',
    '[keysets.A]\nkind = "api-key"\naccepted = ["a.yaml#x"]\n',
    '[[verify.accept]]\ncheck = "x"\nfile = "y"\nreason = "z"\n',
]


@pytest.mark.parametrize("text", GOOD)
def test_what_the_reader_takes_is_valid(text: str) -> None:
    parse_settings(text.encode())
    VALIDATOR.validate(as_json(text))


@pytest.mark.parametrize("text", BAD)
def test_what_the_reader_refuses_for_its_form_is_invalid(text: str) -> None:
    with pytest.raises(UsageError):
        parse_settings(text.encode())
    assert not VALIDATOR.is_valid(as_json(text))


SPELLINGS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[0-9]{1,3}[smhdw]", fullmatch=True),
    st.from_regex(r"[a-z .]{0,5} ?<[a-z@ ]{0,5}>", fullmatch=True),
    st.from_regex(r"[Hh]ttps?://[a-z.]{1,6}(:[0-9]{1,5})?/?", fullmatch=True),
    st.from_regex(r"[a-z/]{1,6}#[a-z.\[\]0]{1,6}", fullmatch=True),
    st.just(KEY),
)


@pytest.mark.parametrize("read", [duration, author, url, reference, recipient, reading.text])
@given(spelled=SPELLINGS)
def test_an_editor_never_marks_what_is_read(read, spelled: str) -> None:
    """The schema is the looser one of the two, whatever is spelled."""
    from plana_secrets.fields.place import TOP
    from plana_secrets.fields.shapes import shape_of

    try:
        read(spelled, TOP)
    except UsageError:
        return
    jsonschema.Draft7Validator(shape_of(read)).validate(spelled)


def test_each_kind_of_keyset_has_its_own_fields() -> None:
    shapes = as_json_schema()["properties"]["keysets"]["additionalProperties"]["oneOf"]
    for shape, (kind, policy) in zip(shapes, KINDS.items(), strict=True):
        assert shape["properties"]["kind"] == {"const": kind}
        assert set(shape["properties"]) == {"kind", *policy.FIELDS}
