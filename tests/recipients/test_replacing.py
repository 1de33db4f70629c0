"""A new key in place of an old one: at once, or for a cluster in two halves. Pure."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.config.schema import parse_settings
from plana_secrets.errors import UsageError
from plana_secrets.recipients.plan import Demand
from plana_secrets.recipients.replacing import (
    Exchange,
    Replacement,
    _exchange,
    _names_only,
    _rename,
    _rules_after,
    _settings_after,
)
from plana_secrets.recipients.rulesedit import recipients_of
from plana_secrets.sops.rules.rulesfile import parse_rules

ANNA, OLD, NEW, OTHER = (str(pyrage.x25519.Identity.generate().to_public()) for _ in range(4))
KINDS = {"anna": "staff", "prod": "cluster", "prod-next": "cluster"}
KEYS = {"anna": ANNA, "prod": OLD}
BEGUN = KEYS | {"prod-next": NEW}


def rules(*recipients: str) -> bytes:
    text = "".join(
        f"    - path_regex: ^{place}/\n      age: {one}\n" for place, one in enumerate(recipients)
    )
    return f"creation_rules:\n{text}".encode()


def exchange(
    person: str, new: str = NEW, *recipients: str, keys: dict[str, str] = KEYS
) -> Exchange:
    return _exchange(person, new, parse_rules(rules(*recipients)), Demand(keys=keys), KINDS)


def kind_of(person: str, new: str = NEW, keys: dict[str, str] = KEYS) -> str:
    with pytest.raises(UsageError) as caught:
        exchange(person, new, OLD, keys=keys)
    return caught.value.kind


def test_the_key_of_a_person_is_replaced_at_once_and_that_of_a_cluster_in_two_halves() -> None:
    assert exchange("anna", NEW, ANNA) == Exchange("anna", ANNA, NEW, "replaced")
    assert exchange(OTHER, NEW, OTHER) == Exchange(None, OTHER, NEW, "replaced")
    assert exchange("prod", NEW, OLD, ANNA) == Exchange("prod", OLD, NEW, "added")
    assert exchange("prod", NEW, f"{OLD},{NEW}", OLD, keys=BEGUN).phase == "added"
    assert exchange("prod", NEW, f"{OLD},{NEW}", ANNA, keys=BEGUN).phase == "finished"
    assert exchange("prod", NEW, ANNA, keys=BEGUN).phase == "added"
    assert exchange("prod", NEW, ANNA).phase == "added"
    assert exchange("prod-next", OTHER, OLD, keys=BEGUN) == Exchange(
        "prod-next", NEW, OTHER, "replaced"
    )


def test_a_key_of_another_person_or_of_the_same_is_refused() -> None:
    assert kind_of("anna", OLD) == "name-taken"
    assert kind_of("anna", NEW, BEGUN) == "name-taken"
    assert kind_of("prod", OTHER, BEGUN) == "name-taken"
    assert kind_of("prod", OLD) == "already-recipient"
    assert kind_of("carl") == "no-such-person"


def readers(content: bytes) -> list[set[str]]:
    return [set(recipients_of(one)) for one in parse_rules(content).creation_rules]


@pytest.mark.parametrize(
    ("phase", "after"),
    [
        ("replaced", [{NEW}, {ANNA}, {ANNA, NEW}]),
        ("added", [{OLD, NEW}, {ANNA}, {ANNA, OLD, NEW}]),
    ],
    ids=["replaced", "added"],
)
def test_every_rule_with_the_old_key_and_no_other_gets_the_new_one(
    phase: str, after: list[set[str]]
) -> None:
    before = rules(OLD, ANNA, f"{ANNA},{OLD}")
    assert readers(_rules_after(before, Exchange("prod", OLD, NEW, phase))) == after  # type: ignore[arg-type]
    assert _rules_after(rules(ANNA), Exchange("prod", OLD, NEW, phase)) == rules(ANNA)  # type: ignore[arg-type]


def test_the_second_half_takes_the_old_key_out() -> None:
    before = rules(f"{OLD},{NEW}", ANNA, f"{ANNA},{OLD},{NEW}")
    after = _rules_after(before, Exchange("prod", OLD, NEW, "finished"))
    assert readers(after) == [{NEW}, {ANNA}, {ANNA, NEW}]


def settings(keys: dict[str, str]) -> bytes:
    tables = (
        f'[recipients.{name}]\nkey = "{key}"\nkind = "{KINDS[name]}"\n'
        for name, key in keys.items()
    )
    return "\n".join(tables).encode()


@pytest.mark.parametrize(
    ("phase", "before", "after"),
    [
        ("added", KEYS, BEGUN),
        ("added", BEGUN, BEGUN),
        ("finished", BEGUN, {"anna": ANNA, "prod": NEW}),
        ("replaced", KEYS, {"anna": ANNA, "prod": NEW}),
        ("replaced", BEGUN, {"anna": ANNA, "prod": NEW}),
    ],
    ids=["first half", "first half again", "second half", "at once", "at once, waiting"],
)
def test_the_names_follow_the_keys(
    phase: str, before: dict[str, str], after: dict[str, str]
) -> None:
    one = Exchange("prod", OLD, NEW, phase)  # type: ignore[arg-type]
    written = _settings_after(settings(before), one, before)
    found = parse_settings(written).policy.recipients
    assert {name: entry.key for name, entry in found.items()} == after
    keys = dict(before)
    _rename(keys, one)
    assert keys == after


def test_a_key_is_gone_unless_it_was_only_joined_by_another() -> None:
    phases = ("replaced", "added", "finished")
    each = tuple(Exchange(None, one, NEW, one) for one in phases)  # type: ignore[arg-type]
    assert Replacement(each, None).gone == ["replaced", "finished"]  # type: ignore[arg-type]


def test_a_file_is_unprepared_where_only_the_old_key_opens_it() -> None:
    one = Exchange("prod", OLD, NEW, "added")
    found = [
        _names_only(frozenset(some), one)
        for some in ({OLD}, {OLD, NEW}, {NEW}, {ANNA}, {OLD, ANNA})
    ]
    assert found == [True, False, False, False, True]
