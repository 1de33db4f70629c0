"""The event of a forge: what a job was started for. Pure.

Sources: docs.github.com, "Webhook events and payloads" and "Variables"; Forgejo and Gitea give
the same file and the same variables under their own names, too; docs.gitlab.com, "Predefined CI/CD
variables".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from plana_secrets.errors import UsageError

_FORGES: Final = ("FORGEJO", "GITEA", "GITHUB")
_TAGS: Final = "refs/tags/"
_OF_NO_CHANGE: Final = frozenset({"schedule", "workflow_dispatch"})
"""Forgejo and Gitea give them the file of the push that brought the workflow: an old range."""


@dataclass(frozen=True, slots=True)
class Event:
    """A pull request or a push: from ``before`` to ``after``, commits by their ids.

    ``before`` None: there is none, the branch is new. ``branch``: what was pushed, if that is
    known; ``default``: the default branch, if the forge says it.
    """

    before: str | None
    after: str
    branch: str | None = None
    default: str | None = None


def event_file(environment: Mapping[str, str]) -> str | None:
    """Where the event is described, if the forge describes it in a file."""
    names = (f"{forge}_EVENT_PATH" for forge in _FORGES)
    return next((environment[name] for name in names if environment.get(name)), None)


def read_event(environment: Mapping[str, str], content: bytes | None) -> Event | None:
    """The event; None for any other: a schedule, a person, a tag. ``content``: of its file.

    Raises:
        UsageError: the file is not what a forge writes (kind ``bad-event``).
    """
    if content is None:
        return _of_gitlab(environment)
    if any(environment.get(f"{forge}_EVENT_NAME") in _OF_NO_CHANGE for forge in _FORGES):
        return None
    try:
        payload = json.loads(content)
        return _of_payload(payload if isinstance(payload, dict) else {})
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise UsageError("the event file of the forge is malformed", kind="bad-event") from None


def _of_payload(payload: dict[str, Any]) -> Event | None:
    default = (payload.get("repository") or {}).get("default_branch")
    if request := payload.get("pull_request"):
        return _event(request["base"]["sha"], request["head"]["sha"], None, default)
    if group := payload.get("merge_group"):
        return _event(group["base_sha"], group["head_sha"], None, default)
    if "before" in payload and "after" in payload and "ref" in payload:
        return _of_push(payload["before"], payload["after"], payload["ref"], default)
    return None


def _of_gitlab(environment: Mapping[str, str]) -> Event | None:
    said, default = environment.get, environment.get("CI_DEFAULT_BRANCH")
    after = said("CI_COMMIT_SHA")
    if after is None:
        return None
    if base := said("CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        return _event(base, said("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or after, None, default)
    if said("CI_PIPELINE_SOURCE") != "push" or said("CI_COMMIT_TAG"):
        return None
    return _event(said("CI_COMMIT_BEFORE_SHA", ""), after, said("CI_COMMIT_BRANCH"), default)


def _of_push(before: str, after: str, ref: str, default: str | None) -> Event | None:
    """A tag or a deleted branch brings no commits."""
    if ref.startswith(_TAGS) or not after.strip("0"):
        return None
    return _event(before, after, ref.removeprefix("refs/heads/"), default)


def _event(before: str, after: str, branch: str | None, default: str | None) -> Event:
    if not all(isinstance(one, str) for one in (before, after, branch or "", default or "")):
        raise TypeError
    return Event(before if before.strip("0") else None, after, branch, default)


ADVICE: Final = {
    "bad-event": "pass the range itself: `plana-secrets verify --range A..B`",
}
