"""Where identities are found.

With ``--identity-file`` only that file is used. Else everything that is found is
united, as sops does it, in this order:

1. ``SOPS_AGE_KEY_FILE``, ``SOPS_AGE_KEY``, ``SOPS_AGE_KEY_CMD`` and
   ``SOPS_AGE_SSH_PRIVATE_KEY_FILE``;
2. sops's default key file;
3. ``~/.ssh/id_ed25519`` and ``~/.ssh/id_rsa``, then the keyring: opened only when
   nothing before them fits, since asking a keyring takes longer than all the rest.

A source that cannot be used is never an error here; it is listed with its reason. sops
names one only where nothing else opens a file, and so do we.
"""

from __future__ import annotations

import os
import shlex
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets import limits
from plana_secrets.age import keyring_store
from plana_secrets.age.identities import Further, Identities, Unusable, parse_identity_file, unite
from plana_secrets.errors import CredentialError, FailedError, PlanaSecretsError
from plana_secrets.places import configuration_home
from plana_secrets.process import ProgramError, read_from_program
from plana_secrets.secret import Secret

KEYRING_ORIGIN = "keyring"
DEFAULT_SSH_ORIGIN = "ssh key"

_DEFAULT: Final = Path("sops", "age", "keys.txt")

_WRITER_WAIT: Final = 1.0
_WRITER_POLL: Final = 0.02
"""How long, in seconds, and how often a pipe is asked whether anything writes to it."""


@dataclass(frozen=True, slots=True)
class IdentitySources:
    """All that decides where to look. ``keyring``: whether the keyring may be asked."""

    identity_file: Path | None
    environment: Mapping[str, str]
    home: Path | None
    keyring: bool = True


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key file in use. ``optional``: it is a default place, and may well be missing."""

    path: Path
    origin: str
    optional: bool = False


def find_identities(sources: IdentitySources) -> Identities:
    """What the sources hold; possibly nothing.

    Raises:
        CredentialError: the identity file that was asked for has no usable identity
            (kind ``bad-identity-file``).
    """
    if sources.identity_file is not None:
        return _read_chosen(sources.identity_file)
    files = [_read_key_file(file) for file in key_files(sources)]
    first = unite(files + [_mark_lost(one) for one in _from_variables(sources)])
    further = Further(lambda: _find_further(sources))
    return Identities(first.members, first.unusable, further)


def key_files(sources: IdentitySources) -> list[KeyFile]:
    """The key files that are read, the default ones included, whether or not they exist."""
    if sources.identity_file is not None:
        return [KeyFile(sources.identity_file, "--identity-file")]
    named = [
        KeyFile(_expand(sources.environment[name], sources.home), name)
        for name in ("SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE")
        if sources.environment.get(name)
    ]
    defaults = [
        KeyFile(folder / _DEFAULT, "default key file", optional=True)
        for folder in _configuration_folders(sources)
    ]
    return named + defaults


def _configuration_folders(sources: IdentitySources) -> Iterator[Path]:
    chosen = configuration_home(sources.environment, sources.home)
    if chosen is not None:
        yield chosen
    if sys.platform == "darwin" and sources.home is not None:
        yield sources.home / "Library" / "Application Support"


def default_key_file(environment: Mapping[str, str], home: Path | None) -> Path | None:
    """The key file that sops reads without being told, where a new one belongs."""
    if sys.platform == "darwin" and home is not None and not environment.get("XDG_CONFIG_HOME"):
        return home / "Library" / "Application Support" / _DEFAULT
    folder = configuration_home(environment, home)
    return None if folder is None else folder / _DEFAULT


def _expand(text: str, home: Path | None) -> Path:
    """A path with its ``~/``; no other user's home folder is read."""
    return home / text[2:] if home is not None and text.startswith("~/") else Path(text)


def _read_chosen(path: Path) -> Identities:
    found = _read_key_file(KeyFile(path, "--identity-file"))
    if not found.members:
        reasons = "; ".join(one.reason for one in found.unusable)
        raise CredentialError(
            f"no usable identity in {path}: {reasons}", kind="bad-identity-file", file=str(path)
        )
    return found


def _read_key_file(file: KeyFile) -> Identities:
    origin = f"{file.origin} ({file.path})"
    try:
        found = parse_identity_file(read_key_file(file.path), origin)
    except FailedError as error:
        if isinstance(error, MissingKeyFileError) and file.optional:
            return Identities()
        found = _unusable(origin, str(error.facts["reason"]))
    return found if file.optional else _mark_lost(found)


