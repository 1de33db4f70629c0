"""A short random week on the fake server; ``scripts/soak`` plays long ones on a real one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.soak.accidents import Line, Runs, play
from tests.mirror.soak.judge import Judge
from tests.mirror.soak.scene import Scene


@pytest.mark.long
def test_a_week_of_a_mirror(server: FakeVaultwarden, company: Company, tmp_path: Path) -> None:
    line = Line(server.url)
    try:
        scene = Scene(tmp_path, company, line, random.Random(7))
        assert play(Runs(scene, Judge(scene)), 40)["exit 0"] > 0
    finally:
        line.stop()
