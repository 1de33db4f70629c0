"""Where a person's own folders are: HOME and the folders of the XDG specification.

Secrets and what protects them go there, so a folder counts only when no other user can
replace what we put in it. The specification (XDG Base Directory 0.8) says that a
relative path in one of its variables is to be ignored.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from plana_secrets.errors import UsageError


def home_folder(environment: Mapping[str, str]) -> Path | None:
    """The home folder: HOME, or where that is missing, empty or relative, the account's own.

    None where there is neither: containers often run as a number without an account.
    """
    named = _absolute(environment.get("HOME"))
    if named is not None:
        return named
    try:
        return _absolute(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def expand_home(path: Path, home: Path | None) -> Path:
    """A path that a person typed, its ``~/`` replaced.

    Raises:
        UsageError: it begins with the home folder of another user, or there is none (kind
            ``no-home``).
    """
    if not path.parts or not path.parts[0].startswith("~"):
        return path
    if home is None or path.parts[0] != "~":
        raise UsageError(f"no home folder for {path.parts[0]}", kind="no-home")
    return home.joinpath(*path.parts[1:])


def configuration_home(environment: Mapping[str, str], home: Path | None) -> Path | None:
    """Where programs keep their configuration; sops looks there for its key file."""
    return _absolute(environment.get("XDG_CONFIG_HOME")) or (home / ".config" if home else None)


def user_state_folder(environment: Mapping[str, str], home: Path | None) -> Path:
    """Where this program keeps what outlives a run and belongs into no repository.

    It may not be there yet.

    Raises:
        UsageError: others could replace what is in it (kind ``unsafe-folder``), or there
            is no home folder (kind ``no-home``).
    """
    base = _absolute(environment.get("XDG_STATE_HOME"))
    if base is None:
        if home is None:
            raise UsageError("there is no home folder", kind="no-home")
        base = home / ".local" / "state"
    folder = base / "plana-secrets"
    present = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    if not (is_safe(present) or is_in_volume(present)):
        raise UsageError(
            f"{present} belongs to another user, or other users can write to it",
            kind="unsafe-folder",
            folder=str(present),
        )
    return folder


def runtime_folder(environment: Mapping[str, str]) -> Path | None:
    """The person's folder for the time of a login, or None where there is no safe one.

    The specification says that it belongs to the person alone.
    """
    folder = _absolute(environment.get("XDG_RUNTIME_DIR"))
    if folder is None or not is_safe(folder) or folder.stat().st_uid != os.geteuid():
        return None
    return folder


def is_safe(folder: Path) -> bool:
    """Whether no other user can replace what we create in ``folder``.

    It is ours or root's, and no other user may write to it, unless it is sticky, as /tmp.
    """
    try:
        status = folder.stat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {os.geteuid(), 0}:
        return False
    if status.st_mode & stat.S_ISVTX:
        return True
    by_group = status.st_mode & stat.S_IWGRP and not _is_private_group(status.st_gid)
    return not (status.st_mode & stat.S_IWOTH or by_group)


def is_volume(folder: Path) -> bool:
    """Whether ``folder`` is a file system of its own that root mounted: a volume of a pod.

    Kubernetes lets everyone, or the group of the pod, write to an `emptyDir` and to most
    claims. Who else sees the volume is decided where it is mounted, not by its mode.
    """
    try:
        status = folder.stat()
    except OSError:
        return False
    for_others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    is_shared = status.st_uid == 0 and for_others and not status.st_mode & stat.S_ISVTX
    return bool(is_shared) and folder.is_mount() and os.access(folder, os.W_OK)


def is_in_volume(folder: Path) -> bool:
    """Whether ``folder`` is a volume, or a folder in one that is our own.

    With `fsGroup`, kubelet lets the group of the pod write to all that is in a volume, each
    time that it mounts it.
    """
    if is_volume(folder):
        return True
    try:
        status = folder.stat()
    except OSError:
        return False
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    if not is_ours or status.st_mode & stat.S_IWOTH:
        return False
    above = next((one for one in folder.parents if one.is_mount()), None)
    return above is not None and is_volume(above)


def _is_private_group(gid: int) -> bool:
    """Whether it is the group of this account alone, as many systems make one for each."""
    try:
        account, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return account.pw_gid == gid and not set(group.gr_mem) - {account.pw_name}


def _absolute(text: str | None) -> Path | None:
    return Path(text) if text and text.startswith("/") and "\0" not in text else None


ADVICE: Final = {
    "unsafe-folder": (
        "set XDG_STATE_HOME to a folder that only you can write to; in a pod, to a volume"
    ),
    "no-home": (
        "set HOME to your own folder, or write the path in full; in a pod, set XDG_STATE_HOME to a "
        "volume"
    ),
}
