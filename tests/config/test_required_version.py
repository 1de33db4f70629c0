"""``required_version``: it holds, or the program that is needed is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.config.schema import parse_settings
from plana_secrets.config.version import check_version
from plana_secrets.errors import UsageError
from plana_secrets.fields.place import TOP


@pytest.mark.parametrize(
    ("bounds", "ours", "holds"),
    [
        (">=0.1", "0.1.0", True),
        (">=0.1, <2", "0.1.0", True),
        ("<0.1", "0.1", False),
        (">0.1.0", "0.1", False),
        (">=99", "0.1.0", False),
        ("==0.1", "0.1.0", True),
        ("~=0.1", "0.9", True),
        ("!=0.1", "0.1.0", False),
        (">=0.2rc1", "0.2rc2", True),
        (">=0.2", "0.2rc2", False),
        (">=0.1", "0.2.dev1", True),
        ("==0.2.*", "0.2.7", True),
    ],
)
def test_a_required_version_holds_or_is_named(bounds, ours, holds):
    if holds:
        check_version(bounds, TOP, ours)
        return
    with pytest.raises(UsageError, match="requires version") as caught:
        check_version(bounds, TOP, ours)
    assert caught.value.kind == "version"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([">=", "<=", "<", ">"]), st.from_regex(r"\A[0-9](\.[0-9]){0,3}\Z")
        ),
        min_size=1,
        max_size=3,
    ),
    st.from_regex(r"\A[0-9](\.[0-9]){0,3}\Z"),
)
def test_everyday_bounds_are_compared_as_packaging_does(bounds, ours):
    from packaging.specifiers import SpecifierSet

    text = ",".join(f"{operator}{version}" for operator, version in bounds)
    try:
        check_version(text, TOP, ours)
        holds = True
    except UsageError:
        holds = False
    assert holds is SpecifierSet(text).contains(ours)


@pytest.mark.parametrize(
    "bounds", ["'new'", f"'>={'9' * 5000}'", f"'>={'9' * 150}.x'", "''", "1", "[]"]
)
def test_what_bounds_no_version_is_refused_with_its_place(bounds):
    with pytest.raises(
        UsageError, match=r"^plana-secrets.toml: required_version: expected a version range"
    ):
        parse_settings(f"required_version = {bounds}\n".encode())


def test_a_newer_schema_with_a_version_bound_speaks_of_the_version():
    with pytest.raises(UsageError) as caught:
        parse_settings(b'required_version = ">=7"\n[unheard_of]\nx = 1\n')
    assert caught.value.kind == "version"
