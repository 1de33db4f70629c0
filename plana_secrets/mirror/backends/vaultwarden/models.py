"""The shape of what the server answers: only what we use, everything else is ignored."""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec

from plana_secrets.errors import MalformedError

T = TypeVar("T")

_LONGEST: Final = 10 * 365 * 24 * 3600
"""Seconds that a token may claim to be good for."""


OWNER: Final = 0
ADMIN: Final = 1
USER: Final = 2
"""Roles of a member, by ``Membership.type``."""


class Prelogin(msgspec.Struct, rename="camel", frozen=True):
    kdf: int
    kdf_iterations: int
    kdf_memory: int | None = None
    kdf_parallelism: int | None = None
    salt: str | None = None


class Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: Annotated[int, msgspec.Meta(gt=0, le=_LONGEST)]
    refresh_token: str | None = None


class TwoFactorChallenge(msgspec.Struct, frozen=True):
    providers: list[str | int] = msgspec.field(name="TwoFactorProviders", default_factory=list)


class UnlockKdf(msgspec.Struct, rename="camel", frozen=True):
    kdf_type: int
    iterations: int
    memory: int | None = None
    parallelism: int | None = None


class MasterPasswordUnlock(msgspec.Struct, rename="camel", frozen=True):
    kdf: UnlockKdf
    salt: str | None = None
    master_key_wrapped_user_key: str | None = None
    master_key_encrypted_user_key: str | None = None


class UserDecryption(msgspec.Struct, rename="camel", frozen=True):
    master_password_unlock: MasterPasswordUnlock | None = None


class Membership(msgspec.Struct, rename="camel", frozen=True):
    """An organization as its member sees it; ``type`` is the member's role."""

    id: str
    type: int
    name: str = ""
    key: str | None = None


class KeyPair(msgspec.Struct, rename="camel", frozen=True):
    wrapped_private_key: str | None = None


class AccountKeys(msgspec.Struct, rename="camel", frozen=True):
    """``security_state`` is there in accounts whose encryption is of version 2."""

    security_state: msgspec.Raw = msgspec.Raw(b"null")
    public_key_encryption_key_pair: KeyPair | None = None


class Profile(msgspec.Struct, rename="camel", frozen=True):
    """``key`` and ``private_key``: newer servers have them elsewhere; see ``Sync``.

    ``two_factor_enabled``: whether the account has two-step login.
    """

    id: str
    email: str
    organizations: list[Membership]
    key: str | None = None
    private_key: str | None = None
    account_keys: AccountKeys | None = None
    two_factor_enabled: bool = True

    @property
    def is_version_2(self) -> bool:
        return self.account_keys is not None and bytes(self.account_keys.security_state) != b"null"


class Collection(msgspec.Struct, rename="camel", frozen=True):
    id: str
    organization_id: str
    name: str
    read_only: bool = False
    hide_passwords: bool = False
    manage: bool = False


class CipherField(msgspec.Struct, rename="camel", frozen=True):
    """``type`` 1 is hidden, 0 is shown to everyone who looks over a shoulder."""

    name: str | None = None
    value: str | None = None
    type: int = 1


class LoginUri(msgspec.Struct, rename="camel", frozen=True):
    """``match``: how a client compares it with an address; None is its default."""

    uri: str | None = None
    match: int | None = None


class Login(msgspec.Struct, rename="camel", frozen=True):
    """``passkeys`` are what only people add."""

    username: str | None = None
    password: str | None = None
    totp: str | None = None
    uris: list[LoginUri] | None = None
    passkeys: list[dict[str, object]] | None = msgspec.field(name="fido2Credentials", default=None)


class Cipher(msgspec.Struct, rename="camel", frozen=True):
    id: str
    type: int
    name: str
    revision_date: str
    organization_id: str | None = None
    collection_ids: list[str] = []
    notes: str | None = None
    fields: list[CipherField] | None = None
    key: str | None = None
    deleted_date: str | None = None
    attachments: list[msgspec.Raw] | None = None
    password_history: list[msgspec.Raw] | None = None
    reprompt: int | None = None
    login: object = None
    """See ``read_login``: what foreign items hold there stops nothing."""


class CipherList(msgspec.Struct, frozen=True):
    data: list[Cipher]


class Account(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What one sync says of the account; ``Sync`` has the items as well."""

    profile: Profile
    collections: list[Collection]
    user_decryption: UserDecryption | None = None

    @property
    def wrapped_user_key(self) -> str | None:
        """The account's key, from the place where this server has it."""
        unlock = self.user_decryption and self.user_decryption.master_password_unlock
        if self.profile.key or not unlock:
            return self.profile.key
        return unlock.master_key_wrapped_user_key or unlock.master_key_encrypted_user_key

    @property
    def wrapped_private_key(self) -> str | None:
        """The account's private key, likewise."""
        keys = self.profile.account_keys
        pair = keys and keys.public_key_encryption_key_pair
        return self.profile.private_key or (pair.wrapped_private_key if pair else None)


class Sync(Account, frozen=True, kw_only=True):
    ciphers: list[Cipher]


class ClosedSync(Account, frozen=True, kw_only=True):
    """The same, with each item as the bytes that the server sent."""

    ciphers: list[msgspec.Raw]


class Grant(msgspec.Struct, rename="camel", frozen=True):
    """Who may do what in a collection: a member or a group, by ``id``."""

    id: str
    read_only: bool = False
    hide_passwords: bool = False
    manage: bool = False


class CollectionAccess(msgspec.Struct, rename="camel", frozen=True):
    id: str
    name: str
    users: list[Grant] = []
    groups: list[Grant] = []


class CollectionAccessList(msgspec.Struct, frozen=True):
    data: list[CollectionAccess]


class Member(msgspec.Struct, rename="camel", frozen=True):
    id: str
    type: int
    status: int
    email: str = ""
    name: str | None = None


class MemberList(msgspec.Struct, frozen=True):
    data: list[Member]


class Group(msgspec.Struct, rename="camel", frozen=True):
    id: str
    name: str = ""
    access_all: bool = False


class GroupList(msgspec.Struct, frozen=True):
    data: list[Group]


def read_login(cipher: Cipher) -> Login:
    """The parts of a login; none of an item of another type.

    Raises:
        MalformedError: they are not of the documented format (kind ``bad-answer``).
    """
    try:
        return msgspec.convert(cipher.login or {}, Login)
    except msgspec.ValidationError:
        raise bad_answer("a login") from None


def read_answer(body: bytes, shape: type[T], what: str) -> T:
    """What the server answered, in its shape.

    Raises:
        MalformedError: it is not (kind ``bad-answer``); without a word of it.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise bad_answer(what) from None


def bad_answer(what: str) -> MalformedError:
    """Of an answer that has another shape; without a word of it."""
    return MalformedError(
        f"the server's answer about {what} does not have the documented format", kind="bad-answer"
    )
