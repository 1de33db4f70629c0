"""The table that ``mirror init`` writes, and adds to later."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backends.vaultwarden.settings import VaultwardenSettings
from plana_secrets.mirror.backends.vaultwarden.setup import table_of
from plana_secrets.mirror.placing import place_table

SETTINGS = VaultwardenSettings(
    url="https://x",
    organization="id",
    collections={'a "b"/**': "prod"},
    break_glass=("o@x",),
    credentials="c.yaml",
    ca_file="ca.pem",
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# mine\n",
        '[files]\nroots = ["a"]\n',
        '[mirror]\nbackend = "none"\n',
        '[mirror] # here\nbranch = "main"\n\n[files]\nroots = ["a"]\n',
    ],
)
def test_settings_are_placed_and_the_rest_stays(text: str) -> None:
    placed = place_table(text, "vaultwarden", table_of(SETTINGS))
    before, after = tomllib.loads(text), tomllib.loads(placed)
    assert after["mirror"].pop("backend") == "vaultwarden"
    assert after["mirror"].pop("vaultwarden") == {
        "url": "https://x",
        "organization": "id",
        "collections": {'a "b"/**': "prod"},
        "break_glass": ["o@x"],
        "credentials": "c.yaml",
        "ca_file": "ca.pem",
    }
    before.setdefault("mirror", {}).pop("backend", None)
    assert before == after
    assert place_table(placed, "vaultwarden", table_of(SETTINGS)) == placed


def test_another_configuration_is_not_overwritten() -> None:
    text = place_table("", "vaultwarden", table_of(SETTINGS)).replace('"id"', '"other"')
    with pytest.raises(UsageError) as error:
        place_table(text, "vaultwarden", table_of(SETTINGS))
    assert error.value.kind == "mirror-configured"


HEAD = '# mine\n[mirror]\nbackend = "vaultwarden" # this one\n\n'
WAYS = {
    "inline": '[mirror.vaultwarden]  # here\nurl = "u"\ncollections = { "a/**" = "one" } # two\n',
    "inline, empty": '[mirror.vaultwarden]\nurl = "u"\ncollections = {}\n',
    "inline, tight": '[mirror.vaultwarden]\ncollections={"a}/**"="o}ne"}\nurl = "u"\n',
    "not there": '[mirror.vaultwarden]\nurl = "u"\n# the end\n\n[policy]\nmin_recipients = 1\n',
    "a table": (
        '[mirror.vaultwarden]\nurl = "u"\n\n[mirror.vaultwarden.collections] # all\n'
        '"a/**" = "one" # first\n# more to come\n\n[policy]\nmin_recipients = 1\n'
    ),
    "without an end": '[mirror.vaultwarden]\nurl = "u"\n[mirror.vaultwarden.collections]\n"a" = "b"',
    "of Windows": '[mirror.vaultwarden]\r\nurl = "u"\r\ncollections = { "a/**" = "one" }\r\n',
    "with a list": (
        '[mirror.vaultwarden]\nurl = "u"\nbreak_glass = [ # owners\n    "x", # last\n]\n'
    ),
    "several": '[mirror.vaultwarden]\nurl = "u"\nbreak_glass = ["x"]\n',
}


@pytest.mark.parametrize("way", WAYS)
def test_a_table_is_added_to_and_every_line_of_it_stays(way: str) -> None:
    text = (HEAD + WAYS[way]).replace("\n", "\r\n" if way == "of Windows" else "\n")
    text = text.replace("\r\r", "\r")
    before = tomllib.loads(text)
    held = before["mirror"]["vaultwarden"]
    table: dict[str, Any] = {
        "url": "u",
        "collections": {**held.get("collections", {}), 'b "x"/**': "two", "c/**": "d}"},
        "break_glass": [*held.get("break_glass", []), "o@x"],
        "key_fingerprint": "abc",
    }
    after = place_table(text, "vaultwarden", table)
    found = tomllib.loads(after)
    assert list(found["mirror"]["vaultwarden"]["collections"].items())[-2:] == [
        ('b "x"/**', "two"), ("c/**", "d}"),
    ]  # fmt: skip
    assert sorted(found["mirror"].pop("vaultwarden")["break_glass"]) == sorted(table["break_glass"])
    before["mirror"].pop("vaultwarden")
    assert found == before
    for comment in [line.partition("#")[2] for line in text.splitlines() if "#" in line]:
        assert after.count(f"#{comment}") == 1
    kept = [line for line in text.splitlines() if not line.startswith(("collections", "break_"))]
    assert [line for line in after.splitlines() if line in kept] == kept
    assert ("\r\n" in after) == (way == "of Windows")
    assert after.count("\r\n") in {0, after.count("\n")}
    assert place_table(after, "vaultwarden", table) == after


@pytest.mark.parametrize(
    "text",
    [
        '[mirror]\nbackend = "vaultwarden"\nvaultwarden = { url = "u" }\n',
        '[mirror]\nbackend = "vaultwarden"\nvaultwarden.url = "u"\n',
        (
            '[mirror]\nbackend = "vaultwarden"\n[mirror.vaultwarden]\nurl = "u"\n'
            'collections."a/**" = "one"\n'
        ),
        (
            'mirror.backend = "vaultwarden"\n[mirror.vaultwarden]\nurl = "u"\n'
            'collections."a/**" = "one"\n'
        ),
        '[mirror]\nbackend = [\n  "local"]\n[mirror.vaultwarden]\nurl = "u"\n',
    ],
)
def test_what_is_written_in_another_way_is_left_and_the_lines_are_named(text: str) -> None:
    with pytest.raises(UsageError) as error:
        place_table(text, "vaultwarden", {"url": "u", "collections": {"b/**": "two"}})
    assert error.value.kind == "mirror-configured"
    assert 'collections = { "b/**" = "two" }' in error.value.message


def test_what_says_something_else_is_named() -> None:
    text = HEAD + WAYS["inline"]
    for table, field in (
        ({"collections": {"a/**": "other"}}, 'collections."a/**"'),
        ({"url": "other"}, "url"),
    ):
        with pytest.raises(UsageError) as error:
            place_table(text, "vaultwarden", table)
        assert error.value.message == f"mirror.vaultwarden.{field} already says something else"


def test_another_spelling_of_the_same_is_no_change() -> None:
    text = place_table("", "vaultwarden", table_of(SETTINGS)).replace("https://x", "HTTPS://X/")
    assert place_table(text, "vaultwarden", table_of(SETTINGS), SETTINGS) == text
