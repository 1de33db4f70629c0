"""``doctor``: every kind of trouble is named with its fix, and nothing else is."""

from __future__ import annotations

from tests.cli.terminal import run_at_terminal
from tests.world import World


def test_a_healthy_repository_has_no_trouble_and_exit_0(healthy: World) -> None:
    done = healthy.run("doctor", "--strict")
    assert done.status == 0, done.stdout
    assert f"ok       {healthy.recipients} from SOPS_AGE_KEY_FILE" in done.stdout
    assert done.stderr == "0 errors, 0 warnings\n"
    assert "\x1b" not in done.stdout


def test_nothing_is_changed_and_nothing_is_decrypted(healthy: World) -> None:
    before = {path: path.stat().st_mtime_ns for path in healthy.folder.rglob("*")}
    done = healthy.run("doctor", "-vv")
    assert "SENTINEL" not in done.stdout + done.stderr
    assert {path: path.stat().st_mtime_ns for path in healthy.folder.rglob("*")} == before


def test_warnings_fail_only_under_strict(healthy: World) -> None:
    healthy.key_file.chmod(0o640)
    assert healthy.run("doctor").status == 0
    assert healthy.run("doctor", "--strict").status == 1


def test_outside_of_a_repository_the_machine_is_still_checked(world: World) -> None:
    done = world.run("doctor", "--repo", str(world.home), env={"GIT_CEILING_DIRECTORIES": "/"})
    assert done.status == 0
    assert "not in a git repository" in done.stdout


def test_on_a_terminal_the_words_are_coloured(healthy: World) -> None:
    done = run_at_terminal(healthy, "doctor")
    assert done.status == 0
    assert "\x1b[32mok" in done.screen
