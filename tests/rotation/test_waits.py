"""The waits before each move are the sums of what is configured. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from plana_secrets.rotation.inforce import conditions_of
from plana_secrets.rotation.plan import Phase, describe_problem
from tests.rotation.examples import API, JWT, places
from tests.rotation.test_render import in_state

ROLLOUT, LIFE, SKEW, CACHE, GRACE = (timedelta(minutes=one) for one in (7, 11, 13, 17, 19))


def test_an_api_key_has_no_expiry_and_so_no_skew() -> None:
    policy = replace(API, rollout=ROLLOUT, drain=LIFE, grace=GRACE, external_callers=("a",))
    conditions = conditions_of(in_state(policy, []), policy)
    assert (conditions.promote, conditions.retire, conditions.destroy) == (
        ROLLOUT, ROLLOUT + LIFE, ROLLOUT + GRACE,
    )  # fmt: skip
    assert conditions.awaited == ("a",)
    by_hand = replace(policy, reload="manual")
    assert set(conditions_of(in_state(by_hand, []), by_hand).awaited) == {"a", "reload"}


def test_tokens_live_on_and_verifiers_remember() -> None:
    policy = replace(
        JWT, rollout=ROLLOUT, max_token_lifetime=LIFE, skew=SKEW, cache=CACHE, grace=GRACE,
        raw_targets=places("infra/secrets/prod/old.yaml#jwt"),
    )  # fmt: skip
    conditions = conditions_of(in_state(policy, []), policy)
    assert (conditions.promote, conditions.retire, conditions.destroy) == (
        ROLLOUT, ROLLOUT + LIFE + SKEW, ROLLOUT + CACHE + GRACE,
    )  # fmt: skip
    assert conditions.single_readers == ("infra/secrets/prod/old.yaml#jwt",)
    assert conditions.awaited == ()


def test_a_keyset_that_cannot_be_read_is_blocked_and_says_why() -> None:
    status = describe_problem(API, "f.yaml", "mac-mismatch", "the MAC does not match")
    assert (status.name, status.file, status.phase) == (API.name, "f.yaml", Phase.BLOCKED)
    assert (status.problem, status.message) == ("mac-mismatch", "the MAC does not match")
    assert (status.keyset, status.overdue) == (None, False)
