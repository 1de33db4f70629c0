"""The same function over many files in several processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.verify.workers import WORTH_FORKING, count_workers, map_files

FILES = [f"{number}.yaml" for number in range(500)]

T = TypeVar("T")

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def each(work: Callable[[str], T]) -> Callable[[Sequence[str]], Iterable[T]]:
    return lambda files: map(work, files)


def test_every_file_is_worked_on_once() -> None:
    results = list(map_files(each(lambda file: (file, os.getpid())), FILES, workers=3))
    assert sorted(file for file, _ in results) == sorted(FILES)
    pids = {pid for _, pid in results}
    assert len(pids) == 3
    assert os.getpid() not in pids


def test_a_worker_that_dies_is_an_error_and_not_a_short_list() -> None:
    def work(file: str) -> str:
        if file == FILES[77]:
            os.kill(os.getpid(), signal.SIGKILL)
        return file

    with pytest.raises(FailedError) as caught:
        list(map_files(each(work), FILES, workers=2))
    assert caught.value.kind == "worker-died"


def test_a_mistake_in_the_function_is_an_error_too() -> None:
    with pytest.raises(FailedError):
        list(map_files(each(lambda file: {}[file]), FILES, workers=2))


def test_no_worker_stays_behind_when_the_reader_stops() -> None:
    pids: set[int] = set()
    for pid in map_files(each(lambda _file: os.getpid()), FILES, workers=2):
        pids.add(pid)
        break
    for pid in pids:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def test_a_few_files_or_a_second_thread_are_worked_on_here() -> None:
    assert count_workers(WORTH_FORKING - 1) == 1
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert count_workers(10_000) == 1
    finally:
        stop.set()
        thread.join()
    assert list(map_files(each(lambda _file: os.getpid()), FILES[:3])) == [os.getpid()] * 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks")
def test_an_interrupt_ends_the_run_and_its_workers_at_once(tmp_path: Path) -> None:
    program = (
        "import os, time\n"
        "from plana_secrets.verify.workers import map_files\n"
        "def work(file):\n"
        f"    open(f'{tmp_path}/{{os.getpid()}}', 'w').close()\n"
        "    time.sleep(30)\n"
        "list(map_files(lambda files: map(work, files), [str(n) for n in range(200)], workers=2))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", program], stderr=subprocess.PIPE, start_new_session=True
    )
    limit = time.monotonic() + 20
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < limit:
        time.sleep(0.02)
    workers = [int(one.name) for one in tmp_path.iterdir()]
    assert len(workers) == 2
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors
    for pid in workers:
        assert not Path(f"/proc/{pid}").exists()
