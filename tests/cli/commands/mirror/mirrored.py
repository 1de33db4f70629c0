"""A repository with a local mirror, and what the tests of ``mirror`` do to both."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pyrage

from tests.world import Result, World

A = "infra/secrets/prod/db.yaml"
B = "infra/secrets/prod/app.secret.yaml"
SENTINEL = "s3nt1nel-value"
MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
    labels:
        app.kubernetes.io/part-of: shop
data:
    TEXT: aGVsbG8=
    BYTES: AAEC
stringData:
    URL: https://x
"""
TYPES = f"""\
user: {SENTINEL}
# a comment
port: 5432
on: true
rate: 1.5
when: 2026-11-23T10:00:00Z
none: null
empty: ""
lines: |
    one
    two
list:
    - a
    - b: c
nothing: {{}}
"a.b": dotted
"""
PORTAL = f"""\
[keysets."shop/portal"]
kind = "api-key"
accepted = ["{B}#stringData.KEYS"]
callers = ["{B}#stringData.URL"]
rollout = "30m"
drain = "1h"
"""
"""A keyset that renders a value of B."""


def make_place(world: World) -> World:
    """Two committed files, and a local mirror configured beside the repository.

    The place outside was confirmed once: the mirror is there, and empty.
    """
    configure(world)
    write_mirror(world, {"encrypted": False, "folders": [], "items": []})
    world.encrypt(A, TYPES)
    world.encrypt(B, MANIFEST)
    world.commit()
    return world


def configure(world: World, extra: str = "") -> None:
    (world.repo / "plana-secrets.toml").write_text(
        f'[mirror]\nbackend = "local"\n[mirror.local]\npath = "../mirror.json.age"\n{extra}'
    )


def mirror(world: World, *argv: str, env: dict[str, str] | None = None) -> Result:
    """No output holds the sentinel, however much is asked for."""
    result = world.run("mirror", *argv, "-vv", env=env)
    assert SENTINEL not in result.stdout + result.stderr
    return result


def mirror_object(world: World, *argv: str, status: int = 0) -> dict[str, Any]:
    result = mirror(world, *argv, "--json")
    assert result.status == status, result
    content = json.loads(result.stdout)
    assert isinstance(content, dict)
    return content


def sync(world: World, *argv: str, status: int = 0) -> dict[str, Any]:
    return mirror_object(world, "sync", *argv, status=status)


def read_mirror(world: World) -> dict[str, Any]:
    data = (world.folder / "mirror.json.age").read_bytes()
    content = json.loads(pyrage.decrypt(data, [world.identity]))
    assert isinstance(content, dict)
    return content


def write_mirror(world: World, content: object) -> None:
    data = pyrage.encrypt(json.dumps(content).encode(), [world.identity.to_public()])
    (world.folder / "mirror.json.age").write_bytes(data)


def fields_of(content: dict[str, Any], title: str) -> dict[str, dict[str, Any]]:
    item = next(one for one in content["items"] if one["name"] == title)
    return {field["name"]: field for field in item["fields"]}


def edit_mirror(world: World, title: str, path: str, value: str) -> None:
    content = read_mirror(world)
    fields_of(content, title)[path]["value"] = value
    write_mirror(world, content)


def hinted(result: Result) -> list[list[str]]:
    """The words of each command of ours that was printed to be pasted."""
    return [shlex.split(one) for one in re.findall(r"`plana-secrets ([^`]*)`", result.stderr)]


def drift_of(content: dict[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one["kind"], one["file"], tuple(one["paths"])) for one in content["drift"]]
