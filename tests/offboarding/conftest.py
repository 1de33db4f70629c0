"""A repository that bob reads a part of."""

from __future__ import annotations

import pyrage
import pytest

from tests.offboarding.leaver import APP, MAIL
from tests.world import DEFAULT_RULES, World


@pytest.fixture
def shared(world: World) -> World:
    """Two files that bob reads, and a third that he never could."""
    world.encrypt("infra/secrets/dev/own.yaml", "password: mine\n")
    world.others.append(pyrage.x25519.Identity.generate())
    world.write_rules(DEFAULT_RULES)
    world.encrypt(APP, "password: pa55\nport: 5432\n")
    world.encrypt(MAIL, "password: w0rd\n")
    key = world.others[0].to_public()
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{key}"\nkind = "staff"\n'
    )
    world.commit()
    return world
