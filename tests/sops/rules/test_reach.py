"""Which paths a rule can still get: compared with every short path there is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.sops.rules.pattern import compile_pattern
from plana_secrets.sops.rules.reach import Budget, is_reachable


def reaches(pattern: str | None, *before: str, under: str = "") -> bool | None:
    wanted = compile_pattern(pattern) if pattern is not None else None
    return is_reachable(wanted, [compile_pattern(one) for one in before], under, Budget())


@pytest.mark.parametrize(
    "pattern",
    [r"^/infra/", r"^\./infra/", r"infra//secrets", r"\.yaml$^", r"^infra/\.\./x", r"^infra/secrets/$", "^$"],
)  # fmt: skip
def test_no_path_of_a_repository_matches(pattern: str) -> None:
    assert reaches(pattern) is False


@pytest.mark.parametrize(
    "pattern", [r"^infra/", r"\.yaml$", r"(?i)^INFRA/", "é", r"^\.github/", "a|^/b"]
)
def test_some_path_matches(pattern: str) -> None:
    assert reaches(pattern) is True


@pytest.mark.parametrize(
    ("pattern", "before", "reached"),
    [
        (r"^infra/secrets/prod/.*\.yaml$", [r"^infra/secrets/.*\.yaml$"], False),
        (r"^infra/secrets/prod/.*", [r"^infra/secrets/.*\.yaml$"], True),
        (r"prod/.*\.yaml$", [r".*\.yaml$"], False),
        (r"secrets/.*", ["(?i)SECRETS/"], False),
        (r"(?i)SECRETS/.*", ["secrets/"], True),
        (r"\.(yaml|json)$", [r"\.yaml$", r"\.json$"], False),
        (r"\.(yaml|json)$", [r"\.yaml$"], True),
        (None, [".*"], False),
        (None, [r"\.yaml$"], True),
    ],
)
def test_a_rule_gets_what_those_before_it_leave(
    pattern: str | None, before: list[str], reached: bool
) -> None:
    assert reaches(pattern, *before) is reached


@pytest.mark.parametrize(
    ("pattern", "reached"),
    [("^infra/secrets/", True), ("^infra/secret/", False), ("^infra/", True), ("prod/", True), (None, True)],
)  # fmt: skip
def test_a_rule_is_looked_at_below_a_folder(pattern: str | None, reached: bool) -> None:
    assert reaches(pattern, under="infra/secrets") is reached


def test_what_would_take_too_long_is_not_known() -> None:
    hostile = "(a|b)*a(a|b){16}$"
    assert reaches(hostile, hostile) is None
    assert reaches(f"^/{hostile}") is False


PATHS = [
    path
    for length in range(1, 6)
    for path in map("".join, itertools.product("abc/.", repeat=length))
    if all(part.strip(".") or len(part) > 2 for part in path.split("/"))
]
ATOMS = st.sampled_from(["a", "b", "/", ".", "[ab]", "[^a]", "a*", "b?", r"\.", "(a|b/)"])
PATTERNS = st.builds(
    lambda begin, atoms, end: begin + "".join(atoms) + end,
    st.sampled_from(["", "^"]), st.lists(ATOMS, min_size=1, max_size=3), st.sampled_from(["", "$"]),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(PATTERNS, st.lists(PATTERNS, max_size=2))
def test_the_answer_is_that_of_every_short_path(pattern: str, before: list[str]) -> None:
    others = [compile_pattern(one) for one in before]
    wanted = compile_pattern(pattern)
    found = any(
        wanted.search(path) and not any(one.search(path) for one in others) for path in PATHS
    )
    assert reaches(pattern, *before) is found
