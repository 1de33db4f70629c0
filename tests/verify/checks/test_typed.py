"""Passwords in comments and addresses of files that everyone reads."""

from __future__ import annotations

import time

import pytest

from plana_secrets.verify.checks.typed import check_typed

RULES = ".sops.yaml"


def lines(text: str) -> list[int | None]:
    return [one.line for one in check_typed(RULES, text.encode())]


@pytest.mark.parametrize(
    "line",
    [
        "# password: hunter2",
        "creation_rules: # old token = abc123def",
        '# API_KEY="abc123"',
        "url = https://user:abcd@git.example.com/x.git",
        "# ssh://:hunter2@host",
    ],
)
def test_what_is_named(line: str) -> None:
    assert lines(f"a: b\n{line}\n") == [2]


@pytest.mark.parametrize(
    "line",
    [
        "# the key of alice: age1kvje9ut5krl83khfy6xhep0x443qj54lz4aez9wzxle6pnrrkfus4kh8ev",
        "# token: age1kvje9ut5krl83khfy6xhep0x443qj54lz4aez9wzxle6pnrrkfus4kh8ev",
        "# password: ask the team",
        "# secrets: see https://wiki.example.com/1",
        "# token: ${TOKEN_1}",
        "# api_key: <your-key-1>",
        "url = https://${USER1}:${TOKEN1}@git.example.com/x.git",
        "url = ssh://git@git.example.com:2222/x.git",
        'accepted = ["infra/secrets/prod/x.secret.yaml#stringData.API_KEY_1"]',
        'path = "smtp_password1"',
        "password: hunter2",
    ],
)
def test_what_is_none(line: str) -> None:
    assert lines(f"{line}\n") == []


def test_a_hostile_file_takes_no_time() -> None:
    begun = time.process_time()
    lines("#" + "password" * 130_000)
    lines(("#" + "pass" * 80 + "\n") * 3000)
    lines("://" * 300_000)
    assert time.process_time() - begun < 3
