"""``scripts/bench``: plana-secrets beside sops in a loop, and its start beside bare Python."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.bench.generate import generate_files, make_world
from tests.bench.timing import Measured, measure, row
from tests.world import World, sops_program

OURS = str(Path(sys.executable).with_name("plana-secrets"))
COUNT = int(os.environ.get("PLANA_BENCH_FILES", "1000"))


def main() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        world = make_world(Path(folder))
        names = generate_files(world, COUNT)
        world.commit("files")
        print(f"{COUNT} files of 20 leaves and 5 recipients, {os.cpu_count()} cores\n")
        print("| what | ours | beside | faster |\n|---|---|---|---|")
        verify_rows(world, names)
        single_rows(world, names[0])
        start_row(world)
    growth()


def verify_rows(world: World, names: list[str]) -> None:
    listing = world.folder / "names"
    listing.write_text("\n".join(names))
    loop = measure(
        world,
        ["sh", "-c", f"xargs -P2 -n1 {sops_program()} decrypt <{listing} >/dev/null"],
        runs=2,
    )
    keyed = measure(world, [OURS, "verify"])
    without = {"SOPS_AGE_KEY_FILE": ""}
    keyless = measure(world, [OURS, "verify"], env=without)
    row("verify, with the identity", keyed, "xargs -P2 sops decrypt", loop)
    row("verify, without a key", keyless, "xargs -P2 sops decrypt", loop)


def single_rows(world: World, name: str) -> None:
    sops = str(sops_program())
    path = "service0.password0"
    index = '["service0"]["password0"]'
    get = measure(world, [OURS, "get", name, path])
    extract = measure(world, [sops, "decrypt", "--extract", index, name])
    row("one get", get, "sops decrypt --extract", extract)
    value = world.folder / "value"
    value.write_text("another value")
    set_ = measure(world, ["sh", "-c", f"{OURS} set {name} {path} --from-file {value}"])
    quoted = world.folder / "quoted"
    quoted.write_text('"another value"')
    other = measure(world, ["sh", "-c", f"{sops} set --value-file {name} '{index}' {quoted}"])
    row("one set", set_, "sops set", other)


def start_row(world: World) -> None:
    ours = measure(world, [OURS, "--help"], runs=9)
    bare = measure(world, [sys.executable, "-c", "pass"], runs=9)
    row("--help", ours, "bare Python", bare)
    print(f"\n--help is {1000 * (ours.seconds - bare.seconds):.0f} ms above bare Python\n")


def growth() -> None:
    """Linear in files, flat in memory: the same command on ten times as many."""
    print("| files | keyed verify | a file | memory |\n|---|---|---|---|")
    for count in (COUNT // 10, COUNT, COUNT * 10):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            world = make_world(Path(folder))
            generate_files(world, count)
            world.commit("files")
            one: Measured = measure(world, [OURS, "verify"], runs=2)
            each = one.seconds / count * 1000
            print(
                f"| {count} | {one.seconds:.2f} s | {each:.2f} ms | {one.megabytes:.0f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
