"""``scripts/fuzz --minutes 30 [--seed N] [TARGET ...]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.targets import TARGETS
from tests.fuzz.trial import Outcome, run_batch

_BATCH = 300


def main() -> int:
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Fuzz what a checkout holds.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "targets", nargs="*", choices=[[], *names], metavar="TARGET", help=", ".join(names)
    )
    arguments = parser.parse_args()
    chosen = [one for one in TARGETS if not arguments.targets or one.name in arguments.targets]
    totals = {one.name: Outcome() for one in chosen}
    end = time.monotonic() + 60 * arguments.minutes
    seed, failures = arguments.seed, 0
    print(f"seed {seed}", flush=True)
    while time.monotonic() < end:
        for target in chosen:
            outcome = run_batch(target, seed, _BATCH)
            add(totals[target.name], outcome)
            if outcome.failure:
                failures += 1
                print(
                    f"{target.name}: {outcome.failure}\n  saved: {save(target.name, outcome)}",
                    flush=True,
                )
        seed += 1
    for name, total in totals.items():
        print(
            f"{name}: {total.accepted} accepted, {total.refused} refused, "
            f"slowest {total.slowest:.2f} s, {total.megabytes} MB"
        )
    print(f"{failures} failures")
    return 1 if failures else 0


def add(total: Outcome, outcome: Outcome) -> None:
    total.accepted += outcome.accepted
    total.refused += outcome.refused
    total.slowest = max(total.slowest, outcome.slowest)
    total.megabytes = max(total.megabytes, outcome.megabytes)


def save(name: str, outcome: Outcome) -> Path:
    """Keep the input outside of the repository, to be tried again."""
    with tempfile.NamedTemporaryFile(prefix=f"plana-fuzz-{name}-", delete=False) as file:
        file.write(outcome.content)
    return Path(file.name)


if __name__ == "__main__":
    sys.exit(main())
