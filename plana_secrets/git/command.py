"""How git is called: which environment it gets, and what its failures mean.

What the checkout configures must not run when we only look: no hooks, no file system
monitor, no external diff, no text conversion, no clean filter. What the person
configures for commits and pushes (identity, signing, hooks, ssh) stays in force.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.process import Completed, ProgramError, minimal_environment, run_program

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

_ALWAYS = ("-c", "core.fsmonitor=false", "-c", "color.ui=false", "--no-pager")
_LOOKING = ("-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false", *_ALWAYS)

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
    return minimal_environment() | kept | {"LC_ALL": "C", "LANGUAGE": "", "GIT_PAGER": "cat"}


@dataclass(frozen=True, slots=True)
class GitCommand:
    """git, run in one folder."""

    folder: Path

    def look(self, *arguments: str, stdin: bytes = b"") -> Completed:
        """Run a command that only reads; nothing of the checkout is executed."""
        environment = git_environment() | {"GIT_OPTIONAL_LOCKS": "0"}
        return self._run((*_LOOKING, *arguments), environment, stdin)

    def read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What a reading command prints; a status other than 0 is an error."""
        done = self.look(*arguments, stdin=stdin)
        if done.status != 0:
            raise failure(arguments[0], done)
        return done.stdout

    def line(self, *arguments: str) -> str | None:
        """The one line that a question prints, or None where git answers with a failure."""
        done = self.look(*arguments)
        if done.status != 0:
            return None
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n") or None

    def write(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        deadline: float = NETWORK_DEADLINE,
    ) -> Completed:
        """Run a command that changes the repository, with the hooks that the person has."""
        everything = git_environment() | dict(environment or {})
        return self._run((*_ALWAYS, *arguments), everything, stdin, deadline)

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
        except ProgramError as error:
            if error.kind == "program-missing" and not self.folder.is_dir():
                raise UsageError(
                    f"no such folder: {self.folder}", kind="no-repository", folder=str(self.folder)
                ) from None
            raise


def failure(command: str, done: Completed) -> FailedError:
    """The error for a git that failed where it had no reason to."""
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
    (b"index.lock", "git-locked", "another git holds the index"),
    (b"cannot lock ref", "git-locked", "another git holds the branch, or moved it"),
    (b"Permission denied", "git-unwritable", "the repository is not writable"),
    (b"Read-only file system", "git-unwritable", "the repository is not writable"),
    (b"No space left", "git-unwritable", "the disk is full"),
    (b"empty ident name", "git-no-author", "no author name and address are configured"),
    (b"Author identity unknown", "git-no-author", "no author name and address are configured"),
    (b"Committer identity unknown", "git-no-author", "no author name and address are configured"),
    (b"unable to auto-detect email", "git-no-author", "no author name and address are configured"),
    (b"failed to sign", "git-unsigned", "the commit could not be signed"),
    (b"gpg failed", "git-unsigned", "the commit could not be signed"),
)
