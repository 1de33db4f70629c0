"""The only door to the disk for writes: atomic replace.

A file is at every instant the old or the new complete one: the new content is written
beside it, synced, renamed over it, and the folder synced (security.md of the design
measured 446 kill points without a torn file for this order).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from pathlib import Path

from plana_secrets import limits
from plana_secrets.errors import FailedError, MissingFileError

NEW_FILE_MODE = 0o644
"""Secret files are ciphertext in git; private files name their mode."""

_TEMPORARY = re.compile(r"\..+\.plana-[0-9a-f]{8}")


def read_regular_file(
    path: Path, *, limit: int = limits.STATE_FILE, name: str | None = None
) -> bytes:
    """The bytes of a regular file. ``name``: what an error calls it, by default its path.

    Raises:
        MissingFileError: there is none, and may be none where its folder is a file.
        FailedError: it is a symlink or no regular file (kind ``not-a-regular-file``),
            larger than ``limit`` bytes (kind ``too-large``) or unreadable (kind
            ``unreadable-file``).
    """
    called = name or str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(f"no such file: {called}", file=called) from None
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK, errno.ENXIO}:
            raise not_regular(called) from None
        raise _unreadable(called, error) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise not_regular(called, status.st_mode)
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > limit:
            raise _too_large(called, limit)
        try:
            content = file.read(limit + 1)  # a file of /proc, say, does not know its size
        except OSError as error:
            raise _unreadable(called, error) from None
    if len(content) > limit:
        raise _too_large(called, limit)
    return content


def path_below(root: Path, file: str, known: set[str] | None = None) -> Path:
    """Where ``file`` is below ``root``, through no link.

    ``known``: of a caller that asks for many files in a row, the folders that are no links.

    Raises:
        FailedError: it, or a folder on the way to it, is a symlink (kind ``symlink``).
    """
    place = os.fspath(root)
    folder = f"{place}/{file}".rpartition("/")[0]
    known = set() if known is None else known
    parts = file.split("/")
    if folder in known:
        place, parts = folder, parts[-1:]
    for part in parts:
        place = f"{place}/{part}"
        try:
            mode = os.lstat(place).st_mode
        except OSError:
            continue  # what is not there, or may not be looked at, is an error of the reading
        if stat.S_ISLNK(mode):
            link = Path(place).relative_to(root).as_posix()
            what = "is a symlink" if link == file else f"is behind a symlink, {link}"
            raise FailedError(f"{file} {what}", kind="symlink", file=file, link=link)
    known.add(folder)
    return Path(place)


def _too_large(name: str, limit: int) -> FailedError:
    return FailedError(
        f"larger than {limits.in_words(limit)}: {name}",
        kind="too-large",
        file=name,
        limit=limits.in_words(limit),
    )


def not_regular(name: str, mode: int = 0) -> FailedError:
    """The error for what is no regular file; ``mode`` says whether it is a folder."""
    what = "a folder, not a file" if stat.S_ISDIR(mode) else "a symlink or not a regular file"
    return FailedError(f"{what}: {name}", kind="not-a-regular-file", file=name)


def _unreadable(name: str, error: OSError) -> FailedError:
    return FailedError(f"cannot read {name}: {error.strerror}", kind="unreadable-file", file=name)


def digest_of(content: bytes) -> str:
    """SHA-256 in hex of the bytes of a file (ciphertext), to see whether it changed."""
    return hashlib.sha256(content).hexdigest()


def replace_file(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Put ``content`` at ``path``: afterwards it is there, or the old file is untouched.

    The mode of an existing file is kept unless ``mode`` is given.

    Raises:
        FailedError: it could not be written, or is a symlink; the old file is as before.
    """
    try:
        present = path.lstat()
    except FileNotFoundError:
        present = None
    except OSError as error:
        raise _unwritable(path, error) from None
    if present is not None and not stat.S_ISREG(present.st_mode):
        raise not_regular(str(path))
    if mode is None:
        mode = stat.S_IMODE(present.st_mode) if present else NEW_FILE_MODE
    temporary = path.with_name(f".{path.name}.plana-{os.urandom(4).hex()}")
    try:
        _write_synced(temporary, content, mode)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise _unwritable(path, error) from None
    sync_folder(path.parent)


def _unwritable(path: Path, error: OSError) -> FailedError:
    return FailedError(
        f"cannot write {path}: {error.strerror}", kind="unwritable-file", file=str(path)
    )


def _write_synced(path: Path, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)
        _sync(file.fileno())


def _sync(descriptor: int) -> None:
    """Wait until it is on the disk. A file system that has no such thing is no failure."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
            raise


def append_synced(path: Path, content: bytes) -> None:
    """Append lines to a private file and return when they are on the disk.

    A last line without its newline, torn by a crash, goes first: joined with it the new
    one could not be read.
    """
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "r+b") as file:
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)
            file.seek(whole)
            file.write(content)
            file.flush()
            _sync(file.fileno())
    except OSError as error:
        raise _unwritable(path, error) from None


def remove_file(path: Path) -> None:
    """Remove a file durably; one that is gone already is no error."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise FailedError(
            f"cannot remove {path}: {error.strerror}", kind="unwritable-file", file=str(path)
        ) from None
    sync_folder(path.parent)


def remove_tree(path: Path) -> None:
    """Remove what is at ``path``, a folder with all that is in it; no link is followed.

    What is gone already is no error.

    Raises:
        FailedError: it cannot be removed (kind ``unwritable-file``).
    """
    if path.is_symlink() or not path.is_dir():
        remove_file(path)
        return
    for inner in path.iterdir():
        remove_tree(inner)
    try:
        path.rmdir()
    except OSError as error:
        raise _unwritable(path, error) from None


def make_folder(path: Path, *, mode: int = 0o755) -> None:
    """Make a folder and its parents; one that is there already is no error.

    Whatever the umask of a container is, no other user may write to any of them.
    """
    try:
        for parent in reversed(path.parents):
            if not parent.is_dir():
                parent.mkdir(mode=0o755, exist_ok=True)
        path.mkdir(mode=mode, exist_ok=True)
    except OSError as error:
        raise FailedError(
            f"cannot create folder {path}: {error.strerror}", kind="unwritable-file", file=str(path)
        ) from None


def rename_folder(folder: Path, name: Path) -> None:
    """Give a folder another name in the same parent, durably.

    Raises:
        FailedError: it cannot be renamed (kind ``unwritable-file``).
    """
    try:
        folder.rename(name)
    except OSError as error:
        raise _unwritable(folder, error) from None
    sync_folder(name.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable. Where a file system refuses, there is no more to do."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_folder(path: Path) -> bool:
    """Whether a folder is there, and no link to one. A name that is too long is none."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that a killed run left beside its target."""
    return _TEMPORARY.fullmatch(name) is not None


def find_leftovers(folder: Path, *, deep: bool = True) -> list[Path]:
    """Temporary files that a killed run left beside its targets in ``folder``.

    ``deep``: also in the folders in it. What cannot be looked at has none.
    """
    found: list[Path] = []
    for place, _folders, names in os.walk(folder):
        paths = [Path(place, name) for name in names if is_temporary(name)]
        found += [path for path in paths if _is_regular(path)]
        if not deep:
            break
    return found


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
