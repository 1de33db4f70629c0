"""A push that is not believed: afterwards the branch is read where its readers fetch it.

A server may say yes and take it back, a ``pushurl`` may lead to a fork, and the branch
may be set back the moment after.
"""

from __future__ import annotations

import contextlib
from typing import Final, Protocol

from plana_secrets.errors import (
    ConflictError,
    FailedError,
    IncompleteError,
    PlanaSecretsError,
    UnavailableError,
)


class Remote(Protocol):
    """The part of ``Repository`` that a push needs."""

    def push(self, commit: str = ..., *, branch: str, lease: str | None = ...) -> None: ...

    def fetch(self, *, branch: str) -> str | None: ...

    def is_ancestor(self, ancestor: str, descendant: str) -> bool: ...


def push_and_read_back(
    remote: Remote, commit: str, *, branch: str, lease: str | None = None
) -> bool | None:
    """Push ``commit``; whether the branch has it then. None: the push went well, the look did not.

    Raises:
        UnavailableError: the remote did not take it (kind ``remote-unavailable``).
        IncompleteError: neither the push nor the look was answered (kind ``push-unknown``).
        ConflictError, FailedError, CredentialError: as ``remotes.push_commit``.
    """
    try:
        remote.push(commit, branch=branch, lease=lease)
    except (ConflictError, FailedError) as refusal:
        if _is_there(remote, commit, branch):  # refused by one of several addresses
            return True
        raise refusal from None
    except UnavailableError:
        seen = _is_there(remote, commit, branch)
        if seen is None:
            raise IncompleteError(
                "the remote did not answer; it is not known whether the push arrived",
                kind="push-unknown",
            ) from None
        if not seen:
            raise UnavailableError(
                "the remote did not accept the push; nothing was changed", kind="remote-unavailable"
            ) from None
        return True
    return _is_there(remote, commit, branch)


def _is_there(remote: Remote, commit: str, branch: str) -> bool | None:
    with contextlib.suppress(PlanaSecretsError):
        tip = remote.fetch(branch=branch)
        return tip is not None and remote.is_ancestor(commit, tip)
    return None


def not_arrived(branch: str, *, seen: bool | None, kept: bool = True) -> PlanaSecretsError:
    """The error for a push that went well and was not seen to arrive."""
    what = "the commit is kept here" if kept else "nothing was changed here"
    if seen is None:
        return UnavailableError(
            f"the remote accepted the push, but could not be asked whether {branch} has it; {what}",
            kind="push-unseen",
            branch=branch,
        )
    return ConflictError(
        f"the remote accepted the push, but its {branch} does not have it; {what}, without a date",
        kind="push-not-kept",
        branch=branch,
    )


ADVICE: Final = {
    "push-unseen": "run it again; it checks whether the push arrived",
    "push-not-kept": (
        "run it again; if this does not help, check the server's hooks and `git "
        "remote -v`: pushing to one address and fetching from another does not work"
    ),
}
