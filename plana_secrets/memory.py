"""Files that live in memory only, and the portable way where there are none.

What Linux alone offers (memfd, /dev/shm) is behind this module. ``FACILITIES`` can be
replaced in a test to prove that the portable way works on any Unix. Nothing here ever
writes a secret to a disk on Linux: where no folder in memory is to be had, the private
folder is refused rather than put on a disk (macOS has no such folder; there the
per-user temporary folder is used, and SECURITY.md says so).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.places import is_safe, is_volume, runtime_folder
from plana_secrets.secret import Secret

_FOLDER_PREFIX = "plana-secrets."
_LASTING_PREFIX = "plana-secrets-kept."
_RUNTIME: Final = "XDG_RUNTIME_DIR"
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Facilities:
    """What this machine offers: memfd, and folders that never reach a disk."""

    memfd: bool
    folders: tuple[Path, ...]
    disk_allowed: bool


def detect_facilities() -> Facilities:
    """The facilities of the running system, best folder first."""
    if sys.platform.startswith("linux"):
        runtime = runtime_folder(os.environ) or _volume(os.environ.get(_RUNTIME, ""))
        folders = [runtime] if runtime is not None and _is_in_memory(runtime) else []
        folders.append(Path("/dev/shm"))  # noqa: S108 - memory, and our folder in it is 0700
        return Facilities(hasattr(os, "memfd_create"), tuple(folders), disk_allowed=False)
    import tempfile

    return Facilities(False, (Path(tempfile.gettempdir()),), disk_allowed=True)


def _volume(named: str) -> Path | None:
    """An `emptyDir` in memory: everyone may write to it, and root mounted it for this pod."""
    folder = Path(named)
    is_usable = folder.is_absolute() and (is_volume(folder) or is_safe(folder))
    return folder if is_usable else None


def _is_in_memory(folder: Path) -> bool:
    """Whether ``folder`` is on tmpfs, by the longest mount point that holds it."""
    try:
        resolved = str(folder.resolve())
        best = ("", "")
        for line in Path("/proc/self/mounts").read_text().splitlines():
            fields = line.split()
            mount, kind = fields[1], fields[2]
            inside = resolved == mount or resolved.startswith(mount.rstrip("/") + "/")
            if inside and len(mount) >= len(best[0]):
                best = (mount, kind)
        return best[1] in {"tmpfs", "ramfs"}
    except (OSError, IndexError):
        return False


FACILITIES = detect_facilities()


@contextlib.contextmanager
def readable_descriptor(content: Secret) -> Iterator[int]:
    """A descriptor from which a child reads ``content`` to its end.

    With memfd the child may open ``/dev/fd/N`` again and again, each time from the
    start, and so it may where memfd is refused (a sandbox): then it is a file in memory
    that has lost its name. The portable way is a pipe, which can be drained once.

    Raises:
        FailedError: there is no room for it (kind ``no-memory-folder``).
    """
    if FACILITIES.memfd:
        descriptor = _memory_file()
        try:
            _fill(descriptor, content)
            yield descriptor
        finally:
            os.close(descriptor)
        return
    try:
        reader, writer = os.pipe()
    except OSError as error:
        raise _no_room(error.strerror) from None
    feeder = threading.Thread(target=_feed, args=(writer, content), daemon=True)
    feeder.start()
    try:
        yield reader
    finally:
        os.close(reader)
        feeder.join(timeout=5)


def _memory_file() -> int:
    with contextlib.suppress(OSError):
        return os.memfd_create("plana-secrets", os.MFD_CLOEXEC)
    try:
        with private_folder() as folder:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            return os.open(folder / "content", flags, 0o600)
    except OSError as error:
        raise _no_room(error.strerror) from None


def _fill(descriptor: int, content: Secret) -> None:
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content.reveal())
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError as error:
        raise _no_room(error.strerror) from None


def _no_room(reason: str | None) -> FailedError:
    return FailedError(
        f"cannot create a folder in memory for private files: {reason}", kind="no-memory-folder"
    )


def _feed(writer: int, content: Secret) -> None:
    with contextlib.suppress(OSError), os.fdopen(writer, "wb") as file:
        file.write(content.reveal())


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A 0700 folder in memory, removed at the end.

    A lock on it tells that it is in use: a process number would not, in another container
    that shares the folders in memory.

    Raises:
        FailedError: no folder in memory can be created (kind ``no-memory-folder``).
    """
    folder, lock = _make_folder()
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _remove(folder: Path) -> None:
    import shutil  # it loads every archive format that it knows, and most runs make no folder

    shutil.rmtree(folder, ignore_errors=True)


