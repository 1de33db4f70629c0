"""What the fake is asked about drift and conflicts, asked of a real server."""

from __future__ import annotations

import pytest

from tests.live.server import RealServer
from tests.mirror.vaultwarden.test_conflicts import (  # noqa: F401 - they are collected here
    test_a_change_within_a_moment_is_a_conflict,
    test_an_item_that_is_gone_is_a_conflict,
    test_what_changed_meanwhile_is_not_deleted,
)
from tests.mirror.vaultwarden.test_items_of_others import (  # noqa: F401
    test_a_collection_is_named_or_refused,
    test_an_attachment_of_an_item_of_another_type_is_never_destroyed,
    test_an_item_in_several_collections_is_moved,
    test_an_item_of_another_type_is_replaced,
    test_an_item_with_its_own_key_is_read_and_damage_is_seen,
    test_an_update_leaves_no_old_secret_behind,
)


@pytest.fixture
def server(real_server: RealServer) -> RealServer:
    return real_server


@pytest.fixture
def dated() -> None:
    """As the server's own database does it."""
