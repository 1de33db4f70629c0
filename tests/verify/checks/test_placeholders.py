"""Values that were never filled in, and values that only look a little like them."""

from __future__ import annotations

import pytest

from plana_secrets.verify.checks.placeholders import is_placeholder
from tests.verify.inprocess import NO_IDENTITY, checks, of_check, verify
from tests.world import World

FILE, APP = "infra/secrets/a.yaml", "infra/secrets/app.secret.yaml"
PLACEHOLDERS = (
    "changeme", "CHANGE-ME", "change_me!", "todo", "TBD", "xxxx", "<password>", "replace-me",
    "your-api-key-here", "FIXME", " placeholder ",
)  # fmt: skip
VALUES = (
    "changeme2", "password", "todo-list", "xx", "XX-1", "a <b> c", "<a><b>", "example",
    "your-api-key", "Y2hhbmdlbWU=", "none", "changeme\nchangeme", "x" * 21,
)  # fmt: skip


def test_each_is_a_warning_with_its_path_and_only_with_the_key(world: World) -> None:
    lines = [f'p{number}: "{text}"' for number, text in enumerate(PLACEHOLDERS)]
    world.encrypt(FILE, "\n".join(lines) + "\n")
    found = of_check(verify(world), "placeholder-value")
    assert {one.path for one in found} == {f"p{number}" for number in range(len(PLACEHOLDERS))}
    assert {str(one.severity) for one in found} == {"warning"}
    assert "changeme" not in str(found)
    assert checks(verify(world, identities=NO_IDENTITY)) == []


def test_base64_of_a_manifest_is_decoded(world: World) -> None:
    head = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: changeme\n"
    world.encrypt(APP, f"{head}data:\n    a: Y2hhbmdlbWU=\n    b: aGVsbG8=\n")
    assert [one[2] for one in checks(verify(world))] == ["data.a"]


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_what_a_service_may_use_is_none(number: int) -> None:
    assert not is_placeholder(VALUES[number].encode())
