"""A copy of the tree in a temporary folder, where one mutant at a time meets the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.mutation.mutants import Mutant
from tests.mutation.selection import choose_stages

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".cache", ".*_cache", ".hypothesis", "__pycache__", "node_modules"
)


TIMEOUT = "timeout"


class Trial:
    """A copy of ``checkout`` under ``folder``, with a Python of its own that imports it."""

    def __init__(self, checkout: Path, folder: Path, timeout: float) -> None:
        self._timeout = timeout
        self._root = folder / "tree"
        self._scratch = folder / "t"
        shutil.copytree(checkout, self._root, ignore=_LEFT_OUT, symlinks=True)
        _make_repository(self._root)
        self._python = _make_python(folder / "python", self._root)
        self._environment = os.environ | {"TMPDIR": str(folder)}
        self._environment.setdefault("PLANA_TEST_CACHE", str(checkout / ".cache"))
        self._good: set[str] = set()
        self._bad: set[str] = set()
        self._last: list[str] = []

    def is_noticed(self, module: str, mutant: Mutant) -> str | None:
        """The test file that fails with ``mutant`` in ``module``, or "timeout"; None: none does."""
        for stage in choose_stages(self._root, Path(module)):
            while tests := self._likeliest_first(stage):
                failing = self._run_changed(module, mutant, tests)
                if failing is None:
                    break
                if self._is_trusted(failing):
                    self._last = [failing, *(name for name in self._last if name != failing)]
                    return failing
        return None

    def _likeliest_first(self, stage: list[str]) -> list[str]:
        """Those first that noticed the latest changes."""
        first = [name for name in self._last if name in stage]
        return [*first, *(one for one in stage if one not in self._last and one not in self._bad)]

    def _is_trusted(self, test: str) -> bool:
        """Whether a test file passes on code that was not changed; one that fails says nothing."""
        if test not in self._good and test != TIMEOUT:
            if self._run([test]) is not None and self._run([test]) is not None:
                self._bad.add(test)
                print(f"left out, it fails without a change: {test}", file=sys.stderr)
                return False
            self._good.add(test)
        return True

    def _run_changed(self, module: str, mutant: Mutant, tests: list[str]) -> str | None:
        file = self._root / module
        source = file.read_bytes()
        self._replace(file, mutant.apply(source))
        try:
            return self._run(tests)
        finally:
            self._replace(file, source)

    def _replace(self, file: Path, content: bytes) -> None:
        """Write the file; what Python compiled from it before must not be taken for it."""
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            compiled.unlink()
        file.write_bytes(content)

    def _run(self, tests: list[str]) -> str | None:
        """The test file that fails first ("timeout" if they do not end); None: all pass."""
        command = [str(self._python), "-m", "pytest", "-x", "-q", "-p", "no:randomly"]
        command += ["-p", "no:xdist", f"--basetemp={self._scratch}", "--tb=no", *tests]
        with subprocess.Popen(
            command, cwd=self._root, env=self._environment, start_new_session=True, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                output, _ = process.communicate(timeout=self._timeout)
            except subprocess.TimeoutExpired:
                return TIMEOUT
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode == 0:
            return None
        failed = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return failed[0].split()[1].split("::")[0] if failed else tests[0]


def _make_repository(root: Path) -> None:
    """The copy is a checkout too: some tests verify the examples that lie in it."""
    author = ["-c", "user.name=T", "-c", "user.email=t@example.test"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "copy"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def _make_python(folder: Path, root: Path) -> Path:
    """A virtual environment with the packages of this one, but our package from ``root``."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    pth = Path(packages.stdout.strip()) / "tree.pth"
    pth.write_text(f"{root}\n{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    for script in Path(sys.executable).parent.iterdir():
        if not (folder / "bin" / script.name).exists():
            (folder / "bin" / script.name).symlink_to(script)
    return python
