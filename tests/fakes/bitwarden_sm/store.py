"""What the server knows: projects, secrets as ciphertext, and who may do what."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.secret import Secret


def derive_token_key(seed: bytes) -> SymmetricKey:
    """The key that an access token stands for (HKDF-SHA256 of its last part)."""
    pseudo_random = hmac.new(b"bitwarden-accesstoken", seed, hashlib.sha256).digest()
    first = hmac.new(pseudo_random, b"sm-access-token\x01", hashlib.sha256).digest()
    second = hmac.new(pseudo_random, first + b"sm-access-token\x02", hashlib.sha256).digest()
    return SymmetricKey(Secret(first + second))


@dataclass
class Account:
    """A machine account's access token. ``projects``: id to whether it may write."""

    client_secret: str
    payload: str
    projects: dict[str, bool]
    bearers: set[str] = field(default_factory=set)


@dataclass
class Store:
    organization: str = field(default_factory=lambda: str(uuid.uuid4()))
    projects: dict[str, str] = field(default_factory=dict)
    """Id to sealed name."""
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    ticks: int = 0

    def now(self) -> str:
        """Two changes never have the same time."""
        self.ticks += 1
        moment = datetime.fromtimestamp(1_790_000_000 + self.ticks / 1000, tz=UTC)
        return moment.isoformat().replace("+00:00", "Z")

    def add_account(self, organization_key: SymmetricKey, projects: dict[str, bool]) -> str:
        """A new access token."""
        token_id, client_secret = str(uuid.uuid4()), secrets.token_urlsafe(22)
        seed = secrets.token_bytes(16)
        encryption_key = base64.b64encode(organization_key.reveal().reveal()).decode()
        payload = json.dumps({"encryptionKey": encryption_key})
        self.accounts[token_id] = Account(
            client_secret, derive_token_key(seed).seal_text(payload), projects
        )
        return f"0.{token_id}.{client_secret}:{base64.b64encode(seed).decode()}"

    def log_in(self, token_id: str, client_secret: str) -> dict[str, Any] | None:
        account = self.accounts.get(token_id)
        if account is None or account.client_secret != client_secret:
            return None
        claims = {
            "exp": int(time.time()) + 3600,
            "sub": token_id,
            "organization": self.organization,
            "scope": ["api.secrets"],
            "jti": secrets.token_hex(8),
        }
        parts = ({"alg": "none"}, claims)
        bearer = ".".join(
            base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts
        )
        bearer += ".c2ln"
        account.bearers.add(bearer)
        return {
            "access_token": bearer,
            "expires_in": 3600,
            "token_type": "Bearer",
            "scope": "api.secrets",
            "encrypted_payload": account.payload,
        }

    def account_of(self, bearer: str) -> Account | None:
        return next((one for one in self.accounts.values() if bearer in one.bearers), None)

    def visible(self, account: Account) -> list[dict[str, Any]]:
        return [one for one in self.secrets.values() if _project_of(one) in account.projects]

    def may_write(self, account: Account, secret_id: str) -> bool:
        secret = self.secrets.get(secret_id)
        return secret is not None and account.projects.get(_project_of(secret) or "", False)

    def put(self, secret_id: str | None, body: dict[str, Any]) -> dict[str, Any]:
        """Create (``secret_id`` None) or replace."""
        now = self.now()
        chosen = secret_id or str(uuid.uuid4())
        created = self.secrets[chosen]["creationDate"] if secret_id else now
        projects = [{"id": one, "name": self.projects[one]} for one in body["projectIds"] or ()]
        self.secrets[chosen] = {
            "object": "secret",
            "id": chosen,
            "organizationId": self.organization,
            "key": body["key"],
            "value": body["value"],
            "note": body["note"],
            "creationDate": created,
            "revisionDate": now,
            "projects": projects,
            "read": True,
            "write": True,
        }
        return self.secrets[chosen]


def _project_of(secret: dict[str, Any]) -> str | None:
    projects = secret["projects"]
    return projects[0]["id"] if projects else None
