"""Which files are mirrored, from which commit, and what their items look like."""

from __future__ import annotations

import gc
from dataclasses import replace

import pyrage
import pytest

from plana_secrets.age.identities import Identities, parse_identity_file
from plana_secrets.git.repository import Repository
from plana_secrets.mirror.backend import Backend, DesiredItem, Unsupported
from plana_secrets.mirror.backends.local.settings import LocalSettings
from plana_secrets.mirror.backends.vaultwarden.settings import VaultwardenSettings
from plana_secrets.mirror.drift import Choices
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.mirror.source import Source, SourceReader
from plana_secrets.mirror.state import Look, MirrorState
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.secretfiles.snapshot import Snapshot, at_commit, work_tree
from plana_secrets.secretfiles.workspace import Workspace
from tests.fakes.memory import MemoryBackend
from tests.world import World

LOCAL = MirrorSettings(backend=("local",), backends={"local": LocalSettings()})
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
data:
    TEXT: aGVsbG8=
    BYTES: AAEC
stringData:
    URL: https://x
"""


def no_sops():
    raise AssertionError("reading needs no sops")


def workspace_of(world: World, identity: str | None = None) -> Workspace:
    def find() -> Identities:
        return parse_identity_file(Secret.from_text(identity or str(world.identity)), "test")

    return Workspace(
        repository=Repository.open(world.repo),
        settings=FilesSettings(),
        find_identities=find,
        find_sops=no_sops,
    )


def snapshot_of(world: World, identity: str | None = None, *, worktree: bool = False) -> Snapshot:
    workspace = workspace_of(world, identity)
    return work_tree(workspace) if worktree else at_commit(workspace, workspace.repository.head())


def look_at(snapshot: Snapshot, backend: Backend) -> MirrorState:
    return Look(snapshot, SourceReader(snapshot, LOCAL), backend, Choices()).take()


def sound(_: DesiredItem) -> tuple[Unsupported, ...]:
    return ()


def shown(source: Source) -> dict[str, dict[str, str]]:
    return {
        item.file: {field.path: field.shown.reveal_text() for field in item.fields}
        for item in (one.opened() for one in source.items)
    }


def test_a_file_that_was_dropped_is_opened_as_it_is_then(world: World) -> None:
    files = [f"infra/secrets/dev/{name}.yaml" for name in "ab"]
    for file in files:
        world.encrypt(file, "user: anna\n")
    reader = SourceReader(snapshot_of(world, worktree=True), LOCAL)
    assert list(shown(reader.read_some([files[0], "no file"], sound))) == files[:1]
    before = reader.mark_of(files[0])
    reader.drop(files[:1])
    world.encrypt(files[0], "user: berta\n")
    assert shown(reader.read_some(files[:1], sound)) == {files[0]: {"user": "berta"}}
    assert reader.mark_of(files[0]) != before
    reader.drop(files[:1])
    assert list(shown(reader.read(settled=files[:1]))) == files[1:]


def test_no_item_is_open_while_it_waits(world: World) -> None:
    """A first mirror holds all files until the server shows their items."""
    for name in "ab":
        world.encrypt(f"infra/secrets/waits-{name}.yaml", "user: anna\n")
    world.commit()
    source = SourceReader(snapshot_of(world), LOCAL).read()
    assert [item.title for item in source.items] == ["waits-a", "waits-b"]
    held = [one.title for one in gc.get_objects() if isinstance(one, DesiredItem)]
    assert [title for title in held if title.startswith("waits-")] == []


def test_every_leaf_is_shown_as_staff_need_it(world: World) -> None:
    world.encrypt(
        "infra/secrets/dev/a.yaml",
        "user: anna\nport: 5432\non: true\nrate: 1.50\nnone: null\nempty: ''\nlist: [a, {b: c}]\n",
    )
    world.encrypt("infra/secrets/prod/app.secret.yaml", SECRET)
    head = world.commit()
    source = SourceReader(snapshot_of(world), LOCAL).read()
    assert shown(source) == {
        "infra/secrets/dev/a.yaml": {
            "user": "anna", "port": "5432", "on": "True", "rate": "1.5", "none": "",
            "empty": "", "list[0]": "a", "list[1].b": "c",
        },
        "infra/secrets/prod/app.secret.yaml": {
            "data.TEXT": "hello", "data.BYTES": "AAEC", "stringData.URL": "https://x",
        },
    }  # fmt: skip
    assert [item.title for item in source.items] == ["a (dev)", "app (prod)"]
    assert {item.opened().record.commit for item in source.items} == {source.head} == {head}
    manifest = source.items[1].opened().record
    assert [(leaf.path, leaf.text) for leaf in manifest.plain] == [
        ("apiVersion", "v1"),
        ("kind", "Secret"),
        ("metadata.name", "app"),
    ]


def test_the_commit_counts_and_not_the_working_tree(world: World) -> None:
    world.encrypt("infra/secrets/a.yaml", "x: committed\n")
    world.encrypt("infra/secrets/gone.yaml", "x: committed\n")
    world.commit()
    world.encrypt("infra/secrets/a.yaml", "x: changed\n")
    world.encrypt("infra/secrets/new.yaml", "x: new\n")
    (world.repo / "infra/secrets/gone.yaml").unlink()
    source = SourceReader(snapshot_of(world), LOCAL).read()
    assert shown(source) == {
        "infra/secrets/a.yaml": {"x": "committed"},
        "infra/secrets/gone.yaml": {"x": "committed"},
    }
    assert source.uncommitted == (
        "infra/secrets/a.yaml",
        "infra/secrets/gone.yaml",
        "infra/secrets/new.yaml",
    )
    tree = SourceReader(snapshot_of(world, worktree=True), LOCAL).read()
    assert shown(tree) == {
        "infra/secrets/a.yaml": {"x": "changed"},
        "infra/secrets/new.yaml": {"x": "new"},
    }
    assert {item.opened().record.commit for item in tree.items} == {None}
    assert tree.uncommitted == ()


def test_a_repository_without_a_commit_has_no_files(world: World) -> None:
    world.encrypt("infra/secrets/a.yaml", "x: 1\n")
    source = SourceReader(snapshot_of(world), LOCAL).read()
    assert (source.head, source.items, source.uncommitted) == (None, (), ("infra/secrets/a.yaml",))


def test_keysets_exclusions_and_named_files_are_never_mirrored(world: World) -> None:
    for file in ("keysets/jwt.yaml", "a.yaml", "private/b.yaml", "login.yaml"):
        world.encrypt(f"infra/secrets/{file}", "value: v\n")
    (world.repo / "infra/secrets/README.md").write_text("readable\n")
    world.commit()
    settings = replace(LOCAL, exclude=("infra/secrets/private/**",))
    source = SourceReader(snapshot_of(world), settings, never={"infra/secrets/login.yaml"}).read()
    assert set(shown(source)) == {"infra/secrets/a.yaml"}
    assert (source.unknown, source.unmapped) == ((), ())


def test_a_keyset_that_cannot_be_read_is_not_unknown(world: World) -> None:
    world.encrypt("infra/secrets/keysets/jwt.yaml", "value: v\n")
    world.commit()
    stranger = str(pyrage.x25519.Identity.generate())
    assert SourceReader(snapshot_of(world, stranger), LOCAL).read().unknown == ()


def test_a_keyset_that_lies_elsewhere_is_known_by_its_own_metadata(world: World) -> None:
    world.encrypt("infra/secrets/keysets/jwt.yaml", "name: n\nvalue: v\n")
    (world.repo / "infra/secrets/keysets/jwt.yaml").rename(world.repo / "infra/secrets/jwt.yaml")
    world.commit()
    assert SourceReader(snapshot_of(world), LOCAL).read().items == ()


def test_the_last_glob_that_matches_gives_the_collection(world: World) -> None:
    for file in ("dev/a.yaml", "prod/b.yaml", "prod/special/c.yaml", "d.yaml"):
        world.encrypt(f"infra/secrets/{file}", "x: 1\n")
    world.commit()
    settings = MirrorSettings(
        backend=("vaultwarden",),
        backends={"vaultwarden": VaultwardenSettings(
            url="https://vault.example.com",
            organization="o",
            collections={"infra/secrets/prod/**": "prod", "infra/secrets/prod/special/**": "few",
                         "infra/secrets/dev/": "dev"},
        )},
    )  # fmt: skip
    reader = SourceReader(snapshot_of(world), settings)
    source = reader.read()
    assert {item.file: item.collection for item in source.items} == {
        "infra/secrets/dev/a.yaml": "dev",
        "infra/secrets/prod/b.yaml": "prod",
        "infra/secrets/prod/special/c.yaml": "few",
    }
    assert source.unmapped == ("infra/secrets/d.yaml",)
    placed = {item.file for item in source.items}
    assert (reader.are(placed), reader.are(placed | {"infra/secrets/d.yaml"})) == (False, True)


@pytest.mark.parametrize("worktree", [False, True], ids=["commit", "worktree"])
def test_what_cannot_be_read_is_unknown(world: World, worktree: bool) -> None:
    world.encrypt("infra/secrets/a.yaml", "x: 1\n")
    broken = world.encrypt("infra/secrets/broken.yaml", "x: 1\n")
    broken.write_text(broken.read_text().replace('lastmodified: "20', 'lastmodified: "19'))
    (world.repo / "infra/secrets/plain.yaml").write_text("x: 1\n")
    (world.repo / "infra/secrets/link.yaml").symlink_to("a.yaml")
    world.commit()
    stranger = str(pyrage.x25519.Identity.generate())
    source = SourceReader(snapshot_of(world, worktree=worktree), LOCAL).read()
    assert {(one.file, one.is_locked) for one in source.unknown} == {
        (f"infra/secrets/{name}.yaml", False) for name in ("broken", "link", "plain")
    }
    locked = SourceReader(snapshot_of(world, stranger, worktree=worktree), LOCAL).read()
    assert {one.file for one in locked.unknown if one.is_locked} >= {"infra/secrets/a.yaml"}
    assert locked.items == ()


def test_a_person_with_one_identity_touches_only_what_it_opens(world: World) -> None:
    dev = pyrage.x25519.Identity.generate()
    rules = f"""\
creation_rules:
    - path_regex: /dev/
      age: {{recipients}},{dev.to_public()}
    - age: {{recipients}}
"""
    world.write_rules(rules)
    world.encrypt("infra/secrets/dev/a.yaml", "x: 1\n")
    world.encrypt("infra/secrets/prod/b.yaml", "x: 1\n")
    world.commit()
    backend = MemoryBackend()
    everything = look_at(snapshot_of(world), backend)
    backend.create_items(everything.plan.create)
    state = look_at(snapshot_of(world, str(dev)), backend)
    assert [(one.kind, one.file) for one in state.drift] == [
        ("unknown", "infra/secrets/prod/b.yaml")
    ]
    assert state.plan.is_empty


def test_a_stamp_is_of_a_commit_and_of_what_is_left_out(world: World) -> None:
    world.commit()
    found = {
        SourceReader(snapshot_of(world), LOCAL, never=never).stamp
        for never in ((), ("infra/secrets/login.yaml",), ())
    }
    assert len(found) == 2
    assert SourceReader(snapshot_of(world, worktree=True), LOCAL).stamp is None
