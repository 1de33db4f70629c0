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


def make(parent, name):
    folder = parent / f"plana-secrets.{os.getuid()}.{name}"
    folder.mkdir()
    (folder / "plain").write_bytes(b"x")
    return folder


def kill_inside_a_folder(parent):
    """A process in a private folder that is killed; the folder that it leaves."""
    code = (
        "import os; from pathlib import Path; from plana_secrets import memory\n"
        f"memory.FACILITIES = memory.Facilities(False, (Path({str(parent)!r}),), True)\n"
        "with memory.private_folder() as folder:\n"
        "    (folder / 'plain').write_bytes(b'x')\n"
        "    print(folder, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip())


def test_the_folder_of_a_killed_process_is_swept_and_no_live_one(facilities):
    parent = facilities.folders[-1]
    dead = kill_inside_a_folder(parent)
    assert (dead / "plain").exists()
    with memory.private_folder() as alive:
        assert dead in memory.find_stale_folders()
        assert alive not in memory.find_stale_folders()
        memory.sweep_private_folders()
        assert not dead.exists()
        assert alive.exists()


def test_of_an_earlier_version_dead_ones_are_swept_and_live_ones_left(facilities):
    parent = facilities.folders[-1]
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    dead = make(parent, f"{child.pid}.{memory._boot_id()}.00000000")
    alive = make(parent, f"{os.getppid()}.{memory._boot_id()}.00000000")
    other_boot = make(parent, f"{os.getpid()}.000000000000.00000000")
    no_number = make(parent, f"x.{memory._boot_id()}.00000000")
    try:
        memory.sweep_private_folders()
        assert not dead.exists()
        assert not other_boot.exists()
        assert alive.exists()
        assert no_number.exists()
    finally:
        subprocess.run(["rm", "-rf", alive, no_number], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes folders of another user")
def test_folders_of_another_user_and_links_are_left_alone(facilities):
    parent = facilities.folders[-1]
    theirs = make(parent, "0123456789abcdef")
    os.chown(theirs, 12345, 12345)
    link = parent / f"plana-secrets.{os.getuid()}.fedcba9876543210"
    link.symlink_to(theirs)
    try:
        memory.sweep_private_folders()
        assert (theirs / "plain").exists()
        assert link.is_symlink()
    finally:
        subprocess.run(["rm", "-rf", theirs, link], check=True)


def test_a_sweep_between_making_and_locking_costs_another_try(facilities, monkeypatch):
    """The sweep holds the lock of the first folder, and has removed the second."""
    real = memory._lock
    tried = []

    def late(folder):
        tried.append(folder)
        if len(tried) == 1:
            sweeper = real(folder)
            try:
                return real(folder)
            finally:
                os.close(sweeper)
        if len(tried) == 2:
            folder.rmdir()
        return real(folder)

    monkeypatch.setattr(memory, "_lock", late)
    with memory.private_folder() as folder:
        assert folder == tried[-1]
        monkeypatch.setattr(memory, "_lock", real)
        assert folder not in memory.find_stale_folders()
    assert not any(one.exists() for one in tried)


def test_a_folder_that_was_replaced_while_it_was_locked_is_not_used(tmp_path):
    folder = make(tmp_path, "0123456789abcdef")
    (folder / "plain").unlink()
    descriptor = os.open(folder, os.O_RDONLY)
    folder.rmdir()
    os.close(descriptor)
    assert memory._lock(folder) is None


def test_a_folder_in_which_others_may_replace_ours_is_refused(monkeypatch, tmp_path):
    tmp_path.chmod(0o777)
    monkeypatch.setattr(memory, "FACILITIES", Facilities(False, (tmp_path,), disk_allowed=True))
    with pytest.raises(FailedError, match="others") as caught, memory.private_folder():
        pytest.fail("a folder that others may replace")
    assert caught.value.kind == "no-memory-folder"
    tmp_path.chmod(0o1777)
    with memory.private_folder():
        pass


def run_with_fault(program, *faults):
    calls = ",".join(dict.fromkeys(fault.partition(":")[0] for fault in faults))
    inject = [part for fault in faults for part in ("-e", f"inject={fault}")]
    return subprocess.run(
        ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}", *inject,
         sys.executable, "-c", program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


READ_TWICE = """
from pathlib import Path
from plana_secrets import memory
from plana_secrets.errors import FailedError
from plana_secrets.secret import Secret
try:
    with memory.readable_descriptor(Secret(b"content")) as descriptor:
        place = Path(f"/proc/self/fd/{descriptor}")
        print(place.read_text(), place.read_text())
except FailedError as error:
    print(error.kind, error.message)
"""


@pytest.mark.parametrize("fault", ["EACCES", "EPERM", "ENOSYS", "EMFILE", "ENFILE", "ENOMEM"])
def test_where_memfd_is_refused_a_nameless_file_in_memory_does(fault):
    done = run_with_fault(READ_TWICE, f"memfd_create:error={fault}")
    assert done.stdout == "content content\n", done.stderr
    assert list(memory.FACILITIES.folders[0].iterdir()) == []


@pytest.mark.parametrize(
    "fault",
    [
        "mkdir:error=ENOSPC", "mkdir:error=EROFS", "mkdir:error=EACCES",
        "flock:error=ENOLCK", "flock:error=EOPNOTSUPP", "flock:error=EAGAIN",
    ],
)  # fmt: skip
def test_where_nothing_in_memory_is_to_be_had_it_is_said(fault):
    done = run_with_fault(READ_TWICE, "memfd_create:error=EACCES", fault)
    assert done.stdout.startswith("no-memory-folder cannot create a folder in memory"), done.stderr
    assert memory.find_stale_folders() == []


def test_the_folder_of_the_session_comes_first_if_it_is_in_memory(monkeypatch, tmp_path):
    shared = Path("/dev/shm")
    with memory.private_folder() as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
        assert memory.detect_facilities() == Facilities(True, (folder, shared), disk_allowed=False)
    for elsewhere in (str(tmp_path), str(tmp_path / "gone"), "relative", ""):
        monkeypatch.setenv("XDG_RUNTIME_DIR", elsewhere)
        assert memory.detect_facilities().folders == (shared,)
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert memory.detect_facilities().folders == (shared,)


def test_where_linux_offers_nothing_the_folder_of_the_user_does(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert memory.detect_facilities() == Facilities(False, (tmp_path,), disk_allowed=True)


def test_a_descriptor_is_open_as_long_as_it_is_lent(facilities):
    with memory.readable_descriptor(Secret(b"x")) as descriptor:
        assert os.read(descriptor, 5) == b"x"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_no_child_inherits_a_descriptor_that_it_was_not_handed(facilities):
    with memory.readable_descriptor(Secret(b"x")) as descriptor:
        assert not os.get_inheritable(descriptor)


IN_A_POD = """
mount -t tmpfs -o mode=0"$1" tmpfs /mnt || exit 77
mount -t tmpfs tmpfs /dev/shm && mount -o remount,ro /dev/shm || exit 77
exec setpriv --reuid 65534 --regid 65534 --clear-groups "$2" -c "$3"
"""
WHERE = "from plana_secrets import memory\nwith memory.private_folder() as one: print(one.parent)"


def in_a_pod(mode: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Where there is no /dev/shm to write to, and a volume at /mnt of root with this mode."""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", IN_A_POD, "sh", mode, sys.executable, WHERE],
        capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], **environment},
    )  # fmt: skip
    if done.returncode in {77, 126, 127} or done.stderr.startswith("unshare: "):
        pytest.skip(f"no pod can be made here: {done.stderr}")
    return done


@pytest.mark.skipif(os.getuid() != 0, reason="it mounts, and becomes another user")
@pytest.mark.parametrize("mode", ["777", "2777", "1777"])
def test_an_empty_dir_in_memory_is_used_although_everyone_may_write_to_it(mode):
    done = in_a_pod(mode, XDG_RUNTIME_DIR="/mnt")
    assert done.stdout.strip() == "/mnt", done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="it mounts, and becomes another user")
def test_without_any_folder_in_memory_it_is_said_which_were_tried():
    assert "/dev/shm: Read-only file system" in in_a_pod("777").stderr
    # a folder of another user on a volume is none
    assert "/dev/shm: Read-only file system" in in_a_pod("700", XDG_RUNTIME_DIR="/mnt").stderr
