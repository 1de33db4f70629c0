"""``scripts/simulate``: play schedules and print what was in them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.schedule import play


def _play(job: tuple[int, bool]) -> tuple[Counter[str], Counter[str], str | None]:
    seed, real = job
    try:
        done = play(seed, real=real, events=10 if real else 30)
    except Exception as error:  # noqa: BLE001 - one line of the report
        return Counter(), Counter(), f"seed {seed}{' real' if real else ''}: {error!r}"
    return done.seen, done.judge.moves, None


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--schedules", type=int, default=500)
    parser.add_argument("--real", type=int, default=0, help="how many of them on real git")
    parser.add_argument("--seed", type=int, default=0, help="of the first one")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    start = time.monotonic()
    jobs = [(options.seed + at, at < options.real) for at in range(options.schedules)]
    seen: Counter[str] = Counter()
    moves: Counter[str] = Counter()
    failed: list[str] = []
    with ProcessPoolExecutor(options.processes) as pool:
        for events, made, error in pool.map(_play, jobs, chunksize=4):
            seen += events
            moves += made
            if error:
                failed.append(error)
                print(error, flush=True)
    print(f"{options.schedules} schedules, {options.real} on real git, seeds from {options.seed}, "
          f"{time.monotonic() - start:.0f} s: {len(failed)} failed")  # fmt: skip
    print("keys that became:", dict(moves.most_common()))
    print("met:", dict(seen.most_common()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
