"""How many programs a range starts: none for a commit or a content more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.ranges import read_history
from tests.bench.generate import generate_commits, generate_files, make_world
from tests.verify.inprocess import workspace_of
from tests.verify.ranges.inprocess import errors, verify_commits

ASKED = {"cat-file", "ls-tree", "log", "grep", "--batch", "--batch-check"}


def test_a_longer_range_starts_no_program_more(tmp_path: Path, started: list[list[str]]) -> None:
    world = make_world(tmp_path)
    names = generate_files(world, 12)
    world.commit("files")
    counts = []
    for commits in (12, 36):
        world.git("tag", "-f", "base")
        generate_commits(world, names, commits, 3)
        started.clear()
        assert errors(verify_commits(world, "base..HEAD", workers=1)) == []
        words = Counter(word for argv in started for word in argv if word in ASKED)
        counts.append((len(started), words))
    assert counts[0] == counts[1]
    assert counts[0][0] < 50


def test_all_new_contents_are_read_by_one_git(tmp_path: Path, started: list[list[str]]) -> None:
    """Of all that commits between the ends wrote: one git for the sizes, one for the contents."""
    world = make_world(tmp_path)
    names = generate_files(world, 6)
    world.commit("files")
    world.git("tag", "base")
    generate_commits(world, names, 12, 3)
    repository = workspace_of(world).repository
    head = repository.head()
    assert head is not None
    written = read_history(repository, head, without=repository.resolve("base")).written
    started.clear()
    blobs = {one.entry.id for one in written}
    assert {one for one, _ in iterate_contents(repository.command, sorted(blobs))} == blobs
    assert len(blobs) > 30
    assert [argv[-1] for argv in started] == ["--batch-check", "--batch"]
