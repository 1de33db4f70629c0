"""What the server keeps, and its clock."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

OWNER, ADMIN, USER, MANAGER = 0, 1, 2, 3
INVITED, ACCEPTED, CONFIRMED = 0, 1, 2
REVOKE = 128
"""What is taken from the status of a member who is revoked."""


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class User:
    email: str
    name: str
    password_hash: str
    key: str
    private_key: str
    public_key: str
    kdf: int
    iterations: int
    memory: int | None
    parallelism: int | None
    id: str = field(default_factory=new_id)
    api_key: str = field(default_factory=lambda: secrets.token_hex(15))
    stamp: str = field(default_factory=new_id)
    enabled: bool = True
    totp: str | None = None
    totp_last_used: int = -1
    other_factor: bool = False


@dataclass
class Token:
    user: str
    stamp: str
    ends: float


@dataclass
class Grant:
    read_only: bool = False
    hide_passwords: bool = False
    manage: bool = False


@dataclass
class Member:
    user: str
    organization: str
    type: int
    status: int
    key: str = ""
    access_all: bool = False
    id: str = field(default_factory=new_id)

    @property
    def has_full_access(self) -> bool:
        return (self.access_all or self.type <= ADMIN) and self.status == CONFIRMED


@dataclass
class Organization:
    name: str
    needs_two_factor: bool = False
    id: str = field(default_factory=new_id)


@dataclass
class Collection:
    organization: str
    name: str
    external_id: str | None = None
    id: str = field(default_factory=new_id)
    users: dict[str, Grant] = field(default_factory=dict)
    groups: dict[str, Grant] = field(default_factory=dict)


@dataclass
class Group:
    organization: str
    name: str
    access_all: bool
    members: set[str] = field(default_factory=set)
    id: str = field(default_factory=new_id)


@dataclass
class Cipher:
    """``data`` are the fields of the request that are stored as they came."""

    data: dict[str, Any]
    user: str | None
    organization: str | None = None
    collections: set[str] = field(default_factory=set)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    marks: dict[str, tuple[bool, str | None]] = field(default_factory=dict)
    """Favorite and folder, by user."""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    deleted: datetime | None = None
    id: str = field(default_factory=new_id)


@dataclass
class Store:
    """``ahead``: how many seconds the server's clock was moved forward.

    ``cuts_at``: bytes of the fields of an item that a MariaDB which is not strict keeps.
    ``whole_seconds``: its dates have no fractions.
    """

    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, Token] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    ciphers: dict[str, Cipher] = field(default_factory=dict)
    version: str = "1.37.2"
    sso_only: bool = False
    groups_enabled: bool = True
    login_burst: int = 1_000_000
    logins: int = 0
    ahead: float = 0.0
    cuts_at: int | None = None
    whole_seconds: bool = False

    def touch(self, cipher: Cipher) -> None:
        now = datetime.now(UTC)
        cipher.updated = now.replace(microsecond=0) if self.whole_seconds else now

    def now(self) -> float:
        return time.time() + self.ahead

    def user_of_email(self, email: str) -> User | None:
        return next(
            (one for one in self.users.values() if one.email == email.strip().lower()), None
        )

    def user_of_token(self, token: str) -> User | None:
        kept = self.tokens.get(token)
        user = self.users.get(kept.user) if kept else None
        if kept is None or user is None or kept.ends < self.now() or kept.stamp != user.stamp:
            return None
        return user if user.enabled else None

    def issue(self, user: User, lifetime: int) -> str:
        token = f"access.{secrets.token_urlsafe(24)}"
        self.tokens[token] = Token(user.id, user.stamp, self.now() + lifetime)
        return token

    def membership(self, user: User, organization: str | None) -> Member | None:
        return next(
            (
                one
                for one in self.members.values()
                if one.user == user.id and one.organization == organization
            ),
            None,
        )

    def confirmed(self, user: User, organization: str | None) -> Member | None:
        member = self.membership(user, organization)
        return member if member and member.status == CONFIRMED else None


def format_date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
