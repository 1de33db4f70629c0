"""Two files with items of two values."""

from __future__ import annotations

from tests.mirror.steps import COMMIT, make_item

A = "infra/secrets/a.yaml"
B = "infra/secrets/b.yaml"


def item(file: str, value: str = "1", *, commit: str | None = COMMIT):
    return make_item(file, {"x": value, "y": "2"}, collection="prod", commit=commit)
