"""The same work on many files, on all cores where that is worth it.

pyrage and the YAML parser hold the interpreter's lock, so several cores mean several
processes. They are forked: a fork has the loaded code, the identities and the rules
without handing anything over, and no new interpreter looks for modules in a checkout.
A fork is only safe in a process with one thread and only ordinary on Linux; elsewhere,
and for few files, the work is done here. Results come back in batches, as they are
created, so that memory does not grow with the number of files under way.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from plana_secrets.errors import FailedError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

WORTH_FORKING: Final = 100
"""Below so many files a second process costs more than it saves."""

_BATCH: Final = 32

Result = TypeVar("Result")


def count_workers(files: int) -> int:
    """How many processes are worth it here; 1 means that the work is done in this one."""
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), files // (WORTH_FORKING // 2)))


def map_files(
    function: Callable[[Sequence[str]], Iterable[Result]],
    files: Sequence[str],
    *,
    workers: int | None = None,
) -> Generator[Result]:
    """The results for all files, in any order.

    ``function`` gets a share of the files and yields their results one by one. It must
    not raise for a file.

    Closing the generator stops the workers.

    Raises:
        FailedError: a worker process ended too early (kind ``worker-died``).
    """
    number = count_workers(len(files)) if workers is None else workers
    if number <= 1:
        yield from function(files)
        return
    crew = [_start(function, files[at::number]) for at in range(number)]
    try:
        yield from _collect([connection for _, connection in crew])
    finally:
        for process, connection in crew:
            connection.close()
            _end(process)


def _start(
    function: Callable[[Sequence[str]], Iterable[Result]], files: Sequence[str]
) -> tuple[int, Connection]:
    from multiprocessing.connection import Pipe  # few files need none, and it takes long to load

    sys.stdout.flush()
    sys.stderr.flush()
    ours, theirs = Pipe(duplex=False)
    process = os.fork()
    if process == 0:
        ours.close()
        _work(function, files, theirs)
    theirs.close()
    return process, ours


def _work(
    function: Callable[[Sequence[str]], Iterable[Result]],
    files: Sequence[str],
    connection: Connection,
) -> NoReturn:
    """The life of a worker. It ends by ``_exit``: none of the parent's clean-up is its own.

    Garbage is collected once a batch: looking for it within each file takes a fifth of
    the time, and what the parent had created is not looked at again (nor copied for it).
    """
    status = 1
    gc.freeze()
    gc.disable()
    try:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        results = iter(function(files))
        while batch := list(islice(results, _BATCH)):
            connection.send_bytes(pickle.dumps(batch, pickle.HIGHEST_PROTOCOL))
            gc.collect()
        connection.send_bytes(b"")
        status = 0
    finally:
        os._exit(status)


def _collect(connections: list[Connection]) -> Iterator[Result]:
    from multiprocessing.connection import Connection, wait

    open_ones = list(connections)
    while open_ones:
        for ready in wait(open_ones):
            assert isinstance(ready, Connection)  # noqa: S101 - it is one that we gave it
            try:
                content = ready.recv_bytes()
            except EOFError:
                raise FailedError("a worker process ended too early", kind="worker-died") from None
            if not content:
                open_ones.remove(ready)
                continue
            yield from pickle.loads(content)  # noqa: S301 - from our own fork, through our own pipe


def _end(process: int) -> None:
    """Reap a worker; one that is still at work is stopped."""
    done, _ = os.waitpid(process, os.WNOHANG)
    if done == 0:
        os.kill(process, signal.SIGTERM)
        os.waitpid(process, 0)


ADVICE: Final = {
    "worker-died": "check whether it was killed (out of memory?), and run it again",
}
