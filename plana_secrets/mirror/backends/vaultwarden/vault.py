"""What one sync returns, with the keys that open it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from plana_secrets.errors import CredentialError, MalformedError, PlanaSecretsError, UsageError
from plana_secrets.mirror.backends.vaultwarden.credentials import Credentials
from plana_secrets.mirror.backends.vaultwarden.crypto import (
    SymmetricKey,
    WrongMacError,
    load_private_key,
    unwrap_key,
)
from plana_secrets.mirror.backends.vaultwarden.failures import NotAllowedError
from plana_secrets.mirror.backends.vaultwarden.kdf import (
    checked_kdf,
    derive_master_key,
    normalise_email,
    stretch,
)
from plana_secrets.mirror.backends.vaultwarden.login import Derivation, ask_derivation
from plana_secrets.mirror.backends.vaultwarden.models import (
    Account,
    Cipher,
    Collection,
    Membership,
    Sync,
    read_answer,
)
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.secret import Secret


@dataclass(frozen=True, slots=True)
class NamedCollection:
    """A collection that the account sees, with its name in clear."""

    collection: Collection
    name: str

    @property
    def is_writable(self) -> bool:
        return not self.collection.read_only or self.collection.manage


@dataclass(frozen=True, slots=True)
class Vault:
    """One organization as the account sees it at one instant; ``account``: the account's id."""

    account: str
    membership: Membership
    key: SymmetricKey
    collections: Mapping[str, NamedCollection]
    ciphers: Sequence[Cipher]
    personal: Sequence[Cipher]


class Keys:
    """The account's keys; derived once, since that is slow by design."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._user_key: SymmetricKey | None = None
        self._organization_keys: dict[str, SymmetricKey] = {}

    def open_user_key(self, sync: Account) -> SymmetricKey:
        """
        Raises:
            CredentialError: the master password is not the account's (kind
                ``wrong-master-password``).
            MalformedError: the account's encryption is of version 2 (``account-v2``).
        """
        if sync.profile.is_version_2:
            raise MalformedError("the account uses encryption version 2", kind="account-v2")
        if self._user_key is None:
            self._user_key = self._unwrap(self._session.credentials, sync)
        return self._user_key

    def open_organization_key(self, membership: Membership, sync: Account) -> SymmetricKey:
        """
        Raises:
            CredentialError: as ``open_user_key``, or a kept key that is no longer the
                account's (kind ``login-outdated``).
        """
        wrapped = membership.key or ""
        if wrapped not in self._organization_keys:
            private_key = load_private_key(self._open_private_key(sync))
            self._organization_keys[wrapped] = unwrap_key(wrapped, private_key)
        return self._organization_keys[wrapped]

    def why_no_member(self, sync: Account, organization: str) -> PlanaSecretsError:
        """The server does not name an organization to a member who is not confirmed."""
        if not sync.profile.two_factor_enabled and not self._may_ask(organization):
            return CredentialError(
                f"the account is no member of the organization {organization}, or was revoked: it "
                "has no two-step login, which a policy of the organization may require",
                kind="member-revoked",
            )
        return UsageError(
            f"the account is not a confirmed member of the organization {organization}",
            kind="not-a-member",
        )

    def _may_ask(self, organization: str) -> bool:
        """Whether the account is invited at least; one that is revoked is refused like anyone."""
        path = f"/api/organizations/{quote(organization, safe='')}/billing/metadata"
        try:
            self._session.get(path, task="ask whether the account is a member")
        except PlanaSecretsError as error:
            return not isinstance(error, NotAllowedError)
        return True

    def _open_private_key(self, sync: Account) -> Secret:
        user_key = self.open_user_key(sync)
        if sync.wrapped_private_key is None:
            raise MalformedError("the account has no private key", kind="account-key")
        try:
            return user_key.open(sync.wrapped_private_key)
        except WrongMacError:
            raise CredentialError(
                "the stored key is no longer the account's", kind="login-outdated"
            ) from None

    def _unwrap(self, credentials: Credentials, sync: Account) -> SymmetricKey:
        if credentials.user_key is not None:
            return SymmetricKey(credentials.user_key)
        password = credentials.master_password
        if password is None:
            raise CredentialError(
                "neither the master password nor a stored key is available", kind="no-key"
            )
        derivation = self._derivation(sync)
        master_key = derive_master_key(password, derivation.salt, derivation.kdf)
        if sync.wrapped_user_key is None:
            raise MalformedError("the server does not send the account's key", kind="account-key")
        return unwrap_user_key(sync.wrapped_user_key, master_key)

    def _derivation(self, sync: Account) -> Derivation:
        unlock = sync.user_decryption and sync.user_decryption.master_password_unlock
        if not unlock:
            return ask_derivation(self._session.client, self._session.credentials.email)
        kdf = unlock.kdf
        return Derivation(
            checked_kdf(kdf.kdf_type, kdf.iterations, kdf.memory, kdf.parallelism),
            unlock.salt or normalise_email(sync.profile.email),
        )


def unwrap_user_key(wrapped: str, master_key: Secret) -> SymmetricKey:
    """
    Raises:
        CredentialError: the master key does not open it (kind ``wrong-master-password``).
    """
    try:
        return SymmetricKey(stretch(master_key).open(wrapped))
    except WrongMacError:
        raise CredentialError(
            "the master password does not open the account's key", kind="wrong-master-password"
        ) from None


SYNC: Final = "/api/sync?excludeDomains=true"


def read_sync(session: Session) -> Sync:
    """Everything that the account sees, in one request."""
    body = session.get(SYNC, task="list the items")
    return read_answer(body, Sync, "the items")


def find_membership(account: Account, organization: str) -> Membership | None:
    """The account's membership in the organization of this id, where it is confirmed."""
    return next((one for one in account.profile.organizations if one.id == organization), None)


