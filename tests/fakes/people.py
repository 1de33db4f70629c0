"""People who use a Vaultwarden server: they register, invite, log in, edit by hand.

They speak plain HTTP with their own client, so that what they see and do does not pass
through the client under test; of the product they use the cryptography alone, which is
proven by vectors from outside.
"""

from __future__ import annotations

import base64
import functools
import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

from plana_secrets.mirror.backends.vaultwarden.crypto import (
    OAEP,
    SymmetricKey,
    load_private_key,
    unwrap_key,
)
from plana_secrets.mirror.backends.vaultwarden.kdf import (
    Kdf,
    derive_master_key,
    login_hash,
    normalise_email,
    stretch,
)
from plana_secrets.secret import Secret

USER, MANAGER = 2, 4
FAST_KDF = Kdf("pbkdf2", 100_000)


class RefusedError(Exception):
    """The server's answer to something that a person tried."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {body[:300]!r}")
        self.status = status
        self.body = body


@functools.cache
def key_pair(number: int) -> tuple[bytes, bytes]:
    """An RSA pair in DER; making one is slow, and whose it is does not matter in a test."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def wrap_for(public: bytes, key: SymmetricKey) -> str:
    """The key of an organisation for one member."""
    wrapped = load_der_public_key(public).encrypt(key.reveal().reveal(), OAEP)  # type: ignore[union-attr]
    return f"4.{base64.b64encode(wrapped).decode()}"


