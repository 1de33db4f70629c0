"""Selectors mean here what they mean to sops, or they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plana_secrets.age.identities import Identities, Identity
from plana_secrets.errors import MalformedError
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Selector
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.rules.pattern import check_pattern
from plana_secrets.sops.rules.selectors import (
    SELECTOR_OPTIONS,
    is_encrypted_path,
    selector_problem,
)

KEYS = ["data", "stringData", "DATA", "db.password", "a-b", "x_unencrypted", "k1", "-", "[b]"]
KEYS += ["ab", "aab", "é", "a b", "^", "$", "password", "value", "a{2}"]

PIECES = ["data", "a", "b", "k", "1", "é", "-", "_", "\\.", "\\$", "\\[", ".", "[a-c]", "[^a]"]
PIECES += ["[\\-\\]]", "\\d", "\\w", "(a|b)", "(?:data|value)", "|", "^", "$", "a{2}", "b{0,3}"]
PIECES += ["a*", ".+", "b?", "(?:ab)+?", "[A-Za-z]{1,}", "password", " "]

patterns = st.builds(
    lambda folded, pieces: ("(?i)" if folded else "") + "".join(pieces),
    st.booleans(),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=5),
)


@given(pattern=patterns, option=st.sampled_from(["encrypted_regex", "unencrypted_regex"]))
def test_sops_encrypts_what_the_selector_says(
    sops: Sops, identity: Identity, tmp_path: Path, pattern: str, option: str
) -> None:
    """For every pattern of the subset, the real sops leaves exactly the same keys readable."""
    assume(check_pattern(pattern) is None)
    quoted = pattern.replace("'", "''")
    (tmp_path / ".sops.yaml").write_text(
        f"creation_rules:\n  - {option}: '{quoted}'\n    age: {identity.recipient.text}\n"
    )
    plain = "".join(f'"{key}": here\n' for key in KEYS)
    result = sops.encrypt(
        Secret.from_text(plain), file="x.yaml", config=tmp_path / ".sops.yaml", root=tmp_path
    ).decode()
    lines = result.splitlines()
    encrypted = ["ENC[" in line for line in lines[: lines.index("sops:")]]
    assert encrypted == [is_encrypted_path(Selector(option, pattern), (key,)) for key in KEYS]


@pytest.mark.parametrize(
    "pattern",
    [
        "^(?!other)",
        "(?<=a)b",
        "a*+",
        "a**",
        "(?P<n>a)",
        "(?x)a",
        "(?s)a",
        "a(?i)b",
        "a{,3}",
        "a{1001}",
        "a{3,1}",
        "(?:a{20}){20}",
        "[[:alpha:]]",
        "[]a]",
        "[z-a]",
        "[a",
        "a]",
        "(a",
        "a)",
        "*a",
        "^*",
        "\\pL",
        "\\Qa\\E",
        "\\x41",
        "\\b",
        "\\s",
        "\\Z",
        "\\1",
        "\\",
        "(?i)\\w",
        "a{",
        "\x00",
        "a" * 1001,
        "(" * 60 + ")" * 60,
    ],
)
def test_a_pattern_that_two_engines_may_read_differently_is_refused(pattern: str) -> None:
    """The reason names a column; there is no quiet guess."""
    reason = check_pattern(pattern)
    assert reason is not None
    assert "column" in reason
    with pytest.raises(MalformedError):
        is_encrypted_path(Selector("encrypted_regex", pattern), ("a",))


def test_an_invalid_regex_never_reaches_sops(
    sops: Sops, identities: Identities, root: Path
) -> None:
    """sops would answer with the whole file in plaintext and status 0."""
    rules = root / ".sops.yaml"
    rules.write_text(rules.read_text().replace("^(data|stringData)$", "^(?!metadata)"))
    with pytest.raises(MalformedError) as caught:
        sops.encrypt(
            Secret.from_text("a: b\n"), file="infra/x.secret.yaml", config=rules, root=root
        )
    assert caught.value.kind == "bad-rule"


@pytest.mark.parametrize(
    ("selector", "path", "expected"),
    [
        (Selector(), ("a", "b"), True),
        (Selector(), ("a_unencrypted", "b"), False),
        (Selector(), ("a", "b_unencrypted"), False),
        (Selector("unencrypted_suffix", "_plain"), ("a_unencrypted",), True),
        (Selector("unencrypted_suffix", "_plain"), ("a_plain", 0), False),
        (Selector("encrypted_suffix", "_s"), ("a_s", "b"), True),
        (Selector("encrypted_suffix", "_s"), ("a",), False),
        (Selector("encrypted_regex", "^(data|stringData)$"), ("data", "k"), True),
        (Selector("encrypted_regex", "^(data|stringData)$"), ("metadata", "data"), True),
        (Selector("encrypted_regex", "^(data|stringData)$"), ("metadata", "name"), False),
        (Selector("encrypted_regex", "^value$"), ("keys", 0, "value"), True),
        (Selector("encrypted_regex", "0"), ("keys", 0), False),
        (Selector("encrypted_regex", "^a.b$"), ("a", "b"), False),
        (Selector("unencrypted_regex", "^kind$"), ("kind",), False),
        (Selector("encrypted_regex", "^value$"), (), False),
        (Selector(), (), True),
    ],
)
def test_every_key_on_the_way_counts(
    selector: Selector, path: tuple[str | int, ...], expected: bool
) -> None:
    """Each key is tested for itself; list positions are not keys."""
    assert is_encrypted_path(selector, path) is expected


@pytest.mark.parametrize("option", SELECTOR_OPTIONS)
def test_all_six_options_are_known_and_those_by_comment_refused(option: str) -> None:
    problem = selector_problem(Selector(option, "x"))
    assert (problem is not None) is option.endswith("comment_regex")


def test_an_unknown_or_empty_option_is_refused() -> None:
    assert selector_problem(Selector("encrypted_regexp", "x"))
    assert selector_problem(Selector("encrypted_regex", ""))
    assert selector_problem(Selector()) is None
