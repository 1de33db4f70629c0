"""What is to change of a file's recipients, and what is refused. Pure."""

from __future__ import annotations

import pytest

from plana_secrets.errors import UsageError
from plana_secrets.recipients.plan import Demand, ReaderPlan, check_allowed, plan_readers
from plana_secrets.sops.model import Metadata, RecipientStanza, Selector
from plana_secrets.sops.rules.creationrule import CreationRule

FILE = "infra/secrets/a.yaml"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMtyI7e4IDgRKNsJmYTZ3q+Cw+Vx9qAkjhzWsyVOGtWY"


def rule(*recipients: str) -> CreationRule:
    return CreationRule(1, 1, None, recipients, Selector())


def metadata(*recipients: str) -> Metadata:
    stanzas = tuple(RecipientStanza(one, "", 1) for one in recipients)
    return Metadata(stanzas, Selector(), False, "", None, "3.11.0", 1)


def planned(actual: tuple[str, ...], ruled: tuple[str, ...], *former: str) -> ReaderPlan:
    return plan_readers(FILE, metadata(*actual), rule(*ruled), former)


def test_who_is_added_and_who_removed() -> None:
    plan = planned(("a", "b"), ("c", "b"))
    assert (plan.added, plan.removed, plan.new_data_key) == (("c",), ("a",), True)


def test_an_addition_needs_no_new_data_key() -> None:
    plan = planned(("a",), ("a", "b"))
    assert plan.is_change
    assert not plan.new_data_key


def test_the_order_is_no_difference() -> None:
    assert not planned(("a", "b"), ("b", "a")).is_change


def test_another_comment_of_an_ssh_key_is_a_change_without_a_new_data_key() -> None:
    plan = planned((f"{SSH} old@laptop",), (f"{SSH} new@laptop",))
    assert (plan.is_change, plan.added, plan.removed, plan.new_data_key) == (True, (), (), False)


def test_a_former_reader_who_is_one_again_is_none() -> None:
    assert not planned(("a", "b"), ("a", "b"), "b").is_change
    assert planned(("a",), ("a",), "b").new_data_key


def refused(plan: ReaderPlan, to: CreationRule, demand: Demand, *ours: str) -> str | None:
    try:
        check_allowed(plan, to, demand, frozenset(ours))
    except UsageError as error:
        return error.kind
    return None


@pytest.mark.parametrize(
    ("actual", "ruled", "demand", "kind"),
    [
        (("me", "a"), ("me",), Demand(), None),
        (("me", "a"), ("a",), Demand(), "locks-you-out"),
        (("me", "a"), ("me",), Demand(2), "too-few-left"),
        (("me",), ("me", "a"), Demand(3), None),
        (("me", "a", "b"), ("me", "b"), Demand(2, ("cluster",), {"cluster": "b"}), None),
        (("me", "a", "b"), ("me", "a"), Demand(2, ("cluster",), {"cluster": "b"}),
         "removes-required"),
        (("me",), ("me", "a"), Demand(1, ("cluster",), {"cluster": "b"}), None),
    ],
)  # fmt: skip
def test_what_is_refused(
    actual: tuple[str, ...], ruled: tuple[str, ...], demand: Demand, kind: str | None
) -> None:
    assert refused(planned(actual, ruled), rule(*ruled), demand, "me") == kind
