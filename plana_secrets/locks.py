"""Lock files: one holder at a time, for how long to wait for it, and what is known of it.

The kernel says that a lock is held, and frees it when its holder dies; the file itself is
never deleted. Who holds it is in the file, in the holder's own words. They may be left
from a run that was killed, or written by anything else, so they are shown only where
nothing contradicts them.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from plana_secrets.errors import ConflictError, FailedError

_LONGEST: Final = 1000
_LONGEST_WORD: Final = 200
_POLL: Final = 0.05
_TELL_AFTER: Final = 1.0
"""Seconds: how often the lock is tried, and when a person is told what is waited for."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The run that has a lock. ``since``: when it took it, by the clock of the file system."""

    process: int
    host: str
    command: str
    since: datetime

    def __str__(self) -> str:
        place = "" if self.host == os.uname().nodename else f" on {self.host}"
        since = f"{self.since:%Y-%m-%dT%H:%M:%SZ}"
        return f"{self.command}, process {self.process}{place}, since {since}"


def _no_one(_holder: Holder | None) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, in seconds, to wait for a lock; ``tell`` is called once if that takes a while."""

    seconds: float = 0.0
    tell: Callable[[Holder | None], None] = _no_one


NO_PATIENCE: Final = Patience()


@contextlib.contextmanager
def locked(path: Path, *, command: str, patience: Patience = NO_PATIENCE) -> Iterator[None]:
    """Hold the lock file at ``path``; ``command`` tells others which run has it.

    Raises:
        ConflictError: another run still holds it (kind ``locked``).
        FailedError: the lock file cannot be created, or its file system has no locks (kind
            ``no-locks``).
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FailedError(
            f"cannot write {path}: {error.strerror}", kind="unwritable-file", file=str(path)
        ) from None
    try:
        _acquire(path, descriptor, patience)
        _note_holder(descriptor, command)
        try:
            yield
        finally:
            _forget_holder(descriptor)
    finally:
        os.close(descriptor)


def _acquire(path: Path, descriptor: int, patience: Patience) -> None:
    begun = time.monotonic()
    told = False
    while not _try(path, descriptor):
        waited = time.monotonic() - begun
        if waited >= patience.seconds:
            holder = _read_holder(descriptor)
            words = f"another run holds the lock: {holder or 'it is not known which'}"
            raise ConflictError(words, kind="locked", holder=str(holder) if holder else None)
        if not told and waited >= _TELL_AFTER:
            told = True
            patience.tell(_read_holder(descriptor))
        time.sleep(_POLL)


def _try(path: Path, descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise FailedError(
            f"cannot lock {path}: {error.strerror}", kind="no-locks", file=str(path)
        ) from None
    return True


def _note_holder(descriptor: int, command: str) -> None:
    words = {"process": os.getpid(), "host": os.uname().nodename, "command": command}
    with contextlib.suppress(OSError):  # a full disk: who holds it is not known, that is all
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(words).encode(), 0)


def _forget_holder(descriptor: int) -> None:
    """The next one may be asked before it has written its own name."""
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)


def _read_holder(descriptor: int) -> Holder | None:
    """What the file says of the run that holds the lock, if that can be so."""
    try:
        words = json.loads(os.pread(descriptor, _LONGEST, 0))
        written = os.fstat(descriptor).st_mtime
        since = datetime.fromtimestamp(written, UTC)
    except (OSError, ValueError, OverflowError, RecursionError):
        return None
    match words:
        case {"process": int(process), "host": str(host), "command": str(command)} if (
            process > 0 and _is_plain(host) and _is_plain(command) and _may_live(process, host)
        ):
            return Holder(process, host, command, since)
    return None


def _is_plain(word: str) -> bool:
    return bool(word) and len(word) <= _LONGEST_WORD and word.isprintable()


def _may_live(process: int, host: str) -> bool:
    """Of another host nothing is known here."""
    if host != os.uname().nodename:
        return True
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether another run holds the lock file at ``path`` now.

    Where the file system has no locks, none does: nothing can be written there.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False
    finally:
        os.close(descriptor)


ADVICE: Final = {
    "no-locks": "work in a clone on a local disk, or mount the share with locks",
    "locked": "try again when it has finished; commands that write wait longer with --wait SECONDS",
}
