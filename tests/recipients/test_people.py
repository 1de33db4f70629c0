"""Who may join which rules, and under which name: from the rules and the settings alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyrage
import pytest

from plana_secrets.errors import UsageError
from plana_secrets.recipients.people import (
    _check_left,
    check_addition,
    check_name,
    find_person,
    is_name,
    is_replacement,
    refuse_unknown,
)
from plana_secrets.recipients.plan import Demand
from plana_secrets.recipients.rulesedit import recipients_of
from plana_secrets.sops.rules.rulesfile import parse_rules

ANNA, BERTA, CARL = (str(pyrage.x25519.Identity.generate().to_public()) for _ in range(3))
RULES = f"""\
creation_rules:
    - path_regex: ^prod/
      age: {ANNA}
    - path_regex: ^dev/
      age: {ANNA},{BERTA}
    - path_regex: ^all/
      age: {ANNA}
""".encode()
KNOWN = Demand(keys={"anna": ANNA, "berta": BERTA})


def workspace(content: bytes = RULES) -> Any:
    book = SimpleNamespace(in_folder=lambda folder: parse_rules(content) if folder == "" else None)
    return SimpleNamespace(rule_book=book, read_rules=lambda _: content)


def kind_of(action: Any, *arguments: Any) -> str:
    with pytest.raises(UsageError) as caught:
        action(*arguments)
    return caught.value.kind


def readers(content: bytes | None) -> list[set[str]]:
    assert content is not None
    return [set(recipients_of(one)) for one in parse_rules(content).creation_rules]


def test_only_the_chosen_rules_get_a_new_reader_and_only_where_they_lack_it() -> None:
    positions, content = check_addition(workspace(), "carl", CARL, (1, 2), KNOWN)
    assert positions == (1, 2)
    assert readers(content) == [{ANNA, CARL}, {ANNA, BERTA, CARL}, {ANNA}]
    positions, content = check_addition(workspace(), "berta", BERTA, (1, 2, 3), KNOWN)
    assert positions == (1, 3)
    assert readers(content) == [{ANNA, BERTA}] * 3


def test_a_name_alone_is_added_without_any_rule_and_only_once() -> None:
    assert check_addition(workspace(), "carl", CARL, (), KNOWN) == ((), None)
    assert check_addition(workspace(), "carl", BERTA, (2,), Demand()) == ((), None)
    for chosen in ((), (2,)):
        arguments = (workspace(), "berta", BERTA, chosen, KNOWN)
        assert kind_of(check_addition, *arguments) == "already-recipient"


@pytest.mark.parametrize(
    ("name", "recipient", "kind"),
    [
        ("carl", CARL, None),
        ("anna", ANNA, None),
        ("anna", CARL, "name-taken"),
        ("carl", ANNA, "name-taken"),
        ("berta", ANNA, "name-taken"),
        ("c arl", CARL, "bad-recipient-name"),
        ("", CARL, "bad-recipient-name"),
        ("a.b", CARL, "bad-recipient-name"),
    ],
    ids=[
        "new",
        "the same",
        "another key",
        "another name",
        "another's key",
        "blank",
        "empty",
        "dot",
    ],
)
def test_a_name_and_a_key_belong_to_one_person(name: str, recipient: str, kind: str | None) -> None:
    if kind is None:
        check_name(name, recipient, KNOWN)
        return
    assert kind_of(check_name, name, recipient, KNOWN) == kind
    assert kind_of(check_addition, workspace(), name, recipient, (1,), KNOWN) == kind
    assert is_name(name) is (kind != "bad-recipient-name")


def test_another_key_of_a_known_name_is_a_replacement() -> None:
    assert is_replacement("anna", CARL, KNOWN)
    assert not is_replacement("anna", ANNA, KNOWN)
    assert not is_replacement("carl", CARL, KNOWN)
    assert kind_of(is_replacement, "anna", BERTA, KNOWN) == "name-taken"
    begun = Demand(keys=KNOWN.keys | {"anna-next": CARL})
    assert is_replacement("anna", CARL, begun)


def test_a_person_is_found_by_name_or_key() -> None:
    assert find_person("anna", KNOWN) == ("anna", ANNA)
    assert find_person(ANNA, KNOWN) == ("anna", ANNA)
    assert find_person(CARL, KNOWN) == (None, CARL)
    assert kind_of(find_person, "carl", KNOWN) == "no-such-person"


@pytest.mark.parametrize(
    ("number", "minimum", "may"),
    [(1, 1, True), (0, 1, False), (0, 0, False), (2, 3, False), (3, 3, True)],
)
def test_a_rule_keeps_as_many_readers_as_are_demanded(number: int, minimum: int, may: bool) -> None:
    rule = parse_rules(RULES).creation_rules[0]
    if may:
        _check_left(rule, number, minimum)
    else:
        assert kind_of(_check_left, rule, number, minimum) == "too-few-left"


def test_a_key_that_nothing_names_is_no_person() -> None:
    def change(positions: Any = (), plans: Any = (), skipped: Any = ()) -> Any:
        return SimpleNamespace(
            positions=positions, survey=SimpleNamespace(plans=plans, skipped=skipped)
        )

    assert kind_of(refuse_unknown, None, "x", change()) == "no-such-person"
    for name, known in (
        ("x", change()),
        (None, change((1,))),
        (None, change(plans=(1,))),
        (None, change(skipped=(1,))),
    ):
        refuse_unknown(name, "x", known)
