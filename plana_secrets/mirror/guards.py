"""What stops a sync before it begins: an old clone, a strange branch, an empty checkout.

A job or a person with an old or foreign view of the files would turn the mirror back,
or empty it. Git knows better: the commits recorded in the items must be behind HEAD.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Protocol

from plana_secrets.counts import counted
from plana_secrets.errors import ConflictError, UsageError
from plana_secrets.mirror.backend import Listing
from plana_secrets.mirror.drift import MirrorPlan, Wanted

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FEW: Final = 5
_MANY: Final = 50


class History(Protocol):
    """What of a repository the guards ask."""

    def branch(self) -> str | None: ...

    def remote(self) -> str | None: ...

    def resolve(self, revision: str) -> str | None: ...

    def is_ancestor(self, ancestor: str, descendant: str) -> bool: ...

    def contains_all(self, descendant: str, ancestors: Sequence[str]) -> bool: ...


def check_branch(history: History, head: str | None, branch: str | None) -> None:
    """HEAD is on ``branch``: checked out, or contained in it here or at the remote.

    Raises:
        ConflictError: it is not (kind ``not-on-branch``).
    """
    if branch is None or history.branch() == branch:
        return
    places = [f"refs/heads/{branch}"]
    remote = history.remote()
    if remote:
        places.append(f"refs/remotes/{remote}/{branch}")
    for place in places:
        tip = history.resolve(place)
        if head and tip and history.is_ancestor(head, tip):
            return
    raise ConflictError(
        f"HEAD is not on {branch}, the branch that is mirrored",
        kind="not-on-branch",
        retry=False,
        branch=branch,
    )


def check_descent(history: History, head: str | None, listing: Listing) -> None:
    """HEAD descends from every commit that an item was copied from.

    Raises:
        ConflictError: it does not; the mirror is newer than this clone, or comes from
            another history (kind ``older-than-mirror``).
    """
    files: dict[str, str] = {}
    for file, commit in listing.origins():
        if commit is not None:
            files[commit] = min(file, files.get(commit, file))
    sound = all(_COMMIT.fullmatch(commit) for commit in files)
    if not files or (head and sound and history.contains_all(head, sorted(files))):
        return
    for commit, file in sorted(files.items()):
        known = _COMMIT.fullmatch(commit) is not None
        if not (known and head and history.is_ancestor(commit, head)):
            name = commit[:12] if known else "an unreadable commit"
            raise ConflictError(
                f"the mirror has {file} from {name}, which HEAD does not contain",
                kind="older-than-mirror",
                retry=False,
                file=file,
                commit=name,
            )


def check_owner(
    history: History,
    head: str | None,
    listing: Listing,
    *,
    owner: str | None,
    forked_from: Sequence[str],
) -> None:
    """No item is from commits of this history and names another repository.

    ``owner``: the id in the settings; ``forked_from``: ids whose items are foreign. A clone
    from before the settings had an id would take the items of its own repository for foreign,
    so without one none may name a repository.

    Raises:
        ConflictError: the id in the settings was changed, or this is a fork (kind
            ``another-repository``), or there is none (kind ``unnamed-repository``).
    """
    commits: dict[str, set[str]] = defaultdict(set)
    for repository, commit in listing.strangers():
        found = commits[repository]
        if commit and _COMMIT.fullmatch(commit):
            found.add(commit)
    strangers = sorted(commits.keys() - set(forked_from))
    for name in strangers:
        if head and any(history.is_ancestor(one, head) for one in sorted(commits[name])[:_MANY]):
            raise ConflictError(
                f"the mirror has items of this history that name the repository {name}, "
                f"not {owner or 'this one, which has no id'}",
                kind="another-repository",
                retry=False,
                repository=name,
            )
    if owner is None and strangers:
        raise ConflictError(
            f"the mirror has items that name the repository {strangers[0]}, "
            "and the settings name none",
            kind="unnamed-repository",
            retry=False,
            repository=strangers[0],
        )


def check_claims(history: History, head: str | None, plan: MirrorPlan) -> None:
    """Nothing is deleted that may be another repository's.

    Raises:
        ConflictError: an item that names no repository is from a commit that HEAD does not
            contain (kind ``unclaimed``).
    """
    for item in plan.delete:
        record = item.record
        if record is None or record.repository is not None or record.commit is None:
            continue
        if not (head and history.contains_all(head, [record.commit])):
            raise ConflictError(
                f"the item of {record.file} would be deleted, but it may be another "
                f"repository's: it is from {record.commit[:12]}, which HEAD does not contain",
                kind="unclaimed",
                retry=False,
                file=record.file,
            )


def check_extent(plan: MirrorPlan, wanted: Wanted, listing: Listing) -> None:
    """Nothing far-reaching happens by mistake.

    Raises:
        UsageError: there is no secret file at all, or the items of more than a tenth of the
            files, and of more than five, are of files that are gone (kind ``needs-confirm``).
    """
    if not (wanted.items or wanted.settled or wanted.unknown):
        raise UsageError("there are no secret files to mirror", kind="needs-confirm", files=0)
    removed, ours = len(plan.removed), len({file for file, _ in listing.origins()})
    if removed > _FEW and removed * 10 > ours:
        raise UsageError(
            f"the items of {removed} of {counted(ours, 'file')} would be permanently deleted",
            kind="needs-confirm",
            deleted=removed,
            files=ours,
        )


ADVICE: Final = {
    "another-repository": (
        'set `repository = "{repository}"` again in plana-secrets.toml; a fork or a template '
        "keeps an id of its own: `plana-secrets mirror init --new-id`"
    ),
    "unnamed-repository": (
        "pull first: a newer commit may name it in plana-secrets.toml; if this is another "
        "repository, give it an id of its own: `plana-secrets mirror init --new-id`"
    ),
    "unclaimed": (
        "run the other repository's sync with this release first, so that its items name it; "
        "if there is none, pass --confirm"
    ),
    "not-on-branch": "sync from the deployed branch, or pass --allow-older",
    "older-than-mirror": (
        "pull first, in a shallow clone with `git fetch --unshallow`; if it is the item of another "
        "repository, sync there first with this release; to go back on purpose, pass --allow-older"
    ),
}
