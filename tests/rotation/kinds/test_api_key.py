"""The lists that providers accept: which entries are ours, and which are left alone. Pure."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.rotation.keyset import Key, Keyset, Status
from plana_secrets.rotation.kinds.api_key.texts import (
    is_value,
    render_csv,
    render_json,
)
from plana_secrets.rotation.material import make_fingerprint
from plana_secrets.rotation.policy import AcceptedList
from plana_secrets.secret import Secret
from tests.rotation.examples import API, START

VALUES = {kid: kid[-1] * 43 for kid in ("k1", "k2", "k3", "k4", "k5")}


def key(kid: str, status: Status) -> Key:
    made = Key(kid, status, START, Secret.from_text(VALUES[kid]))
    if status is Status.DESTROYED:
        return replace(made, value=None, fingerprint=make_fingerprint(made))
    return made


def keyset(**statuses: Status) -> Keyset:
    keys = tuple(key(kid, status) for kid, status in statuses.items())
    return Keyset("app", "api-key", 1, "r0123456789abcdef", keys, ())


ALL = keyset(
    k1=Status.ACTIVE, k2=Status.STANDBY, k3=Status.RETIRING, k4=Status.DISABLED, k5=Status.DESTROYED
)
IN_USE = ["k1", "k2", "k3"]


def entries(accepted: AcceptedList) -> list[dict[str, str]]:
    loaded: list[dict[str, str]] = json.loads(accepted.content.reveal_text())
    return loaded


def ours() -> list[dict[str, str]]:
    return [{"id": kid, "value": VALUES[kid]} for kid in IN_USE]


@pytest.mark.parametrize("present", [None, "", " \n", "[]"])
def test_what_is_in_use_is_accepted_and_nothing_else(present: str | None) -> None:
    there = None if present is None else Secret.from_text(present)
    accepted = render_json([ALL], there)
    assert entries(accepted) == ours()
    assert accepted.foreign == 0


@pytest.mark.parametrize("kid", VALUES)
def test_a_value_of_ours_is_ours_under_any_id_and_an_id_of_ours_with_any_value(kid: str) -> None:
    """Left alone it would be accepted on, also when its key is retired or destroyed."""
    for entry in ({"id": "by hand", "value": VALUES[kid]}, {"id": kid, "value": "another"}):
        accepted = render_json([ALL], Secret.from_text(json.dumps([entry])))
        assert entries(accepted) == ours()
        assert accepted.foreign == 0


def test_an_entry_of_others_is_kept_whole_behind_ours() -> None:
    theirs = [{"id": "a", "value": "x", "note": "y"}, {"id": "b", "value": "ü"}]
    accepted = render_json([ALL], Secret.from_text(json.dumps([*theirs, *ours()])))
    assert entries(accepted) == [*ours(), *theirs]
    assert accepted.foreign == 2


@pytest.mark.parametrize(
    "present", ["x", "{}", "1", "[1]", '[{"id":"a"}]', '[{"value":"a"}]', '[{"id":"a","value":1}]',
                '[{"id":1,"value":"a"}]', '["a"]', "[null]"],
)  # fmt: skip
def test_another_list_is_not_read_as_one(present: str) -> None:
    with pytest.raises(ValueError):
        render_json([ALL], Secret.from_text(present))


def csv(present: str | None) -> tuple[str, int]:
    there = None if present is None else Secret.from_text(present)
    accepted = render_csv([ALL], there)
    return accepted.content.reveal_text(), accepted.foreign


def test_a_csv_list_holds_the_values_alone() -> None:
    mine = ",".join(VALUES[kid] for kid in IN_USE)
    assert csv(None) == (mine, 0)
    assert csv(" , ,") == (mine, 0)
    assert csv(f" theirs ,{VALUES['k4']},{VALUES['k5']}, {VALUES['k1']}, more") == (
        f"{mine},theirs,more", 2,
    )  # fmt: skip


@pytest.mark.parametrize("present", ['[{"id":"a","value":"b"}]', "{}", " [", "{"])
def test_a_json_list_is_not_read_as_csv(present: str) -> None:
    with pytest.raises(ValueError):
        csv(present)


def test_a_value_with_a_comma_is_never_written_into_a_csv_list() -> None:
    one = replace(ALL, keys=(replace(ALL.keys[0], value=Secret(b"a,b")),))
    with pytest.raises(ValueError):
        render_csv([one], None)


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (b"x", True), (b"a b", True), ("ü".encode(), True), (b"", False), (b" x", False),
        (b"x ", False), (b"a\nb", False), (b"a\tb", False), (b"\xff", False), (b"\0", False),
    ],
)  # fmt: skip
def test_a_value_is_what_a_header_carries(value: bytes, is_one: bool) -> None:
    assert is_value(Secret(value)) is is_one
    if is_one:
        assert API.adopt(Secret(value)).value.reveal() == value
    else:
        with pytest.raises(FailedError):
            API.adopt(Secret(value))
