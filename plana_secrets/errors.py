"""Everything that this package raises on purpose.

::

    PlanaSecretsError
    ├── UsageError          exit 2  wrong call or configuration; nothing was attempted
    ├── FailedError         exit 3  could not be done; the state is as before
    │   ├── MissingFileError        there is no such file
    │   └── MalformedError          a file or an answer is not what it must be
    ├── CredentialError     exit 4  an identity or a credential is missing or refused
    ├── UnavailableError    exit 5  a remote did not answer
    ├── ConflictError       exit 6  a lock is held, or something changed meanwhile
    └── IncompleteError     exit 7  stopped in the middle; ``recover`` goes on

An error carries facts, not advice: a message (lower case, no full stop, never a
value), a ``kind`` (a stable word that scripts and the advice table may rely on) and
named facts. The advice for a kind is in the table ``ADVICE`` of the module that
raises it, or of one that this module imports: a template in which ``{file}`` is the fact
``file``. A kind on which code acts has a class of its own. Exceptions of other libraries
are caught at the door that calls the library and replaced ``from None``: their texts may
hold plaintext.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import ClassVar, Final


class PlanaSecretsError(Exception):
    """The root of the tree. ``exit_code`` is a fact about the class, not a choice.

    ``retry``: whether the same call may work later without anything else being done.
    """

    exit_code: ClassVar[int] = 3
    default_kind: ClassVar[str] = "failed"
    retries: ClassVar[bool] = False

    def __init__(
        self, message: str, *, kind: str | None = None, retry: bool | None = None, **facts: object
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind or self.default_kind
        self.retry = self.retries if retry is None else retry
        self.facts = facts


@contextlib.contextmanager
def about(file: str) -> Iterator[None]:
    """Errors in the block are about ``file``, also where what raises them knows none."""
    try:
        yield
    except PlanaSecretsError as error:
        error.facts.setdefault("file", file)
        raise


class UsageError(PlanaSecretsError):
    """A wrong call, a wrong configuration, or nothing that matched."""

    exit_code = 2
    default_kind = "usage"


class FailedError(PlanaSecretsError):
    """The work could not be done, and the state is as it was before."""

    exit_code = 3
    default_kind = "failed"


class MissingFileError(FailedError):
    """There is no such file."""

    default_kind = "missing-file"


class MalformedError(FailedError):
    """A file, a key or an answer is not of the form that it must have."""

    default_kind = "malformed"


class CredentialError(PlanaSecretsError):
    """An identity or another credential is missing, locked or refused."""

    exit_code = 4
    default_kind = "credential"


class UnavailableError(PlanaSecretsError):
    """Something remote did not answer; the same call may work later."""

    exit_code = 5
    default_kind = "unavailable"
    retries = True


class ConflictError(PlanaSecretsError):
    """A lock is held, or a file or an item changed meanwhile; nothing was changed."""

    exit_code = 6
    default_kind = "conflict"
    retries = True


class IncompleteError(PlanaSecretsError):
    """A change stopped in the middle and its journal is still open."""

    exit_code = 7
    default_kind = "incomplete"


ADVICE: Final = {
    "remote-unavailable": "check the network and the remote's address, and try again",
    "too-large": "split it, or store large data elsewhere",
    "unreadable-file": "`ls -l {file}` shows who can read it",
    "unwritable-file": "check the permissions and the free space",
    "file-exists": "look at it with `plana-secrets show {file}`, or choose another name",
    "not-a-regular-file": "name a regular file, or put one in its place; "
    "`plana-secrets ls` lists the secret files",
    "symlink": "replace the link with the file it points to",
    "missing-file": "`plana-secrets ls` shows the secret files",
    "no-identity-fits": (
        "`plana-secrets identity show` lists your recipients, and keys that cannot "
        "be used here; to be let in, send a reader what `plana-secrets recipients request NAME` "
        "prints"
    ),
    "identity-unusable": (
        "correct that source: it needs a line that begins with AGE-SECRET-KEY-1; in a pod, check "
        "the key of the Secret behind it"
    ),
    "bad-recipient": "copy all of it; a recipient begins with age1, ssh-ed25519 or ssh-rsa",
}
