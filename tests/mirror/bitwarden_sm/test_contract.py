"""The contract of backends, against Bitwarden Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from plana_secrets.mirror.backend import DesiredItem
from tests.mirror.bitwarden_sm.place import BitwardenPlace, serving
from tests.mirror.contract import BackendContract
from tests.mirror.steps import PRUNE, contents, kinds, look, sync


class TestContract(BackendContract):
    empty: ClassVar[str] = "nothing is never stored there"

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[BitwardenPlace]:
        with serving(tmp_path) as place:
            yield place

    def test_an_item_in_the_trash_is_taken_out(
        self, place: BitwardenPlace, items: list[DesiredItem]
    ) -> None:
        """No token sees the trash: what is in it is missing, and created again."""
        sync(place.open(), items)
        place.hand.trash(items[0].file)
        assert kinds(look(place.open(), items)) == [("missing", items[0].file, ())]
        assert sync(place.open(), items).after.drift == ()

    def test_a_trashed_item_of_a_removed_file_is_pruned_for_good(
        self, place: BitwardenPlace, items: list[DesiredItem]
    ) -> None:
        sync(place.open(), items)
        place.hand.trash(items[1].file)
        assert sync(place.open(), items[:1], PRUNE).deleted == 0
        assert set(contents(place.open())) == {items[0].file}
