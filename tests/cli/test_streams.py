"""Streams that are closed, full, or without a reader: no accident, and never a false 0."""

from __future__ import annotations

import pytest

from tests.world import PROGRAM, Result, World

FILE = "infra/secrets/a.yaml"


@pytest.fixture
def filled(world: World) -> World:
    world.encrypt(FILE, "token: old\n")
    return world


def in_shell(world: World, script: str) -> Result:
    """``P`` is the program."""
    define = f'P() {{ {" ".join(PROGRAM)} "$@"; }}\n'
    return world.command("bash", "-c", define + script, check=False)


@pytest.mark.parametrize("stream", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_leads_nowhere(filled: World, stream: str) -> None:
    assert in_shell(filled, f"P set {FILE} token --generate hex:4 {stream}").status == 0
    assert in_shell(filled, f"P get {FILE} token {stream}").status == 0
    nobody = in_shell(filled, f"P set {FILE} token --json {stream}")
    assert nobody.status == 2
    assert "unexpected" not in nobody.stdout + nobody.stderr


@pytest.mark.parametrize("buffer", ["", "1"])
@pytest.mark.parametrize(
    "words", ["ls", "--help", f"get {FILE} token", f"show {FILE} --json", "verify"]
)
def test_output_that_does_not_get_out_is_said(filled: World, words: str, buffer: str) -> None:
    unbuffered = f"export PYTHONUNBUFFERED={buffer}; {PROGRAM[0]} -m plana_secrets {words}"
    done = in_shell(filled, f"{unbuffered} >/dev/full")
    assert done.status == 3
    assert done.stderr.splitlines() == [
        "plana-secrets: cannot write to stdout: No space left on device",
        "hint: the command finished; its output is lost",
    ]


def test_a_reader_that_went_away_is_no_success(filled: World) -> None:
    done = in_shell(filled, 'P ls | true; echo "${PIPESTATUS[0]}"')
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.parametrize("lost", ["2>/dev/full", "2> >(true)"])
def test_talk_that_nobody_hears_does_not_stop_the_work(filled: World, lost: str) -> None:
    done = in_shell(filled, f"P -v set {FILE} token --generate hex:4 {lost}")
    assert done.status == 0
    assert "old" not in filled.decrypt(FILE)
    assert in_shell(filled, f"P set {FILE} token {lost}").status == 2


def test_an_error_that_has_no_reader_keeps_its_exit_code(filled: World) -> None:
    script = 'export PYTHONUNBUFFERED=1; P get nope a --json | true; echo "${PIPESTATUS[0]}"'
    define = script.replace("P get", f"{PROGRAM[0]} -m plana_secrets get")
    done = in_shell(filled, define)
    assert (done.stdout, "Traceback" in done.stderr) == ("2\n", False)
