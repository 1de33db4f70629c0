"""A reference is file#path, and comes back as it was written."""

from __future__ import annotations

import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.errors import UsageError


@pytest.mark.parametrize(
    "text",
    [
        "infra/secrets/a.yaml#db.password",
        'infra/secrets/a.yaml#stringData["jwt-access.json"]',
        "a.yaml#list[0]",
        'a.yaml#["with # hash"]',
    ],
)
def test_round_trip(text: str) -> None:
    assert str(parse_reference(text)) == text


@pytest.mark.parametrize(
    "text",
    ["a.yaml", "#a", "/etc/passwd#a", "../x.yaml#a", "a/../../b#c", "a.yaml#", "a.yaml#a..b"],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_reference(text)
