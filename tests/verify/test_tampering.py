"""Tamperings that need rules or values of their own; tests/attacks has all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.ground import KEYSET, MANIFEST, SOURCES
from tests.verify.inprocess import NO_IDENTITY, checks, verify
from tests.world import World


def test_a_file_that_leaves_readable_values_out_of_its_mac_is_an_error(tmp_path: Path) -> None:
    """Rows G1 and G2: with mac_only_encrypted a changed readable value passes every MAC."""
    world = World(tmp_path)
    world.write_rules(
        "creation_rules:\n    - encrypted_regex: ^(data|stringData)$\n"
        "      mac_only_encrypted: true\n      age: {recipients}\n"
    )
    target = world.encrypt(MANIFEST, SOURCES[MANIFEST])
    target.write_text(target.read_text().replace("name: app\n", "name: other\n", 1))
    world.sops("decrypt", MANIFEST)
    names = {name for name, _, _ in checks(verify(world))}
    assert {"mac-only", "rules-mac-only"} <= names


@pytest.mark.parametrize(
    ("kind", "value"),
    [("api-key", '"two\\nlines"'), ("api-key", '" padded"'), ("jwt-hs256", "not-base64!")],
)
def test_a_value_that_is_none_of_its_kind_is_seen_with_the_identity_alone(
    world: World, kind: str, value: str
) -> None:
    """The form is right; only who can open the file sees what no service would accept."""
    (world.repo / "plana-secrets.toml").write_text(
        '[keysets."app"]\nkind = "api-key"\naccepted = []\n'
    )
    changed = SOURCES[KEYSET].replace("A" * 43, value).replace("api-key", kind)
    world.encrypt(KEYSET, changed)
    seen, unseen = verify(world, KEYSET), verify(world, KEYSET, identities=NO_IDENTITY)
    assert checks(unseen) == []
    assert [one[0] for one in checks(seen)] == ["keyset-schema"]
