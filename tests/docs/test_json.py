"""docs/json.md has every object that the program can print, and every exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import plana_secrets
from plana_secrets.cli.failure import BUG, INTERRUPTED, TERMINATED, UNREAD
from plana_secrets.errors import PlanaSecretsError
from tests.hostile.commands import command_names
from tests.shapes import PAGE, check_output, shapes

SILENT = {"run", "completion", "demo", "hook run", "hook merge", "identity key"}
"""Commands whose output is no object, as the page says."""


def test_every_command_has_a_shape_or_is_named_as_silent() -> None:
    expected = {f"plana-secrets/{name.replace(' ', '-')}/1" for name in command_names()}
    silent = {f"plana-secrets/{name.replace(' ', '-')}/1" for name in SILENT}
    assert set(shapes()) == expected - silent | {"plana-secrets/error/1"}
    intro = PAGE.read_text().partition("## ")[0]
    assert all(f"`{name}`" in intro for name in SILENT)


def test_every_object_that_the_code_prints_is_documented() -> None:
    source = "".join(
        file.read_text() for file in Path(plana_secrets.__file__).parent.rglob("cli/**/*.py")
    )
    printed = set(re.findall(r'json_object\(\s*"([a-z-]+)"', source))
    assert {f"plana-secrets/{name}/1" for name in printed} <= set(shapes())


def test_every_exit_code_is_in_the_table() -> None:
    def family(kind: type[PlanaSecretsError]) -> list[type[PlanaSecretsError]]:
        return [kind, *(one for sub in kind.__subclasses__() for one in family(sub))]

    known = {one.exit_code for one in family(PlanaSecretsError)}
    known |= {0, 1, BUG, INTERRUPTED, TERMINATED, UNREAD}
    table = re.findall(r"^\| ([0-9, ]+) \|", PAGE.read_text(), re.MULTILINE)
    assert {int(code) for cell in table for code in cell.split(",")} == known


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ('{"schema": "plana-secrets/logout/1", "url": "x"}', None),
        ('{"schema": "plana-secrets/logout/1", "url": null}', "is not text"),
        ('{"schema": "plana-secrets/logout/1"}', "url: missing"),
        ('{"schema": "plana-secrets/logout/1", "url": "x", "b": 1}', "b: not documented"),
        ('{"schema": "plana-secrets/nothing/1"}', "not in json.md"),
        ('{"schema": "plana-secrets/export/1", "output": "x", "values": true}', "is not number"),
        ('{"schema": "plana-secrets/export/1", "output": ["x"], "values": 1}', "is not text"),
        ('{"schema": "plana-secrets/logout/1", "url": "x"}{}', "no single object"),
    ],
)
def test_an_output_is_held_to_its_shape(printed: str, words: str | None) -> None:
    if words is None:
        check_output(printed)
        return
    with pytest.raises(AssertionError, match=words):
        check_output(printed)
