"""A dotted path means the key with dots where it can mean nothing else."""

from __future__ import annotations

import pytest

from plana_secrets.document.kinds import FileKind
from plana_secrets.document.meant import meant_path
from plana_secrets.paths import parse_path
from plana_secrets.sops.model import Empty, Item, Leaf, LeafType


def leaves(*paths: str) -> list[Item]:
    return [Leaf(parse_path(path), 1, LeafType.STR, True, None, None) for path in paths]


@pytest.mark.parametrize(
    ("text", "there", "kind", "meant"),
    [
        ("stringData.tls.key", [], FileKind.SECRET_MANIFEST, 'stringData["tls.key"]'),
        ("data.a.b.c", ["data.x"], FileKind.SECRET_MANIFEST, 'data["a.b.c"]'),
        ("metadata.labels.x", [], FileKind.SECRET_MANIFEST, "metadata.labels.x"),
        ("stringData.key", [], FileKind.SECRET_MANIFEST, "stringData.key"),
        ("tls.key", ['["tls.key"]'], FileKind.PLAIN_MAP, '["tls.key"]'),
        ("a.tls.key", ['a["tls.key"]'], FileKind.PLAIN_MAP, 'a["tls.key"]'),
        ("a.b.c", ['["a.b"].c'], FileKind.PLAIN_MAP, '["a.b"].c'),
        ("a.b", ['["a.b"].c'], FileKind.PLAIN_MAP, '["a.b"]'),
        ("tls.key", ["tls.key", '["tls.key"]'], FileKind.PLAIN_MAP, "tls.key"),
        ("a.b.c", ['["a.b"].c', 'a["b.c"]'], FileKind.PLAIN_MAP, "a.b.c"),
        ("tls.key", ["other"], FileKind.PLAIN_MAP, "tls.key"),
        ("a[0].b", ['a[0]["b.c"]'], FileKind.PLAIN_MAP, "a[0].b"),
    ],
)
def test_the_only_other_reading_is_taken(
    text: str, there: list[str], kind: FileKind, meant: str
) -> None:
    assert meant_path(parse_path(text), leaves(*there), kind) == parse_path(meant)


def test_an_empty_container_counts_as_there() -> None:
    items: list[Item] = [Empty(("tls", "key"), 1, "map"), *leaves('["tls.key"]')]
    assert meant_path(("tls", "key"), items, FileKind.PLAIN_MAP) == ("tls", "key")
