"""Memory-only files, and the portable way with the facilities of Linux switched off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plana_secrets import memory
from plana_secrets.errors import FailedError
from plana_secrets.memory import Facilities
from plana_secrets.secret import Secret


@pytest.fixture(params=["linux", "portable"])
def facilities(request, monkeypatch, tmp_path):
    if request.param == "portable":
        monkeypatch.setattr(memory, "FACILITIES", Facilities(False, (tmp_path,), disk_allowed=True))
    return memory.FACILITIES


@pytest.mark.parametrize("size", [0, 5, 500_000])
def test_a_child_reads_the_whole_content(facilities, size):
    content = os.urandom(size)
    with memory.readable_descriptor(Secret(content)) as descriptor:
        code = f"import os, sys; sys.stdout.buffer.write(os.fdopen({descriptor}, 'rb').read())"
        done = subprocess.run(
            [sys.executable, "-I", "-c", code],
            pass_fds=[descriptor],
            capture_output=True,
            check=True,
        )
    assert done.stdout == content


def test_a_child_that_reads_nothing_blocks_nobody(facilities):
    with memory.readable_descriptor(Secret(b"x" * 500_000)):
        pass


def test_a_private_folder_is_private_and_goes_away(facilities):
    with memory.private_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "inner").mkdir()
        (folder / "inner" / "x").write_bytes(b"x")
    assert not folder.exists()


def test_a_folder_in_memory_is_in_memory():
    with memory.private_folder() as folder:
        kind = subprocess.run(
            ["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True
        )
    assert kind.stdout.strip() in {"tmpfs", "ramfs"}


def test_without_memory_a_disk_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(
        memory,
        "FACILITIES",
        Facilities(True, (Path("/"), tmp_path / "missing"), disk_allowed=False),
    )
    with pytest.raises(FailedError) as caught, memory.private_folder():
        pytest.fail("a folder on a disk")
    assert caught.value.kind == "no-memory-folder"


def test_the_folder_of_a_killed_process_is_swept_and_no_other(facilities, tmp_path):
    parent = facilities.folders[-1]
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    dead = parent / f"plana-secrets.{os.getuid()}.{child.pid}.{memory._boot_id()}.00000000"
    alive = parent / f"plana-secrets.{os.getuid()}.{os.getppid()}.{memory._boot_id()}.00000000"
    other_boot = parent / f"plana-secrets.{os.getuid()}.{os.getpid()}.000000000000.00000000"
    for folder in (dead, alive, other_boot):
        folder.mkdir(exist_ok=True)
        (folder / "plain").write_bytes(b"x")
    try:
        assert {dead, other_boot} <= set(memory.find_stale_folders())
        memory.sweep_private_folders()
        assert not dead.exists()
        assert not other_boot.exists()
        assert alive.exists()
    finally:
        subprocess.run(["rm", "-rf", dead, alive, other_boot], check=True)
