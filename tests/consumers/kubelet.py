"""A mounted Secret as the kubelet keeps it.

Every file is a symlink into ``..data``, which is a symlink to a folder with a time in its
name. A change is a new folder and a rename of ``..data``; the old folder is then removed.
Source: AtomicWriter in pkg/volume/util/atomic_writer.go of Kubernetes.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str]


class Mount:
    """``delay``: how many seconds after a change this pod has it; never by ``subPath``.

    ``swaps`` is odd while the folder changes.
    """

    def __init__(self, folder: Path, files: Files, delay: float = 0, *, sub_path: bool = False):
        self.folder, self.delay, self.sub_path = folder, delay, sub_path
        self.files: Files = {}
        self.swaps = 0
        folder.mkdir(parents=True)
        if sub_path:
            for name, content in files.items():
                (folder / name).write_text(content)
            self.files = files
        else:
            self._swap(files)

    def take(self, files: Files) -> None:
        """The change, seen by this pod's kubelet."""
        if not self.sub_path and files != self.files:
            self._swap(files)

    def _swap(self, files: Files) -> None:
        data = self.folder / "..data"
        old = data.readlink() if data.is_symlink() else None
        new = self.folder / f"..{time.time_ns()}"
        new.mkdir()
        for name, content in files.items():
            (new / name).write_text(content)
        link = self.folder / "..data_tmp"
        link.symlink_to(new.name)
        self.swaps += 1
        link.rename(data)
        self.files = files
        self.swaps += 1
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        if old is not None:
            shutil.rmtree(self.folder / old)


class Kubelets:
    """Swaps every mount after its own delay, while the load goes on."""

    def __init__(self, mounts: list[Mount]) -> None:
        self._mounts = mounts
        self._threads: list[threading.Thread] = []

    def roll_out(self, files: Files) -> None:
        """Begin; ``wait`` ends when every pod has the files."""
        for mount in self._mounts:
            thread = threading.Timer(mount.delay, mount.take, [dict(files)])
            thread.start()
            self._threads.append(thread)

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()
        self._threads.clear()
