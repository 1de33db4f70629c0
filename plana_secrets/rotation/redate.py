"""Taking back instants that are in the future, after a run with a wrong clock.

The keys lose them and are dated again as after any move, when they are seen to be
deployed: a wait may start again, it never ends early. Only a person can say that the
clock of this machine is the right one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.rotation.dating import future_keys, undate
from plana_secrets.rotation.delivery import Moved, begin, land
from plana_secrets.rotation.ground import Rotation
from plana_secrets.rotation.history import refuse_destroyed
from plana_secrets.rotation.keyset import Key, Keyset
from plana_secrets.rotation.landing import Delivery
from plana_secrets.secretfiles.writing.writer import StagedFile


def redate_keyset(rotation: Rotation, name: str, *, delivery: Delivery | None = None) -> Moved:
    """Date the keys of the keyset ``name`` again whose instant is in the future.

    Raises:
        FailedError: there is no such key (kind ``nothing-to-redate``), or a target differs.
    """
    with rotation.alone(f"rotate redate {name}"):
        landing = begin(rotation, delivery, clock_is_right=True)
        rotation.require_committed(name)
        store = rotation.store()
        keyset = store.load(name)
        refuse_destroyed(store.history, keyset, store.file(name))
        now = rotation.clock()
        _require_ahead(keyset, now)
        after = undate(keyset, now)

        def stage(dated: Keyset) -> Sequence[StagedFile]:
            return store.stage_move(keyset, dated)

        return land(rotation, landing, stage, after, "redate")


def dated_ahead(rotation: Rotation, name: str) -> tuple[Key, ...]:
    """The keys that ``redate_keyset`` would date again; it raises as that does."""
    return _require_ahead(rotation.store().load(name), rotation.clock())


def _require_ahead(keyset: Keyset, now: datetime) -> tuple[Key, ...]:
    if found := future_keys(keyset, now):
        return found
    raise FailedError(
        f"{keyset.name}: no move is dated in the future", kind="nothing-to-redate", name=keyset.name
    )


ADVICE: Final = {
    "nothing-to-redate": "`plana-secrets rotate plan {name}` shows what comes next",
}
