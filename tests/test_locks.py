import json
import os
import subprocess
import sys
import threading

import pytest

from plana_secrets.errors import ConflictError
from plana_secrets.locks import Patience, is_held, locked


def test_a_lock_is_held_once_and_freed(tmp_path):
    lock = tmp_path / "lock"
    with locked(lock, command="set"):
        assert "set" in refusal(lock)
    with locked(lock, command="again"):
        pass


def test_a_patient_one_gets_the_lock_when_it_is_freed(tmp_path):
    with locked(tmp_path / "lock", command="first"):
        waiting = threading.Thread(target=_note_when_locked, args=(tmp_path,))
        waiting.start()
        waiting.join(timeout=0.2)
        assert not (tmp_path / "noted").exists()
    waiting.join(timeout=10)
    assert (tmp_path / "noted").exists()


def _note_when_locked(folder):
    with locked(folder / "lock", command="second", patience=Patience(10)):
        (folder / "noted").touch()


@pytest.mark.long
def test_who_waits_for_long_is_told_once_for_whom(tmp_path):
    told = []
    with (
        locked(tmp_path / "lock", command="first"),
        pytest.raises(ConflictError),
        locked(tmp_path / "lock", command="second", patience=Patience(1.2, told.append)),
    ):
        pytest.fail("two holders")
    assert [holder.command for holder in told] == ["first"]


def test_whether_a_lock_is_held_is_seen_without_taking_it(tmp_path):
    lock = tmp_path / "lock"
    assert not is_held(lock)
    assert not lock.exists()
    with locked(lock, command="set"):
        assert is_held(lock)
        assert is_held(lock)
    assert not is_held(lock)
    assert lock.stat().st_mode & 0o777 == 0o600


LOCKER = """
import sys
from pathlib import Path
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.locks import is_held, locked
from plana_secrets.storage import replace_file
try:
    with locked(Path(sys.argv[1]), command="me"):
        replace_file(Path(sys.argv[2]), b"new")
        print("done")
except PlanaSecretsError as error:
    print(error.exit_code, error.kind, is_held(Path(sys.argv[1])))
"""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("flock:error=ENOLCK", "3 no-locks False"),
        ("flock:error=EOPNOTSUPP", "3 no-locks False"),
        ("flock:error=EAGAIN", "6 locked True"),
        ("pwrite64:error=ENOSPC", "done"),
        ("ftruncate:error=EIO", "done"),
        ("fsync:error=EINVAL", "done"),
        ("fsync:error=EOPNOTSUPP", "done"),
        ("fsync:error=EIO", "3 unwritable-file False"),
    ],
)
def test_a_file_system_that_lacks_something_is_named(tmp_path, fault, said):
    done = subprocess.run(
        ["strace", "-qq", "-o", os.devnull, "-e", f"trace={fault.partition(':')[0]}",
         "-e", f"inject={fault}", sys.executable, "-c", LOCKER,
         str(tmp_path / "lock"), str(tmp_path / "file")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == said, done.stderr
    assert (tmp_path / "file").exists() is (said == "done")


def test_a_lock_names_its_holder(tmp_path):
    lock = tmp_path / "lock"
    with locked(lock, command="rotate a/b"):
        os.utime(lock, (0, 1_800_000_000))
        expected = f"rotate a/b, process {os.getpid()}, since 2027-01-15T08:00:00Z"
        assert refusal(lock) == f"another run holds the lock: {expected}"
        words = json.loads(lock.read_bytes())
        lock.write_text(json.dumps(words | {"host": "elsewhere"}))
        assert " on elsewhere, since " in refusal(lock)


UNKNOWN = "another run holds the lock: it is not known which"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1b[2J\xff",
        b"[" * 5000,
        b"12",
        b'{"process": 1}',
        b'{"process": "1", "host": "HOST", "command": "set"}',
        b'{"process": 0, "host": "HOST", "command": "set"}',
        b'{"process": -1, "host": "HOST", "command": "set"}',
        b'{"process": 99999999999999999999, "host": "HOST", "command": "set"}',
        b'{"process": DEAD, "host": "HOST", "command": "set"}',
        b'{"process": 1, "host": "HOST", "command": "\\u001b[2J"}',
        b'{"process": 1, "host": "HOST", "command": ""}',
        b'{"process": 1, "host": "HOST", "command": "' + b"x" * 300 + b'"}',
    ],
)
def test_a_lock_file_is_not_believed_where_it_cannot_be_true(tmp_path, content):
    """What a killed run, another program or a full disk left in it."""
    lock = tmp_path / "lock"
    gone = subprocess.Popen(["true"])
    gone.wait()
    host = os.uname().nodename.encode()
    with locked(lock, command="x"):
        lock.write_bytes(content.replace(b"HOST", host).replace(b"DEAD", b"%d" % gone.pid))
        assert refusal(lock) == UNKNOWN


def test_the_name_of_a_run_that_is_over_is_not_that_of_the_next(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock", command="first"):
        _ = 1 / 0
    assert (tmp_path / "lock").read_bytes() == b""


def refusal(lock):
    with pytest.raises(ConflictError) as caught, locked(lock, command="other"):
        pytest.fail("two holders")
    assert caught.value.retry
    return caught.value.message


def test_a_pipe_in_the_place_of_a_lock_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "lock")
    assert not is_held(tmp_path / "lock")