@dataclass
class Person:
    """An account, from its registration on."""

    url: str
    email: str
    password: str = "correct horse battery staple"
    kdf: Kdf = FAST_KDF
    number: int = 0
    token: str = ""
    id: str = ""
    ca_file: str | None = None
    user_key: SymmetricKey = field(default_factory=SymmetricKey.generate)

    def __post_init__(self) -> None:
        self.pool = urllib3.PoolManager(retries=False, ca_certs=self.ca_file)
        self.private, self.public = key_pair(self.number)

    @functools.cached_property
    def master_key(self) -> Secret:
        return derive_master_key(
            Secret.from_text(self.password), normalise_email(self.email), self.kdf
        )

    @property
    def password_hash(self) -> str:
        return login_hash(self.master_key, Secret.from_text(self.password)).reveal_text()

    def raw(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        content = None if body is None else json.dumps(body).encode()
        sent = {"Accept": "application/json", "Content-Type": "application/json"} | headers
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        return self.pool.request(method, self.url + path, body=content, headers=sent, timeout=60)

    def call(self, method: str, path: str, body: object = None) -> Any:
        answer = self.raw(method, path, body)
        if answer.status != 200:
            raise RefusedError(answer.status, answer.data)
        return json.loads(answer.data) if answer.data else None

    def register(self) -> Person:
        is_pbkdf2 = self.kdf.kind == "pbkdf2"
        self.call(
            "POST",
            "/identity/accounts/register",
            {
                "email": self.email,
                "name": self.email.partition("@")[0],
                "masterPasswordHash": self.password_hash,
                "masterPasswordHint": None,
                "key": stretch(self.master_key).seal(self.user_key.reveal().reveal()),
                "kdf": 0 if is_pbkdf2 else 1,
                "kdfIterations": self.kdf.iterations,
                "kdfMemory": None if is_pbkdf2 else self.kdf.memory,
                "kdfParallelism": None if is_pbkdf2 else self.kdf.parallelism,
                "keys": {
                    "publicKey": base64.b64encode(self.public).decode(),
                    "encryptedPrivateKey": self.user_key.seal(self.private),
                },
            },
        )
        return self

    def login(self, **fields: str) -> Person:
        form = {
            "grant_type": "password",
            "scope": "api offline_access",
            "client_id": "web",
            "username": self.email,
            "password": self.password_hash,
            "deviceIdentifier": str(uuid.uuid5(uuid.NAMESPACE_DNS, self.email)),
            "deviceName": "test",
            "deviceType": "9",
        } | fields
        answer = self.pool.request(
            "POST",
            self.url + "/identity/connect/token",
            body=urlencode(form).encode(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            timeout=60,
        )
        if answer.status != 200:
            raise RefusedError(answer.status, answer.data)
        self.token = json.loads(answer.data)["access_token"]
        self.id = self.call("GET", "/api/accounts/profile")["id"]
        return self

    def api_key(self) -> tuple[str, str]:
        answer = self.call(
            "POST", "/api/accounts/api-key", {"masterPasswordHash": self.password_hash}
        )
        return f"user.{self.id}", answer["apiKey"]

    def end_sessions(self) -> None:
        """Deauthorize them, this one included."""
        body = {"masterPasswordHash": self.password_hash}
        self.call("POST", "/api/accounts/security-stamp", body)
        self.login()

    def enable_totp(self) -> str:
        """Switch on one-time codes; the secret in base32."""
        body = {"masterPasswordHash": self.password_hash}
        key = self.call("POST", "/api/two-factor/get-authenticator", body)["key"]
        self.call("PUT", "/api/two-factor/authenticator", body | {"key": key, "token": totp(key)})
        return str(key)

    def disable_totp(self) -> None:
        body = {"masterPasswordHash": self.password_hash, "type": 0}
        self.call("POST", "/api/two-factor/disable", body)

    def sync(self) -> Any:
        return self.call("GET", "/api/sync?excludeDomains=true")

    def organization_key(self, organization: str) -> SymmetricKey:
        memberships = self.sync()["profile"]["organizations"]
        wrapped = next(one["key"] for one in memberships if one["id"] == organization)
        return unwrap_key(wrapped, load_private_key(Secret(self.private)))


def totp(key: str, *, steps: int = 0) -> str:
    """The code of now, or of so many steps of 30 seconds later."""
    import hashlib
    import hmac
    import time

    counter = int(time.time()) // 30 + steps
    mac = hmac.new(base64.b32decode(key), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    start = mac[-1] & 15
    return f"{(int.from_bytes(mac[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


@dataclass
class Company:
    """An organisation with an owner, a service account, a member of staff and collections."""

    url: str
    ca_file: str | None = None
    name: str = "Mirror"

    def __post_init__(self) -> None:
        unique = secrets.token_hex(3)
        self.owner, self.service, self.staff = (
            Person(
                self.url, f"{name}-{unique}@example.test", number=number, ca_file=self.ca_file
            ).register()
            for number, name in enumerate(("owner", "service", "staff"))
        )
        self.owner.login()
        self.key = SymmetricKey.generate()
        created = self.owner.call(
            "POST",
            "/api/organizations",
            {
                "name": self.name,
                "billingEmail": self.owner.email,
                "planType": 0,
                "collectionName": self.key.seal_text("Default"),
                "key": wrap_for(self.owner.public, self.key),
                "keys": {
                    "publicKey": base64.b64encode(self.owner.public).decode(),
                    "encryptedPrivateKey": self.key.seal(self.owner.private),
                },
            },
        )
        self.id = created["id"]
        self.collections = {name: self.add_collection(name) for name in ("prod", "dev", "other")}
        self.add_member(self.service, {"prod": "edit", "dev": "edit", "other": "edit"})
        self.add_member(self.staff, {"prod": "view", "dev": "view"})
        self.service.login()
        self.staff.login()

    def rename(self, name: str) -> None:
        body = {"name": name, "billingEmail": self.owner.email}
        self.owner.call("PUT", f"/api/organizations/{self.id}", body)
        self.name = name

    def add_collection(self, name: str) -> str:
        body = {"name": self.key.seal_text(name), "groups": [], "users": [], "externalId": None}
        return str(self.owner.call("POST", f"/api/organizations/{self.id}/collections", body)["id"])

    def add_member(self, person: Person, access: dict[str, str], role: int = USER) -> str:
        """Invite, accept (at once, without mail) and confirm; the member's id."""
        grants = [grant(self.collections[name], how) for name, how in access.items()]
        self.owner.call(
            "POST",
            f"/api/organizations/{self.id}/users/invite",
            {
                "emails": [person.email],
                "type": role,
                "groups": [],
                "permissions": {},
                "collections": grants,
            },
        )
        member = next(one for one in self.members() if one["email"] == person.email)
        public = self.owner.call("GET", f"/api/users/{member['userId']}/public-key")["publicKey"]
        self.owner.call(
            "POST",
            f"/api/organizations/{self.id}/users/{member['id']}/confirm",
            {"key": wrap_for(base64.b64decode(public), self.key)},
        )
        return str(member["id"])

    def change_member(self, person: Person, access: dict[str, str], role: int = USER) -> None:
        member = next(one for one in self.members() if one["email"] == person.email)
        grants = [grant(self.collections[name], how) for name, how in access.items()]
        body = {"type": role, "collections": grants, "groups": [], "permissions": {}}
        self.owner.call("PUT", f"/api/organizations/{self.id}/users/{member['id']}", body)

    def require_two_factor(self, *, on: bool) -> None:
        body = {"policy": {"enabled": on, "data": None}}
        self.owner.call("PUT", f"/api/organizations/{self.id}/policies/0", body)

    def restore_revoked(self) -> None:
        for member in self.members():
            if member["status"] < 0:
                path = f"/api/organizations/{self.id}/users/{member['id']}/restore"
                self.owner.call("PUT", path)

    def members(self) -> list[dict[str, Any]]:
        path = f"/api/organizations/{self.id}/users?includeCollections=true&includeGroups=true"
        return list(self.owner.call("GET", path)["data"])


def grant(collection: str, how: str) -> dict[str, object]:
    """``view``, ``edit`` or ``manage``, as the clients call them."""
    return {
        "id": collection,
        "readOnly": how == "view",
        "hidePasswords": False,
        "manage": how == "manage",
    }
