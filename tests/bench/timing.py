"""Wall time, CPU time and memory of a command over several runs."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.world import World


@dataclass(frozen=True)
class Measured:
    """``seconds``: the best run; ``cpu``: seconds of user and system time, the median, with
    those of the programs that it started; ``megabytes``: the largest resident size.
    """

    seconds: float
    cpu: float
    megabytes: float


def measure(
    world: World,
    argv: list[str],
    *,
    runs: int = 3,
    prepare: Callable[[], None] | None = None,
    env: dict[str, str] | None = None,
    expected: tuple[int, ...] = (0,),
) -> Measured:
    """Run ``argv`` in the world's repository; it must end as expected each time."""
    best, size, spent = float("inf"), 0.0, []
    for _ in range(runs):
        if prepare:
            prepare()
        start = time.perf_counter()
        child = subprocess.Popen(
            argv,
            cwd=world.repo,
            env=world.environment | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _pid, status, usage = os.wait4(child.pid, 0)
        best = min(best, time.perf_counter() - start)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in expected:
            raise SystemExit(f"{argv} ended with {child.returncode}")
        size = max(size, usage.ru_maxrss / 1024)
        spent.append(usage.ru_utime + usage.ru_stime)
    return Measured(best, statistics.median(spent), size)


def row(name: str, ours: Measured, other_name: str, other: Measured) -> None:
    """One line of the table: ours, the other, and how many times faster ours is."""
    ratio = other.seconds / ours.seconds
    print(
        f"| {name} | {ours.seconds * 1000:.0f} ms, {ours.megabytes:.0f} MB "
        f"| {other_name}: {other.seconds * 1000:.0f} ms | {ratio:.2g} x |",
        flush=True,
    )
