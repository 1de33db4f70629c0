"""How git is called: which environment it gets, and what its answers mean.

Three things must not happen when we only look: a program of the checkout's choice runs
(hooks, a file system monitor, filters, diff and text conversions), git fetches something
that is missing, and a warning counts as a complete answer. What the person configures
for commits, fetches and pushes (identity, signing, hooks, ssh) stays in force there.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.git.received import received_push
from plana_secrets.memory import FACILITIES
from plana_secrets.process import (
    Completed,
    DeadlineError,
    ProgramError,
    minimal_environment,
    run_program,
)

_KEPT = {
    # where a person's settings are, and how git finds a repository
    "XDG_CONFIG_HOME", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    # how a commit is signed
    "GNUPGHOME", "GPG_TTY", "GPG_AGENT_INFO", "SSH_AUTH_SOCK", "SSH_AGENT_PID",
    # how a remote is reached
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "SSH_ASKPASS", "DISPLAY",
    "GIT_TERMINAL_PROMPT", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy",
}  # fmt: skip
_KEPT_PREFIXES = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_")

# a folder of the checkout that looks like a repository must not become one
_ALWAYS = (
    "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false", "-c", "color.ui=false",
    "--no-pager",
)  # fmt: skip
_CLOSED = ("-c", "protocol.allow=never", *_ALWAYS)
# the untracked cache is what an earlier git believed, and grep would go into submodules
_LOOKING = (
    "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false", "-c", "log.showRoot=true",
    "-c", "i18n.logOutputEncoding=UTF-8",
    "-c", "core.untrackedCache=false", "-c", "submodule.recurse=false",
    "-c", "advice.objectNameWarning=false", *_CLOSED,
)  # fmt: skip

# no transport is called "": GIT_ALLOW_PROTOCOL overrules what the repository's own settings
# allow; git 2.45 is the first that does not even try
_OFFLINE: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}
_LOOKING_ENVIRONMENT: Final = {
    **_OFFLINE,
    "GIT_OPTIONAL_LOCKS": "0",
    # what is stored counts, not what refs/replace or info/grafts show in its place
    "GIT_NO_REPLACE_OBJECTS": "1",
    # a file that cannot be there; of an empty one git says that it is out of date
    "GIT_GRAFT_FILE": f"{os.devnull}/none",
}

NETWORK_DEADLINE = 300.0


def git_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every git.

    What a surrounding git set (GIT_DIR, GIT_INDEX_FILE and so on, when we run as a hook)
    is left out: it would point us at another repository than the one that was asked for.
    """
    source = os.environ if environment is None else environment
    kept = {
        name: value
        for name, value in source.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    # its words are compared in places, so they have to be the untranslated ones
    fixed = {"LC_ALL": "C", "LANGUAGE": "", "GIT_PAGER": "cat"}
    return _scratch() | minimal_environment() | kept | fixed


def _scratch() -> dict[str, str]:
    """Where git writes what it signs or verifies: in a read-only root there is no /tmp."""
    if os.access("/tmp", os.W_OK):  # noqa: S108 - what git itself uses
        return {}
    usable = (str(one) for one in FACILITIES.folders if os.access(one, os.W_OK))
    return {"TMPDIR": next(usable, "/tmp")}  # noqa: S108


class NoRepositoryError(UsageError):
    """A folder in no git repository, or no folder."""

    default_kind = "no-repository"


@dataclass(frozen=True, slots=True)
class GitCommand:
    """git, run in one folder.

    In the folder of a repository that is receiving a push, git's own variables go along,
    so that the objects of the push can be read before they are accepted.

    ``index``: where to look in place of the repository's own index. ``git_dir``: the
    repository, where it is not to be looked for from the folder.
    """

    folder: Path
    index: Path | None = None
    git_dir: Path | None = None
    sizes: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    """Of blobs, by id, as far as they were asked for; see ``git.blobs``."""
    _collectors: list[list[str]] = field(default_factory=list, compare=False, repr=False)

    @contextlib.contextmanager
    def collecting_warnings(self) -> Iterator[list[str]]:
        """Within it, what git warns of while it reads is collected instead of raised.

        An answer with a warning is not complete: the caller has to say so.
        """
        warnings: list[str] = []
        self._collectors.append(warnings)
        try:
            yield warnings
        finally:
            self._collectors.pop()

    def look(
        self, *arguments: str, stdin: bytes = b"", answers: Collection[int] = (0,)
    ) -> Completed:
        """Run a command that only reads; nothing of the checkout is executed.

        ``answers``: the statuses that are an answer and no failure.

        Raises:
            FailedError: git gave an answer and warned that the answer is not complete (kind
                ``git-warning``).
        """
        environment = git_environment() | received_push(os.environ, self.folder)
        if self.git_dir is not None:
            environment["GIT_DIR"] = str(self.git_dir)
        if self.index is not None:
            environment["GIT_INDEX_FILE"] = str(self.index)
        done = self._run((*_LOOKING, *arguments), environment | _LOOKING_ENVIRONMENT, stdin)
        warning = serious_warning(done.stderr) if done.status in answers else None
        if warning is not None:
            message = f"git {_name_of(arguments)} could not read everything: {warning}"
            if not self._collectors:
                raise FailedError(message, kind="git-warning")
            if message not in self._collectors[-1]:
                self._collectors[-1].append(message)
        return done

    def read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What a reading command prints; a status other than 0 is an error."""
        done = self.look(*arguments, stdin=stdin)
        if done.status != 0:
            raise unreadable(_name_of(arguments), done)
        return done.stdout

    def line(self, *arguments: str) -> str | None:
        """The one line that a question prints, or None where git silently answers "no".

        Raises:
            FailedError: git could not answer (kind ``git-failed``).
        """
        done = self.look(*arguments)
        if done.status != 0:
            if done.stderr:
                raise unreadable(_name_of(arguments), done)
            return None
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n") or None

    def write(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a command that changes the repository and reaches nothing outside of it."""
        everything = git_environment() | _OFFLINE | dict(environment or {})
        return self._run((*_CLOSED, *arguments), everything, stdin, NETWORK_DEADLINE)

    def run_open(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Completed:
        """Run a command that may reach others, as the person configured it: fetch, push, hooks."""
        everything = git_environment() | dict(environment or {})
        return self._run((*_ALWAYS, *arguments), everything, b"", NETWORK_DEADLINE)

    def _run(
        self,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        stdin: bytes,
        deadline: float = NETWORK_DEADLINE,
    ) -> Completed:
        try:
            return run_program(
                ["git", *arguments],
                environment=environment,
                stdin=stdin,
                folder=self.folder,
                deadline=deadline,
            )
        except DeadlineError:
            raise
        except ProgramError:
            if not self.folder.is_dir():
                message = f"no such folder: {self.folder}"
                raise NoRepositoryError(message, folder=str(self.folder)) from None
            raise


_HARMLESS = re.compile(
    rb"hint: .*"
    # a branch or tag whose name is the id of an object: the object is what we meant
    rb"|warning: refname '[0-9a-f]{40,64}' is ambiguous\."
    # grep, where a folder of the index is a file on the disk: nothing of it is there to read
    rb"|error: '.*': Not a directory"
    # what a reflog knew and gc has removed is gone for good, not hidden
    rb"|warning: reflog of '.*' references pruned commits"
    # cat-file names each object that it has not, and every other command fails without it
    rb"|warning: lazy fetching disabled; some objects may not be available"
)
_NOT_FETCHED = re.compile(rb"could not fetch ([0-9a-f]{40,64}) from promisor remote")
_SHOWN = 300


def serious_warning(stderr: bytes) -> str | None:
    """The first thing git said that may mean an incomplete answer; what is unknown may."""
    for line in stderr.split(b"\n"):
        if line.strip() and not _HARMLESS.fullmatch(line):
            text = line.decode("utf-8", "replace").strip()
            return text.removeprefix("warning: ").removeprefix("error: ")[:_SHOWN]
    return None


def unreadable(command: str, done: Completed) -> FailedError:
    """The error for a git that only read, and failed: its words name what it stumbled over."""
    said = serious_warning(done.stderr)
    if missing := _NOT_FETCHED.search(done.stderr):
        message = f"git has no object {missing[1].decode()}"
        return FailedError(message, kind="git-missing-object", id=missing[1].decode())
    reason = said.removeprefix("fatal: ") if said else f"status {done.status}"
    return FailedError(
        f"git {command} failed: {reason}", kind="git-failed", command=command, status=done.status
    )


def _name_of(arguments: tuple[str, ...]) -> str:
    return next((one for one in arguments if not one.startswith("-")), "git")


def failure(command: str, done: Completed) -> FailedError:
    """The error for a git that failed where it had no reason to.

    Its words are not shown: a hook may have said them.
    """
    for sign, kind, meaning in _REASONS:
        if sign in done.stderr:
            return FailedError(f"git {command}: {meaning}", kind=kind, command=command)
    return FailedError(
        f"git {command} ended with status {done.status}",
        kind="git-failed",
        command=command,
        status=done.status,
    )


_REASONS = (
    (b"index.lock", "git-locked", "another git process has locked the index"),
    (b"cannot lock ref", "git-locked", "another git process has locked or moved the branch"),
    (b"nonexistent object", "git-pruned", "another git process removed the new commit"),
    (b"Permission denied", "git-unwritable", "the repository is not writable"),
    (b"Read-only file system", "git-unwritable", "the repository is not writable"),
    (b"No space left", "git-unwritable", "the disk is full"),
    (b"empty ident name", "git-no-author", "no author name and email are configured"),
    (b"Author identity unknown", "git-no-author", "no author name and email are configured"),
    (b"Committer identity unknown", "git-no-author", "no author name and email are configured"),
    (b"unable to auto-detect email", "git-no-author", "no author name and email are configured"),
    (b"failed to sign", "git-unsigned", "the commit could not be signed"),
    (b"gpg failed", "git-unsigned", "the commit could not be signed"),
)


ADVICE: Final = {
    "git-warning": "fix the problem that git reports (often permissions) and run it again",
    "git-failed": "see `git status` and `git fsck`",
    "git-locked": "wait for the other git process to finish and try again",
    "git-no-author": "run `git config user.name NAME` and `git config user.email EMAIL`",
    "git-unsigned": "`git commit -S --allow-empty -m test` shows the error of the signing program",
    "git-unwritable": (
        "check the permissions of .git and the free space; a job clones into a folder of its user, "
        "in a pod into an `emptyDir`"
    ),
    "no-repository": "run it inside a git repository (`git init` creates one), or pass --repo DIR",
}