def open_vault(sync: Sync, keys: Keys, organization: str) -> Vault:
    """The organization of this id, with its key, the names of its collections and its items.

    Raises:
        UsageError, CredentialError: as ``open_organization``.
    """
    return open_organization(
        sync,
        keys,
        organization,
        ciphers=[one for one in sync.ciphers if one.organization_id == organization],
        personal=[one for one in sync.ciphers if one.organization_id is None],
    )


def open_organization(
    account: Account,
    keys: Keys,
    organization: str,
    *,
    ciphers: Sequence[Cipher],
    personal: Sequence[Cipher],
) -> Vault:
    """The same around some items.

    Raises:
        UsageError: the account is no confirmed member of it (kind ``not-a-member``).
        CredentialError: it may have been revoked, since it has no two-step login, which a
            policy of the organization may require (kind ``member-revoked``).
    """
    membership = find_membership(account, organization)
    if membership is None:
        raise keys.why_no_member(account, organization)
    key = keys.open_organization_key(membership, account)
    collections = {
        one.id: NamedCollection(one, open_name(one.name, key))
        for one in account.collections
        if one.organization_id == organization
    }
    return Vault(
        account=account.profile.id,
        membership=membership,
        key=key,
        collections=collections,
        ciphers=ciphers,
        personal=personal,
    )


def open_name(sealed: str, key: SymmetricKey) -> str:
    """A name in clear; one that cannot be opened is empty, and matches nothing."""
    try:
        return key.open(sealed).reveal_text()
    except (MalformedError, ValueError):
        return ""


ADVICE: Final = {
    "login-outdated": "run `plana-secrets login` again: the account's keys were changed",
    "member-revoked": (
        "turn on two-step login for the account in the web vault (an API key needs no code); then "
        "an owner restores it under Members. Otherwise check mirror.vaultwarden.organization"
    ),
    "no-key": "run `plana-secrets login` again, or add the master password to the credentials file",
    "not-a-member": (
        "ask an owner to invite and confirm the account; `plana-secrets mirror init "
        "vaultwarden` finds the organization"
    ),
    "wrong-master-password": (
        "the API key is correct but the master password is not; run `plana-secrets "
        "login --api-key`, or fix the credentials file"
    ),
}
