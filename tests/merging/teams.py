"""Two colleagues who change one repository, each on a branch, and git that merges them."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from plana_secrets.paths import LeafPath
from plana_secrets.sops.reading.reader import read_structure
from tests.world import PROGRAM, World

FILE = "infra/secrets/dev/example.yaml"
TEXT = """\
# the database
db:
    user: app
    password: old-password  # beside it
port: 5432
hosts:
    - one
    - two
"""


def use_driver(world: World) -> None:
    """What ``hook install --merge`` sets up."""
    call = f"{shlex.join(PROGRAM)} hook merge"
    world.git("config", "merge.plana-secrets.driver", f"{call} -- %O %A %B %P")
    world.git("config", "merge.plana-secrets.recursive", "plana-secrets-bases")
    world.git("config", "merge.plana-secrets-bases.driver", f"{call} --base -- %O %A %B %P")
    (world.repo / ".gitattributes").write_text("infra/secrets/** merge=plana-secrets\n")


def start(world: World, text: str = TEXT, file: str = FILE) -> None:
    """One file on main, from which both begin."""
    use_driver(world)
    world.encrypt(file, text)
    world.commit("start")


def on_branch(world: World, branch: str, change: Callable[[], object]) -> None:
    """``change`` committed on a new branch from where we are, and back again."""
    world.git("switch", "-q", "-c", branch)
    change()
    world.commit(f"on {branch}")
    world.git("switch", "-q", "-")


def put(world: World, path: str, value: str, file: str = FILE, *more: str) -> None:
    done = world.run("set", file, path, "--stdin", *more, stdin=value.encode())
    assert done.status == 0, done


def ciphertexts(data: bytes) -> dict[LeafPath, object]:
    return {leaf.path: leaf.token for leaf in read_structure(data).leaves()}
