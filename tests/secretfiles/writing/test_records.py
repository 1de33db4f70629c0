"""A journal is a file that anyone may have written: what is not ours is refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.secretfiles.writing.records import (
    LARGEST,
    IntendedFile,
    Intent,
    Pending,
    Stage,
    decode,
    encode_intent,
    encode_stage,
    stays_inside,
)

INTENT = Intent(
    "set", "/repo", (IntendedFile("a.yaml", "0" * 64, "1" * 64),), base="b" * 40, branch="main"
)
BEGUN = encode_intent(INTENT)


def line(record: Any) -> bytes:
    """A record with a checksum that is right, whatever it says."""
    text = record if isinstance(record, bytes) else json.dumps(record).encode()
    return hashlib.sha256(text).hexdigest()[:16].encode() + b" " + text + b"\n"


def begin(**changed: Any) -> bytes:
    return line({"begin": asdict(INTENT) | changed})


def with_file(**changed: Any) -> bytes:
    return begin(files=[{"file": "a.yaml", "old": "0" * 64, "new": "1" * 64} | changed])


names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1).filter(
    lambda name: name not in {".", ".."} and name.lower() != ".git"
)
digests = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64)
intents = st.builds(
    Intent,
    operation=st.text("abc é", min_size=1),
    root=names.map("/{}".format),
    files=st.lists(
        st.builds(IntendedFile, names, digests, digests).filter(lambda one: one.old != one.new),
        unique_by=lambda one: one.file,
    ).map(tuple),
    base=st.none() | st.just("c" * 40) | st.just("d" * 64),
    branch=st.none() | st.just("feature/größe#1"),
    commit=st.just(True),
    push=st.none() | st.just("main"),
    message=st.text(st.characters(codec="utf-8")),
)


@given(intents, st.lists(st.sampled_from(list(Stage)[1:]), unique=True))
def test_what_is_written_is_read(intent: Intent, stages: list[Stage]) -> None:
    stages.sort()
    data = encode_intent(intent) + b"".join(encode_stage(one, "e" * 40) for one in stages)
    reached = stages[-1] if stages else Stage.BEGUN
    assert decode(data) == Pending(intent, reached, "e" * 40 if stages else None)


def test_a_name_that_is_not_utf8_is_kept() -> None:
    intent = replace(INTENT, files=(IntendedFile("a\udcff.yaml", None, "1" * 64),))
    assert decode(encode_intent(intent)).intent == intent


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"garbage\n",
        BEGUN + b"torn, and yet with its end\n",
        BEGUN + encode_stage(Stage.REPLACING).replace(b"REPLACING", b"PUSHED"),
        BEGUN + BEGUN,
        BEGUN + encode_stage(Stage.PUSHED) + encode_stage(Stage.BUILT),
        BEGUN + encode_stage(Stage.PUSHED) + encode_stage(Stage.PUSHED),
        encode_stage(Stage.BUILT),
        BEGUN + line({}),
        BEGUN + line([]),
        BEGUN + line(7),
        BEGUN + line(None),
        BEGUN + line({"stage": "BEGUN"}),
        BEGUN + line({"stage": "LATER"}),
        BEGUN + line({"stage": 5}),
        BEGUN + line({"stage": ["BUILT"]}),
        BEGUN + line({"stage": "BUILT", "more": 1}),
        BEGUN + line({"stage": "BUILT", "commit": 1}),
        BEGUN + line({"stage": "BUILT", "commit": "--help"}),
        BEGUN + line(b'{"stage": "BUILT"'),
        BEGUN + line(b"\xff"),
        BEGUN + line(b"[" * 20_000),
        BEGUN + line(b'{"stage":' * 20_000),
        line(b'{"begin":' + b"[" * 20_000),
        line({"begin": None}),
        line({"begin": {}}),
        line({"begin": asdict(INTENT), "stage": "BUILT"}),
        begin(surprise=1),
        begin(operation=1),
        begin(operation=""),
        begin(operation="\x1b[2J"),
        begin(root="repo"),
        begin(root="/a\0b"),
        begin(root="/" + "a" * 5000),
        begin(base="HEAD"),
        begin(branch="--force"),
        begin(push="--force"),
        begin(push="main:other", commit=True),
        begin(push="main"),
        begin(commit="yes"),
        begin(message=None),
        begin(files=None),
        begin(files={}),
        begin(files=["a.yaml"]),
        begin(files=[asdict(INTENT)["files"][0]] * 2),
        with_file(surprise=1),
        with_file(file=None),
        with_file(old="0"),
        with_file(old="1" * 64),
        with_file(new=1),
        with_file(file="\ud800"),
    ],
)  # fmt: skip
def test_what_we_did_not_write_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        decode(data)
    assert type(caught.value) in {ValueError, json.JSONDecodeError, UnicodeDecodeError}


OUTSIDE = [
    "", "/etc/passwd", "..", "../victim", "a/../../victim", "a/..", ".", "./a.yaml", "a//b.yaml",
    "a/", ".git/hooks/post-commit", ".GIT/config", "a/.git/config", ".Git", "a\0b", "a" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("file", OUTSIDE)
def test_a_file_outside_is_refused(file: str) -> None:
    assert not stays_inside(file)
    with pytest.raises(ValueError, match="file"):
        decode(with_file(file=file))


@pytest.mark.parametrize("file", ["a.yaml", "a/b c/ü.yaml", ".sops.yaml", "..a/.gitx", "a\n.yaml"])
def test_a_file_inside_is_taken(file: str) -> None:
    assert stays_inside(file)


@given(st.binary() | st.lists(st.binary() | st.just(BEGUN)).map(b"".join))
def test_any_bytes_are_records_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.sampled_from([*asdict(INTENT)]), json_values)
def test_any_value_of_a_field_is_taken_or_refused(field: str, value: object) -> None:
    with contextlib.suppress(ValueError):
        decode(begin(**{field: value}))


@pytest.mark.parametrize(
    "data", [b"\n" * (LARGEST + 1), line(b'{"begin": [' + b"[]," * (LARGEST // 3 - 20) + b"[]]}")]
)
def test_a_huge_one_takes_no_time(data: bytes) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        decode(data)
    assert time.process_time() - started < 2
