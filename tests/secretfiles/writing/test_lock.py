"""The lock for writing, where a repository may not be written."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.writing import lock
from tests.world import World


def test_a_read_only_file_system_is_not_called_a_matter_of_permissions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository.open(world.repo)
    monkeypatch.setattr(lock.os, "access", lambda *_: False)
    with pytest.raises(FailedError, match="cannot be written to by this user"):
        lock._refuse_closed(repository)
    mounted = SimpleNamespace(f_flag=os.ST_RDONLY)
    monkeypatch.setattr(lock.os, "statvfs", lambda _: mounted)
    with pytest.raises(FailedError, match="Read-only file system"):
        lock._refuse_closed(repository)
