"""An example: login, refresh, a page for users, and one for the services that have an API key."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Response
from keyset import AcceptedKeys, MountedFile, Tokens

MOUNT = Path(os.environ.get("KEYS", "/etc/keys"))
SKEW = int(os.environ.get("SKEW", "60"))
PROVIDER = os.environ.get("PROVIDER", "http://pulse-data")

access = Tokens(
    MOUNT / "jwt-access.json",
    use="access",
    lifetime=int(os.environ.get("ACCESS_SECONDS", "900")),
    skew=SKEW,
    cookie="pa_token",
)
refresh = Tokens(
    MOUNT / "jwt-refresh.json",
    use="refresh",
    lifetime=int(os.environ.get("REFRESH_SECONDS", "2592000")),
    skew=SKEW,
    cookie="pa_refresh",
)
accepted = AcceptedKeys(MOUNT / "api-keys.json")
own_key = MountedFile(MOUNT / "api-key", bytes.decode)

app = FastAPI()


def set_cookie(response: Response, tokens: Tokens, subject: str, path: str) -> None:
    response.set_cookie(
        tokens.cookie,
        tokens.sign(subject),
        max_age=tokens.lifetime,
        path=path,
        httponly=True,
        secure=True,
        samesite="strict",
    )


@app.post("/login")
def login(response: Response) -> None:
    subject = "someone"  # check the password here
    set_cookie(response, access, subject, "/")
    set_cookie(response, refresh, subject, "/refresh")


@app.post("/refresh")
def renew(claims: Annotated[dict[str, Any], Depends(refresh)], response: Response) -> None:
    set_cookie(response, access, claims["sub"], "/")


@app.get("/me")
def me(claims: Annotated[dict[str, Any], Depends(access)]) -> str:
    return claims["sub"]


@app.get("/data")
def data(key_id: Annotated[str, Depends(accepted)]) -> str:
    return key_id


@app.get("/report")
def report() -> int:
    """What the other service answers to our API key."""
    request = urllib.request.Request(f"{PROVIDER}/data", headers={"X-API-Key": own_key.read()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


@app.get("/internal/keyset")
def versions() -> dict[str, int]:
    """What a roll-out is measured by; no secret is in it."""
    return {"access": access.version, "refresh": refresh.version}
