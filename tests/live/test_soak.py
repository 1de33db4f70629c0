"""A random week on a real server; ``scripts/soak`` plays more of them."""

from __future__ import annotations

import pytest

from tests.live.conftest import REASON
from tests.live.server import EXECUTABLE
from tests.mirror.soak.__main__ import play_on_real_server


@pytest.mark.long
def test_a_week_of_a_mirror() -> None:
    if not EXECUTABLE:
        pytest.skip(REASON)
    assert play_on_real_server(11, 100)["exit 0"] > 0
