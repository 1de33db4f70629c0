"""What people try in a repository with hooks, and whether it was refused."""

from __future__ import annotations

from pathlib import Path

from tests.world import Result, World

APP = "infra/secrets/dev/app.yaml"
NEW = "infra/secrets/dev/new.yaml"
ZEROS = "0" * 40


def write(
    world: World, file: str, text: str = "token: hunter2\n", *, at: Path | None = None
) -> None:
    path = (at or world.repo) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git(
    world: World, *argv: str, at: Path | None = None, env: dict[str, str] | None = None
) -> Result:
    where = ("-C", str(at)) if at else ()
    return world.command("git", *where, *argv, check=False, env=env)


def refuses(done: Result, file: str = NEW) -> bool:
    told = done.stdout + done.stderr
    assert "hunter2" not in told
    return done.status != 0 and file in told


FOREIGN = "#!/bin/sh\nexit 0\n"


def plant_and_remove(world: World) -> str:
    """Three commits; the second has plaintext."""
    write(world, "README", "x\n")
    world.commit()
    write(world, NEW)
    planted = world.commit()
    (world.repo / NEW).unlink()
    world.commit()
    return planted
