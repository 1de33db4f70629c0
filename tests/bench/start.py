"""``scripts/bench start``: CPU time of small commands beside bare Python and sops.

CPU time, since it hardly moves with what else the machine does.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.generate import generate_files, make_world
from tests.bench.timing import measure
from tests.world import World, sops_program

OURS = str(Path(sys.executable).with_name("plana-secrets"))
RUNS = 15


def commands(name: str) -> dict[str, list[str]]:
    sops = str(sops_program())
    return {
        "bare Python": [sys.executable, "-c", "pass"],
        "click": [sys.executable, "-c", "import click"],
        "--help": [OURS, "--help"],
        "ls": [OURS, "ls"],
        "get": [OURS, "get", name, "service0.password0"],
        "sops --version": [sops, "--version", "--disable-version-check"],
        "sops decrypt": [sops, "decrypt", "--extract", '["service0"]["password0"]', name],
    }


def print_rows(world: World, name: str) -> None:
    print(
        f"CPU time, the median of {RUNS} runs\n\n| command | CPU | beside bare Python |\n|---|---|---|"
    )
    bare = 0.0
    for title, argv in commands(name).items():
        cpu = measure(world, argv, runs=RUNS).cpu
        bare = bare or cpu
        print(f"| {title} | {cpu * 1000:.0f} ms | {cpu / bare:.1f} x |", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        world = make_world(Path(folder))
        name = generate_files(world, 1)[0]
        world.commit("a file")
        print_rows(world, name)


if __name__ == "__main__":
    main()
