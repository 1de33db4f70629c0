"""The sops programs that every test here meets: the bundled one, and the newest release."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plana_secrets.age.identities import Identities, Identity, generate_identity
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.program.locate import find_sops
from tests.world import sops_program


@pytest.fixture(params=["bundled", "newest"])
def sops(request: pytest.FixtureRequest) -> Sops:
    """One sops after the other; ``PLANA_TEST_SOPS_NEWEST`` names the second."""
    if request.param == "bundled":
        return find_sops({"PLANA_SECRETS_SOPS": str(sops_program())})
    newest = os.environ.get("PLANA_TEST_SOPS_NEWEST")
    if not newest:
        pytest.skip("PLANA_TEST_SOPS_NEWEST names no program: the newest sops is not tested")
    return find_sops({"PLANA_SECRETS_SOPS": newest})


@pytest.fixture
def identity() -> Identity:
    return generate_identity()


@pytest.fixture
def identities(identity: Identity) -> Identities:
    return Identities((identity,))


@pytest.fixture
def root(tmp_path: Path, identity: Identity) -> Path:
    """A folder whose rules encrypt everything below infra/ to ``identity``."""
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / ".sops.yaml").write_text(
        "creation_rules:\n"
        "    - path_regex: ^infra/.*\\.secret\\.yaml$\n"
        "      encrypted_regex: ^(data|stringData)$\n"
        f"      age: {identity.recipient.text}\n"
        "    - path_regex: ^infra/.*\\.yaml$\n"
        f"      age: {identity.recipient.text}\n"
    )
    return folder
