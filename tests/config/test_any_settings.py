"""Whatever is in the file: settings, or an error that names the place and no value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.config import Settings, schema
from plana_secrets.config.schema import parse_settings
from plana_secrets.errors import UsageError
from plana_secrets.fields.place import spell
from tests.config.test_settings import KEY

NAMES = st.sampled_from(
    [
        "required_version", "files", "git", "policy", "recipients", "verify", "accept", "mirror",
        "local", "vaultwarden", "keysets", "kind", "roots", "plain", "branch", "min_recipients",
        "required", "selectors", "key", "check", "file", "path", "reason", "until", "backend",
        "exclude", "url", "organization", "collections", "break_glass", "credentials", "accepted",
        "callers", "external_callers", "format", "reload", "rollout", "drain", "max_age", "grace",
        "targets", "raw_targets", "max_token_lifetime", "skew", "cache", "a",
    ]
) | st.text(max_size=4)  # fmt: skip
TEXTS = st.sampled_from(
    ["api-key", "jwt-hs256", "slots", "a.yaml#b", "a.yaml#b[0]", "1h", "0s", "vaultwarden", "local",
     "staff", "[z-a]", "[a--b]", "[a&&b]", "**", ">=0.1", ">=1!0", "https://x", KEY]
) | st.text(max_size=6)  # fmt: skip
LEAVES = (
    TEXTS | st.integers() | st.floats() | st.booleans() | st.dates() | st.datetimes() | st.times()
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)  # fmt: skip
KEYSETS = st.dictionaries(
    st.sampled_from(["a", "b"]),
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["api-key", "jwt-hs256"])},
        optional={
            **{name: st.lists(TEXTS, max_size=3) for name in ("accepted", "targets", "callers")},
            "format": TEXTS,
            "rollout": TEXTS,
        },
    ),
)


@given(st.dictionaries(NAMES, TREES, max_size=6) | st.fixed_dictionaries({"keysets": KEYSETS}))
@settings(max_examples=200)
def test_any_tree_is_settings_or_an_error_that_names_the_field(tree):
    error = error_of(lambda: schema.read_settings(tree))
    if error is not None:
        assert error.kind in {"bad-config", "version"}
        assert error.facts["place"].startswith(tuple(spell(name) for name in tree))
        assert error.message.startswith(f"plana-secrets.toml: {error.facts['place']}: ") or (
            error.kind == "version"
        )
        assert error.message.isprintable()


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_settings_or_an_error_of_the_file(content):
    error = error_of(lambda: parse_settings(content))
    assert error is None or error.message.startswith("plana-secrets.toml")


def error_of(read):
    """None where ``read`` gives settings; whatever else it raises ends the test."""
    try:
        assert isinstance(read(), Settings)
    except UsageError as error:
        return error
    return None


def test_no_value_of_the_file_is_in_the_words():
    with pytest.raises(UsageError) as caught:
        parse_settings(b'[policy]\nmin_recipients = "SENTINEL-4711"\n')
    assert "SENTINEL" not in str(caught.value)
