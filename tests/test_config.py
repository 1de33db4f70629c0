"""The settings file: every field, and the words for every mistake."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from plana_secrets.config import load_settings
from plana_secrets.config.wire import parse_settings
from plana_secrets.errors import FailedError, UsageError
from plana_secrets.rotation.policy import ApiKeyPolicy, JwtPolicy

WHOLE = b"""
required_version = ">=0.1"
[files]
roots = ["infra/secrets"]
plain = ["**/README.md"]
[git]
branch = "main"
[policy]
min_recipients = 2
required = ["recovery"]
selectors = ["^spec$"]
[recipients.recovery]
key = "age1abc"
kind = "recovery"
[[verify.accept]]
check = "empty-value"
file = "infra/secrets/prod/mail.yaml"
path = "smtp_password"
reason = "optional"
until = 2027-03-31
[mirror]
backend = "vaultwarden"
[mirror.vaultwarden]
url = "https://vault.example.com/"
organization = "id"
collections = { "infra/secrets/prod/**" = "prod" }
[keysets."pulse-data/portal"]
kind = "api-key"
accepted = ["a.yaml#x"]
drain = "2h"
[keysets."pulse-account/jwt-access"]
kind = "jwt-hs256"
targets = ["a.yaml#y"]
skew = "30s"
"""


def test_a_whole_file_is_read():
    settings = parse_settings(WHOLE)
    assert settings.branch == "main"
    assert settings.policy.accepts[0].until == date(2027, 3, 31)
    assert settings.mirror.vaultwarden is not None
    assert settings.mirror.vaultwarden.url == "https://vault.example.com"
    jwt, api = settings.keysets
    assert isinstance(jwt, JwtPolicy)
    assert jwt.skew == timedelta(seconds=30)
    assert isinstance(api, ApiKeyPolicy)
    assert api.drain == timedelta(hours=2)


def test_without_a_file_the_defaults_hold(tmp_path):
    assert load_settings(tmp_path).files.roots == ("infra/secrets",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[polcy]\n", "polcy"),
        ("[policy]\nmin_recipients = 'two'\n", "policy.min_recipients"),
        ("[policy]\nrequired = ['flux']\n", r"no \[recipients.flux\]"),
        ("[policy]\nmin_recipients = 0\n", "policy.min_recipients"),
        ("[keysets.a]\nkind = 'api-key'\naccepted = []\nrollout = '30'\n", "keysets.a.rollout"),
        ("[keysets.a]\nkind = 'other'\n", "keysets"),
        ("[keysets.A]\nkind = 'api-key'\naccepted = []\n", "small letters"),
        ("[files]\nroots = ['../x']\n", "files.roots"),
        ("[files]\nroots = ['/x']\n", "files.roots"),
        (
            "[[verify.accept]]\ncheck = 'x'\nfile = 'x'\nreason = ''\nuntil = 2099-01-01\n",
            "verify.accept",
        ),
        ("[mirror]\nbackend = 'vaultwarden'\n", "mirror.vaultwarden"),
        ("required_version = '>=99'\n", "requires version >=99"),
        ("required_version = 'new'\n", "required_version"),
        ("a = [\n", "not TOML at"),
    ],
)
def test_a_mistake_names_its_place(text, words):
    with pytest.raises(UsageError, match=words):
        parse_settings(text.encode())


def test_a_newer_schema_with_a_version_bound_speaks_of_the_version():
    with pytest.raises(UsageError) as caught:
        parse_settings(b'required_version = ">=7"\n[unheard_of]\nx = 1\n')
    assert caught.value.kind == "version"


def test_no_value_of_the_file_is_in_the_words():
    with pytest.raises(UsageError) as caught:
        parse_settings(b'[policy]\nmin_recipients = "SENTINEL-4711"\n')
    assert "SENTINEL" not in str(caught.value)


def test_what_is_no_file_is_not_taken_for_a_missing_one(tmp_path):
    """The policy in it would be given up in silence."""
    assert load_settings(tmp_path).branch is None
    (tmp_path / "plana-secrets.toml").mkdir()
    with pytest.raises(FailedError) as caught:
        load_settings(tmp_path)
    assert caught.value.kind == "not-a-regular-file"
