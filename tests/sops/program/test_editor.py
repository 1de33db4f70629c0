"""The editor that sops starts: it writes exactly the prepared text, or nothing and ends with 1."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from plana_secrets import memory
from plana_secrets.age.identities import Identities
from plana_secrets.secret import Secret
from plana_secrets.sops.program import editor
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.program.editor import frame


def run_editor(content: bytes, *arguments: str, folder: Path | None = None) -> int:
    with memory.readable_descriptor(Secret(content)) as descriptor:
        return subprocess.run(
            [sys.executable, "-I", "-S", editor.__file__, str(descriptor), *arguments],
            pass_fds=[descriptor],
            cwd=folder,
            check=False,
            capture_output=True,
        ).returncode


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "document.yaml"
    path.write_text("old: a longer text than the new one\n")
    return path


@pytest.mark.parametrize("size", [1, 1 << 16, 3 << 20])
def test_the_text_replaces_the_file(file: Path, size: int) -> None:
    content = b"x" * size
    assert run_editor(frame(content), str(file)) == 0
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [b"", b"short", frame(b""), frame(b"new")[:-1], frame(b"new") + b"x", b"new: text\n"],
    ids=["nothing", "short", "empty", "cut", "more", "unframed"],
)
def test_anything_but_the_whole_text_leaves_the_file_alone(file: Path, content: bytes) -> None:
    before = file.read_bytes()
    assert run_editor(content, str(file)) == 1
    assert file.read_bytes() == before


def test_it_starts_with_little() -> None:
    """It runs once for every write, and these take as long as all that it does."""
    argv = [sys.executable, "-I", "-S", "-X", "importtime", editor.__file__]
    loaded = subprocess.run(argv, capture_output=True, text=True, check=False).stderr
    assert "struct" in loaded
    assert not {"typing", "re", "plana_secrets"} & set(loaded.split())


def test_a_second_run_gets_nothing(file: Path) -> None:
    """sops starts its editor again for a text that it cannot parse; this ends the loop."""
    with memory.readable_descriptor(Secret(frame(b"a: ["))) as descriptor:
        argv = [sys.executable, "-I", "-S", editor.__file__, str(descriptor), str(file)]
        ends = [subprocess.run(argv, pass_fds=[descriptor], check=False).returncode for _ in "12"]
    assert ends == [0, 1]


def test_wrong_calls_end_quietly_with_one(tmp_path: Path, file: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    before = file.read_bytes()
    assert run_editor(frame(b"new")) == 1
    assert run_editor(frame(b"new"), str(file), "more") == 1
    assert run_editor(frame(b"new"), str(tmp_path / "missing")) == 1
    assert run_editor(frame(b"new"), str(link)) == 1
    assert run_editor(frame(b"new"), str(tmp_path)) == 1
    assert file.read_bytes() == before


def test_a_package_of_our_name_in_the_working_directory_is_not_run(
    tmp_path: Path, file: Path
) -> None:
    """A checkout may hold a folder plana_secrets/; ``-I`` keeps it out."""
    trap = tmp_path / "plana_secrets/sops"
    trap.mkdir(parents=True)
    for folder in (trap.parent, trap):
        (folder / "__init__.py").write_text("raise SystemExit(77)\n")
    (trap / "editor.py").write_text("raise SystemExit(77)\n")
    assert run_editor(frame(b"new"), str(file), folder=tmp_path) == 0


@pytest.mark.parametrize("name", ["with space", "quote'd", 'double"quote', "ha#sh", "back\\slash"])
def test_an_interpreter_at_an_odd_path_is_started(
    sops: Sops,
    root: Path,
    identities: Identities,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """sops splits the editor's command as a shell would, and Go's rules are its own."""
    python = tmp_path / name / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    config = root / ".sops.yaml"
    before = sops.encrypt(Secret(b"a: b\n"), file="infra/x.yaml", config=config, root=root)
    after = sops.rewrite(before, Secret(b"a: c\n"), identities=identities)
    assert sops.decrypt(after, identities=identities).reveal() == b"a: c\n"


def test_the_portable_descriptor_works_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(memory, "FACILITIES", replace(memory.FACILITIES, memfd=False))
    assert run_editor(frame(b"x" * (1 << 20)), str(file)) == 0
    assert file.stat().st_size == 1 << 20
