"""Why a remote let us not in or did not take a push, from what ssh, git and the server said.

What a hook says may hold anything, so of a server's words only those are repeated that are
about the branch being protected, without what may be a credential. The words are those of
OpenSSH 9.2 and git 2.39 to 2.52, and of GitHub, GitLab, Forgejo, Gitea, Bitbucket and Azure DevOps.
"""

from __future__ import annotations

import re
from typing import Final

from plana_secrets.errors import (
    CredentialError,
    FailedError,
    PlanaSecretsError,
    UnavailableError,
)
from plana_secrets.escape import safe_line
from plana_secrets.process import Completed

_SHOWN: Final = 300
_OPEN_KEY: Final = re.compile(rb'Load key "([^"\n]+)": bad permissions')
_LOST_KEY: Final = re.compile(
    rb'Load key "([^"\n]+)": (?!bad permissions)|Identity file (\S+) not accessible'
)
_NO_ACCOUNT: Final = re.compile(rb"No user exists for uid (\d+)|You don't exist, go away")
_READ_ONLY: Final = re.compile(
    rb"(?i)read[- ]only(?! file)|does not have write access|not authorized to write"
    rb"|denied for writing|write access to repository not granted"
)
_REFUSED: Final = (
    b"Authentication failed",
    b"Permission denied",
    b"could not read Username",
    b"could not read Password",
    b"HTTP Basic: Access denied",
    b"returned error: 401",
    b"returned error: 403",
)
_PROTECTED: Final = re.compile(
    r"(?i)protected|GH006|GH013|(?:pull|merge) request|can only be modified|prohibited by"
    r"|not allowed to push|repository rule violations"
)


_CREDENTIALS: Final = (
    re.compile(r"(://)[^\s/@]+(?=@)"),
    re.compile(
        r"(?i)((?:[\w-]*(?:token|password|passwd|secret|credential|api[_-]?key|signature|auth)"
        r"[\"']?\s*[=:]|authorization\s*[=:]\s*(?:basic|bearer))\s*[\"']?)(?!\*)[^\s\"'&]+"
    ),
    re.compile(r"()\b(?:gh[a-z]_|github_pat_|gl[a-z]{1,4}-|xox[a-z]-|AKIA|eyJ)[\w.-]{6,}"),
    re.compile(r"()(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}"),
)
"""Of an address, behind a name, of a form that forges use, and any other long word of letters
and digits. The first group stays."""


def refused_access(done: Completed, remote: str) -> PlanaSecretsError:
    """The error for a remote with which nothing could be done.

    A key that ssh leaves aside is named before the refusal that follows from it.
    """
    said = done.stderr
    if match := _OPEN_KEY.search(said):
        key = _named(match.group(1))
        message = f"ssh ignores the key {key}: other users can read it"
        return CredentialError(message, kind="remote-key-open", remote=remote, key=key)
    if b"REMOTE HOST IDENTIFICATION HAS CHANGED" in said:
        message = f"the host key of the remote {remote} is not the one in known_hosts"
        return CredentialError(message, kind="remote-host-changed", remote=remote)
    if b"Host key verification failed" in said:
        message = f"the host key of the remote {remote} is not known"
        return CredentialError(message, kind="remote-host-unknown", remote=remote)
    if match := _NO_ACCOUNT.search(said):
        message = "ssh needs an entry in /etc/passwd for the user that runs it"
        return CredentialError(message, kind="remote-no-account", remote=remote)
    return _refused_key(said, remote)


def _refused_key(said: bytes, remote: str) -> PlanaSecretsError:
    is_refused = any(sign in said for sign in _REFUSED)
    if is_refused and (match := _LOST_KEY.search(said)):
        key = _named(match.group(1) or match.group(2))
        message = f"ssh cannot use the key {key}"
        return CredentialError(message, kind="remote-key-unusable", remote=remote, key=key)
    if _READ_ONLY.search(said):
        message = f"the remote {remote} lets this key read, not write"
        return CredentialError(message, kind="remote-read-only", remote=remote)
    if is_refused:
        message = f"the remote {remote} denied access"
        return CredentialError(message, kind="remote-credential", remote=remote)
    message = f"the remote {remote} did not answer"
    return UnavailableError(message, kind="remote-unavailable", remote=remote)


def refused_push(
    done: Completed, line: str, remote: str, branch: str
) -> FailedError | CredentialError:
    """The error for a push that the server or its hook did not take; ``line`` is git's own."""
    if _READ_ONLY.search(done.stderr):
        message = f"the remote {remote} lets this key read, not write"
        return CredentialError(message, kind="remote-read-only", remote=remote)
    reason = _reason(done, line)
    if reason is None:
        message = f"{remote} rejected the push to {branch}"
        return FailedError(message, kind="push-refused", branch=branch)
    message = f"{branch} of {remote} is protected: {reason}"
    return FailedError(message, kind="protected-branch", branch=branch)


def _reason(done: Completed, line: str) -> str | None:
    """The server's words, as far as they say that a branch is protected."""
    said = done.stderr.decode("utf-8", "replace").splitlines()
    lines = [one.removeprefix("remote:").strip() for one in said if one.startswith("remote:")]
    own = line.rpartition("(")[2].rpartition(")")[0]
    telling = [_without_credentials(one) for one in (*lines, own) if _PROTECTED.search(one)]
    return safe_line("; ".join(dict.fromkeys(telling))[:_SHOWN]) if telling else None


def _without_credentials(text: str) -> str:
    for pattern in _CREDENTIALS:
        text = pattern.sub(r"\1***", text)
    return text


def _named(text: bytes) -> str:
    return safe_line(text.decode("utf-8", "replace"))


ADVICE: Final = {
    "protected-branch": (
        "let a rotation push to a branch of its own with `--push-branch PREFIX`, and merge that"
    ),
    "push-refused": (
        "`git push` shows what the server says; `--push-branch PREFIX` lets a rotation push to "
        "another branch"
    ),
    "remote-credential": (
        "check the ssh key or the token that git uses; in a job, a key with a passphrase does not "
        "work"
    ),
    "remote-host-changed": (
        "ask the server's administrator for its host keys; replace the line in known_hosts only "
        "if the new key is there"
    ),
    "remote-host-unknown": (
        "write the host key that the server's administrator publishes into a known_hosts file, "
        "and name that in GIT_SSH_COMMAND: `ssh -o UserKnownHostsFile=FILE`"
    ),
    "remote-key-open": (
        "`chmod 600 {key}`; in a pod mount the secret with `defaultMode: 0400`, owned by root"
    ),
    "remote-key-unusable": (
        "check that the file is there, is a private key without a passphrase, and that the user "
        "of the job can read it; in a pod that takes `fsGroup`"
    ),
    "remote-no-account": (
        "run the job as a user that the image has (65534 in Debian), or use https with a token"
    ),
    "remote-read-only": "give the deploy key write access",
}
