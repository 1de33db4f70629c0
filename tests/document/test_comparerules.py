"""What differs between two versions of the rules, and for which files."""

from __future__ import annotations

import pyrage

from plana_secrets.document.comparerules import compare_decisions, compare_rules
from plana_secrets.sops.rules.rulesfile import Rules, parse_rules

ONE, TWO = (str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2))


def rules(*patterns: tuple[str, str], more: str = "") -> Rules:
    lines = [f"  - path_regex: {one}\n    age: {key}\n{more}" for one, key in patterns]
    return parse_rules(("creation_rules:\n" + "".join(lines)).encode())


def test_rules_in_another_order_decide_other_files() -> None:
    old, new = rules(("prod/", ONE), ("^infra/", TWO)), rules(("^infra/", TWO), ("prod/", ONE))
    assert [(one.rule, one.change, one.moved) for one in compare_rules(old, new)] == [
        ("^infra/", "changed", True), ("prod/", "changed", True),
    ]  # fmt: skip
    (effect,) = compare_decisions(
        ["infra/dev/a.yaml", "infra/prod/b.yaml", "infra/prod/c.yaml"], old.rule_for, new.rule_for
    )
    assert effect.files == ("infra/prod/b.yaml", "infra/prod/c.yaml")
    assert (effect.recipients.added, effect.recipients.removed) == ((TWO,), (ONE,))


def test_a_rule_that_was_added_before_others_moves_none_of_them() -> None:
    old, new = rules(("a", ONE), ("b", ONE)), rules(("c", TWO), ("a", ONE), ("b", ONE))
    assert [(one.rule, one.change, one.moved) for one in compare_rules(old, new)] == [
        ("c", "added", False)
    ]


def test_a_rule_that_may_no_longer_be_used_is_different() -> None:
    old, new = rules(("a", ONE)), rules(("a", ONE), more="    mac_only_encrypted: true\n")
    (found,) = compare_rules(old, new)
    assert (found.change, found.problem) == (
        "changed", "mac_only_encrypted leaves readable values unprotected",
    )  # fmt: skip
    assert compare_rules(new, new) == ()


def test_a_file_that_lost_its_rule_and_one_whose_selector_changed() -> None:
    old = rules(("a", ONE), ("b", ONE))
    new = rules(("a", ONE), more="    encrypted_regex: ^data$\n")
    found = compare_decisions(["a", "b", "x"], old.rule_for, new.rule_for)
    assert [(one.files, one.selector) for one in found] == [
        (("a",), ("everything", "encrypted_regex ^data$")), (("b",), ("everything", "no rule")),
    ]  # fmt: skip
    assert found[1].recipients.removed == (ONE,)
