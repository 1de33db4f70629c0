"""`.sops.yaml` in the forms that people write: one recipient more or less, nothing else."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.errors import FailedError
from plana_secrets.recipients.rulesedit import add_recipient, remove_recipient
from plana_secrets.sops.rules.rulesfile import parse_rules

A, B, C, NEW = (str(pyrage.x25519.Identity.generate().to_public()) for _ in range(4))

FORMS = {
    "commas": "age: {A},{B},{C}",
    "commas and spaces": "age: {A}, {B}, {C}   # the team",
    "quoted": 'age: "{A},{B},{C}"',
    "folded": "age: >-\n      {A},\n      {B},\n      {C}",
    "folded with a comma at the end": "age: >-\n      {A},\n      {B},\n      {C},",
    "a list": "age:\n      - {A}  # alice\n      # the cluster\n      - {B}\n      - '{C}'",
    "a list without indent": "age:\n    - {A}\n    - {B}\n    - {C}",
    "a flow list": "age: [{A}, {B}, {C}]",
    "a quoted flow list": 'age: ["{A}", "{B}", "{C}"]',
    "key groups": "key_groups:\n      - age:\n          - {A}\n          - {B}\n          - {C}",
    "two in one line": "age:\n      - {A},{B}\n      - {C}",
}


def rules_of(form: str) -> bytes:
    inner = FORMS[form].replace("{A}", A).replace("{B}", B).replace("{C}", C)
    return (
        "# what is read by whom\ncreation_rules:\n"
        f"  - path_regex: ^prod/   # first\n    {inner}\n    encrypted_regex: ^value$\n\n"
        f"  - path_regex: ^dev/\n    {inner}\n\n"
        f"  - {inner}\nstores:\n  yaml:\n    indent: 4\n"
    ).encode()


def recipients(content: bytes) -> list[tuple[str, ...]]:
    return [rule.recipients for rule in parse_rules(content).creation_rules]


def is_within(short: bytes, long: bytes) -> bool:
    """Whether ``long`` has every line of ``short``, apart from those about recipients."""
    left = iter(long.splitlines())
    return all(line in left for line in short.splitlines() if b"age1" not in line)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("position", [1, 2, 3])
def test_one_more_in_one_rule(form: str, position: int) -> None:
    before = rules_of(form)
    after = add_recipient(before, NEW, [position])
    expected = [(A, B, C)] * 3
    expected[position - 1] = (A, B, C, NEW)
    assert recipients(after) == expected
    assert is_within(before, after)
    assert remove_recipient(after, NEW, [position]) == before


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gone", [A, B, C], ids="ABC")
def test_one_less_in_all_rules(form: str, gone: str) -> None:
    before = rules_of(form)
    after = remove_recipient(before, gone, [1, 2, 3])
    assert recipients(after) == [tuple(one for one in (A, B, C) if one != gone)] * 3
    assert is_within(after, before)
    assert gone.encode() not in after


def test_an_anchor_changes_all_that_share_it_or_nothing() -> None:
    content = (
        f"team: &team\n  - {A}\n  - {B}\ncreation_rules:\n"
        f"  - path_regex: ^a/\n    age: &own [{A}, {B}]\n  - path_regex: ^b/\n    age: *own\n"
        "  - age: *team\n"
    ).encode()
    after = remove_recipient(content, B, [1, 2])
    assert recipients(after) == [(A,), (A,), (A, B)]
    for positions in ([1], [2], [3]):
        with pytest.raises(FailedError) as caught:
            remove_recipient(content, B, positions)
        assert caught.value.kind == "rules-not-editable"


def test_the_last_one_is_not_taken_out() -> None:
    with pytest.raises(FailedError):
        remove_recipient(f"creation_rules:\n  - age: {A}\n".encode(), A, [1])
