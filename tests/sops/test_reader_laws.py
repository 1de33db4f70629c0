"""Any document that sops can encrypt reads here as sops decrypts it, on every version."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.sops.reading.jsonvalues import to_json_text
from plana_secrets.sops.reading.reader import UnreadableError, open_document, read_structure
from tests.sops.sopsfiles import Bench
from tests.world import sops_program

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
KEYS = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters=":"), min_size=1, max_size=8
).filter(lambda key: key not in {"sops", "<<"} and not key.endswith("_unencrypted"))
PLAIN = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
    st.dates().map(str),
    st.sampled_from(
        ["true", "False", "null", "~", '""', "{}", "[]", "0x1F", "0o17", "017", "08", "1_000",
         "1e3", ".5", "-0", "-0.0", "yes", "on", "=", "0b11", "12:30:45", "2020-13-45", "1.0",
         "2020-1-2", "2020-01-02 03:04:05.120", "2001-12-14T21:59:43.10-05:00", "+12", "0.1e-7"]
    ),
)  # fmt: skip
COMMENTS = st.lists(st.sampled_from(["", "# a note", "#tight", "# ENC[", "# ünï"]), max_size=1)


def quoted(text: str) -> str:
    """A double-quoted scalar in which nothing but plain ASCII stands for itself."""
    escaped = (
        one if " " <= one <= "~" and one not in '"\\' else f"\\U{ord(one):08x}" for one in text
    )
    return f'"{"".join(escaped)}"'


@st.composite
def maps(draw: st.DrawFn, depth: int = 3, indent: str = "") -> str:
    """Lines of a block map, with comments here and there."""
    keys = draw(st.lists(KEYS, min_size=1, max_size=4, unique=True))
    return "".join(_entry(draw, f"{quoted(key)}:", depth, indent) for key in keys)


@st.composite
def lists(draw: st.DrawFn, depth: int, indent: str) -> str:
    return "".join(_entry(draw, "-", depth, indent) for _ in range(draw(st.integers(1, 3))))


def _entry(draw: st.DrawFn, start: str, depth: int, indent: str) -> str:
    above = "".join(f"{indent}{line}\n" for line in draw(COMMENTS) if line)
    kind = draw(st.sampled_from(["leaf"] if depth == 0 else ["leaf", "leaf", "map", "list"]))
    if kind != "leaf":
        inner = draw((maps if kind == "map" else lists)(depth - 1, f"{indent}    "))
        return f"{above}{indent}{start}\n{inner}"
    beside = "".join(f" {line}" for line in draw(COMMENTS) if line)
    return f"{above}{indent}{start} {draw(st.one_of(TEXT.map(quoted), PLAIN))}{beside}\n"


SELECTORS = st.sampled_from(
    [[], ["encrypted_regex: '[a-m]'"], ["unencrypted_regex: '[A-M]'"], ["mac_only_encrypted: true"],
     ["encrypted_suffix: a"]]
)  # fmt: skip


@pytest.fixture(scope="module", params=["bundled", "newest"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    newest = os.environ.get("PLANA_TEST_SOPS_NEWEST")
    if request.param == "newest" and not newest:
        pytest.skip("PLANA_TEST_SOPS_NEWEST names no program: the newest sops is not tested")
    program = Path(newest) if request.param == "newest" and newest else sops_program()
    return Bench(program, tmp_path_factory.mktemp(f"laws-{request.param}"))


@given(plain=maps(), selector=SELECTORS)
def test_reading_equals_decrypting(bench: Bench, plain: str, selector: list[str]) -> None:
    """sops fails on a few of its own files (a readable ``-0.0`` becomes ``-0``): so do we."""
    data = bench.encrypt(plain, *selector)
    structure = read_structure(data)
    theirs = bench.decrypt(data)
    if theirs is None:
        with pytest.raises(UnreadableError):
            open_document(structure, bench.identities)
        return

    assert [(one.check, one.message, one.line) for one in structure.errors()] == []
    ours = json.loads(to_json_text(open_document(structure, bench.identities), reveal=True))
    assert ours == theirs
