"""Where the only copy of a hand edit goes before it is overwritten."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pyrage
import pytest

from plana_secrets.age.hybrid import generate_hybrid_key
from plana_secrets.errors import FailedError, UsageError
from plana_secrets.mirror.backend import ActualItem
from plana_secrets.mirror.keep import keep_item
from plana_secrets.secret import Secret
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import make_item
from tests.verify.inprocess import workspace_of
from tests.world import World

FILE = "infra/secrets/prod/mail.yaml"
PLUGIN = "age1yubikey1qfz4r7p2dy5mcy9jz2qndvm2ckd9tyjzwg2"


@pytest.fixture
def item() -> ActualItem:
    place = MemoryPlace()
    place.open().create_items([make_item(FILE, {"x": "typed at night"})])
    return place.open().list_items().items[0]


def test_everyone_of_the_rule_opens_it_and_nobody_else_reads_it(
    world: World, tmp_path: Path, item: ActualItem
) -> None:
    world.others.append(pyrage.x25519.Identity.generate())
    world.write_rules("creation_rules:\n  - age: {recipients}," + PLUGIN + "\n")
    kept = Path(keep_item(workspace_of(world), tmp_path / "kept", item))
    for identity in (world.identity, *world.others):
        export = json.loads(pyrage.decrypt(kept.read_bytes(), [identity]))
        assert export["items"][0]["fields"][0]["value"] == "typed at night"
    assert b"typed" not in kept.read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert kept.name.startswith("infra-secrets-prod-mail.yaml.")


def test_nothing_kept_before_is_overwritten(world: World, tmp_path: Path, item: ActualItem) -> None:
    places = {keep_item(workspace_of(world), tmp_path / "kept", item) for _ in range(3)}
    assert len(places) == 3 == len(list((tmp_path / "kept").iterdir()))


def test_without_a_recipient_here_or_a_rule_nothing_is_kept_and_that_is_an_error(
    world: World, tmp_path: Path, item: ActualItem
) -> None:
    world.write_rules(f"creation_rules:\n  - path_regex: ^infra/\n    age: {PLUGIN}\n")
    with pytest.raises(FailedError) as caught:
        keep_item(workspace_of(world), tmp_path / "kept", item)
    assert (caught.value.kind, caught.value.facts["file"]) == ("no-native-recipient", FILE)
    broken = ActualItem("9", "", "", None, {"x": Secret(b"y")}, None, frozenset())
    with pytest.raises(UsageError):
        keep_item(workspace_of(world), tmp_path / "kept", broken)
    assert not (tmp_path / "kept").exists()


def test_where_no_folder_can_be_made_that_is_an_error(world: World, item: ActualItem) -> None:
    with pytest.raises(FailedError) as caught:
        keep_item(workspace_of(world), Path("/proc/none/kept"), item)
    assert caught.value.kind == "state-unwritable"


def test_readers_whom_age_puts_into_no_one_file_are_refused_by_name(
    world: World, tmp_path: Path, item: ActualItem
) -> None:
    hybrid = generate_hybrid_key().recipient
    world.write_rules("creation_rules:\n  - age: {recipients}," + hybrid + "\n")
    with pytest.raises(UsageError, match=world.recipients) as caught:
        keep_item(workspace_of(world), tmp_path / "kept", item)
    assert caught.value.kind == "recipients-mixed"
    assert not (tmp_path / "kept").exists()
