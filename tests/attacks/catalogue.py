"""All variants, and those that nothing in a repository tells from honest work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.attacks import (
    access,
    content,
    history,
    metadata,
    mirrors,
    places,
    rules,
    yamlforms,
)
from tests.attacks.ground import MANIFEST, NEW, PLAIN, PROD, SOURCES, Ground
from tests.attacks.variant import Look, Variant


def _undecidable(
    source: str, name: str, build: Callable[[Ground], object], why: str, file: str = PLAIN
) -> Variant:
    def whole(ground: Ground) -> None:
        build(ground)
        ground.commit()

    return Variant(name, source, Look.RANGE, None, whole, file, why=why)


_READER = "anyone who has the public recipients can write it; only a signature says who did"
UNDECIDABLE: Sequence[Variant] = (
    _undecidable("A15", "a whole file by the public recipients alone", lambda ground: ground.world.encrypt(PROD, SOURCES[PROD].replace("admin", "eve")), _READER, PROD),
    _undecidable("A15", "a manifest by the public recipients alone", lambda ground: ground.world.encrypt(MANIFEST, SOURCES[MANIFEST].replace("app", "eve")), _READER, MANIFEST),
    _undecidable("A15", "a new file of a stranger", lambda ground: ground.write(NEW, ground.spare["new"]), _READER, NEW),
    _undecidable("I11", "a value set by a reader who has left, with a data key that stayed", lambda ground: ground.world.sops("set", PLAIN, '["last"]', '"eve"'), "it is what every reader writes; a new data key when a reader leaves keeps them out"),
)  # fmt: skip

ALL: Sequence[Variant] = (
    *content.ROWS, *metadata.ROWS, *yamlforms.ROWS, *places.ROWS, *rules.ROWS,
    *history.ROWS, *access.ROWS, *mirrors.ROWS,
)  # fmt: skip
