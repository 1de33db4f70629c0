"""In a clone full of traps: no foreign program, nothing changed outside, no OK.

The everyday part has all traps at once and a few commands; the long part has every
command, every folder and every trap alone.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from tests.hostile.catalogue import ALL, DEEP, make_clone
from tests.hostile.clone import PLAIN, VALUE, Clone, make_base
from tests.hostile.commands import LEFT_OUT, TRIES, Effect, Try, command_names
from tests.hostile.filetraps import MARK, SEEN
from tests.hostile.traps import Trap, Where
from tests.hostile.watch import EDITOR, Watched, watch
from tests.world import PROGRAM, Result, World
from tests.zygote import zygote

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
long = pytest.mark.long

SECONDS = 10.0
"""Of processor time, strace included."""
BUGS = re.compile(
    "mistake in plana-secrets|bug in plana-secrets|Traceback|MemoryError|RecursionError"
)
CONTROLS = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]|^(?:::|##)[^\n]*{MARK}",
    re.MULTILINE,
)
EVERY_PLACE = tuple(Where)
NOT_IN_GIT = (Where.COMMIT, Where.DISK)
EVERYDAY = ("status", "rotate list", "mirror diff")
WHOLE = os.environ.get("PLANA_TEST_TRAPS") == "all"
"""Else each command meets one of the two corpora, and some of the folders are visited."""

Make = Callable[..., Clone]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def make(base: World, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Clones with a choice of traps, made once and shared; no command cleans up after itself."""
    made: dict[tuple[object, ...], Clone] = {}

    def clone(name: str, traps: Collection[Trap], where: Collection[Where] = EVERY_PLACE) -> Clone:
        key = (name, *where)
        if key not in made:
            made[key] = make_clone(base, tmp_path_factory.mktemp(name) / "clone", traps, where)
        return made[key]

    return clone


def environment_of(clone: Clone) -> dict[str, str]:
    return clone.world.environment | {
        "PLANA_EDITOR": f"{EDITOR} -i s/alpha/beta/",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    } | clone.environment  # fmt: skip


def try_watched(clone: Clone, tried: Try, folder: str = ".") -> Watched:
    """Run a command under strace, and judge what it did and said."""
    before = clone.state_outside()
    seen = watch(
        clone.world,
        [*PROGRAM, *tried.argv],
        folder=clone.repo / folder,
        environment=environment_of(clone),
        stdin=tried.stdin,
    )
    assert seen.started == [], (str(tried), seen.text)
    assert seen.reached == [], (str(tried), seen.text)
    assert [path for path in seen.changed if not may_change(clone, tried, path)] == [], seen.text
    assert seen.seconds < SECONDS, (str(tried), seen.seconds, seen.text)
    judge_traces(clone, before)
    judge_words(seen.text, tried)
    if tried.argv[0] == "verify":  # what HEAD has already is a warning before a commit
        assert seen.status not in ({70} if "--staged" in tried.argv else {0, 70}), seen.text
    return seen


def may_change(clone: Clone, tried: Try, path: Path) -> bool:
    if path.is_relative_to(clone.repo / ".git"):
        ours = path.is_relative_to(clone.repo / ".git/plana-secrets")
        return ours or tried.effect is Effect.COMMITS
    return path.is_relative_to(clone.repo) and tried.effect is not Effect.LOOKS


def judge_traces(clone: Clone, before: dict[str, str]) -> None:
    """What is left behind whoever did it."""
    assert not clone.ran.exists(), clone.ran.read_text()
    assert clone.state_outside() == before


def judge_words(text: str, tried: Try) -> None:
    assert not BUGS.search(text), text
    assert PLAIN not in text, text
    assert tried.prints or VALUE not in text, text
    control = CONTROLS.search(text)
    assert not control, (control, text)


def run_quickly(clone: Clone, *argv: str, folder: str = ".") -> Result:
    """Without strace: the traps tell by themselves that they were started."""
    before = clone.state_outside()
    done = zygote().run(
        list(argv), stdin=b"", folder=clone.repo / folder, env=environment_of(clone), timeout=60
    )
    text = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
    judge_traces(clone, before)
    judge_words(text, Try(argv))
    return Result(done.returncode, text, "")


