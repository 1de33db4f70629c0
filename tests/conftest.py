"""Fixtures that every folder of tests may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.world import World

settings.register_profile(
    "everyday",
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fresh repository with rules for the three kinds and one identity."""
    return World(tmp_path)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the identities or the settings of the person who runs it."""
    for name in list(os.environ):
        if name.startswith(("SOPS_", "PLANA_SECRETS_")):
            monkeypatch.delenv(name)
