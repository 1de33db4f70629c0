"""What a command loads and asks before it begins."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.world import World

HEAVY = {
    "urllib3",
    "keyring",
    "cryptography",
    "rich",
    "ruamel",
    "yaml",
    "msgspec",
    "pyrage",
    "asyncio",
}


def loaded_modules(world: World, *words: str) -> set[str]:
    """What a command that succeeds imports."""
    argv = [sys.executable, "-I", "-X", "importtime", "-m", "plana_secrets", *words]
    lines = world.command(*argv).stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines}


def test_help_loads_no_heavy_library(world: World):
    loaded = {name.partition(".")[0] for name in loaded_modules(world, "--help")}
    assert "click" in loaded
    assert not loaded & HEAVY


def test_get_loads_only_what_one_value_needs(world: World):
    world.encrypt("infra/secrets/a.yaml", "token: s3cr3t\n")
    loaded = loaded_modules(world, "get", "infra/secrets/a.yaml", "token")
    assert {"pyrage", "yaml"} <= loaded
    assert not loaded & {
        "urllib3", "keyring", "rich", "asyncio", "http.client", "ssl", "multiprocessing",
        "importlib.metadata", "shutil", "tempfile", "secrets", "msgspec", "tomllib",
        "plana_secrets.sops.program.binary", "plana_secrets.sops.program.locate",
        "plana_secrets.sops.rules.rulesfile", "plana_secrets.sops.rules.pattern",
        "plana_secrets.rotation.policy",
    }  # fmt: skip


def test_a_configuration_is_read_only_where_there_is_one(world: World):
    assert "tomllib" not in loaded_modules(world, "ls")
    (world.repo / "plana-secrets.toml").write_text(
        "required_version = '>=0.1'\n[policy]\nmin_recipients = 1\n"
        "[keysets.a]\nkind = 'api-key'\naccepted = ['infra/secrets/a.yaml#k']\n"
    )
    loaded = loaded_modules(world, "ls")
    assert "tomllib" in loaded
    assert not loaded & {
        "msgspec", "cryptography", "packaging", "difflib", "pyrage", "secrets",
        "plana_secrets.rotation.keyset", "plana_secrets.rotation.kinds.api_key.texts",
        "plana_secrets.mirror.backends.local.backend",
    }  # fmt: skip


BROKEN = "[keysets.a]\nkind = 'api-key'\naccepted = ['no reference']\n"


@pytest.mark.parametrize(
    "words",
    ["ls", "status", "verify", "recover", "get infra/secrets/a.yaml token", "rotate list",
     "mirror status", "set infra/secrets/a.yaml other --generate hex:8"],
)  # fmt: skip
def test_a_broken_configuration_ends_with_2_and_its_place(world: World, words: str):
    world.encrypt("infra/secrets/a.yaml", "token: s3cr3t\n")
    (world.repo / "plana-secrets.toml").write_text(BROKEN)
    result = world.run(*words.split())
    assert result.status == 2
    assert "plana-secrets.toml: keysets.a.accepted[0]: not a secret reference" in (
        result.stdout + result.stderr
    )


def test_doctor_names_the_place_in_a_broken_configuration_and_goes_on(world: World):
    (world.repo / "plana-secrets.toml").write_text(BROKEN)
    result = world.run("doctor")
    assert result.status == 1
    assert "plana-secrets.toml: keysets.a.accepted[0]: not a secret reference" in result.stdout


@pytest.mark.parametrize(
    "words", ["--help", "set --help", "rotate --help", "--version", "completion bash"]
)
def test_what_needs_no_configuration_works_with_a_broken_one(world: World, words: str):
    (world.repo / "plana-secrets.toml").write_text(BROKEN)
    assert world.run(*words.split()).status == 0


def test_status_reads_no_value_and_asks_git_little(world: World, tmp_path: Path):
    """A dozen git processes would be most of its time."""
    world.encrypt("infra/secrets/a.yaml", "token: s3cr3t\n")
    (world.repo / "plana-secrets.toml").write_text(
        '[mirror]\nbackend = "vaultwarden"\n[mirror.vaultwarden]\nurl = "https://x.test"\n'
        'organization = "o"\ncollections = { "other/**" = "prod" }\n'
    )
    world.commit()
    counted = tmp_path / "bin" / "git"
    counted.parent.mkdir()
    counted.write_text(f'#!/bin/sh\necho >>{tmp_path}/asked\nexec {shutil.which("git")} "$@"\n')
    counted.chmod(0o755)
    path = f"{counted.parent}:{os.environ['PATH']}"
    argv = [sys.executable, "-I", "-X", "importtime", "-m", "plana_secrets", "status"]
    done = world.command(*argv, env={"PATH": path})
    assert "cryptography" not in done.stderr
    assert len((tmp_path / "asked").read_text()) <= 10
