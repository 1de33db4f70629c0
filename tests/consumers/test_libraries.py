"""What docs/consume.md says of JWT libraries is what they do, in the newest versions there are.

A version that differs from the page is no failure: the page has the date of its table.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.consumers.projects import ROOT, packages

HERE = Path(__file__).parent / "libraries"
PAGE = (ROOT / "docs" / "consume.md").read_text()
KEYS = {kid: os.urandom(32) for kid in ("k1111111111", "legacy", "k9999999999")}
KEYSET = {
    "version": 3,
    "active": "k1111111111",
    "keys": [
        {
            "kid": kid,
            "kty": "oct",
            "alg": "HS256",
            "k": base64.urlsafe_b64encode(KEYS[kid]).rstrip(b"=").decode(),
        }
        for kid in ("k1111111111", "legacy")
    ],
    "legacy": {"kid": "legacy", "until": "2020-01-01T00:00:00Z"},
}
RIGHT = {"active": True, "verified": True, "unknown": False, "retired": False, "kidless": False,
         "late": True, "expired": False}  # fmt: skip
"""By token, whether a service accepts it; ``late`` is within the leeway."""


def token(kid: str | None, key: str, *, expires: int = 900) -> str:
    now = int(time.time())
    claims = {"sub": "x", "iat": now - 1000, "exp": now + expires}
    return jwt.encode(claims, KEYS[key], "HS256", headers={"kid": kid} if kid else {})


def asked() -> str:
    tokens = {
        "active": token("k1111111111", "k1111111111"),
        "verified": token("legacy", "legacy"),
        "unknown": token("k2222222222", "k1111111111"),
        "retired": token("k9999999999", "k9999999999"),
        "kidless": token(None, "legacy"),
        "late": token("k1111111111", "k1111111111", expires=-30),
        "expired": token("k1111111111", "k1111111111", expires=-90),
    }
    return json.dumps({"keyset": KEYSET, "tokens": tokens})


@pytest.fixture(scope="module")
def python() -> dict[str, Any]:
    program = packages(HERE / "python") / "venv/bin/python"
    return _ask([str(program), str(HERE / "python" / "ask.py")])


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("libraries")
    modules = packages(HERE / "node") / "node_modules"
    (place / "node_modules").symlink_to(modules)
    shutil.copy(HERE / "node" / "ask.mjs", place)
    return _ask(["node", str(place / "ask.mjs")], MODULES=str(modules))


def _ask(argv: list[str], **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        argv, input=asked(), capture_output=True, text=True, check=True, timeout=60,
        env={"PATH": os.environ["PATH"], **environment},
    )  # fmt: skip
    return json.loads(done.stdout)


def wrong(answers: dict[str, str]) -> dict[str, str]:
    """The answers that a service must not give."""
    return {
        word: answer for word, answer in answers.items() if (answer == "accepted") != RIGHT[word]
    }


@pytest.mark.long
def test_libraries_of_python(python: dict[str, Any]) -> None:
    answers = python["answers"]
    for name in ("PyJWT", "joserfc", "Authlib"):
        assert wrong(answers[name]) == {}, name
    assert answers["PyJWT"]["unknown"] == "KeyError"
    assert answers["Authlib"]["unknown"] == "ValueError"
    for name in ("joserfc", "Authlib"):
        assert wrong(answers[f"{name}, not validated"]) == {"expired": "accepted"}
    assert wrong(answers["python-jose"]) == {"unknown": "accepted", "kidless": "accepted"}
    assert wrong(answers["jwcrypto"]) == {"kidless": "accepted"}
    assert python["joserfc signs with"] == ["k1111111111", "legacy"]


@pytest.mark.long
def test_libraries_of_javascript(node: dict[str, Any]) -> None:
    answers = node["answers"]
    for name in ("@fastify/jwt", "fast-jwt", "jose", "jsonwebtoken"):
        assert wrong(answers[name]) == {}, name
    assert answers["@fastify/jwt, error without statusCode"]["unknown"] == "500"
    assert set(answers["jose, createLocalJWKSet"].values()) == {"ERR_JOSE_NOT_SUPPORTED"}
    assert node["cache"] == "accepted"
    seconds = {
        value: {name for name, life in lives.items() if life == 900}
        for value, lives in node["lives"].items()
    }
    assert seconds == {
        "900": {"@fastify/jwt", "jsonwebtoken"},
        '"900"': set(),
        '"15m"': {"@fastify/jwt", "fast-jwt", "jsonwebtoken", "jose"},
    }
    assert max(node["lives"]['"900"'].values()) <= 1
    assert node["seen"] == [["sub"]]


ROWS = re.findall(r"^\| `([^`]+)` [0-9]", PAGE, re.MULTILINE)


@pytest.mark.long
def test_every_library_that_was_asked_has_a_row(
    python: dict[str, Any], node: dict[str, Any]
) -> None:
    assert {*python["versions"], *node["versions"]} == set(ROWS)