def _make_folder() -> tuple[Path, int]:
    """A new folder and the descriptor that holds its lock."""
    named = os.environ.get(_RUNTIME)
    reason: str | None = (
        f"{_RUNTIME} is not a tmpfs that you own: {named}" if named else "there is none"
    )
    for parent in FACILITIES.folders:
        if not (FACILITIES.disk_allowed or _is_in_memory(parent)):
            continue
        try:
            _refuse_unsafe(parent)
            return _make_locked(parent)
        except OSError as error:
            reason = f"{parent}: {error.strerror}"
    raise _no_room(reason)


def _refuse_unsafe(parent: Path) -> None:
    sticky = parent.stat().st_mode & stat.S_ISVTX
    if not (is_safe(parent) or sticky or is_volume(parent)):
        raise PermissionError(errno.EPERM, "other users can replace its files")


def lasting_folders(*, create: bool = False) -> list[Path]:
    """Folders of this user for what has to outlive the run; in memory, until the machine restarts.

    Best first; one that others could have written to is left out.
    """
    found = []
    for parent in FACILITIES.folders:
        folder = parent / f"{_LASTING_PREFIX}{os.getuid()}"
        with contextlib.suppress(OSError):
            if create:
                _refuse_unsafe(parent)
                folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.lstat()
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
            if is_ours and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                found.append(folder)
    return found


def _make_locked(parent: Path) -> tuple[Path, int]:
    """A sweep may see a folder before it is locked; then another one is created."""
    for _ in range(_ATTEMPTS):
        folder = parent / f"{_FOLDER_PREFIX}{os.getuid()}.{os.urandom(8).hex()}"
        folder.mkdir(mode=0o700)
        try:
            lock = _lock(folder)
        except OSError:
            _remove(folder)
            raise
        if lock is not None:
            return folder, lock
        _remove(folder)
    raise BlockingIOError(errno.EAGAIN, "another process locks every new folder")


def _lock(folder: Path) -> int | None:
    """The descriptor that locks ``folder``, or None where another has the lock or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.lexists(folder):
            return descriptor
    except BlockingIOError:
        pass
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def sweep_private_folders() -> int:
    """Remove the private folders of this user that no process uses; how many there were.

    A process killed with -9 leaves its folder behind; the next run calls this.
    """
    swept = 0
    for folder in _all_ours():
        with _locked_if_stale(folder) as stale:
            if stale:
                _remove(folder)
                swept += 1
    return swept


def find_stale_folders() -> list[Path]:
    """Private folders of this user that no living process uses."""
    found = []
    for folder in _all_ours():
        with _locked_if_stale(folder) as stale:
            if stale:
                found.append(folder)
    return found


def _all_ours() -> list[Path]:
    return [folder for parent in FACILITIES.folders for folder in _ours(parent)]


def _ours(parent: Path) -> list[Path]:
    try:
        return [
            folder
            for folder in parent.glob(f"{_FOLDER_PREFIX}{os.getuid()}.*")
            if stat.S_ISDIR(folder.lstat().st_mode) and folder.lstat().st_uid == os.getuid()
        ]
    except OSError:
        return []


@contextlib.contextmanager
def _locked_if_stale(folder: Path) -> Iterator[bool]:
    """Whether no process uses ``folder``; it stays locked meanwhile."""
    lock = None
    with contextlib.suppress(OSError):
        lock = _lock(folder)
    try:
        yield lock is not None and not _may_live(folder)
    finally:
        if lock is not None:
            os.close(lock)


def _may_live(folder: Path) -> bool:
    """Earlier versions took no lock and put the process and the boot into the name."""
    parts = folder.name.removeprefix(_FOLDER_PREFIX).split(".")
    if len(parts) != 4:
        return False
    if not parts[1].isdigit() or parts[2] != _boot_id():
        return not parts[1].isdigit()
    try:
        os.kill(int(parts[1]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _boot_id() -> str:
    """Tells a process number of this boot from the same number of an earlier one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]
    except OSError:
        return "portable"


ADVICE: Final = {
    "no-memory-folder": (
        "mount a tmpfs at /dev/shm, or set XDG_RUNTIME_DIR to one; in a pod that is an `emptyDir` "
        "with `medium: Memory`"
    ),
}
