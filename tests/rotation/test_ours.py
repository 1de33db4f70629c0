"""What of a file a rotation may change: its rendered leaves, and nothing else of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.rotation.ours import _others, _same_metadata
from plana_secrets.sops.reading.reader import read_structure

PLAIN = (Path(__file__).parents[1] / "vectors" / "sops" / "plain-3.11.0.yaml").read_text()
LEAF = {("db", "password")}
ONE, TWO, _ = re.findall("age1[a-z0-9]+", PLAIN)


def line(key: str) -> str:
    return next(
        one for one in PLAIN.splitlines(keepends=True) if one.strip().startswith(f"{key}: ")
    )


def value(key: str) -> str:
    return line(key).partition(": ")[2].strip()


@pytest.mark.parametrize(
    ("edit", "is_ours"),
    [
        (lambda text: text.replace(value("password"), value("user")), True),
        (lambda text: text.replace(line("password"), ""), True),
        (lambda text: text.replace(line("port"), f"{line('port')}    # shifted\n"), False),
        (lambda text: text.replace(value("user"), value("password")), False),
        (lambda text: text.replace(line("port"), ""), False),
        (lambda text: text.replace("nothing: null\n", ""), False),
        (lambda text: text.replace("none: []", "none: {}"), False),
        (lambda text: text.replace("blank:", "more: null\nblank:"), False),
        (lambda text: text.partition("\n")[2], False),
    ],
    ids=["the leaf", "the leaf gone", "a comment more", "another leaf", "another gone", "a null gone",
         "another empty", "a null more", "a comment gone"],
)  # fmt: skip
def test_only_the_rendered_leaf_may_differ(edit: Callable[[str], str], is_ours: bool) -> None:
    old, new = (read_structure(text.encode()) for text in (PLAIN, edit(PLAIN)))
    assert edit(PLAIN) != PLAIN
    assert (list(_others(old, LEAF)) == list(_others(new, LEAF))) is is_ours


@pytest.mark.parametrize(
    ("edit", "is_same"),
    [
        (lambda text: re.sub('lastmodified: ".*"', 'lastmodified: "2026-11-24T18:36:42Z"', text), True),
        (lambda text: re.sub("(mac: ENC.AES256_GCM,data:)....", r"\1AAAA", text), True),
        (lambda text: re.sub(r"(?s)        - recipient: .*?END AGE ENCRYPTED FILE-----\n", "", text, count=1), False),
        (lambda text: text.replace("iIslLzKB", "iIslLzKC"), False),
        (lambda text: text.replace(ONE, "x").replace(TWO, ONE).replace("recipient: x", f"recipient: {TWO}"), False),
        (lambda text: text.replace("unencrypted_suffix: _unencrypted", "unencrypted_suffix: _plain"), False),
        (lambda text: text.replace(value("user"), "plaintext"), False),
        (lambda text: text.partition("sops:\n")[0], False),
    ],
    ids=["the time", "the MAC", "a reader less", "another data key", "swapped readers", "another selector", "broken", "no metadata"],
)  # fmt: skip
def test_readers_data_key_and_selector_stay(edit: Callable[[str], str], is_same: bool) -> None:
    old, new = (read_structure(text.encode()) for text in (PLAIN, edit(PLAIN)))
    assert edit(PLAIN) != PLAIN
    assert _same_metadata(old, new) is is_same
    assert _same_metadata(new, old) is is_same
