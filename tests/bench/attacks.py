"""``scripts/bench attacks``: the corpus of attacks, found by us and let pass by other programs.

The same variants are built once and shown to each: our levels as the catalogue says, the others
the attacked file, staged or at the head of the range, as a hook or a job would.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.attacks.catalogue import ALL, UNDECIDABLE
from tests.attacks.good import CHANGES, FILES
from tests.attacks.ground import Ground, make_ground
from tests.attacks.peers import Peer, find_peers
from tests.attacks.variant import Look, Variant, found_in


def main() -> int:
    peers, missing = find_peers()
    passed: Counter[tuple[str, str]] = Counter()
    found: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        ground = make_ground(Path(folder))
        for variant in (*ALL, *UNDECIDABLE):
            with ground.built(variant):
                show(ground, variant, peers, passed, found)
        count_alarms(ground, peers, alarms)
    print_table(peers, passed, found, alarms)
    for package in missing:
        print(f"\n{package}: does not install any more")
    lost = [str(one) for one in ALL if not found[str(one)]]
    print("\n".join(f"not found: {one}" for one in lost))
    return 1 if lost else 0


def show(
    ground: Ground, variant: Variant, peers: list[Peer], passed: Counter[tuple[str, str]],
    found: Counter[str],
) -> None:  # fmt: skip
    checks = {(one.check, str(one.severity)) for one in found_in(ground, variant.look)}
    found[str(variant)] = int((variant.check, variant.severity) in checks)
    if variant.look is Look.INDEX:
        ground.world.git("checkout-index", "-f", "--", variant.file)
    for peer in peers:
        passed[column_of(variant), peer.name] += peer.lets_pass(ground.world, variant.file)


def column_of(variant: Variant) -> str:
    return "undecidable" if variant.check is None else variant.look.level.name


def count_alarms(ground: Ground, peers: list[Peer], alarms: Counter[str]) -> None:
    """Ordinary files that a program refuses, and ordinary changes that we call an error."""
    for good in FILES:
        good.build(ground)
        for peer in peers:
            alarms[peer.name] += not peer.lets_pass(ground.world, good.file)
        ground.remove(good.file)
    ground.reset()
    for good in [*FILES, *CHANGES]:
        good.build(ground)
        ground.world.git("add", "-A")
        ground.world.git("commit", "-q", "--allow-empty", "-m", "a change")
        look = Look.RANGE if good in CHANGES else Look.KEYED
        alarms["plana-secrets"] += any(one.severity == "error" for one in found_in(ground, look))
        ground.reset()


def print_table(
    peers: list[Peer], passed: Counter[tuple[str, str]], found: Counter[str], alarms: Counter[str]
) -> None:
    levels = ["L1", "L2", "L3", "L4"]
    size = Counter(column_of(one) for one in (*ALL, *UNDECIDABLE))
    heads = [f"{one} ({size[one]})" for one in levels]
    print(f"| lets pass | {' | '.join(heads)} | all {len(ALL)} | refuses {len(FILES)} good files |")
    print("|" + "---|" * (len(levels) + 3))
    missed = Counter(column_of(one) for one in ALL if not found[str(one)])
    print_row("plana-secrets verify", [missed[one] for one in levels], alarms["plana-secrets"])
    for peer in peers:
        print_row(peer.name, [passed[one, peer.name] for one in levels], alarms[peer.name])


def print_row(name: str, counts: list[int], refused: int) -> None:
    print(f"| {name} | {' | '.join(map(str, counts))} | {sum(counts)} | {refused} |")


if __name__ == "__main__":
    sys.exit(main())
