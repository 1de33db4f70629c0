"""``scripts/fuzz --minutes 30 [--seed N] [--guided] [TARGET ...]``."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS
from tests.fuzz.trial import Outcome, run_batch

_BATCH = 300
_HANGS = 20
"""Seconds that one input may take under atheris, which is slower than a run without it."""
_MEGABYTES = 600


def main() -> int:
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Fuzz what a checkout holds.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--guided", action="store_true", help="let atheris choose the inputs")
    parser.add_argument(
        "targets", nargs="*", choices=[[], *names], metavar="TARGET", help=", ".join(names)
    )
    arguments = parser.parse_args()
    chosen = [one for one in TARGETS if not arguments.targets or one.name in arguments.targets]
    print(f"seed {arguments.seed}", flush=True)
    if arguments.guided:
        share = 60 * arguments.minutes / len(chosen)
        failures = sum(run_guided(one, arguments.seed, int(share)) for one in chosen)
        print(f"{failures} failures")
        return 1 if failures else 0
    totals = {one.name: Outcome() for one in chosen}
    end = time.monotonic() + 60 * arguments.minutes
    seed, failures = arguments.seed, 0
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


def run_guided(target: Target, seed: int, seconds: int) -> bool:
    """Whether atheris found an input that fails; it prints the error and where the input is."""
    folder = Path(tempfile.mkdtemp(prefix=f"plana-fuzz-{target.name}-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(content)
    options = [
        f"-max_total_time={max(1, seconds)}",
        f"-seed={seed % (1 << 31)}",
        f"-artifact_prefix={folder}/",
        f"-timeout={_HANGS}",
        f"-rss_limit_mb={_MEGABYTES}",
        "-max_len=65536",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    argv = [sys.executable, "-m", "tests.fuzz.guided", target.name, str(corpus), *options]
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    print(f"{target.name}: {runs[1] if runs else 0} inputs", flush=True)
    if done.returncode:
        print(f"{target.name}: {(done.stdout + done.stderr)[-3000:]}", flush=True)
    else:
        shutil.rmtree(folder)
    return done.returncode != 0


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
