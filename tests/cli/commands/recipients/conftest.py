"""A repository that two people read."""

from __future__ import annotations

import pyrage
import pytest

from tests.cli.commands.recipients.team import APP, MAIL
from tests.world import DEFAULT_RULES, World


@pytest.fixture
def shared(world: World) -> World:
    """Two files that bob reads, whom the settings name."""
    bob = pyrage.x25519.Identity.generate()
    world.others.append(bob)
    world.write_rules(DEFAULT_RULES)
    world.encrypt(APP, "password: pa55\n")
    world.encrypt(MAIL, "password: w0rd\n")
    (world.repo / "plana-secrets.toml").write_text(
        f'# who\n[recipients.bob]  # since May\nkey = "{bob.to_public()}"\nkind = "staff"\n'
    )
    world.commit()
    return world
