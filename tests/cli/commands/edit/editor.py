"""An editor that is a shell script, and the file that it changes."""

from __future__ import annotations

from pathlib import Path

from tests.world import PROGRAM, Result, World

FILE = "infra/secrets/dev/example.yaml"
SECRET = "infra/secrets/dev/app.secret.yaml"
SENTINEL = "sentinel-93ab-value"

TEXT = """\
# the database
db:
    # its user
    user: app
    password: old
port: 5432
since: 2020-01-02T00:00:00Z
nothing: null
hosts:
    - a
    - b
"""


def editor(world: World, script: str, name: str = "editor") -> dict[str, str]:
    """An editor that is a shell script; ``$1`` is the file."""
    program = world.folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PLANA_EDITOR": str(program)}


def edit(world: World, script: str, *options: str, file: str = FILE) -> Result:
    return world.run("edit", file, *options, env=editor(world, script))


def meanwhile(world: World, path: str, value: str) -> str:
    """A line of script: somebody else sets a value."""
    program = " ".join(PROGRAM)
    return (
        f"printf {value} | SOPS_AGE_KEY_FILE={world.key_file} {program} --repo {world.repo}"
        f" --quiet set {FILE} {path} --stdin"
    )


def kept_edits(world: World) -> list[Path]:
    return list((world.repo / ".git/plana-secrets/edits").glob("*.age"))
