"""Files that live in memory only, and the portable way where there are none.

What Linux alone offers (memfd, /dev/shm) is behind this module. ``FACILITIES`` can be
replaced in a test to prove that the portable way works on any Unix. Nothing here ever
writes a secret to a disk on Linux: where no folder in memory is to be had, the private
folder is refused rather than put on a disk (macOS has no such folder; there the
per-user temporary folder is used, and SECURITY.md says so).
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plana_secrets.errors import FailedError
from plana_secrets.secret import Secret

_FOLDER_PREFIX = "plana-secrets."


@dataclass(frozen=True, slots=True)
class Facilities:
    """What this machine offers: memfd, and folders that never reach a disk."""

    memfd: bool
    folders: tuple[Path, ...]
    disk_allowed: bool


def detect_facilities() -> Facilities:
    """The facilities of the running system, best folder first."""
    if sys.platform.startswith("linux"):
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        folders = [Path(runtime)] if runtime and _is_in_memory(Path(runtime)) else []
        folders.append(Path("/dev/shm"))  # noqa: S108 - memory, and the folder made in it is 0700
        return Facilities(hasattr(os, "memfd_create"), tuple(folders), disk_allowed=False)
    import tempfile

    return Facilities(False, (Path(tempfile.gettempdir()),), disk_allowed=True)


def _is_in_memory(folder: Path) -> bool:
    """Whether ``folder`` lies on tmpfs, by the longest mount point that holds it."""
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
    start; the portable way is a pipe, which can be drained once.
    """
    if FACILITIES.memfd:
        descriptor = os.memfd_create("plana-secrets", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(content.reveal())
            os.lseek(descriptor, 0, os.SEEK_SET)
            yield descriptor
        finally:
            os.close(descriptor)
        return
    reader, writer = os.pipe()
    feeder = threading.Thread(target=_feed, args=(writer, content), daemon=True)
    feeder.start()
    try:
        yield reader
    finally:
        os.close(reader)
        feeder.join(timeout=5)


def _feed(writer: int, content: Secret) -> None:
    with contextlib.suppress(OSError), os.fdopen(writer, "wb") as file:
        file.write(content.reveal())


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A 0700 folder in memory, removed at the end. Its name tells a sweep whose it is.

    Raises:
        FailedError: no folder in memory can be made (kind ``no-memory-folder``).
    """
    folder = _make_folder()
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    import shutil  # it loads every archive format that it knows, and most runs make no folder

    shutil.rmtree(folder, ignore_errors=True)


def _make_folder() -> Path:
    name = f"{_FOLDER_PREFIX}{os.getuid()}.{os.getpid()}.{_boot_id()}.{os.urandom(4).hex()}"
    for parent in FACILITIES.folders:
        if not FACILITIES.disk_allowed and not _is_in_memory(parent):
            continue
        folder = parent / name
        try:
            folder.mkdir(mode=0o700)
        except OSError:
            continue
        return folder
    raise FailedError("no folder in memory can be made for private files", kind="no-memory-folder")


def sweep_private_folders() -> int:
    """Remove the private folders of this user whose process is gone; how many there were.

    A process killed with -9 leaves its folder behind; the next run calls this.
    """
    stale = find_stale_folders()
    for folder in stale:
        _remove(folder)
    return len(stale)


def find_stale_folders() -> list[Path]:
    """Private folders of this user that no living process owns."""
    every = (folder for parent in FACILITIES.folders for folder in _ours(parent))
    return [folder for folder in every if _is_stale(folder)]


def _ours(parent: Path) -> list[Path]:
    try:
        return [
            folder
            for folder in parent.glob(f"{_FOLDER_PREFIX}{os.getuid()}.*")
            if stat.S_ISDIR(folder.lstat().st_mode) and folder.lstat().st_uid == os.getuid()
        ]
    except OSError:
        return []


def _is_stale(folder: Path) -> bool:
    parts = folder.name.removeprefix(_FOLDER_PREFIX).split(".")
    if len(parts) != 4 or not parts[1].isdigit():
        return False
    if parts[2] != _boot_id():
        return True
    try:
        os.kill(int(parts[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _boot_id() -> str:
    """Tells a process number of this boot from the same number of an earlier one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]
    except OSError:
        return "portable"
