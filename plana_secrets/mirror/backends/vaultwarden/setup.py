"""Finding what a configuration needs: the organization, its collections, what we may do.

Nothing is created on the server: organizations, collections and members are created by an
owner, who confirms each member after comparing fingerprints, which no program can do.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backends.vaultwarden.collections import find_collection
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.vault import Keys, Vault, open_vault, read_sync
from plana_secrets.mirror.backends.vaultwarden.version import check_version
from plana_secrets.mirror.settings import VaultwardenSettings

ROLES: Final = {0: "owner", 1: "admin", 2: "member", 3: "manager", 4: "manager"}

_HEADER: Final = re.compile(r"(?m)^\[mirror\][ \t]*(?:#.*)?$")
_NEXT_HEADER: Final = re.compile(r"(?m)^\[")
_BACKEND: Final = re.compile(r"(?m)^backend[ \t]*=.*$")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person said; None: find it."""

    url: str
    organization: str | None
    collections: Mapping[str, str]
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
            ``unknown-collection``, ``ambiguous-collection``).
    """
    vault = _choose_organization(choice.organization, found)
    collections = dict(choice.collections) or _only_collection(vault, roots)
    for word in collections.values():
        find_collection(vault, word)
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


def place_settings(text: str, settings: VaultwardenSettings) -> str:
    """The configuration with these settings in it; comments and the rest stay as they are.

    Raises:
        UsageError: another Vaultwarden is configured already, or the tables are written
            in a way that is not ours to edit (kind ``mirror-configured``).
    """
    tables = _settings_table(settings)
    before = tomllib.loads(text)
    present = before.get("mirror", {})
    if present.get("vaultwarden") == tables and present.get("backend") == "vaultwarden":
        return text
    if "vaultwarden" in present or ("mirror" in before and not _HEADER.search(text)):
        raise UsageError("a mirror is already configured", kind="mirror-configured")
    body = _with_backend(text) if "mirror" in before else f"{text.rstrip()}\n\n[mirror]\n{_LINE}\n"
    lines = [f"{name} = {_toml(value)}" for name, value in tables.items()]
    return "\n".join([body.strip("\n"), "", "[mirror.vaultwarden]", *lines, ""])


_LINE: Final = 'backend = "vaultwarden"'


def _with_backend(text: str) -> str:
    header = _HEADER.search(text)
    start = header.end() if header else len(text)
    following = _NEXT_HEADER.search(text, start)
    end = following.start() if following else len(text)
    section = text[start:end]
    if _BACKEND.search(section):
        section = _BACKEND.sub(_LINE, section, count=1)
    else:
        section = f"\n{_LINE}{section}"
    return text[:start] + section + text[end:]


def _settings_table(settings: VaultwardenSettings) -> dict[str, Any]:
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


def _toml(value: object) -> str:
    """Strings, lists and tables of strings; a JSON string is a TOML string, too."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_toml(name)} = {_toml(one)}" for name, one in value.items())
        return f"{{ {pairs} }}"
    return json.dumps(value, ensure_ascii=False)


ADVICE: Final = {
    "choose-collection": "pass --collection 'GLOB=NAME' for each set of files",
    "choose-organization": "choose one with --organization",
    "mirror-configured": "edit [mirror.vaultwarden] in plana-secrets.toml",
    "no-organization": (
        "ask an owner to invite and confirm the account; see `plana-secrets mirror init --help`"
    ),
}
