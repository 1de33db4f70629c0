from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mirror.bitwarden_sm.place import BitwardenPlace, serving


@pytest.fixture
def place(tmp_path: Path) -> Iterator[BitwardenPlace]:
    with serving(tmp_path) as place:
        yield place
