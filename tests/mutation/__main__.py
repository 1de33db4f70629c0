"""``scripts/mutate``: a seeded sample of changes, and the share that the tests notice."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.mutation.mutants import Mutant, find_mutants
from tests.mutation.trial import Trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("places", nargs="+", help="modules or folders of plana_secrets")
    parser.add_argument("--sample", type=int, default=40, help="how many changes (default 40)")
    parser.add_argument("--seed", type=int, default=1, help="which changes (default 1)")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one run of tests")
    parser.add_argument("--verbose", action="store_true", help="also print what was noticed")
    options = parser.parse_args()
    sample = choose_sample(Path.cwd(), options.places, options.sample, options.seed)
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutate.") as folder:
        trial = Trial(Path.cwd(), Path(folder), options.timeout)
        for module, mutant in sample:
            noticed = trial.is_noticed(module, mutant)
            survivors += noticed is None
            if noticed is None or options.verbose:
                print(describe(module, mutant, noticed), flush=True)
    print(f"{len(sample) - survivors} of {len(sample)} changes noticed (seed {options.seed})")
    return 1 if survivors else 0


def choose_sample(root: Path, places: list[str], count: int, seed: int) -> list[tuple[str, Mutant]]:
    """``count`` changes of the modules at ``places``, the same for the same seed and code."""
    modules = sorted(
        {
            file.resolve().relative_to(root.resolve()).as_posix()
            for place in places
            for file in ([root / place] if place.endswith(".py") else (root / place).rglob("*.py"))
        }
    )
    every = [
        (module, mutant)
        for module in modules
        for mutant in find_mutants((root / module).read_bytes())
    ]
    chosen = random.Random(seed).sample(range(len(every)), min(count, len(every)))
    return [every[number] for number in sorted(chosen)]


def describe(module: str, mutant: Mutant, noticed: str | None) -> str:
    old, new = (" ".join(text.split()) for text in (mutant.old, mutant.new))
    verdict = "SURVIVED" if noticed is None else f"noticed by {noticed}"
    return f"{module}:{mutant.line} {old} -> {new}  [{verdict}]"


if __name__ == "__main__":
    sys.exit(main())
