"""Two branches that change one file, and the merge that stops between them."""

from __future__ import annotations

from tests.merging.teams import FILE, on_branch, put, start
from tests.world import Result, World


def both_change(world: World, driver: bool = False) -> None:
    """Different values on both sides, and one that both gave another one."""
    start(world)
    if not driver:
        world.git("config", "--remove-section", "merge.plana-secrets")

    def theirs() -> None:
        put(world, "db.password", "theirs-value")
        put(world, "port", "1", FILE, "--type", "int")

    on_branch(world, "theirs", theirs)
    put(world, "db.password", "ours-value")
    put(world, "db.user", "ours-user")
    world.commit("ours")


def merge(world: World, *options: str) -> Result:
    return world.command("git", "merge", "-q", "-m", "merged", *options, "theirs", check=False)


def resolve(world: World, *arguments: str) -> Result:
    return world.run("resolve", *arguments)


def stages(world: World) -> str:
    return world.git("ls-files", "-u")
