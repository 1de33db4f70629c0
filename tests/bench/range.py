"""``scripts/bench range``: a range of commits beside sops in a loop, a hook beside the quickest one.

CPU time, since it hardly moves with what else the machine does; wall time in brackets.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.attacks.peers import Peer, find_peers
from tests.bench.generate import generate_commits, generate_files, make_document, make_world
from tests.bench.timing import Measured, measure
from tests.world import World, sops_program

OURS = str(Path(sys.executable).with_name("plana-secrets"))
FILES = int(os.environ.get("PLANA_BENCH_FILES", "1000"))
COMMITS = int(os.environ.get("PLANA_BENCH_COMMITS", "500"))
LARGE = [int(one) for one in os.environ.get("PLANA_BENCH_LARGE", "10000,100000").split(",") if one]
EACH = 4
"""Files that a commit writes."""
HOOKED = 40
LOOP = """\
git log --format=%H base..HEAD | while read -r commit; do
    git diff-tree -r --no-commit-id --name-only "$commit" -- infra | while read -r file; do
        git show "$commit:$file" >blob.yaml && SOPS filestatus blob.yaml || exit 1
    done
done
rm -f blob.yaml
"""
"""What a job without a verifier of ranges does: every new content, one by one."""


def main() -> None:
    print(f"{os.cpu_count()} cores; CPU time of all processes, wall time in brackets\n")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        world = make_world(Path(folder))
        names = generate_files(world, FILES)
        world.commit("files")
        ranges(world, names)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        world = make_world(Path(folder))
        hooks(world, generate_files(world, HOOKED))
    for count in LARGE:
        large(count)


def told(one: Measured) -> str:
    return f"{one.cpu:.2f} s ({one.seconds:.2f} s), {one.megabytes:.0f} MB"


def ranges(world: World, names: list[str]) -> None:
    """The same range grows: the cost is that of the new contents, and of the tree."""
    head = f"| range over {FILES} files | new contents | verify --range | each "
    print(f"{head}| git show, sops filestatus | ratio |\n|---|---|---|---|---|---|")
    for count in (COMMITS // 4, COMMITS // 2, COMMITS):
        world.git("tag", "-f", "base")
        generate_commits(world, names, count, EACH)
        ours = measure(world, [OURS, "verify", "--range", "base..HEAD"], runs=3)
        loop = measure(world, ["sh", "-c", LOOP.replace("SOPS", str(sops_program()))], runs=1)
        blobs = count * EACH
        each, ratio = 1000 * ours.cpu / blobs, loop.cpu / ours.cpu
        row = f"| {count} commits | {blobs} | {told(ours)} | {each:.2f} ms "
        print(f"{row}| {told(loop)} | {ratio:.0f} x |", flush=True)


def hooks(world: World, names: list[str]) -> None:
    """All files of a repository staged with new values; ours and each hook that takes files."""
    world.commit("files")
    recipients = world.recipients.split(",")
    for name in names:
        (world.repo / name).write_bytes(make_document(recipients))
    world.git("add", "-A")
    print(f"\n| before a commit of {len(names)} files | CPU |\n|---|---|")
    ours = measure(world, [OURS, "hook", "run", "pre-commit"], runs=9)
    print(f"| plana-secrets hook run pre-commit | {told(ours)} |")
    for peer in find_peers()[0]:
        argv = hook_of(peer, names)
        if argv:
            print(f"| {peer.name} | {told(measure(world, argv, runs=9))} |", flush=True)


def hook_of(peer: Peer, names: list[str]) -> list[str] | None:
    """A hook takes all files at once, sops one each; the checker looks for them itself."""
    if peer.name == "sops filestatus":
        return ["sh", "-c", " && ".join(" ".join(peer.argv(name)) for name in names)]
    if "sops " in peer.name:
        return None
    return [*peer.argv(names[0]), *(names[1:] if peer.argv("")[-1] == "" else ())]


def large(count: int) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        world = make_world(Path(folder))
        names = generate_files(world, count)
        world.commit("files")
        if count == LARGE[0]:
            heads = "verify, keyless | verify, L3 | verify --staged | a range of 100 commits"
            print(f"\n| files | {heads} |\n|---|---|---|---|---|")
        cells = [
            measure(world, [OURS, "verify"], runs=1, env={"SOPS_AGE_KEY_FILE": ""}),
            measure(world, [OURS, "verify"], runs=1),
            measure(world, [OURS, "verify", "--staged"], runs=1),
        ]
        world.git("tag", "-f", "base")
        generate_commits(world, names, 100, EACH)
        cells.append(measure(world, [OURS, "verify", "--range", "base..HEAD"], runs=1))
        print(f"| {count:,} | {' | '.join(map(told, cells))} |", flush=True)


if __name__ == "__main__":
    main()
