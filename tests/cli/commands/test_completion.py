"""Completion names files and paths, and needs no identity."""

from __future__ import annotations

import pytest

from tests.secretfiles.conftest import PLAIN_FILE
from tests.world import PROGRAM, World


@pytest.mark.long
def test_completion_names_files_and_paths_without_an_identity(files_world: World) -> None:
    def complete(words: str, folder: str = ".") -> list[str]:
        env = {
            "_PLANA_SECRETS_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        script = f'cd "{folder}" && exec "$0" "$@"'
        done = files_world.command("sh", "-c", script, *PROGRAM, env=env | files_world.nobody)
        return [line.partition(",")[2] for line in done.stdout.splitlines() if line]

    assert complete("plana-secrets get infra/secrets/dev/e") == [PLAIN_FILE]
    assert complete(f"plana-secrets get {PLAIN_FILE} db.") == ["db.user", "db.password"]
    assert complete("plana-secrets get dev/e", "infra/secrets") == ["dev/example.yaml"]
    assert complete("plana-secrets get i", "/") == []
    (files_world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{files_world.identity.to_public()}"\nkind = "staff"\n'
    )
    for command in ("recipients remove", "recipients replace", "offboard"):
        assert complete(f"plana-secrets {command} b") == ["bob"]
    assert complete(f"plana-secrets mirror adopt {PLAIN_FILE} --yes db.") == [
        "db.user",
        "db.password",
    ]
    elsewhere = f"plana-secrets get --repo {files_world.repo} infra/secrets/dev/e"
    assert complete(elsewhere, "/") == [PLAIN_FILE]
