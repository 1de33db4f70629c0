"""Exit codes and kinds are what scripts rely on: they never change."""

from __future__ import annotations

import pytest

from plana_secrets import errors
from plana_secrets.errors import PlanaSecretsError


@pytest.mark.parametrize(
    ("name", "code", "kind"),
    [
        ("UsageError", 2, "usage"),
        ("FailedError", 3, "failed"),
        ("MalformedError", 3, "malformed"),
        ("CredentialError", 4, "credential"),
        ("UnavailableError", 5, "unavailable"),
        ("ConflictError", 6, "conflict"),
        ("IncompleteError", 7, "incomplete"),
    ],
)
def test_an_error_has_its_code_and_a_kind(name: str, code: int, kind: str) -> None:
    made = getattr(errors, name)("what happened", file="a")
    assert isinstance(made, PlanaSecretsError)
    assert (made.exit_code, made.kind, made.message, str(made)) == (
        code, kind, "what happened", "what happened",
    )  # fmt: skip
    assert made.facts == {"file": "a"}
    assert getattr(errors, name)("x", kind="other").kind == "other"


def test_only_a_malformed_file_is_also_a_failure() -> None:
    assert issubclass(errors.MalformedError, errors.FailedError)
    for name in ("UsageError", "CredentialError", "ConflictError", "IncompleteError"):
        assert not issubclass(getattr(errors, name), errors.FailedError)
