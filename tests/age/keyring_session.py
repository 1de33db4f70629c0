"""A session bus with a real, unlocked gnome-keyring for one command, and nothing after it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_UNLOCK_THEN_RUN = """\
printf 'test-keyring-password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
exec "$@"
"""


def run_with_keyring(
    folder: Path,
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run ``argv`` in the session. The keyring's files stay in ``folder`` for the next one."""
    base = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
    } | dict(environment or {})
    session = {"XDG_RUNTIME_DIR": str(folder), "XDG_DATA_HOME": str(folder / "data")}
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-euc", _UNLOCK_THEN_RUN, "sh", *argv],
        input=stdin,
        capture_output=True,
        env=base | session,
        cwd=cwd,
        timeout=60,
        check=False,
    )


def run_python_with_keyring(folder: Path, script: str, *arguments: str) -> str:
    """Run Python code in the session; what it printed. It must end well."""
    done = run_with_keyring(folder, [sys.executable, "-c", script, *arguments])
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
