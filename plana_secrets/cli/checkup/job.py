"""What a job needs beside a person's tools: a clone it can write to, state, and a remote.

`doctor --job` asks the remote; nothing is changed there or here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from plana_secrets.cli.checkup.keys import check_job_keys
from plana_secrets.cli.checkup.result import Result, from_error
from plana_secrets.errors import FailedError, PlanaSecretsError
from plana_secrets.sops.model import Severity

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context
    from plana_secrets.git.repository import Repository


def check_job(context: Context) -> Iterator[Result]:
    for result in check_job_keys(context):
        # a person may still become a reader; a job that is none is lost
        yield replace(result, severity=Severity.ERROR) if result.check == "recipient" else result
    try:
        repository, settings = context.workspace.repository, context.settings
    except PlanaSecretsError:
        return  # said by the check of the repository
    yield _check_writable(repository, rotates=bool(settings.keysets))
    yield _check_history(repository)
    yield _check_author(repository)
    if settings.mirror.chosen is not None:
        yield _check_state(context, repository)
    yield _check_remote(context, repository)


def _check_writable(repository: Repository, *, rotates: bool) -> Result:
    """Without keysets a clone that may only be read does."""
    places = [repository.root, repository.git_dir, repository.common_dir / "objects"]
    closed = [place for place in dict.fromkeys(places) if not os.access(place, os.W_OK)]
    if not closed:
        return Result("job-git", "the clone can be written to")
    return Result(
        "job-git",
        f"{closed[0]} cannot be written to: `verify` and `mirror sync` work, a rotation does not",
        Severity.ERROR if rotates else Severity.NOTE,
        "clone into a volume of the job, as its user; in a pod, an `emptyDir`",
    )


def _check_history(repository: Repository) -> Result:
    gap = repository.incomplete()
    if gap is None:
        return Result("job-history", "the clone has its whole history")
    return Result(
        "job-history",
        f"this is {gap}: `verify --level L3` and `verify --range` cannot finish",
        Severity.WARNING,
        "clone without `--depth` and `--filter`; in CI `fetch-depth: 0` (GitLab: `GIT_DEPTH: 0`)",
    )


def _check_author(repository: Repository) -> Result:
    from plana_secrets.git.author import DEFAULT_AUTHOR, has_author

    if has_author(repository.command):
        return Result("job-author", "git has a name to commit with")
    return Result(
        "job-author",
        f"commits are by {repository.author}",
        Severity.NOTE if repository.author == DEFAULT_AUTHOR else None,
        'set [git] author = "NAME <EMAIL>"' if repository.author == DEFAULT_AUTHOR else None,
    )


def _check_state(context: Context, repository: Repository) -> Result:
    """Where the mirror, its locks and its sessions are kept; a server needs none of it."""
    from plana_secrets.cli.commands.mirror.comparison import surroundings

    chosen = context.settings.mirror.chosen
    is_kept = chosen is not None and chosen.KEEPS_STATE
    try:
        folder = surroundings(context).repository_folder
    except PlanaSecretsError as error:
        return from_error("job-state", error, Severity.ERROR)
    present = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    if os.access(present, os.W_OK | os.X_OK):
        what = "the mirror is" if is_kept else "the login and what agreed are"
        return Result("job-state", f"{what} kept in {folder}")
    closed = f"{present} cannot be written to"
    if is_kept or not os.access(repository.common_dir, os.W_OK):  # where the locks are
        return _unwritable(f"{closed}, and the mirror is kept in {folder}", Severity.ERROR)
    lost = f"{closed}: each `mirror sync` logs in and opens everything"
    return _unwritable(lost, Severity.WARNING)


def _unwritable(message: str, severity: Severity) -> Result:
    return from_error("job-state", FailedError(message, kind="state-unwritable"), severity)


def _check_remote(context: Context, repository: Repository) -> Result:
    from plana_secrets.git.remotes import check_access

    try:
        remote, branch = repository.remote(), context.branch
        if remote is None:
            repository.require_remote()
            return Result("job-remote", "no remote")
        check_access(repository.command, remote, branch)
    except PlanaSecretsError as error:
        return from_error("job-remote", error, _severity_of(context, error))
    return Result("job-remote", f"{remote} lets this job read {branch} and push to it")


def _severity_of(context: Context, error: PlanaSecretsError) -> Severity:
    """A repository without a remote is one whose commits are what is deployed."""
    if error.kind == "no-remote" or not context.settings.keysets:
        return Severity.NOTE if error.kind == "no-remote" else Severity.WARNING
    return Severity.ERROR
