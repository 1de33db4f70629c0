"""What a push came to, by what the remote said and what the branch then holds."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from plana_secrets.errors import (
    ConflictError,
    CredentialError,
    FailedError,
    IncompleteError,
    PlanaSecretsError,
    UnavailableError,
)
from plana_secrets.secretfiles.writing.push import not_arrived, push_and_read_back

CONFLICT, FAILED, DEAD = ConflictError("behind"), FailedError("a hook"), UnavailableError("dead")


@dataclass
class Remote:
    """``says``: the error of the push. ``tip``: of the branch after it, or why it is not known."""

    says: PlanaSecretsError | None
    tip: str | PlanaSecretsError | None

    def push(self, commit: str = "", *, branch: str, lease: str | None = None) -> None:
        self.asked = (commit, branch, lease)
        if self.says:
            raise self.says

    def fetch(self, *, branch: str) -> str | None:
        assert branch == "main"
        if isinstance(self.tip, PlanaSecretsError):
            raise self.tip
        return self.tip

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return descendant.startswith(ancestor)


def push(remote: Remote) -> bool | None:
    try:
        return push_and_read_back(remote, "ours", branch="main", lease="base")
    finally:
        assert remote.asked == ("ours", "main", "base")


@pytest.mark.parametrize(
    ("tip", "arrived"), [("ours", True), ("ours and more", True), ("theirs", False), (None, False), (DEAD, None)],
    ids=["ours", "more", "theirs", "gone", "unseen"],
)  # fmt: skip
def test_an_accepted_push_counts_as_far_as_it_is_seen(
    tip: str | PlanaSecretsError | None, arrived: bool | None
) -> None:
    assert push(Remote(None, tip)) is arrived


@pytest.mark.parametrize("refusal", [CONFLICT, FAILED, DEAD], ids=["conflict", "failed", "dead"])
def test_a_push_that_was_refused_and_has_arrived_is_none(refusal: PlanaSecretsError) -> None:
    assert push(Remote(refusal, "ours")) is True


@pytest.mark.parametrize("refusal", [CONFLICT, FAILED], ids=["conflict", "failed"])
@pytest.mark.parametrize("tip", ["theirs", None, DEAD], ids=["theirs", "gone", "unseen"])
def test_a_refusal_stays_one_where_the_branch_does_not_have_it(
    refusal: PlanaSecretsError, tip: str | PlanaSecretsError | None
) -> None:
    with pytest.raises(PlanaSecretsError) as caught:
        push(Remote(refusal, tip))
    assert caught.value is refusal


@pytest.mark.parametrize("tip", ["theirs", None], ids=["theirs", "gone"])
def test_a_lost_push_that_did_not_arrive_changed_nothing(tip: str | None) -> None:
    with pytest.raises(UnavailableError) as caught:
        push(Remote(DEAD, tip))
    assert caught.value.kind == "remote-unavailable"


def test_a_lost_push_that_cannot_be_asked_for_is_open() -> None:
    with pytest.raises(IncompleteError) as caught:
        push(Remote(DEAD, DEAD))
    assert caught.value.kind == "push-unknown"


def test_a_refused_credential_is_not_looked_after() -> None:
    refusal = CredentialError("no")
    with pytest.raises(CredentialError) as caught:
        push(Remote(refusal, "ours"))
    assert caught.value is refusal


def test_what_did_not_arrive_says_whether_it_could_be_seen_and_is_kept() -> None:
    unseen, gone = not_arrived("main", seen=None), not_arrived("main", seen=False, kept=False)
    assert (type(unseen), unseen.kind) == (UnavailableError, "push-unseen")
    assert (type(gone), gone.kind) == (ConflictError, "push-not-kept")
    assert "kept here" in unseen.message
    assert "nothing was changed" in gone.message
    assert [one.facts for one in (unseen, gone)] == [{"branch": "main"}] * 2
