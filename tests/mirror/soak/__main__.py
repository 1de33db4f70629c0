"""``scripts/soak``: play random weeks on a real server and print what was in them."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.fakes.people import Company
from tests.live.server import EXECUTABLE, RealServer
from tests.mirror.soak.accidents import Line, Runs, play
from tests.mirror.soak.judge import Judge
from tests.mirror.soak.scene import Scene


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--steps", type=int, default=300, help="of each week")
    parser.add_argument("--weeks", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the first one")
    parser.add_argument("--verbose", action="store_true", help="print each step")
    options = parser.parse_args()
    if not EXECUTABLE:
        print("PLANA_TEST_VAULTWARDEN names no server executable", file=sys.stderr)
        return 2
    failed = 0
    for seed in range(options.seed, options.seed + options.weeks):
        start = time.monotonic()
        try:
            met = play_on_real_server(seed, options.steps, verbose=options.verbose)
        except AssertionError as error:
            failed += 1
            print(f"seed {seed}: {error} {' '.join(getattr(error, '__notes__', []))}", flush=True)
        else:
            print(f"seed {seed}, {time.monotonic() - start:.0f} s: {met}", flush=True)
    return 1 if failed else 0


def play_on_real_server(seed: int, steps: int, *, verbose: bool = False) -> dict[str, int]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name)
        server = RealServer(folder / "server")
        line = Line(server.url)
        try:
            scene = Scene(folder, Company(server.url), line, random.Random(seed))
            tell = partial(print, flush=True) if verbose else lambda _: None
            return play(Runs(scene, Judge(scene), server), steps, tell)
        finally:
            line.stop()
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
