"""What goes over the wire: fetch one branch, push one commit.

A push is the compare-and-swap between hosts: forward only, and a branch that others
moved meanwhile is a conflict, never overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from plana_secrets.errors import (
    ConflictError,
    FailedError,
    PlanaSecretsError,
    UnavailableError,
    UsageError,
)
from plana_secrets.git.command import GitCommand
from plana_secrets.git.refusals import refused_access, refused_push
from plana_secrets.process import Completed, DeadlineError

_RACES = ("non-fast-forward", "fetch first", "stale info", "failed to update ref", "cannot lock")


def choose_remote(names: Sequence[str], upstream: str | None, configured: str | None) -> str | None:
    """The remote that is deployed: configured, else upstream, else ``origin``, else the only one.

    ``upstream``: what the branch that is checked out tracks; git allows a URL there. None:
    there is no remote, or several and nothing says which one.

    Raises:
        UsageError: the configured one does not exist (kind ``unknown-remote``).
    """
    if configured is not None:
        if configured not in names:
            raise UsageError(
                f"git.remote is {configured}, but git has no such remote",
                kind="unknown-remote",
                remote=configured,
            )
        return configured
    if upstream not in {None, "."}:
        return upstream if upstream in names else None
    if "origin" in names:
        return "origin"
    return names[0] if len(names) == 1 else None


def push_commit(
    git: GitCommand, remote: str, commit: str, branch: str, *, lease: str | None = None
) -> None:
    """Move ``branch`` of ``remote`` forward to ``commit``.

    ``lease``: where the branch must be at that moment (empty: nowhere), so that a branch
    that was set back meanwhile is not moved over what it lost. The commit descends from it.

    Raises:
        ConflictError: the branch has commits that ``commit`` does not contain, or is not
            where ``lease`` says (kind ``push-conflict``).
        FailedError: the branch is protected (kind ``protected-branch``), the server or the
            hook ``pre-push`` refuses for another reason (``push-refused``), or another git
            removed the commit (``git-pruned``).
        CredentialError: the remote does not let us in; see ``refusals`` for the kinds.
        UnavailableError: the remote did not answer (kind ``remote-unavailable``); whether
            the push has arrived is then not known.
    """
    target = f"{commit}:refs/heads/{branch}"
    options = ["--porcelain", "--no-follow-tags"]
    if lease is not None:
        options.append(f"--force-with-lease=refs/heads/{branch}:{lease}")
    # git pushes to a remote that mirrors either everything or nothing
    alone = () if "=" in remote else ("-c", f"remote.{remote}.mirror=false")
    done = _over_the_wire(git, remote, *alone, "push", *options, "--", remote, target)
    if done.status == 0:
        return
    from plana_secrets.git.commits import is_stored, pruned

    if not is_stored(git, commit):
        raise pruned()
    for line in done.stdout.decode("utf-8", "replace").split("\n"):
        if line.startswith("!"):
            raise _rejected(done, line, remote, branch)
    if b"pre-push hook" in done.stderr or b"failed to push some refs" in done.stderr:
        raise FailedError(f"a hook rejected the push to {branch} of {remote}", kind="push-refused")
    raise refused_access(done, remote)


def _rejected(done: Completed, line: str, remote: str, branch: str) -> PlanaSecretsError:
    if any(word in line for word in _RACES):
        return ConflictError(
            f"{branch} of {remote} has changed in the meantime",
            kind="push-conflict",
            retry=False,
            branch=branch,
        )
    return refused_push(done, line, remote, branch)


def check_access(git: GitCommand, remote: str, branch: str | None) -> None:
    """Ask whether the remote lets us read, and push to ``branch``; nothing is changed there.

    Whether the server protects the branch shows only when something new is pushed.

    Raises:
        CredentialError, UnavailableError, FailedError: as in ``push_commit``.
    """
    reference = f"refs/heads/{branch or 'HEAD'}"
    done = _over_the_wire(git, remote, "ls-remote", "--quiet", "--", remote, reference)
    if done.status != 0:
        raise refused_access(done, remote)
    from plana_secrets.git.commits import is_stored

    tip = done.stdout.decode("ascii", "replace").partition("\t")[0]
    if not branch or not tip or not is_stored(git, tip):
        return
    options = ("--dry-run", "--no-verify", "--porcelain", "--no-follow-tags")
    done = _over_the_wire(git, remote, "push", *options, "--", remote, f"{tip}:{reference}")
    if done.status != 0:
        raise refused_access(done, remote)


def remote_addresses(git: GitCommand) -> list[str]:
    """Where the remotes are; an address may hold a password, so show none."""
    pattern = r"^remote\..*\.url$"
    done = git.look("config", "-z", "--get-regexp", pattern, answers=(0, 1))
    entries = done.stdout.decode("utf-8", "replace").split("\0")
    return [entry.partition("\n")[2] for entry in entries if entry]


def fetch_branch(git: GitCommand, remote: str, branch: str) -> str | None:
    """Fetch ``branch``; its commit, or None where the remote has no such branch.

    Raises:
        CredentialError, UnavailableError: as in ``push_commit``.
    """
    tracking = f"refs/remotes/{remote}/{branch}"
    refspec = f"+refs/heads/{branch}:{tracking}"
    options = ("--quiet", "--no-tags", "--no-auto-gc")
    done = _over_the_wire(git, remote, "fetch", *options, "--", remote, refspec)
    if done.status == 0:
        return git.line("rev-parse", "--quiet", "--verify", f"{tracking}^{{commit}}")
    if b"couldn't find remote ref" in done.stderr:
        return None
    raise refused_access(done, remote)


def _over_the_wire(git: GitCommand, remote: str, *arguments: str) -> Completed:
    try:
        return git.run_open(*arguments)
    except DeadlineError:
        raise UnavailableError(
            f"the remote {remote} did not answer in time", kind="remote-unavailable"
        ) from None


ADVICE: Final = {
    "unknown-remote": "`git remote` shows the names; fix [git] remote in plana-secrets.toml",
    "push-conflict": "pull and run it again",
}
