"""Registration, logins, the second factor, API keys, profiles."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any

from tests.fakes.vaultwarden.store import (
    ACCEPTED,
    ADMIN,
    CONFIRMED,
    INVITED,
    REVOKE,
    Member,
    Store,
    Token,
    User,
)
from tests.fakes.vaultwarden.wire import FailureError, Request, answer_json, err, route

LIFETIME = 7200


@route("GET", "/api/version")
def version(request: Request) -> object:
    return request.store.version


@route("GET", "/api/config")
def config(request: Request) -> object:
    return {"version": "2026.6.0", "server": {"name": "Vaultwarden", "url": ""}, "object": "config"}


@route("GET", "/alive|/api/alive")
def alive(request: Request) -> object:
    return "2026-11-23T10:00:00.000000Z"


@route("POST", "/identity/accounts/register")
def register(request: Request) -> object:
    data = request.json("email", "masterPasswordHash", "key", "kdf", "kdfIterations", "keys")
    email = data["email"].strip().lower()
    known = request.store.user_of_email(email)
    if known and known.password_hash:
        raise err("Registration not allowed or user already exists")
    if data["kdf"] == 0 and data["kdfIterations"] < 100_000:
        raise err("PBKDF2 KDF iterations must be at least 100000.")
    user = User(
        email=email,
        name=data.get("name") or "",
        password_hash=data["masterPasswordHash"],
        key=data["key"],
        private_key=data["keys"]["encryptedPrivateKey"],
        public_key=data["keys"]["publicKey"],
        kdf=data["kdf"],
        iterations=data["kdfIterations"],
        memory=data.get("kdfMemory"),
        parallelism=data.get("kdfParallelism"),
    )
    if known:
        user.id = known.id
        for member in request.store.members.values():
            if member.user == user.id and member.status == INVITED:
                member.status = ACCEPTED
    request.store.users[user.id] = user
    return {"object": "register", "captchaBypassToken": ""}


@route("POST", "/identity/accounts/prelogin")
def prelogin(request: Request) -> object:
    email = request.json("email")["email"].lower()  # of blanks around it the server knows nothing
    user = next((one for one in request.store.users.values() if one.email == email), None)
    kdf = (
        (user.kdf, user.iterations, user.memory, user.parallelism)
        if user
        else (0, 600_000, None, None)
    )
    return {
        "kdf": kdf[0],
        "kdfIterations": kdf[1],
        "kdfMemory": kdf[2],
        "kdfParallelism": kdf[3],
        "salt": None,
    }


@route("POST", "/identity/connect/token")
def token(request: Request) -> object:
    form = request.form()
    match form.get("granttype"):
        case "refresh_token":
            return refresh(request.store, form)
        case "password":
            if request.store.sso_only:
                raise err("SSO sign-in is required")
            check_device(form)
            limit(request.store)
            return password_login(request.store, form)
        case "client_credentials":
            check_device(form)
            limit(request.store)
            return api_key_login(request.store, form)
    raise err("Invalid type")


def check_device(form: dict[str, str]) -> None:
    for name in ("device_identifier", "device_name", "device_type"):
        if not form.get(name.replace("_", "")):
            raise err(f"{name} cannot be blank")


def limit(store: Store) -> None:
    """Good logins count, too; no header says when to come back."""
    store.logins += 1
    if store.logins > store.login_burst:
        raise err("Too many login requests", 429)


def refresh(store: Store, form: dict[str, str]) -> object:
    kept = store.refresh_tokens.get(form.get("refreshtoken", ""))
    user = store.users.get(kept.user) if kept else None
    if not kept or not user or kept.stamp != user.stamp:
        raise FailureError(answer_json({"error": "invalid_grant"}, 400))
    return {
        "refresh_token": issue_refresh(store, user),
        "access_token": store.issue(user, LIFETIME),
        "expires_in": LIFETIME,
        "token_type": "Bearer",
        "scope": "api offline_access",
    }


def issue_refresh(store: Store, user: User) -> str:
    text = f"refresh.{secrets.token_urlsafe(24)}"
    store.refresh_tokens[text] = Token(user.id, user.stamp, store.now() + 30 * 86400)
    return text


def password_login(store: Store, form: dict[str, str]) -> object:
    user = store.user_of_email(form.get("username", ""))
    if user is None or not hmac.compare_digest(user.password_hash, form.get("password", "")):
        raise err("Username or password is incorrect. Try again")
    if not user.enabled:
        raise err("This user has been disabled")
    check_second_factor(store, user, form)
    enforce_two_factor(store, [one for one in store.members.values() if one.user == user.id])
    return key_material(store, user, "api offline_access") | {
        "refresh_token": issue_refresh(store, user)
    }


def enforce_two_factor(store: Store, members: list[Member]) -> None:
    """Revoke those of organizations with the policy whose account has no second factor."""
    for one in members:
        user, organization = store.users[one.user], store.organizations[one.organization]
        is_due = organization.needs_two_factor and one.type > ADMIN and one.status == CONFIRMED
        if is_due and not (user.totp or user.other_factor):
            one.status -= REVOKE


def check_second_factor(store: Store, user: User, form: dict[str, str]) -> None:
    providers = ["0"] if user.totp else ["7"] if user.other_factor else []
    if not providers:
        return
    if form.get("twofactorprovider", providers[0]) not in providers or "twofactortoken" not in form:
        raise FailureError(
            answer_json(
                {
                    "error": "invalid_grant",
                    "error_description": "Two factor required.",
                    "TwoFactorProviders": providers,
                    "TwoFactorProviders2": dict.fromkeys(providers),
                    "MasterPasswordPolicy": {"Object": "masterPasswordPolicy"},
                },
                400,
            )
        )
    now = int(store.now()) // 30
    for step in (now, now - 1, now + 1):
        if code(user.totp or "", step) == form["twofactortoken"] and step > user.totp_last_used:
            user.totp_last_used = step
            return
    raise err("Invalid TOTP code! Server time: 2026-11-23 10:00:00 UTC IP: 127.0.0.1")


def code(key: str, step: int) -> str:
    mac = hmac.new(base64.b32decode(key), step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = mac[-1] & 15
    return f"{(int.from_bytes(mac[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def api_key_login(store: Store, form: dict[str, str]) -> object:
    if form.get("scope") != "api":
        raise err("Scope not supported")
    client_id = form.get("clientid", "")
    if not client_id.startswith("user."):
        raise err("Malformed client_id")
    user = store.users.get(client_id.removeprefix("user."))
    if user is None:
        raise err("Invalid client_id")
    if not user.enabled:
        raise err("This user has been disabled (API key login)")
    if not hmac.compare_digest(user.api_key, form.get("clientsecret", "")):
        raise err("Incorrect client_secret")
    return key_material(store, user, "api")


def key_material(store: Store, user: User, scope: str) -> dict[str, Any]:
    return {
        "access_token": store.issue(user, LIFETIME),
        "expires_in": LIFETIME,
        "token_type": "Bearer",
        "Key": user.key,
        "PrivateKey": user.private_key,
        "Kdf": user.kdf,
        "KdfIterations": user.iterations,
        "KdfMemory": user.memory,
        "KdfParallelism": user.parallelism,
        "scope": scope,
    }


def check_password(request: Request, *names: str) -> dict[str, Any]:
    user = request.user
    data = request.json("masterPasswordHash", *names)
    if not hmac.compare_digest(user.password_hash, data["masterPasswordHash"]):
        raise err("Invalid password")
    return data


@route("POST", "/api/accounts/api-key")
def api_key(request: Request) -> object:
    check_password(request)
    return {
        "apiKey": request.user.api_key,
        "revisionDate": "2026-11-23T10:00:00.000000Z",
        "object": "apiKey",
    }


@route("POST", "/api/accounts/security-stamp")
def security_stamp(request: Request) -> None:
    """Every session of the account is over."""
    check_password(request)
    request.user.stamp = secrets.token_hex(8)


@route("POST", "/api/two-factor/get-authenticator")
def get_authenticator(request: Request) -> object:
    check_password(request)
    key = base64.b32encode(secrets.token_bytes(20)).decode()
    return {"enabled": False, "key": key, "object": "twoFactorAuthenticator"}


@route("PUT POST", "/api/two-factor/authenticator")
def authenticator(request: Request) -> object:
    data = check_password(request, "key", "token")
    step = int(request.store.now()) // 30
    if data["token"] not in {code(data["key"], step + drift) for drift in (-1, 0, 1)}:
        raise err("Invalid TOTP code! Server time: 2026-11-23 10:00:00 UTC IP: 127.0.0.1")
    request.user.totp = data["key"]
    request.user.totp_last_used = step
    return {"enabled": True, "key": data["key"], "object": "twoFactorAuthenticator"}


@route("POST", "/api/two-factor/disable")
def disable_two_factor(request: Request) -> object:
    check_password(request, "type")
    request.user.totp = None
    return {"enabled": False, "type": 0, "object": "twoFactorProvider"}


@route("GET", "/api/accounts/profile")
def profile(request: Request) -> object:
    return profile_of(request.store, request.user)


def profile_of(store: Store, user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "twoFactorEnabled": bool(user.totp or user.other_factor),
        "key": user.key,
        "privateKey": user.private_key,
        "accountKeys": {
            "publicKeyEncryptionKeyPair": {
                "wrappedPrivateKey": user.private_key,
                "publicKey": user.public_key,
            },
            "securityState": None,
            "signatureKeyPair": None,
        },
        "organizations": [
            {
                "id": one.organization,
                "name": store.organizations[one.organization].name,
                "key": one.key,
                "status": one.status,
                "type": 4 if one.type == 3 else one.type,
                "organizationUserId": one.id,
                "enabled": True,
            }
            for one in store.members.values()
            if one.user == user.id and one.status == CONFIRMED
        ],
        "object": "profile",
    }


@route("GET", "/api/users/<user>/public-key")
def public_key(request: Request, user: str) -> object:
    _ = request.user
    found = request.store.users.get(user)
    if found is None:
        raise err("User doesn't have a public key", 404)
    return {"userId": user, "publicKey": found.public_key, "object": "userKey"}
