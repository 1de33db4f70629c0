"""`.sops.yaml` in the forms that people write: one recipient more or less, nothing else."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.errors import FailedError
from plana_secrets.recipients.rulesedit import (
    add_recipient,
    remove_recipient,
    replace_recipient,
)
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
    "a flow list over lines": (
        "age: [\n      {A},   # alice\n      {B},\n      # the cluster\n      {C}\n    ]"
    ),
    "literal": "age: |\n      {A},\n      {B},\n      {C}",
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
    after = remove_recipient(content, B, [3])
    assert recipients(after) == [(A, B), (A, B), (A,)]
    for positions in ([1], [2]):
        with pytest.raises(FailedError) as caught:
            remove_recipient(content, B, positions)
        assert caught.value.kind == "rules-not-editable"


SHARED = {
    "a text": "team: &team {A},{B}\n",
    "folded": "team: &team >-\n  {A},\n  {B}\n",
    "a list": "team: &team\n  # who\n  - {A}\n  - {B}   # since May\n",
    "a list without indent": "x:\n  team: &team\n  - {A}\n  - {B}\n  other: y\n",
    "a list of names": "keys:\n  - &a {A}\n  - &b {B}\nteam: &team\n  - *a\n  - *b\n",
}


@pytest.mark.parametrize("form", SHARED)
@pytest.mark.parametrize("returns", [False, True])
def test_what_rules_share_is_changed_where_it_is_defined(form: str, returns: bool) -> None:
    shared = SHARED[form].replace("{A}", A).replace("{B}", B)
    text = (
        f"{shared}creation_rules:\n  - path_regex: ^a/\n    age: *team\n"
        f"  - path_regex: ^b/  # as above\n    age: *team\n  - age: {A}\n"
    )
    before = (text.replace("\n", "\r\n") if returns else text).encode()
    after = add_recipient(before, NEW, [1, 2])
    assert recipients(after) == [(A, B, NEW), (A, B, NEW), (A,)]
    assert is_within(before, after)
    assert after.count(b"\r") == (after.count(b"\n") if returns else 0)
    assert remove_recipient(after, NEW, [1, 2]) == before
    assert B.encode() not in remove_recipient(before, B, [1, 2])
    with pytest.raises(FailedError):
        remove_recipient(before, B, [1])


@pytest.mark.parametrize("inner", ["{A},{B},{B}", "\n      - {A}\n      - {B}\n      - {B}"])
def test_who_is_there_twice(inner: str) -> None:
    inner = inner.replace("{A}", A).replace("{B}", B)
    content = f"creation_rules:\n  - age: {inner}".encode()
    assert recipients(remove_recipient(content, B, [1])) == [(A,)]
    assert recipients(replace_recipient(content, B, NEW)) == [(A, NEW)]


def test_a_line_ends_as_the_others_do_and_the_last_one_as_it_did() -> None:
    content = f"creation_rules:\r\n  - age:\r\n    - {A}\r\n    - {B}".encode()
    after = add_recipient(content, NEW, [1])
    assert after == content + f"\r\n    - {NEW}".encode()


def test_a_name_in_the_file_goes_with_its_key() -> None:
    content = f"keys:\n  ann: &ann {A}\n  bob: &bob {B}\ncreation_rules:\n  - age: [*ann, *bob]\n"
    after = remove_recipient(content.encode(), B, [1]).decode()
    assert after == content.replace(f"  bob: &bob {B}\n", "").replace(", *bob", "")


def test_the_last_one_is_not_taken_out() -> None:
    with pytest.raises(FailedError):
        remove_recipient(f"creation_rules:\n  - age: {A}\n".encode(), A, [1])


NAMED = f"""\
keys:
  # people
  - &alice {A}
  - &bob {B}   # since May
  - &bobby {C}
creation_rules:
  - path_regex: ^a/
    key_groups:
      - age:
          - *alice
          - *bob
          - *bobby
  - path_regex: ^b/
    age: [*alice, *bobby, *bob]
"""


def test_recipients_that_have_names_in_the_file() -> None:
    content = NAMED.encode()
    assert add_recipient(content, NEW, [1]).decode() == NAMED.replace(
        "          - *bobby\n", f"          - *bobby\n          - {NEW}\n"
    )
    assert remove_recipient(content, B, [1]).decode() == NAMED.replace("          - *bob\n", "")
    gone = remove_recipient(content, B, [1, 2]).decode()
    expected = NAMED.replace("          - *bob\n", "").replace(", *bob]", "]")
    assert gone == expected.replace(f"  - &bob {B}   # since May\n", "")
    assert replace_recipient(content, B, NEW).decode() == NAMED.replace(B, NEW)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("old", [A, B, C], ids="ABC")
def test_another_one_in_every_rule(form: str, old: str) -> None:
    before = rules_of(form)
    after = replace_recipient(before, old, NEW)
    assert recipients(after) == [tuple(NEW if one == old else one for one in (A, B, C))] * 3
    assert after == before.replace(old.encode(), NEW.encode())


def test_a_comment_is_left_alone_unless_it_is_none() -> None:
    content = f"# {A} left\ncreation_rules:\n  - age: {A},{B}  # not {A}\n".encode()
    after = replace_recipient(content, A, NEW).decode()
    assert after == f"# {A} left\ncreation_rules:\n  - age: {NEW},{B}  # not {A}\n"
    flow = f"creation_rules: [{{path_regex: 'a #b', age: '{A},{B}'}}]\n".encode()
    assert replace_recipient(flow, A, NEW) == flow.replace(A.encode(), NEW.encode())


def test_where_both_are_one_is_left() -> None:
    content = f"creation_rules:\n  - age: {A},{B}\n  - path_regex: x\n    age: {A}\n".encode()
    assert recipients(replace_recipient(content, A, B)) == [(B,), (B,)]


def test_an_ssh_key_goes_with_its_comment() -> None:
    ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMtyI7e4IDgRKNsJmYTZ3q+Cw+Vx9qAkjhzWsyVOGtWY"
    content = f"creation_rules:\n  - age:\n      - {ssh} bob@old\n      - {A}\n".encode()
    after = replace_recipient(content, ssh, NEW)
    assert after == content.replace(f"{ssh} bob@old".encode(), NEW.encode())


def test_who_is_in_no_rule_is_not_replaced() -> None:
    with pytest.raises(FailedError):
        replace_recipient(f"creation_rules:\n  - age: {A}\n".encode(), B, NEW)
