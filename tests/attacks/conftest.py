"""The repository of the corpus, once for every worker."""

from __future__ import annotations

import pytest

from tests.attacks.ground import Ground, make_ground


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_ground(tmp_path_factory.mktemp("attacks"))
