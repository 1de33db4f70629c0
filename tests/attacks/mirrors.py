"""What only the mirror shows: it was edited, emptied, or no longer says what the files say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.attacks.ground import MIRROR, PLAIN, PROD, SOURCES
from tests.attacks.variant import Look, Variant

Items = list[dict[str, Any]]


def drifted(name: str, edit: Callable[[Items], object]) -> Variant:
    return Variant(
        name, "A41", Look.MIRROR, "mirror-drift", lambda ground: ground.edit_mirror(edit), PLAIN
    )


def _of(items: Items, file: str) -> dict[str, Any]:
    return next(one for one in items if file in str(one))


def _edited(items: Items) -> None:
    _of(items, PROD)["fields"][0]["value"] = "edited"


def _two(items: Items) -> None:
    items.append({**_of(items, PROD), "id": "00000000-0000-4000-8000-000000000000"})


ROWS = [
    drifted("a value edited by hand", _edited),
    drifted("an item that is gone", lambda items: items.remove(_of(items, PROD))),
    drifted("an item that is there twice", _two),
    drifted("a field that is gone", lambda items: _of(items, PROD)["fields"].pop(0)),
    drifted("another title", lambda items: _of(items, PROD).update(name="another")),
    Variant("a value that only the file has", "A41", Look.MIRROR, "mirror-drift",
            lambda ground: ground.world.sops("set", PROD, '["user"]', '"other"'), PROD),
    Variant("a file that only the mirror has", "A41", Look.MIRROR, "mirror-drift",
            lambda ground: ground.remove(PROD), PROD),
    Variant("a file that the mirror lacks", "A41", Look.MIRROR, "mirror-drift",
            lambda ground: ground.world.encrypt("infra/secrets/dev/more.yaml", "a: b\n"), PLAIN),
    Variant("no mirror any more", "A41", Look.MIRROR, "mirror-drift",
            lambda ground: ground.remove(MIRROR), PLAIN),
    Variant("a mirror that no one can read", "A41", Look.MIRROR, "incomplete",
            lambda ground: ground.path(MIRROR).write_bytes(b"junk"), PLAIN),
    Variant("the rollback of a whole file", "A16", Look.MIRROR, "mirror-drift",
            lambda ground: ground.write(PLAIN, ground.older), PLAIN),
    Variant("a whole file by the public recipients alone, beside the mirror", "A15", Look.MIRROR, "mirror-drift",
            lambda ground: ground.world.encrypt(PROD, SOURCES[PROD].replace("admin", "eve")), PROD),
]  # fmt: skip