def test_every_command_is_tried_or_left_out_with_a_reason() -> None:
    assert sorted([*TRIES, *LEFT_OUT]) == sorted(command_names())
    for name, tries in TRIES.items():
        assert all(" ".join(one.argv).startswith(name) for one in tries)


@needs_strace
@pytest.mark.parametrize("name", EVERYDAY)
def test_a_command_among_all_traps(make: Make, name: str) -> None:
    try_watched(make("deep", DEEP), TRIES[name][0])


@pytest.mark.long
@needs_strace
def test_verify_among_all_traps_names_each(make: Make) -> None:
    text = try_watched(make("deep", DEEP), TRIES["verify"][0]).text
    assert [trap.name for trap in DEEP if trap.says not in text] == [], text


@pytest.mark.long
@needs_strace
def test_writing_among_all_traps(make: Make) -> None:
    clone = make("deep", DEEP)
    assert try_watched(clone, TRIES["set"][0]).status == 0
    try_watched(clone, TRIES["set"][2])


@pytest.mark.long
@needs_strace
@pytest.mark.parametrize("folder", ["docs/wt", "infra"])
def test_verify_where_git_sees_another_repository(make: Make, folder: str) -> None:
    assert SEEN in try_watched(make("deep", DEEP), TRIES["verify"][0], folder).text


EVERY_TRY = [one for tries in TRIES.values() for one in tries]
FIRST, SECOND = (EVERY_TRY, EVERY_TRY) if WHOLE else (EVERY_TRY[::2], EVERY_TRY[1::2])


@long
@needs_strace
@pytest.mark.parametrize("tried", FIRST, ids=str)
def test_every_command_among_all_traps(make: Make, tried: Try) -> None:
    where = NOT_IN_GIT if tried.effect is Effect.COMMITS else EVERY_PLACE
    try_watched(make("deep", DEEP, where), tried)


@long
@needs_strace
@pytest.mark.parametrize("tried", SECOND, ids=str)
def test_every_command_among_traps_that_stop_it(make: Make, tried: Try) -> None:
    where = NOT_IN_GIT if tried.effect is Effect.COMMITS else EVERY_PLACE
    try_watched(make("all", ALL, where), tried)


@long
@pytest.mark.parametrize("traps", [DEEP, ALL], ids=["deep", "all"])
def test_no_folder_is_ok(make: Make, traps: Collection[Trap]) -> None:
    """From the folders of the checkout, by the commands that cost little."""
    clone = make("deep" if traps is DEEP else "all", traps)
    folders = clone.folders()
    assert len(folders) > 40
    alike = 4 if traps is DEEP else 1  # a long chain of alike ones
    for folder in folders[:: alike if WHOLE else 2 * alike]:
        assert run_quickly(clone, "verify", "--quiet", folder=folder).status not in {0, 70}, folder
        run_quickly(clone, "status", folder=folder)


@long
@pytest.mark.parametrize("trap", ALL, ids=lambda trap: trap.name)
def test_a_trap_alone(base: World, tmp_path: Path, trap: Trap) -> None:
    """What verify says of it; where it waits, a password at the top is seen too."""
    clone = make_clone(base, tmp_path / "clone", [trap])
    done = run_quickly(clone, "verify")
    assert done.status in trap.outcome.value, done
    assert trap.says in done.stdout, done
    run_quickly(clone, "status")
    clone.write(SEEN, f"password: {PLAIN}\n")
    for folder in trap.folders:
        done = run_quickly(clone, "verify", folder=folder)
        assert (done.status, SEEN in done.stdout) == (1, True), (folder, done)


@long
@needs_strace
@pytest.mark.parametrize("name", [name for name in TRIES if name.startswith(("mirror", "log"))])
@pytest.mark.parametrize(
    "trap", ["another_server", "another_reader_of_the_mirror", "mirror_outside"]
)
def test_settings_of_a_mirror_elsewhere(base: World, tmp_path: Path, trap: str, name: str) -> None:
    """No command of the mirror reaches the server, or writes to the place, that they name."""
    clone = make_clone(base, tmp_path / "clone", [one for one in ALL if one.name == trap])
    for tried in TRIES[name]:
        try_watched(clone, tried)
