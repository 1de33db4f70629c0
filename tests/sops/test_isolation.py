"""Seen from outside: no network, nothing secret in an argument list, no plaintext on a disk."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from plana_secrets.age.identities import Identity
from plana_secrets.sops.program.binary import Sops

SENTINEL = "s3ntinel-of-the-value"

EVERY_USE = """
import sys
from pathlib import Path
from plana_secrets.age.identities import parse_identity_file
from plana_secrets.secret import Secret
from plana_secrets.sops.program.locate import find_sops

root, program = Path(sys.argv[1]), sys.argv[2]
key, value = sys.stdin.buffer.read().split(b"|")
identities = parse_identity_file(Secret(key), "test")
sops = find_sops({"PLANA_SECRETS_SOPS": program}, repository=root)
rules = root / ".sops.yaml"
name = "infra/x.yaml"
first = sops.encrypt(Secret(b"a: " + value + b"\\n"), file=name, config=rules, root=root)
second = sops.rewrite(first, Secret(b"b: " + value + b"\\n"), identities=identities)
third = sops.rotate_data_key(second, identities=identities)
judged = rules.read_bytes()
last = sops.update_recipients(third, file=name, rules=judged, identities=identities)
assert sops.decrypt(last, identities=identities).reveal() == b"b: " + value + b"\\n"
"""


def run_every_use(prefix: list[str], sops: Sops, root: Path, identity: Identity) -> None:
    argv = [*prefix, sys.executable, "-I", "-c", EVERY_USE, str(root), str(sops.program)]
    stdin = identity.text.reveal() + f"|{SENTINEL}".encode()
    done = subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def test_it_works_without_any_network(sops: Sops, root: Path, identity: Identity) -> None:
    if not can_leave_the_network():
        pytest.skip("no network namespace can be made here (unshare -r -n)")
    run_every_use(["unshare", "-r", "-n"], sops, root, identity)


def can_leave_the_network() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-r", "-n", "true"], check=False).returncode == 0


def test_every_system_call_keeps_the_promises(
    sops: Sops, root: Path, identity: Identity, tmp_path: Path
) -> None:
    """All of it traced: what is executed, what is written where, who is connected to."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    log = tmp_path / "trace"
    calls = "trace=execve,write,pwrite64,writev,connect,sendto,sendmsg,link,symlink,rename"
    argv = [strace, "-f", "-v", "-y", "-qq", "-s", "100000", "-e", calls, "-o", str(log)]
    run_every_use(argv, sops, root, identity)
    lines = log.read_text(errors="replace").splitlines()
    assert [line for line in lines if re.search(r" (connect|sendto|sendmsg)\(", line)] == []
    executed = [line for line in lines if " execve(" in line]
    assert len(executed) >= 7
    assert [line for line in executed if SENTINEL in line or "AGE-SECRET-KEY-" in line] == []
    written = [line for line in lines if SENTINEL in line or "AGE-SECRET-KEY-" in line]
    assert written, "the sentinel was never seen, so this test proves nothing"
    places = {place_of(line) for line in written}
    assert places <= {"pipe", "memory"}, places


def place_of(line: str) -> str:
    """Where a traced write went."""
    match = re.search(r" p?writev?(?:64)?\(\d+<(?P<path>[^>]*)>", line)
    path = match["path"] if match else line[:100]
    if path.startswith("pipe:"):
        return "pipe"
    if path.startswith(("/memfd:", "/dev/shm/", "/run/user/")):
        return "memory"
    return path
