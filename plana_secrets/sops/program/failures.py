"""What the exit statuses of sops mean, in our own sentences.

Its stderr is looked at for fixed patterns and then forgotten: it holds plaintext in
some cases (``Input string ... does not match``) and a plain hash of all values in
others (``MAC mismatch``), so that no redaction would do.
"""

from __future__ import annotations

from typing import Final

from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UsageError,
)
from plana_secrets.process import Completed

UNCHANGED: Final = 200
"""The editor left the file as it was."""

_Family = type[PlanaSecretsError]

_BY_STATUS: Final[dict[int, tuple[_Family, str, str]]] = {
    2: (MalformedError, "sops-unreadable", "sops cannot read the file"),
    3: (FailedError, "sops-output", "sops could not write its result"),
    21: (FailedError, "not-encryptable", "sops cannot encrypt this content"),
    23: (FailedError, "not-encryptable", "sops cannot encrypt this content"),
    25: (MalformedError, "not-decryptable", "a value does not decrypt"),
    51: (MalformedError, "mac-mismatch", "the MAC is missing or does not match the values"),
    92: (MalformedError, "sops-unreadable", "the file has no document"),
    100: (MalformedError, "sops-unreadable", "sops was given no file"),
    128: (CredentialError, "no-identity-fits", "none of your identities opens the file"),
    201: (FailedError, "sops-editor", "sops could not read the new content"),
    203: (UsageError, "already-encrypted", "the content has a top-level key 'sops'"),
}

_BY_PATTERN: Final[tuple[tuple[bytes, tuple[_Family, str, str]], ...]] = (
    (b"no matching creation rules found", (UsageError, "no-rule", "sops found no creation rule")),
    (b"config file not found", (UsageError, "no-rule", "sops found no .sops.yaml")),
    (b"error loading config", (MalformedError, "bad-rules", "sops cannot read .sops.yaml")),
    (b"nmarshal", (MalformedError, "sops-unreadable", "sops cannot read the file")),
    (
        b"metadata not found",
        (MalformedError, "not-encrypted", "the file has no sops metadata"),
    ),
    (
        b"Cannot parse age plugin",
        (CredentialError, "age-plugin", "an age plugin is missing or failed"),
    ),
    (b"age-plugin-", (CredentialError, "age-plugin", "an age plugin is missing or failed")),
    (
        b"failed to parse input",
        (MalformedError, "bad-recipient", "sops does not accept a recipient"),
    ),
)

_PANIC: Final = (b"panic:", b"goroutine ", b"fatal error: ")
_STARVED: Final = (
    b"fatal error: failed to reserve", b"fatal error: runtime: cannot allocate",
    b"fatal error: out of memory", b"runtime: out of memory", b"runtime: cannot map pages",
    b"runtime: failed to create new OS thread", b"runtime: epollcreate failed",
)  # fmt: skip
"""Go says these before main begins, or in place of it, with the status of a file that is bad."""


def sops_error(done: Completed, task: str) -> PlanaSecretsError:
    """The error for a call of sops that did not end with 0; ``task`` is what it was to do."""
    if done.status < 0:
        return FailedError(
            f"sops was stopped by signal {-done.status}: {task}", kind="sops-crashed"
        )
    if done.status == 2 and any(mark in done.stderr for mark in _STARVED):
        return FailedError(f"sops ran out of memory: {task}", kind="exhausted", status=2)
    if done.status == 2 and any(mark in done.stderr for mark in _PANIC):
        return FailedError(f"sops crashed: {task}", kind="sops-crashed", status=2)
    family, kind, message = _meaning(done)
    return family(f"{message}: {task}", kind=kind, status=done.status)


def _meaning(done: Completed) -> tuple[_Family, str, str]:
    if done.status != 1 and done.status in _BY_STATUS:
        return _BY_STATUS[done.status]
    for pattern, meaning in _BY_PATTERN:
        if pattern in done.stderr:
            return meaning
    return FailedError, "sops-failed", f"sops failed with exit status {done.status}"


ADVICE: Final = {
    "age-plugin": "install the age plugin that the recipients need, in PATH",
    "not-encryptable": "`plana-secrets verify` shows content that sops does not accept",
    "sops-crashed": "try a newer sops; `plana-secrets verify` checks the file",
    "sops-editor": (
        "try again; if it fails again, please report it, with the sops version from "
        "`plana-secrets doctor`"
    ),
    "sops-failed": ("`plana-secrets doctor` shows which sops is used; try another version"),
    "sops-output": "check the free space, then try again",
    "sops-unreadable": "`plana-secrets verify` shows what is wrong with the file",
}
