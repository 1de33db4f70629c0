"""Files and items are compared as they are opened, and what agrees is not kept."""

from __future__ import annotations

import pytest

from plana_secrets.mirror.drift import Choices
from tests.fakes.memory import MemoryBackend
from tests.mirror.closing import Files, Repository, Server
from tests.mirror.places import MemoryHand


def mirrored(count: int) -> tuple[Repository, Server]:
    """So many files, and a server that has them."""
    repository = Repository({f"{number}.yaml": {"one": str(number)} for number in range(count)})
    server = Server()
    MemoryBackend(server.store).create_items(Files(repository).read().items)
    return repository, server


def test_memory_grows_with_what_differs() -> None:
    repository, server = mirrored(9)
    look, files, backend = repository.look(server, Choices(), None)
    assert look.take().in_sync
    assert (len(files.opened), len(backend.opened)) == (9, 9)
    assert (files.held, backend.kept) == (set(), 0)

    MemoryHand(server.store).set_field("5.yaml", "one", "by hand")
    look, files, backend = repository.look(server, Choices(), None)
    assert [one.file for one in look.take().plan.left] == ["5.yaml"]
    assert (files.held, backend.kept) == ({"5.yaml"}, 1)


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_file_with_a_copy_is_opened_again_and_no_other(at_once: int) -> None:
    """The copy is met after its file was closed."""
    repository, server = mirrored(6)
    server.at_once = at_once
    MemoryHand(server.store).clone("0.yaml")
    look, _, backend = repository.look(server, Choices(), None)
    assert [(one.kind, one.file) for one in look.take().drift] == [("duplicate", "0.yaml")]
    assert len(backend.opened) == 7 + 2