def _mark_lost(found: Identities) -> Identities:
    if found.members:
        return found
    return Identities((), tuple(one._replace(lost=not one.foreign) for one in found.unusable))


def read_key_file(path: Path) -> Secret:
    """The content of a key file. Symlinks and pipes are fine: Kubernetes and shells make them.

    Raises:
        MissingKeyFileError: there is none.
        FailedError: it cannot be read or is no key file by its size (kind
            ``unreadable-file``). ``facts["reason"]`` says it without the name.
    """
    try:
        content = _read_start(path, limits.KEY_FILE + 1)
    except FileNotFoundError:
        raise _unreadable(path, "no such file", MissingKeyFileError) from None
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from None
    if len(content) > limits.KEY_FILE:
        raise _unreadable(path, "too large for a key file")
    return Secret(content)


def _read_start(path: Path, size: int) -> bytes:
    """The first bytes of a file. A pipe is read to its end, if it has a writer soon."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:  # noqa: PTH123 - it has no path
        patience = _WRITER_WAIT if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else 0
        first = opened.read(1)
        while first == b"" and patience > 0:  # nothing has it open for writing
            time.sleep(_WRITER_POLL)
            patience -= _WRITER_POLL
            first = opened.read(1)
        os.set_blocking(descriptor, True)
        return b"" if first == b"" else (first or b"") + opened.read(size - 1)


class MissingKeyFileError(FailedError):
    """A key file that is named is not there."""

    default_kind = "missing-key-file"


class _UnreadableKeyFileError(FailedError):
    default_kind = "unreadable-file"


def _unreadable(
    path: Path, reason: str, family: type[FailedError] = _UnreadableKeyFileError
) -> FailedError:
    return family(f"{path}: {reason}", file=str(path), reason=reason)


def _from_variables(sources: IdentitySources) -> list[Identities]:
    found = []
    if text := sources.environment.get("SOPS_AGE_KEY"):
        # Spaces between keys are accepted by newer versions of sops; comments have spaces.
        lines = [
            line if line.lstrip().startswith("#") else "\n".join(line.split())
            for line in text.splitlines()
        ]
        found.append(parse_identity_file(Secret.from_text("\n".join(lines)), "SOPS_AGE_KEY"))
    if command := sources.environment.get("SOPS_AGE_KEY_CMD"):
        found.append(_run_key_command(command, sources.environment))
    return found


def _run_key_command(command: str, environment: Mapping[str, str]) -> Identities:
    """The command gets the person's environment (it may need an agent or a display).

    Without the keys themselves, and without its own name: it may be this very program.
    """
    origin = "SOPS_AGE_KEY_CMD"
    hidden = {"SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD"}
    passed = {name: value for name, value in environment.items() if name not in hidden}
    try:
        argv = shlex.split(command)
        done = read_from_program(argv or [""], environment=passed, limit=limits.KEY_FILE)
    except ValueError:
        return _unusable(origin, "a quote is not closed")
    except ProgramError as error:
        return _unusable(origin, error.message)
    if done.status != 0:
        return _unusable(origin, f"the command failed with exit status {done.status}")
    return parse_identity_file(Secret(done.stdout), origin)


def _find_further(sources: IdentitySources) -> Identities:
    names = ("id_ed25519", "id_rsa") if sources.home is not None else ()
    keys = [
        _read_key_file(KeyFile(_expand(f"~/.ssh/{name}", sources.home), DEFAULT_SSH_ORIGIN, True))
        for name in names
    ]
    return unite([*keys, _from_keyring(sources)])


def _from_keyring(sources: IdentitySources) -> Identities:
    if not sources.keyring or not keyring_store.may_exist(sources.environment):
        return Identities()
    return _attempt(read_keyring)


def _attempt(read: Callable[[], Identities]) -> Identities:
    try:
        return read()
    except PlanaSecretsError as error:
        return _unusable(KEYRING_ORIGIN, error.message)


def read_keyring() -> Identities:
    """The identities in the keyring, and in nothing else.

    Raises:
        CredentialError: as ``keyring_store.load_entry``.
    """
    content = keyring_store.load_entry(keyring_store.IDENTITY_ENTRY)
    if content is None:
        return Identities()
    return parse_identity_file(content, KEYRING_ORIGIN)


def _unusable(origin: str, reason: str) -> Identities:
    return Identities((), (Unusable(origin, reason),))


ADVICE: Final = {
    "bad-identity-file": (
        "the file must contain AGE-SECRET-KEY-1... lines, or one ssh key without a "
        "passphrase; `plana-secrets identity import` opens a key with a passphrase"
    ),
    "missing-key-file": "`plana-secrets identity show` lists the identities it finds, and where",
}
