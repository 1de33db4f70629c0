"""Many inputs in one forked child: quick, and a child that dies or hangs is told apart."""

from __future__ import annotations

import mmap
import os
import random
import resource
import signal
import struct
import time
import traceback
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.errors import PlanaSecretsError
from tests.fuzz.mutate import mutate
from tests.fuzz.target import Target

SECONDS: Final = 2.0
MEGABYTES: Final = 150
_PROGRAM: Final = 40
"""Megabytes of the program before it has read anything; what comes on top is measured."""
_HANGS: Final = 20
"""Seconds of processor time after which an input is given up."""
_ROOM: Final = 1 << 22


@dataclass
class Outcome:
    """``accepted`` and ``refused`` count inputs; ``failure`` says what went wrong with one."""

    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    megabytes: int = 0
    failure: str | None = None
    content: bytes = field(default=b"", repr=False)


_STATE: Final = struct.Struct("qqdqqq")
"""Accepted, refused, slowest, memory, and the lengths of the input and of the failure."""


def run_batch(target: Target, seed: int, count: int) -> Outcome:
    """Try ``count`` mutations; stops at the first that fails."""
    with mmap.mmap(-1, _STATE.size + 2 * _ROOM) as shared:
        process = os.fork()
        if process == 0:
            _work(target, seed, count, shared)
        _, status = os.waitpid(process, 0)
        return _read(shared, os.waitstatus_to_exitcode(status))


def _read(shared: mmap.mmap, status: int) -> Outcome:
    accepted, refused, slowest, memory, size, length = _STATE.unpack_from(shared)
    start = _STATE.size
    content = bytes(shared[start : start + size])
    failure = bytes(shared[start + _ROOM : start + _ROOM + length]).decode("utf-8", "replace")
    outcome = Outcome(accepted, refused, slowest, memory >> 10, failure or None, content)
    if status == -signal.SIGXCPU:
        outcome.failure = f"no end within {_HANGS} s"
    elif status:
        outcome.failure = f"the process ended with {status}"
    return outcome


def _work(target: Target, seed: int, count: int, shared: mmap.mmap) -> None:
    random_ = random.Random(seed)
    before = _memory()
    try:
        for _ in range(count):
            _try(target, mutate(target.seeds, random_), shared, before)
    except BaseException:  # noqa: BLE001 - whatever it is, it is what was looked for
        text = traceback.format_exc().encode()[-4000:]
        shared[_STATE.size + _ROOM : _STATE.size + _ROOM + len(text)] = text
        known = _STATE.unpack_from(shared)
        _STATE.pack_into(shared, 0, *known[:5], len(text))
    finally:
        os._exit(0)


def _try(target: Target, content: bytes, shared: mmap.mmap, before: int) -> None:
    """Run one input. What is known stands in ``shared`` before it and after it."""
    accepted, refused, slowest, *_ = _STATE.unpack_from(shared)
    shared[_STATE.size : _STATE.size + len(content)] = content
    _STATE.pack_into(shared, 0, accepted, refused, slowest, 0, len(content), 0)
    start = time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (int(start) + _HANGS, resource.RLIM_INFINITY))
    try:
        target.check(content)
        accepted += 1
    except PlanaSecretsError:
        refused += 1
    took = time.process_time() - start
    memory = (_PROGRAM << 10) + _memory() - before
    _STATE.pack_into(shared, 0, accepted, refused, max(slowest, took), memory, len(content), 0)
    if took > SECONDS or memory > MEGABYTES << 10:
        raise AssertionError(f"{took:.1f} s, {memory >> 10} MB")


def _memory() -> int:
    """The largest size of this process, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
