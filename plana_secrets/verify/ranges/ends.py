"""From where to where a range goes: as a person writes it, or as an event says."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.git.ranges import cut_commits, too_shallow
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.versions import commit_named
from plana_secrets.verify.ranges.events import Event
from plana_secrets.verify.ranges.run import Ends


def parse_range(repository: Repository, text: str) -> Ends:
    """``A..B`` or ``A...B``: the commits of B that A does not have; without B, HEAD.

    Raises:
        UsageError: it is no range (kind ``usage``), or a revision does not exist (kind
            ``no-such-revision``).
        FailedError: the beginning is not in a shallow clone (kind ``shallow-range``).
    """
    one, dots, other = text.partition("...") if "..." in text else text.partition("..")
    if not dots:
        raise UsageError(f"not a range: {text}; write A..B, or auto", kind="usage")
    old = _commit(repository, one or "HEAD")
    return ends_between(repository, old, _commit(repository, other or "HEAD"))


def ends_between(repository: Repository, old: str, head: str, remark: str | None = None) -> Ends:
    """The range of two commits, compared with their merge base.

    Where ``old`` contains ``head``, the commits after it are taken back: the base is ``old``. It is
    for two histories that have no commit in common, too: what the head replaces is still there.

    Raises:
        FailedError: as ``parse_range``.
    """
    base = repository.merge_base(old, head)
    if base is None and cut_commits(repository.common_dir):
        raise too_shallow()
    return Ends(old, old if base in {None, head} else base, head, remark)


def _commit(repository: Repository, revision: str) -> str:
    try:
        return commit_named(repository, revision)
    except UsageError:
        if cut_commits(repository.common_dir):
            raise too_shallow() from None
        raise


def ends_of_event(repository: Repository, event: Event | None) -> Ends:
    """The range that an event brought. Without an event it is HEAD alone.

    Raises:
        UsageError: there is no commit yet (kind ``no-such-revision``).
        FailedError: as ``parse_range``, or the commit of the event is not in this clone (kind
            ``no-event-commit``), or the default branch is not (kind ``no-default-branch``).
    """
    if event is None:
        return _alone(_commit(repository, "HEAD"), "no push or pull request: HEAD checked")
    head = _head_of(repository, event)
    if event.before is not None:
        if repository.resolve(event.before) is not None:
            return _of_event(repository, event.before, head, is_push=event.branch is not None)
        if cut_commits(repository.common_dir):
            raise too_shallow()
    return _without_before(repository, event, head)


def _head_of(repository: Repository, event: Event) -> str:
    """Never HEAD in its place: a job may have checked out the base, which is always fine."""
    head = repository.resolve(event.after)
    if head is not None:
        return head
    if cut_commits(repository.common_dir):
        raise too_shallow()
    message = f"the commit of the event, {event.after[:12]}, is not in this clone"
    raise FailedError(message, kind="no-event-commit")


def _of_event(repository: Repository, old: str, head: str, *, is_push: bool) -> Ends:
    """A push puts ``head`` in the place of ``old``, also one that rewrites the branch."""
    ends = ends_between(repository, old, head)
    return replace(ends, base=old) if is_push else ends


def _alone(head: str, remark: str) -> Ends:
    """One tree, to be judged by itself."""
    return Ends(head, None, head, remark)


def _without_before(repository: Repository, event: Event, head: str) -> Ends:
    """A new branch, or one whose old commit is gone: what the default branch does not have."""
    what = "the branch is new" if event.before is None else "the commit before the push is gone"
    default = event.default or repository.default_branch()
    if event.branch == default:
        if event.before is not None:
            return _alone(head, f"{what}, and it was the default branch: HEAD checked")
        if cut_commits(repository.common_dir):
            raise too_shallow()
        return Ends(None, None, head, f"{what}: its whole history checked")
    old = _tip(repository, default)
    if old is None:
        message = f"{what}, and {default or 'the default branch'} is not in this clone"
        raise FailedError(message, kind="no-default-branch", branch=default or "BRANCH")
    remark = f"{what}: counted from its merge base with {default}"
    return ends_between(repository, old, head, remark)


def _tip(repository: Repository, branch: str | None) -> str | None:
    remote = repository.remote()
    places = [f"refs/remotes/{remote}/{branch}"] if remote else []
    tips = (repository.resolve(place) for place in (*places, f"refs/heads/{branch}"))
    return next((tip for tip in tips if tip is not None), None)


ADVICE: Final = {
    "no-default-branch": (
        "fetch it: `git fetch origin +{branch}:refs/remotes/origin/{branch}`, or pass the range: "
        "`plana-secrets verify --range A..B`"
    ),
    "no-event-commit": (
        "check out the commit of the event, with `fetch-depth: 0`; `pull_request_target` checks "
        "out the base, so use `pull_request`"
    ),
}
