"""Which index a hook of a commit looks at."""

from __future__ import annotations

from plana_secrets.git.index import index_of_commit
from plana_secrets.git.repository import Repository
from tests.world import World


def test_only_an_index_in_the_git_dir_is_that_of_the_commit(
    git_world: World, repository: Repository
) -> None:
    own, other = git_world.repo / ".git/next-index-1.lock", git_world.repo / "index"
    for one in (own, other):
        one.write_bytes(b"")
    for said in (".git/next-index-1.lock", str(own)):
        assert index_of_commit(repository, {"GIT_INDEX_FILE": said}) == own
    (git_world.repo / ".git/link").symlink_to(other)
    for said in (None, "", "index", str(other), ".git/gone", ".git/../index", ".git/link"):
        environment = {} if said is None else {"GIT_INDEX_FILE": said}
        assert index_of_commit(repository, environment) is None, said
