"""The door to other programs."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys

import pytest

from plana_secrets.process import (
    Completed,
    DeadlineError,
    ProgramError,
    become_child,
    minimal_environment,
    read_from_program,
    run_on_terminal,
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


@pytest.mark.parametrize("script", ["sleep 60", "exec >&-; sleep 60", "echo x; sleep 60"])
def test_a_program_that_is_only_read_has_a_deadline_too(script):
    with pytest.raises(DeadlineError):
        read_from_program(["sh", "-c", script], environment={}, limit=9, deadline=0.2)


def test_a_program_that_is_only_read_gets_no_input_and_ends_as_it_ends():
    script = "cat; echo hidden >&2; printf 123456789; exit 3"
    done = read_from_program(["sh", "-c", script], environment=minimal_environment(), limit=9)
    assert (done.status, done.stdout, done.stderr) == (3, b"123456789", b"")
    with pytest.raises(ProgramError) as caught:
        read_from_program(["sh", "-c", script], environment=minimal_environment(), limit=8)
    assert caught.value.kind == "program-output"


def test_a_limit_that_is_reached_is_no_missing_program():
    def start():
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
        with pytest.raises(ProgramError) as caught:
            run_program(["true"], environment=minimal_environment())
        assert caught.value.kind == "exhausted"

    assert become_child(start) == 0


def test_what_a_child_wrote_is_not_in_its_representation():
    assert "SENTINEL" not in repr(Completed(1, b"SENTINEL", b"SENTINEL"))


def test_the_death_of_a_fork_is_told():
    assert become_child(lambda: None) == 0
    assert become_child(lambda: os.kill(os.getpid(), signal.SIGKILL)) == -signal.SIGKILL


def test_a_child_runs_where_it_is_put_and_ends_as_it_ends(tmp_path):
    done = run_program(["pwd"], environment=minimal_environment(), folder=tmp_path)
    assert done.stdout.decode().strip() == str(tmp_path)
    echoed = run_program(["cat"], environment=minimal_environment(), stdin=b"a\0b")
    assert (echoed.status, echoed.stdout, echoed.stderr) == (0, b"a\0b", b"")
    for script, status in (("exit 7", 7), ("kill -9 $$", -9)):
        assert run_program(["sh", "-c", script], environment=minimal_environment()).status == status


def test_a_child_has_the_descriptors_that_it_is_handed_and_no_more():
    reader, writer = os.pipe()
    try:
        os.set_inheritable(reader, True)  # as somebody else may have forgotten it
        os.write(writer, b"hello")
        command = ["head", "-c", "5", f"/dev/fd/{reader}"]
        assert run_program(command, environment=minimal_environment()).status != 0
        handed = run_program(command, environment=minimal_environment(), pass_fds=[reader])
        assert (handed.status, handed.stdout) == (0, b"hello")
    finally:
        os.close(reader)
        os.close(writer)


def test_a_program_on_the_terminal_gives_its_status(tmp_path):
    assert run_on_terminal(["sh", "-c", "exit 5"], environment=minimal_environment()) == 5
    inside = ["sh", "-c", f'test "$PWD" = "{tmp_path}"']
    assert run_on_terminal(inside, environment=minimal_environment(), folder=tmp_path) == 0
    with pytest.raises(ProgramError) as caught:
        run_on_terminal(["/no-such-program"], environment={})
    assert caught.value.kind == "program-missing"


def test_a_program_that_we_become_has_its_arguments_its_environment_and_its_signals():
    code = (
        "from plana_secrets.process import become_program\n"
        "print('before')\n"
        "become_program(['sh', '-c', 'echo $A $1; kill -PIPE $$', 'sh', 'x y'], {'A': 'b'})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGPIPE, b"before\nb x y\n")


def test_a_program_that_we_cannot_become_is_said_with_its_reason():
    code = (
        "from plana_secrets.process import ProgramError, become_program\n"
        "try:\n    become_program(['/no-such-program'], {})\n"
        "except ProgramError as error:\n    print(error.kind, error.facts['errno'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().split() == ["program-missing", str(errno.ENOENT)]


@pytest.mark.parametrize("path", [".:{}", ":{}", "bin:{}", "./bin:{}:", ""])
def test_a_program_of_the_folder_one_is_in_is_not_started(tmp_path, monkeypatch, path):
    """Neither as a program of ours nor as the editor; the absolute places stay."""
    for folder in (tmp_path, tmp_path / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "sh").write_text("#!/bin/true\n")
        (folder / "sh").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    environment = {"PATH": path.format(os.environ["PATH"])}
    argv = ["sh", "-c", 'case ":$PATH:" in *:/*) exit 5;; *) exit 6;; esac']
    assert run_program(argv, environment=environment, folder=tmp_path).status in {5, 6}
    assert run_on_terminal(argv, environment=environment) in {5, 6}
    if path:
        assert run_program(argv, environment=environment).status == 5
