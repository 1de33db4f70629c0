"""docs/settings.md shows every field of the settings, and their defaults."""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from plana_secrets.config import schema
from plana_secrets.config.schema import parse_settings
from plana_secrets.mirror.backends import BACKENDS
from plana_secrets.rotation.kinds import KINDS
from plana_secrets.verify.policy import Policy

_PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
_EXAMPLE = re.search(r"```toml\n(.*?)```", _PAGE.read_text(), re.DOTALL).group(1)
_RAW: dict[str, Any] = tomllib.loads(_EXAMPLE)
_SETTINGS = parse_settings(_EXAMPLE.encode())
_TABLES = {
    "files": (schema.FILES, _RAW["files"]),
    "git": (schema.GIT, _RAW["git"]),
    "policy": (schema.POLICY, _RAW["policy"]),
    "recipients": (schema.RECIPIENT, _RAW["recipients"]["recovery"]),
    "verify.accept": (schema.ACCEPT, _RAW["verify"]["accept"][0]),
    "mirror": (schema.MIRROR, _RAW["mirror"]),
    "mirror.local": (BACKENDS["local"].FIELDS, _RAW["mirror"]["local"]),
    "mirror.bitwarden-sm": (BACKENDS["bitwarden-sm"].FIELDS, _RAW["mirror"]["bitwarden-sm"]),
    "mirror.vaultwarden": (BACKENDS["vaultwarden"].FIELDS, _RAW["mirror"]["vaultwarden"]),
    "api-key": (KINDS["api-key"].FIELDS, _RAW["keysets"]["shop/portal"]),
    "jwt-hs256": (KINDS["jwt-hs256"].FIELDS, _RAW["keysets"]["shop/jwt"]),
}


@pytest.mark.parametrize("name", _TABLES)
def test_the_page_shows_every_field_of_a_table(name: str):
    known, shown = _TABLES[name]
    assert set(shown) - {"kind"} == set(known) - {"kind"}


def test_the_page_shows_every_table_and_every_kind_of_keyset():
    assert set(_RAW) == set(schema._TOP_LEVEL)
    assert {one["kind"] for one in _RAW["keysets"].values()} == set(KINDS)


@pytest.mark.parametrize(
    "shown", [_SETTINGS.files, _SETTINGS.mirror, *_SETTINGS.keysets], ids=lambda one: type(one).__name__
)  # fmt: skip
def test_the_page_shows_the_defaults(shown: object):
    for one in fields(shown):
        if one.default is not MISSING and one.default:
            assert getattr(shown, one.name) == one.default, one.name


def test_the_page_shows_the_default_number_of_recipients():
    assert _SETTINGS.policy.min_recipients == Policy().min_recipients
