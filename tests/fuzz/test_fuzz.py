"""A few seconds of ``scripts/fuzz``, and that it would notice."""

from __future__ import annotations

import os
import time

import pytest

from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS
from tests.fuzz.trial import run_batch

BY_NAME = {target.name: target for target in TARGETS}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_seed_is_taken(name: str) -> None:
    for seed in BY_NAME[name].seeds:
        BY_NAME[name].check(seed)


@pytest.mark.parametrize("name", BY_NAME)
def test_nothing_but_our_own_errors_comes_out(name: str) -> None:
    outcome = run_batch(BY_NAME[name], 1, 150)
    assert outcome.failure is None, outcome.content[:2000]
    assert outcome.accepted + outcome.refused == 150


def _bug(_content: bytes) -> None:
    raise KeyError("x")


def _slow(_content: bytes) -> None:
    start = time.process_time()
    while time.process_time() - start < 2.1:
        pass


def _large(_content: bytes) -> None:
    assert bytearray(os.urandom(1) * (160 << 20))


def _dead(_content: bytes) -> None:
    os._exit(3)


@pytest.mark.long
@pytest.mark.parametrize(
    ("check", "said"),
    [(_bug, "KeyError"), (_slow, " s, "), (_large, " MB"), (_dead, "ended with 3")],
)
def test_what_goes_wrong_is_told_with_its_input(check, said) -> None:
    outcome = run_batch(Target("x", (b"seed",), check), 1, 3)
    assert outcome.failure is not None
    assert said in outcome.failure
    assert outcome.content != b"" or check is _bug
