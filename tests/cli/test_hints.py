"""Every error has its advice, or explains itself; and a command in an advice can be called."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from functools import cache

import click
import pytest

from plana_secrets.cli.hints import find_hint
from plana_secrets.cli.lazy import LazyGroup
from plana_secrets.cli.main import program
from plana_secrets.errors import ConflictError, UsageError
from tests.cli.kinds import files, kinds, modules

EXPLAINS_ITSELF = {
    "usage",  # the message says how it is called
    "declined",  # by the person who was asked
    "bad-kind",
    "failed", "malformed", "credential", "unavailable", "conflict", "incomplete",
}  # fmt: skip
"""Kinds without advice; the last are those of errors that carry nothing but their message."""


def tables() -> dict[str, dict[str, str]]:
    """Module -> its advice."""
    found = {name: getattr(importlib.import_module(name), "ADVICE", {}) for name in files()}
    return {name: advice for name, advice in found.items() if advice}


TABLES = tables()
ADVICE = {kind: text for advice in TABLES.values() for kind, text in advice.items()}


def test_every_kind_has_advice_or_explains_itself():
    assert set(kinds()) - set(ADVICE) == EXPLAINS_ITSELF
    assert set(ADVICE) - set(kinds()) == set()


def test_a_kind_has_one_advice():
    assert sum(len(advice) for advice in TABLES.values()) == len(ADVICE)


@cache
def imported(module: str) -> frozenset[str]:
    """What is loaded once the code of a module has run: what it imports, and that imports."""
    seen: set[str] = set()
    left = [module]
    while left:
        name = left.pop()
        if name in seen or name not in modules():
            continue
        seen.add(name)
        left += imported_directly(name)
    return frozenset(seen)


@cache
def imported_directly(module: str) -> tuple[str, ...]:
    """What the code of a module imports, and the packages that it is in."""
    found = [module.rpartition(".")[0]]
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return tuple(found)


def test_the_advice_is_loaded_where_the_kind_is_raised():
    far = [
        (kind, module)
        for kind, raisers in kinds().items()
        for module in raisers
        if kind in ADVICE and not any(kind in TABLES.get(name, {}) for name in imported(module))
    ]
    assert far == []


def commands() -> list[tuple[str, str]]:
    return [
        (kind, command)
        for kind, text in sorted(ADVICE.items())
        for command in re.findall(r"`(plana-secrets[^`]*)`", text)
    ]


@pytest.mark.parametrize(("kind", "command"), commands())
def test_a_command_in_an_advice_is_one(kind: str, command: str):
    """Its name, its options and the number of its arguments; what is filled in is a word."""
    words = shlex.split(re.sub(r"\{([a-z_]+)\}", lambda match: match.group(1).upper(), command))
    context = click.Context(program, info_name=words[0])
    group, words = program, words[1:]
    while isinstance(group, LazyGroup) and words:
        name, found, words = group.resolve_command(context, words)
        context = click.Context(found, info_name=name, parent=context, resilient_parsing=True)
        group = found
    parser = group.make_parser(context)
    _, left, _ = parser.parse_args(args=list(words))
    assert left == [], command


def test_facts_are_filled_in_and_quoted_inside_of_a_command():
    error = UsageError("x", kind="no-such-path", file="a b.yaml")
    assert find_hint(error) == "`plana-secrets ls 'a b.yaml'` shows the paths"


def test_what_an_error_does_not_know_stays_a_word_in_capitals():
    assert (
        find_hint(UsageError("x", kind="no-such-path")) == "`plana-secrets ls FILE` shows the paths"
    )
    assert find_hint(UsageError("x", kind="no-such-path", file=None)) == (
        "`plana-secrets ls FILE` shows the paths"
    )


def test_what_explains_itself_has_no_hint():
    assert find_hint(UsageError("x")) is None


def test_a_conflict_may_be_tried_again_unless_its_raise_says_no():
    assert ConflictError("x").retry
    assert not ConflictError("x", retry=False).retry
    assert not UsageError("x").retry
