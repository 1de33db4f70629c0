"""Writing what a restore has planned: nothing that sops says is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage
import pytest

from plana_secrets.age.identities import Identities
from plana_secrets.document.edits import Content
from plana_secrets.errors import MalformedError
from plana_secrets.mirror.restore import (
    LostFile,
    Restored,
    RestorePlan,
    apply_restore,
    plan_restore,
    rehearse_restore,
)
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.model import Leaf, LeafType
from tests.mirror.places import MemoryPlace
from tests.mirror.steps import make_item
from tests.sops.sopsfiles import Bench
from tests.verify.inprocess import NO_IDENTITY, workspace_of
from tests.world import World, sops_program

FILE = "infra/secrets/prod/a.yaml"
LOST = LostFile(
    FILE,
    Content((Leaf(("x",), 0, LeafType.STR, True, None, None),), (Secret.from_text("hunter2"),)),
)


@dataclass
class SaysSo:
    """Stands for a sops that writes ``answer`` and ends with status 0."""

    answer: Callable[[Secret], bytes]

    def encrypt(self, plain: Secret, **_place: Any) -> bytes:
        return self.answer(plain)


@dataclass
class Place:
    world: World
    bench: Bench

    def workspace(
        self, answer: Callable[[Secret], bytes], identities: Identities | None = None
    ) -> Workspace:
        made = workspace_of(self.world, identities)
        return Workspace(
            repository=made.repository,
            settings=made.settings,
            find_identities=lambda: made.identities,
            find_sops=lambda: SaysSo(answer),  # type: ignore[arg-type, return-value]
        )

    def honest(self, plain: Secret) -> bytes:
        return self.bench.encrypt(plain.reveal_text())

    def restore(
        self,
        answer: Callable[[Secret], bytes],
        lost: LostFile = LOST,
        identities: Identities | None = None,
    ) -> Restored:
        plan = RestorePlan((lost,))
        return apply_restore(self.workspace(answer, identities), plan, self.world.folder / "back")


@pytest.fixture
def place(world: World, tmp_path: Path) -> Place:
    folder = tmp_path / "bench"
    folder.mkdir()
    return Place(world, Bench(sops_program(), folder, world.identity))


def test_what_is_as_meant_is_written(place: Place) -> None:
    done = place.restore(place.honest)
    assert (done.restored, done.failed, done.is_complete) == ((LOST,), (), True)
    assert b"hunter2" not in (place.world.folder / "back" / FILE).read_bytes()


def stranger(place: Place, _plain: Secret) -> bytes:
    place.bench.strangers = [str(pyrage.x25519.Identity.generate().to_public())]
    return place.honest(_plain)


def to_nobody_of_ours(place: Place, plain: Secret) -> bytes:
    other = pyrage.x25519.Identity.generate()
    return Bench(place.bench.program, place.bench.folder, other).encrypt(plain.reveal_text())


LIES: dict[str, Callable[[Place, Secret], bytes]] = {
    "plaintext": lambda _place, plain: plain.reveal(),
    "nothing": lambda _place, _plain: b"",
    "one more recipient": stranger,
    "another recipient": to_nobody_of_ours,
    "another selector": lambda place, plain: place.bench.encrypt(
        plain.reveal_text(), "encrypted_regex: ^x$"
    ),
    "other content": lambda place, _plain: place.bench.encrypt("x: hunter3\n"),
    "another type": lambda place, _plain: place.bench.encrypt("x: 1\n"),
    "one leaf more": lambda place, plain: place.bench.encrypt(plain.reveal_text() + "y: z\n"),
    "another name": lambda place, _plain: place.bench.encrypt("y: hunter2\n"),
    "a plain comment": lambda place, plain: place.honest(plain) + b"# hunter2\n",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_sops_that_lies_writes_nothing(
    place: Place, lie: Callable[[Place, Secret], bytes]
) -> None:
    done = place.restore(lambda plain: lie(place, plain))
    assert [(file, error.kind) for file, error in done.failed] == [(FILE, "unexpected-result")]
    assert (done.restored, done.is_complete) == ((), False)
    assert not (place.world.folder / "back").exists()


def test_without_an_identity_the_form_is_still_looked_at(place: Place) -> None:
    for lie in ("plaintext", "one more recipient", "another selector"):
        done = place.restore(lambda plain, lie=lie: LIES[lie](place, plain), LOST, NO_IDENTITY)
        assert done.restored == ()
        place.bench.strangers = []
    assert place.restore(place.honest, LOST, NO_IDENTITY).restored == (LOST,)


def test_the_status_is_that_of_the_values(place: Place) -> None:
    """A file that came back without one of its values is not a restore that is done."""
    partly = LostFile(FILE, LOST.content, missing=("y",))
    assert not place.restore(place.honest, partly).is_complete
    by_hand = LostFile("infra/secrets/prod/b.yaml", LOST.content, by_hand=("x",))
    assert place.restore(place.honest, by_hand).is_complete


def test_what_is_there_is_left_alone(place: Place) -> None:
    back = place.world.folder / "back"
    (back / FILE).parent.mkdir(parents=True)
    (back / FILE).write_text("there")
    done = place.restore(place.honest)
    assert (done.restored, done.existing, done.is_complete) == ((), (FILE,), False)
    assert (back / FILE).read_text() == "there"
    rehearsed = rehearse_restore(RestorePlan((LOST,)), back)
    assert (rehearsed.restored, rehearsed.existing) == ((), (FILE,))


def test_no_link_is_followed(place: Place) -> None:
    back = place.world.folder / "back"
    (back / FILE).parent.mkdir(parents=True)
    (back / FILE).symlink_to("nowhere")
    done = place.restore(place.honest)
    assert (done.restored, done.is_complete) == ((), False)
    assert (back / FILE).is_symlink()


@pytest.mark.parametrize(
    "name",
    ["../x.yaml", "/x.yaml", "a//x.yaml", "a/./x.yaml", "a/../x.yaml", ".git/x.yaml",
     "a/.GIT/x", "", "a/", "a\n.yaml", "a\x1b[0m.yaml"],
)  # fmt: skip
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    backend = MemoryPlace()
    backend.open().create_items([make_item(name, {"x": "1"}), make_item("a/ok.yaml", {"x": "1"})])
    plan = plan_restore(backend.open().list_items())
    assert [one.file for one in plan.files] == ["a/ok.yaml"]
    assert [(file, error.kind) for file, error in plan.failed] == [(name, "unsafe-file-name")]


def test_an_item_that_cannot_be_read_is_named_and_the_rest_goes_on() -> None:
    from plana_secrets.mirror.backend import ActualItem

    backend = MemoryPlace()
    backend.open().create_items([make_item(FILE, {"x": "1"})])
    backend.store.items["9"] = ActualItem("9", "", "", None, {}, None, frozenset({"undecryptable"}))
    plan = plan_restore(backend.open().list_items())
    assert [one.file for one in plan.files] == [FILE]
    ((name, error),) = plan.failed
    assert (name, error.kind, type(error)) == ("9", "bad-record", MalformedError)
