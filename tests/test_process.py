"""The door to other programs."""

from __future__ import annotations

import os
import signal

import pytest

from plana_secrets.process import (
    Completed,
    ProgramError,
    become_child,
    minimal_environment,
    run_program,
)


def test_a_child_gets_the_environment_that_it_is_handed_and_no_more(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SENTINEL-4711")
    monkeypatch.setenv("SOPS_AGE_KEY", "SENTINEL-4711")
    done = run_program(["env"], environment=minimal_environment(EXTRA="1"))
    assert b"SENTINEL" not in done.stdout
    assert b"EXTRA=1" in done.stdout


def test_a_large_output_on_both_streams_does_not_block():
    script = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"
    done = run_program(
        ["sh", "-c", script], environment=minimal_environment(), stdin=b"x" * 300_000
    )
    assert (len(done.stdout), len(done.stderr)) == (300_000, 300_000)


def test_a_deadline_ends_a_child_that_hangs():
    with pytest.raises(ProgramError) as caught:
        run_program(["sleep", "60"], environment=minimal_environment(), deadline=0.2)
    assert caught.value.kind == "program-deadline"


def test_a_missing_program_is_named():
    with pytest.raises(ProgramError, match="no-such-program") as caught:
        run_program(["/no-such-program"], environment={})
    assert caught.value.kind == "program-missing"


def test_what_a_child_wrote_is_not_in_its_representation():
    assert "SENTINEL" not in repr(Completed(1, b"SENTINEL", b"SENTINEL"))


def test_the_death_of_a_fork_is_told():
    assert become_child(lambda: None) == 0
    assert become_child(lambda: os.kill(os.getpid(), signal.SIGKILL)) == -signal.SIGKILL
