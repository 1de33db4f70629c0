"""Who can open a file with an older version of it: by real sops and real git."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.document.edits import SetLeaf
from plana_secrets.observability import NEW_DATA_KEY, Event
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.formers import Former, Seen, compare, former_readers
from plana_secrets.secretfiles.open import read_bytes_of, read_document_of
from plana_secrets.secretfiles.writing.writer import stage_edits, write_files, writing
from plana_secrets.sops.model import LeafType
from tests.secretfiles.conftest import PLAIN_FILE, PLAIN_TEXT, make_workspace
from tests.world import DEFAULT_RULES, World


@pytest.fixture
def shared(files_world: World) -> World:
    """A file that bob could read in the first commit, and by his old header still can."""
    files_world.others.append(pyrage.x25519.Identity.generate())
    files_world.write_rules(DEFAULT_RULES)
    files_world.encrypt(PLAIN_FILE, PLAIN_TEXT)
    files_world.commit()
    return files_world


def updatekeys(world: World, file: str = PLAIN_FILE) -> str:
    """Bob is removed as people do it; his recipient."""
    bob = str(world.others.pop().to_public())
    world.write_rules(DEFAULT_RULES)
    world.sops("updatekeys", "-y", file)
    return bob


def change(world: World, value: str = "new", file: str = PLAIN_FILE) -> list[Event]:
    """Set a value; what was told about it."""
    events: list[Event] = []
    workspace = make_workspace(world, observer=events.append)
    edit = SetLeaf(("db", "password"), Secret(value.encode()), LeafType.STR)
    with writing(workspace, "set"):
        write_files(workspace, [stage_edits(workspace, file, [edit])], operation="set")
    return [one for one in events if one.name == NEW_DATA_KEY]


def formers(world: World, file: str = PLAIN_FILE) -> Former | None:
    workspace = make_workspace(world)
    return former_readers(workspace, file, read_bytes_of(workspace, file))


def key_of(world: World, file: str = PLAIN_FILE) -> Secret:
    return read_document_of(make_workspace(world), file).data_key


def test_a_write_after_a_removal_makes_a_new_data_key_once(shared: World) -> None:
    bob = updatekeys(shared)
    old = key_of(shared)
    assert formers(shared) == Former((bob,), 0)
    (event,) = change(shared)
    assert event.facts == {"file": PLAIN_FILE, "former": bob}
    new = key_of(shared)
    assert new != old
    assert "password: new" in shared.decrypt(PLAIN_FILE)
    assert (formers(shared), change(shared, "newer")) == (None, [])
    shared.commit()
    assert (formers(shared), change(shared, "newest")) == (None, [])
    assert key_of(shared) == new


def test_an_addition_keeps_the_data_key(shared: World) -> None:
    shared.others.append(pyrage.x25519.Identity.generate())
    shared.write_rules(DEFAULT_RULES)
    shared.sops("updatekeys", "-y", PLAIN_FILE)
    old = key_of(shared)
    shared.commit()
    assert (formers(shared), change(shared)) == (None, [])
    assert key_of(shared) == old


def test_values_written_since_are_counted_also_by_sops_itself(shared: World) -> None:
    bob = updatekeys(shared)
    shared.commit()
    shared.sops("set", PLAIN_FILE, '["db"]["password"]', '"later"')
    shared.commit()
    shared.sops("set", PLAIN_FILE, '["port"]', "6543")
    assert formers(shared) == Former((bob,), 2)


@pytest.mark.parametrize("committed", [True, False])
def test_a_removal_and_a_change_in_one_commit(shared: World, committed: bool) -> None:
    bob = updatekeys(shared)
    shared.sops("set", PLAIN_FILE, '["db"]["password"]', '"later"')
    if committed:
        shared.commit()
    assert formers(shared) == Former((bob,), 1)


def test_the_older_version_under_another_name(shared: World) -> None:
    moved = "infra/secrets/dev/moved.yaml"
    shared.git("mv", PLAIN_FILE, moved)
    bob = updatekeys(shared, moved)
    shared.commit()
    assert formers(shared, moved) == Former((bob,), 0)
    (event,) = change(shared, file=moved)
    assert event.facts["file"] == moved


def test_after_sops_rotate_no_one_is_left(shared: World) -> None:
    updatekeys(shared)
    shared.sops("rotate", "-i", PLAIN_FILE)
    shared.commit()
    assert formers(shared) is None


def test_a_version_that_was_restored_has_its_old_key(shared: World) -> None:
    bob = updatekeys(shared)
    before = read_bytes_of(make_workspace(shared), PLAIN_FILE)
    shared.commit()
    shared.sops("rotate", "-i", PLAIN_FILE)
    shared.commit()
    (shared.repo / PLAIN_FILE).write_bytes(before)
    assert formers(shared) == Former((bob,), 0)


def test_without_an_identity_by_what_the_versions_share(shared: World) -> None:
    bob = updatekeys(shared)
    shared.commit()
    shared.sops("set", PLAIN_FILE, '["db"]["password"]', '"later"')
    shared.key_file.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    assert formers(shared) == Former((bob,), 1)


def test_who_came_back_is_no_former_reader(shared: World) -> None:
    bob = shared.others[0]
    updatekeys(shared)
    shared.commit()
    shared.others.append(bob)
    shared.write_rules(DEFAULT_RULES)
    shared.sops("updatekeys", "-y", PLAIN_FILE)
    assert formers(shared) is None


def test_a_shallow_clone_does_not_know(shared: World) -> None:
    updatekeys(shared)
    shared.commit()
    place = shared.folder / "shallow"
    shared.git("clone", "-q", "--depth=1", f"file://{shared.repo}", str(place))
    workspace = make_workspace(shared, place)
    data = read_bytes_of(workspace, PLAIN_FILE)
    assert former_readers(workspace, PLAIN_FILE, data) is None


@pytest.mark.parametrize(
    "text",
    [
        "sops:\n  age:\n  - recipient: {a}\n    enc: |\n      {begin}\n      AAAA\n      BBBB\n      {end}\n",
        '{{"sops": {{"age": [{{"recipient": "{a}", "enc": "{begin}\\nAAAA\\nBBBB\\n{end}\\n"}}]}}}}',
        "sops_age__list_0__map_recipient={a}\nsops_age__list_0__map_enc={begin}\\nAAAA\\nBBBB\\n{end}\\n",
    ],
    ids=["yaml", "json", "dotenv"],
)
def test_what_is_seen_of_each_format(text: str) -> None:
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    data = text.format(
        a=recipient,
        begin="-----BEGIN AGE ENCRYPTED FILE-----",
        end="-----END AGE ENCRYPTED FILE-----",
    )
    seen = Seen(data.encode())
    assert (seen.labels, seen.wrapped) == ((recipient,), ("AAAABBBB",))


def test_a_readable_field_of_that_name_is_no_recipient() -> None:
    old = b"recipient: team@example.test\nx: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\n"
    today = Seen(old.replace(b"team", b"staff"))
    assert compare(today, [Seen(old)], lambda _: None) is None


def test_a_reader_from_before_our_time(files_world: World) -> None:
    """The old header is not for us, and no value of that version is left: today's key decides."""
    ours, bob = files_world.identity, pyrage.x25519.Identity.generate()
    files_world.identity = bob
    files_world.key_file.write_text(f"{bob}\n")
    files_world.write_rules(DEFAULT_RULES)
    files_world.encrypt(PLAIN_FILE, "a: one\n")
    files_world.commit()
    files_world.identity = ours
    files_world.write_rules(DEFAULT_RULES)
    files_world.sops("updatekeys", "-y", PLAIN_FILE)
    files_world.key_file.write_text(f"{ours}\n")
    files_world.sops("set", PLAIN_FILE, '["a"]', '"two"')
    files_world.commit()
    assert formers(files_world) == Former((str(bob.to_public()),), 1)
