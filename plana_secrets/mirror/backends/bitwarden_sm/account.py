"""Opening the backend, logging in for good, and finding what the settings need."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from plana_secrets.age import keyring_store
from plana_secrets.counts import counted
from plana_secrets.errors import CredentialError, UsageError
from plana_secrets.mirror.accountfile import credentials_file
from plana_secrets.mirror.address import checked_url
from plana_secrets.mirror.backends.bitwarden_sm.backend import BitwardenSmBackend, find_projects
from plana_secrets.mirror.backends.bitwarden_sm.client import Address, Client
from plana_secrets.mirror.backends.bitwarden_sm.credentials import (
    forget_token,
    load_token,
    read_token,
    store_token,
)
from plana_secrets.mirror.backends.bitwarden_sm.settings import (
    CLOUD_API,
    CLOUD_IDENTITY,
    VARIABLE,
    BitwardenSmSettings,
)
from plana_secrets.mirror.desk import Desk, LoggedIn, LoginRequest, Setup, SetupRequest
from plana_secrets.mirror.surroundings import Surroundings
from plana_secrets.observability import Observer
from plana_secrets.secret import Secret


def open_backend(settings: BitwardenSmSettings, surroundings: Surroundings) -> BitwardenSmBackend:
    """The backend that the configuration names, with the token at hand.

    Raises:
        CredentialError: there is no token (kind ``no-token``), or it is for another server.
    """
    token = _find_token(settings, surroundings)
    client = Client(
        _address(settings, surroundings.repository.root), token, observer=surroundings.observer
    )
    return BitwardenSmBackend(client, settings.projects.values(), observer=surroundings.observer)


def _find_token(settings: BitwardenSmSettings, surroundings: Surroundings) -> Secret:
    file = _file_in_use(settings, surroundings)
    if file is not None:
        return read_token(file, settings, surroundings.find_identities)
    may_exist = keyring_store.may_exist(surroundings.environment)
    token = load_token(settings) if may_exist else None
    if token is None:
        raise CredentialError(f"no access token for {settings.identity_url}", kind="no-token")
    return token


def _file_in_use(settings: BitwardenSmSettings, surroundings: Surroundings) -> Path | None:
    root, environment = surroundings.repository.root, surroundings.environment
    return credentials_file(VARIABLE, settings.credentials, environment, root)


def _address(settings: BitwardenSmSettings, root: Path) -> Address:
    ca_file = root / settings.ca_file if settings.ca_file else None
    return Address(settings.api_url, settings.identity_url, settings.organization, ca_file)


def describe(settings: BitwardenSmSettings, surroundings: Surroundings) -> str:
    """Where it is, and by which credentials; does not load the SDK."""
    from importlib.util import find_spec

    if find_spec("bitwarden_sdk") is None:
        raise UsageError("a bitwarden-sm mirror needs the package bitwarden-sdk", kind="no-sdk")
    file = _file_in_use(settings, surroundings)
    place = f"bitwarden-sm at {settings.api_url} (bitwarden-sdk has a proprietary licence)"
    if file is None:
        return f"{place}, with the access token in the keyring"
    if not file.exists():
        raise CredentialError(f"there is no credentials file {file}", kind="no-token")
    return f"{place}, with the credentials file {file}"


@keyring_store.with_advice(f"set {VARIABLE}=FILE")
def log_in(
    settings: BitwardenSmSettings | None,
    request: LoginRequest,
    desk: Desk,
    root: Path,
    observer: Observer,
) -> LoggedIn:
    """Keep an access token in the keyring, once the server has taken it.

    Raises:
        UsageError: an option of other servers was given (kind ``token-only``).
    """
    if settings is None or request.email or request.api_key or request.url:
        raise UsageError("a bitwarden-sm mirror takes an access token only", kind="token-only")
    keyring = keyring_store.backend_name()
    desk.talk(f"logging in to {settings.identity_url}")
    token = _ask_token(desk)
    client = Client(_address(settings, root), token, observer=observer)
    try:
        projects = client.list_projects()
    finally:
        client.close()
    store_token(settings, token)
    facts = {"url": settings.identity_url, "organization": settings.organization}
    there = counted(len(projects), "project")
    words = f"logged in to {settings.identity_url}; {there}; kept in {keyring}"
    return LoggedIn(facts, words)


def log_out(settings: BitwardenSmSettings | None) -> LoggedIn:
    """Forget the token in the keyring; it stays valid until it is revoked in the web app."""
    if settings is None:
        raise UsageError("no mirror with accounts is configured", kind="token-only")
    if keyring_store.may_exist(os.environ):
        forget_token(settings)
    return LoggedIn({"url": settings.identity_url}, f"logged out of {settings.identity_url}")


def set_up(request: SetupRequest, desk: Desk, surroundings: Surroundings) -> Setup:
    """The table for the projects that the account sees.

    Raises:
        UsageError: it is not said which organization or which projects (kinds
            ``name-organization``, ``choose-project``).
    """
    values = request.values
    if not values["organization"]:
        raise UsageError("which organization?", kind="name-organization")
    settings = BitwardenSmSettings(
        organization=values["organization"],
        api_url=checked_url(values["api-url"] or CLOUD_API),
        identity_url=checked_url(values["identity-url"] or CLOUD_IDENTITY),
        credentials=values["credentials"],
        ca_file=values["ca-file"],
    )
    kept = _token_at_hand(settings, surroundings)
    token = _ask_token(desk) if kept is None else kept
    client = Client(
        _address(settings, surroundings.repository.root), token, observer=surroundings.observer
    )
    try:
        there = client.list_projects()
    finally:
        client.close()
    chosen: Mapping[str, str] = values["project"]
    projects = chosen or _only_project(there, request.roots)
    find_projects(there, tuple(projects.values()))
    if kept is None:
        _keep(settings, token, desk)
    facts = {"organization": settings.organization, "projects": dict(projects)}
    words = [f"{glob} -> project {word!r}" for glob, word in projects.items()]
    return Setup(_table(values, projects), facts, words)


def _token_at_hand(settings: BitwardenSmSettings, surroundings: Surroundings) -> Secret | None:
    try:
        return _find_token(settings, surroundings)
    except CredentialError as error:
        if error.kind != "no-token":
            raise
        return None


def _ask_token(desk: Desk) -> Secret:
    return Secret.from_text(desk.ask_secret("access token").reveal_text().strip())


def _only_project(there: Mapping[str, str], roots: Sequence[str]) -> dict[str, str]:
    """With one project there is nothing to choose."""
    if len(there) == 1:
        (name,) = there.values()
        return {f"{root}/**": name for root in roots}
    names = ", ".join(sorted(map(repr, there.values()))) or "none"
    raise UsageError(
        f"which files go into which project? there are: {names}", kind="choose-project"
    )


def _keep(settings: BitwardenSmSettings, token: Secret, desk: Desk) -> None:
    try:
        keyring = keyring_store.backend_name()
    except CredentialError:
        desk.warn("there is no keyring to keep the access token in; use a credentials file")
        return
    store_token(settings, token)
    desk.talk(f"the access token is kept in {keyring}")


def _table(values: Mapping[str, Any], projects: Mapping[str, str]) -> dict[str, Any]:
    table: dict[str, Any] = {"organization": values["organization"], "projects": dict(projects)}
    for option in ("api-url", "identity-url", "credentials", "ca-file"):
        if values[option]:
            table[option.replace("-", "_")] = values[option]
    return table


ADVICE: Final = {
    "choose-project": "pass --project 'GLOB=NAME' for each set of files",
    "name-organization": "pass --organization ID; it is in the web app's address",
    "no-token": (
        "run `plana-secrets login`, or set a credentials file with "
        "mirror.bitwarden-sm.credentials or PLANA_SECRETS_BITWARDEN_SM_CREDENTIALS"
    ),
    "token-only": "run `plana-secrets login` without options in a repository with such a mirror",
}
