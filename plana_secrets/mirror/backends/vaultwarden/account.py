"""What the command line asks of the server beside the mirror: accounts, access, setting up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from plana_secrets.age import keyring_store
from plana_secrets.counts import counted
from plana_secrets.mirror.address import checked_url
from plana_secrets.mirror.backend import Listing
from plana_secrets.mirror.backends.vaultwarden.audit import audit_access, read_access
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.collections import resolve_seen
from plana_secrets.mirror.backends.vaultwarden.connect import open_client, open_session
from plana_secrets.mirror.backends.vaultwarden.credentials import (
    ApiKey,
    KeptLogin,
    forget_login,
    store_login,
)
from plana_secrets.mirror.backends.vaultwarden.enrol import enrol_by_api_key, enrol_by_password
from plana_secrets.mirror.backends.vaultwarden.items import open_item
from plana_secrets.mirror.backends.vaultwarden.session import forget_tokens
from plana_secrets.mirror.backends.vaultwarden.settings import VARIABLE, VaultwardenSettings
from plana_secrets.mirror.backends.vaultwarden.setup import (
    ROLES,
    Choice,
    choose_settings,
    look_around,
    table_of,
)
from plana_secrets.mirror.backends.vaultwarden.sight import collections_seen
from plana_secrets.mirror.backends.vaultwarden.vault import Vault
from plana_secrets.mirror.desk import (
    AccessFinding,
    Desk,
    LoggedIn,
    LoginRequest,
    Setup,
    SetupRequest,
)
from plana_secrets.mirror.owner import own_part
from plana_secrets.mirror.surroundings import Surroundings
from plana_secrets.observability import Observer


@keyring_store.with_advice(f"set {VARIABLE}=FILE")
def log_in(
    settings: VaultwardenSettings | None,
    request: LoginRequest,
    desk: Desk,
    find_root: Callable[[], Path],
    observer: Observer,
) -> LoggedIn:
    """Log in to the server of the request, or of the settings."""
    keyring = keyring_store.backend_name()
    if request.url is not None or request.ca_file is not None or settings is None:
        url = request.url or (settings.url if settings else "")
        ca_file = Path(request.ca_file) if request.ca_file else None
        client = Client(url, ca_file=ca_file, observer=observer)
    else:
        client = open_client(settings, root=find_root(), observer=observer)
    desk.talk(f"logging in to {client.url}")
    email = (request.email or desk.ask("e-mail")).strip()
    store_login(_enrol(client, email, desk, by_api_key=request.api_key))
    facts = {"url": client.url, "email": email, "api_key": request.api_key}
    return LoggedIn(facts, f"logged in to {client.url} as {email}; kept in {keyring}")


def _enrol(client: Client, email: str, desk: Desk, *, by_api_key: bool) -> KeptLogin:
    if by_api_key:
        api_key = ApiKey(desk.ask("client id"), desk.ask_secret("client secret"))
    password = desk.ask_secret(f"master password for {client.url}")
    if by_api_key:
        return enrol_by_api_key(client, email, api_key, password)
    return enrol_by_password(client, email, password, lambda: desk.ask("one-time code"))


def log_out(settings: VaultwardenSettings | None, url: str | None, state_folder: Path) -> LoggedIn:
    """Forget the login in the keyring, and the tokens that jobs stored."""
    address = checked_url(url or (settings.url if settings else ""))
    forget_tokens(state_folder, address)
    if keyring_store.may_exist(os.environ):
        forget_login(address)
    return LoggedIn({"url": address}, f"logged out of {address}")


def audit(
    settings: VaultwardenSettings, surroundings: Surroundings, service_account: str | None
) -> tuple[AccessFinding, ...]:
    """Who may write; the service account is the one that is logged in by API key."""
    session = open_session(settings, surroundings)
    own = session.credentials.email if session.credentials.api_key else ""
    return audit_access(
        session,
        organization=settings.organization,
        collections=tuple(settings.collections.values()),
        service_account=service_account or own,
        break_glass=settings.break_glass,
    )


def places_seen(
    settings: VaultwardenSettings, surroundings: Surroundings, email: str
) -> frozenset[str]:
    """The collections of which this member sees the items, as the settings call them."""
    session = open_session(settings, surroundings)
    named = tuple(settings.collections.values())
    return collections_seen(read_access(session, settings.organization, named)[0], email)


def set_up(request: SetupRequest, desk: Desk, surroundings: Surroundings) -> Setup:
    """Find the organization and the collections."""
    values = request.values
    choice = Choice(
        checked_url(values["url"]),
        values["organization"],
        values["collection"],
        request.present.get("collections", {}),
        values["break-glass"],
        values["credentials"],
        values["ca-file"],
    )
    bare = VaultwardenSettings(
        url=choice.url, organization="", credentials=choice.credentials, ca_file=choice.ca_file
    )
    found = look_around(open_session(bare, surroundings))
    settings, vault = choose_settings(choice, found, request.roots)
    role = ROLES.get(vault.membership.type, "unknown")
    if role in {"owner", "admin"}:
        desk.warn("a member with 'edit items' on the collections is enough")
    listing = _list(vault, surroundings.owner)
    facts = {
        "organization": settings.organization,
        "collections": dict(settings.collections),
        "role": role,
        "items": len(listing.items),
        "foreign": listing.foreign,
    }
    return Setup(table_of(settings), facts, _words(settings, vault, role, listing))


def _list(vault: Vault, owner: str | None) -> Listing:
    """Whose the items are, as ``mirror status`` counts them."""
    opened = [open_item(one, vault.key, {}) for one in vault.ciphers]
    ours = tuple(one for one in opened if one is not None)
    return own_part(Listing(ours, foreign=len(opened) - len(ours)), owner)


def _words(
    settings: VaultwardenSettings, vault: Vault, role: str, listing: Listing
) -> tuple[str, ...]:
    places = []
    seen, unseen = resolve_seen(vault, list(dict.fromkeys(settings.collections.values())))
    ids = {word: one for one, word in seen.items()}
    for glob, word in settings.collections.items():
        if word in unseen:
            places.append(f"{glob} -> collection {word!r}, which the account does not see")
            continue
        named = vault.collections[ids[word]]
        access = "can write" if named.is_writable else "can only read: status and diff, no sync"
        places.append(f"{glob} -> collection {named.name!r} ({access})")
    items = f"{counted(len(listing.items), 'item')} from this repository"
    return (
        f"organization {vault.membership.name!r}; the account's role is {role}",
        *places,
        f"{items}, {listing.foreign} foreign, which are never changed",
    )
