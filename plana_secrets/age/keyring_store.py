"""The only door to the keyring of the operating system.

Which backend a keyring call reaches is decided outside this program: by what else is
installed, by an environment variable, by a file in the home folder. Some of them write
plain text. So the backend is resolved, then compared by class with a list of those that
really are a keyring of the system; a chain of backends is never used as a whole, only
its first listed member. There is no fallback.

Everything is kept in one item, a JSON object of named entries: macOS may ask the person
once per item, and one item can be looked at and deleted as one.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from plana_secrets.errors import CredentialError
from plana_secrets.locks import Patience, locked
from plana_secrets.places import home_folder, runtime_folder, user_state_folder
from plana_secrets.secret import Secret
from plana_secrets.storage import make_folder

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

IDENTITY_ENTRY = "age-identity"
"""The entry that holds age identities, in the form of a key file."""

_SERVICE = "plana-secrets"
_ACCOUNT = "default"

_PATIENCE = Patience(30.0)
"""For another run; it may itself wait for a person to unlock the keyring."""

_ALLOWED = (
    ("keyring.backends.SecretService", "Keyring"),
    ("keyring.backends.libsecret", "Keyring"),
    ("keyring.backends.kwallet", "DBusKeyring"),
    ("keyring.backends.kwallet", "DBusKeyringKWallet4"),
    ("keyring.backends.macOS", "Keyring"),
)

_IN_A_FILE: Final = (
    "keep the identity in a 0600 file: `plana-secrets identity new --output FILE` (sops and "
    "plana-secrets find ~/.config/sops/age/keys.txt by themselves)"
)

_Answer = TypeVar("_Answer")


def may_exist(environment: Mapping[str, str]) -> bool:
    """Whether a keyring can be there at all; cheap, while asking one costs 0.1 s.

    On Linux keyrings are reached over the session bus.
    """
    if sys.platform == "darwin" or environment.get("DBUS_SESSION_BUS_ADDRESS"):
        return True
    runtime = runtime_folder(environment)
    return runtime is not None and (runtime / "bus").exists()


@contextlib.contextmanager
def with_advice(instead: str) -> Iterator[None]:
    """Within it, the advice about a keyring that cannot be used is not about an identity.

    ``instead``: what works without a keyring, in a few words.
    """
    try:
        yield
    except CredentialError as error:
        error.facts["instead"] = instead
        raise


def backend_name() -> str:
    """The name of the keyring that would be used.

    Raises:
        CredentialError: there is none that is allowed (kind ``no-keyring``).
    """
    return _name(_allowed_backend())


def load_entry(name: str) -> Secret | None:
    """The entry, or None when it was never stored.

    Raises:
        CredentialError: no allowed keyring (kind ``no-keyring``), it is locked (kind
            ``keyring-locked``), it failed (kind ``keyring-failed``), or the item is not
            ours (kind ``keyring-foreign-item``).
    """
    text = _read_item(_allowed_backend()).get(name)
    return None if text is None else Secret.from_text(text)


def store_entry(name: str, content: Secret) -> None:
    """Keep an entry, and read it back: some backends accept everything and keep nothing.

    Raises:
        CredentialError: as ``load_entry``, or what is read back differs (kind
            ``keyring-failed``).
    """
    update_entry(name, lambda _present: content)


def update_entry(name: str, change: Callable[[Secret | None], Secret]) -> None:
    """Replace an entry by what ``change`` makes of it. As ``store_entry`` raises."""
    backend = _allowed_backend()
    with _alone():
        entries = _read_item(backend)
        present = Secret.from_text(entries[name]) if name in entries else None
        _write_item(backend, entries | {name: change(present).reveal_text()})


def delete_entry(name: str) -> None:
    """Forget an entry; one that is not there is no error. As ``store_entry`` raises."""
    backend = _allowed_backend()
    with _alone():
        entries = _read_item(backend)
        if entries.pop(name, None) is not None:
            _write_item(backend, entries)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One writer at a time: what another run adds to the item meanwhile is not lost."""
    folder = user_state_folder(os.environ, home_folder(os.environ))
    make_folder(folder, mode=0o700)
    with locked(folder / "keyring.lock", command="keyring", patience=_PATIENCE):
        yield


def _allowed_backend() -> KeyringBackend:
    resolved = _asked(_resolve)
    for backend in _expanded(resolved):
        if _is_allowed(backend):
            return backend
    raise CredentialError(
        f"no keyring can be used here (the backend is {_name(resolved)})",
        kind="no-keyring",
        backend=_name(resolved),
        instead=_IN_A_FILE,
    )


def _resolve() -> KeyringBackend:
    import keyring

    return keyring.get_keyring()


def _expanded(backend: KeyringBackend) -> list[KeyringBackend]:
    from keyring.backends.chainer import ChainerBackend

    if type(backend) is ChainerBackend:
        return _asked(lambda: list(backend.backends))
    return [backend]


def _is_allowed(backend: KeyringBackend) -> bool:
    """By the class object itself: a name alone can be borrowed."""
    return any(
        type(backend) is getattr(sys.modules.get(module), name, None) for module, name in _ALLOWED
    )


def _name(backend: KeyringBackend) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _read_item(backend: KeyringBackend) -> dict[str, str]:
    text = _asked(lambda: backend.get_password(_SERVICE, _ACCOUNT))
    if text is None:
        return {}
    try:
        entries = json.loads(text)
    except ValueError:
        entries = None
    if isinstance(entries, dict) and all(isinstance(one, str) for one in entries.values()):
        return entries
    raise CredentialError(
        f"the keyring item {_SERVICE}/{_ACCOUNT} was written by another program",
        kind="keyring-foreign-item",
    )


def _write_item(backend: KeyringBackend, entries: dict[str, str]) -> None:
    text = json.dumps(entries, sort_keys=True)
    _asked(lambda: backend.set_password(_SERVICE, _ACCOUNT, text))
    if _asked(lambda: backend.get_password(_SERVICE, _ACCOUNT)) != text:
        raise CredentialError(
            f"the keyring {_name(backend)} did not store what it was given",
            kind="keyring-failed",
            instead=_IN_A_FILE,
        )


def _asked(ask: Callable[[], _Answer]) -> _Answer:
    """Call into the keyring library; what it raises becomes one of our errors.

    Backends raise their own families, D-Bus errors and plain RuntimeError alike.
    """
    from keyring.errors import KeyringLocked

    try:
        return ask()
    except KeyringLocked:
        raise CredentialError(
            "the keyring is locked", kind="keyring-locked", instead=_IN_A_FILE
        ) from None
    except Exception as error:  # noqa: BLE001 - there is no common root
        name = type(error).__name__
        raise CredentialError(
            f"the keyring failed ({name})",
            kind="keyring-failed",
            error=name,
            instead=_IN_A_FILE,
        ) from None


ADVICE: Final = {
    "keyring-failed": "`plana-secrets doctor` shows the keyring; without one, {instead}",
    "keyring-foreign-item": "delete that item in your desktop's password manager",
    "keyring-locked": (
        "unlock it in your desktop's password manager, then try again; without a desktop, {instead}"
    ),
    "no-keyring": (
        "unlock or install one (Secret Service, KWallet, Keychain); without one, {instead}"
    ),
}
