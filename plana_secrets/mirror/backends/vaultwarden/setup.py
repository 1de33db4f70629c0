"""Finding what a configuration needs: the organization, its collections, what we may do.

Nothing is created on the server: organizations, collections and members are created by an
owner, who confirms each member after comparing fingerprints, which no program can do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backends.vaultwarden.collections import find_collection, resolve_seen
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.settings import VaultwardenSettings
from plana_secrets.mirror.backends.vaultwarden.vault import Keys, Vault, open_vault, read_sync
from plana_secrets.mirror.backends.vaultwarden.version import check_version

ROLES: Final = {0: "owner", 1: "admin", 2: "member", 3: "manager", 4: "manager"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person said; None: find it. ``configured``: collections that the settings name."""

    url: str
    organization: str | None
    collections: Mapping[str, str]
    configured: Mapping[str, str] = field(default_factory=dict)
    break_glass: tuple[str, ...] = ()
    credentials: str | None = None
    ca_file: str | None = None


def look_around(session: Session) -> tuple[Vault, ...]:
    """The organizations of the account, each with the collections that it sees."""
    check_version(session.client)
    sync = read_sync(session)
    keys = Keys(session)
    return tuple(open_vault(sync, keys, one.id) for one in sync.profile.organizations)


def choose_settings(
    choice: Choice, found: Sequence[Vault], roots: Sequence[str]
) -> tuple[VaultwardenSettings, Vault]:
    """The settings for this choice, with ids where the server has them.

    Raises:
        UsageError: something is ambiguous or missing; the message names what there is
            (kinds ``no-organization``, ``choose-organization``, ``choose-collection``,
            ``unknown-collection``, ``ambiguous-collection``, ``same-collection``).
    """
    vault = _choose_organization(choice.organization, found)
    collections = dict(choice.collections) or _only_collection(vault, roots)
    for glob, word in collections.items():
        if choice.configured.get(glob) != word:
            find_collection(vault, word)
    resolve_seen(vault, list(dict.fromkeys(collections.values())))
    settings = VaultwardenSettings(
        url=choice.url,
        organization=vault.membership.id,
        collections=collections,
        break_glass=choice.break_glass,
        credentials=choice.credentials,
        ca_file=choice.ca_file,
        key_fingerprint=vault.key.fingerprint,
    )
    return settings, vault


def _choose_organization(word: str | None, found: Sequence[Vault]) -> Vault:
    fitting = [
        one for one in found if word is None or word in {one.membership.id, one.membership.name}
    ]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(f"{one.membership.name!r} ({one.membership.id})" for one in found)
    if not found:
        raise UsageError(
            "the account is not a confirmed member of any organization", kind="no-organization"
        )
    if not fitting:
        raise UsageError(
            f"no organization {word!r}; available: {names}", kind="choose-organization"
        )
    raise UsageError(f"several organizations: {names}", kind="choose-organization")


def _only_collection(vault: Vault, roots: Sequence[str]) -> dict[str, str]:
    """With one collection to write to there is nothing to choose."""
    writable = [one for one in vault.collections.values() if one.is_writable and one.name]
    if len(writable) == 1:
        return {f"{root}/**": writable[0].name for root in roots}
    names = ", ".join(sorted(f"{one.name!r}" for one in writable)) or "none"
    raise UsageError(
        f"which files go into which collection? writable: {names}", kind="choose-collection"
    )


def table_of(settings: VaultwardenSettings) -> dict[str, Any]:
    """The table that says these settings."""
    table: dict[str, Any] = {
        "url": settings.url,
        "organization": settings.organization,
        "collections": dict(settings.collections),
    }
    if settings.break_glass:
        table["break_glass"] = list(settings.break_glass)
    if settings.credentials:
        table["credentials"] = settings.credentials
    if settings.ca_file:
        table["ca_file"] = settings.ca_file
    if settings.key_fingerprint:
        table["key_fingerprint"] = settings.key_fingerprint
    return table


ADVICE: Final = {
    "choose-collection": "pass --collection 'GLOB=NAME' for each set of files",
    "choose-organization": "choose one with --organization",
    "no-organization": (
        "ask an owner to invite and confirm the account; see `plana-secrets mirror init --help`"
    ),
}
