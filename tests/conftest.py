"""Fixtures that every folder of tests may use."""

from __future__ import annotations

import atexit
import dataclasses
import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import plana_secrets.memory
from plana_secrets.git import command as git
from tests.world import MEMORY, World

# What killed tests leave in memory must not meet tests that look for leftovers, and a test
# that runs beside them in another process least of all: each process has its own folder.
os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="plana-test.", dir=MEMORY)
atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)
facilities = plana_secrets.memory.detect_facilities()
plana_secrets.memory.FACILITIES = dataclasses.replace(facilities, folders=facilities.folders[:1])

settings.register_profile(
    "everyday",
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


def pytest_collection_finish() -> None:
    """The tests themselves are no garbage; a collection need not look at them."""
    gc.freeze()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fresh repository with rules for the three kinds and one identity."""
    return World(tmp_path)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Every git that was started."""
    argvs: list[list[str]] = []
    run = git.run_program

    def recorded(argv: list[str], **options: object) -> object:
        argvs.append([str(one) for one in argv])
        return run(argv, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(git, "run_program", recorded)
    return argvs


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the identities or the settings of the person who runs it."""
    for name in list(os.environ):
        if name.startswith(("SOPS_", "PLANA_SECRETS_")):
            monkeypatch.delenv(name)
