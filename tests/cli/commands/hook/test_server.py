"""On a server: every ref of a push is judged, by the settings that the server has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands.hook.attempts import APP, NEW, git, plant_and_remove, refuses, write
from tests.world import World


def refs(world: World, remote: Path) -> str:
    return git(world, "for-each-ref", at=remote).stdout


def test_a_server_refuses_plaintext_in_the_second_of_three_commits(
    small: World, server: Path
) -> None:
    before = refs(small, server)
    planted = plant_and_remove(small)
    done = git(small, "push", "-q", "origin", "main")
    assert refuses(done)
    assert planted[:12] in done.stderr
    assert refs(small, server) == before


@pytest.mark.long
def test_a_server_judges_every_ref(small: World, server: Path) -> None:
    before = refs(small, server)
    planted = plant_and_remove(small)
    small.git("tag", "v1")
    for what in ("main", "main:refs/heads/side", "v1", "main:refs/for/review"):
        done = git(small, "push", "-q", "origin", what)
        assert refuses(done)
        assert planted[:12] in done.stderr
    assert refs(small, server) == before
    small.git("reset", "-q", "--hard", "origin/main")
    small.encrypt(NEW, "token: x\n")
    small.commit()
    small.git("tag", "-f", "v1")
    for what in ("main", "main:refs/heads/side", "v1", ":side", ":v1"):
        assert git(small, "push", "-q", "origin", what).status == 0


@pytest.mark.long
def test_a_server_goes_by_the_settings_that_it_has(small: World, server: Path) -> None:
    write(small, "plana-secrets.toml", '[files]\nplain = ["**/new.yaml"]\n')
    small.commit()
    assert git(small, "push", "-q", "origin", "HEAD:refs/heads/side").status == 0
    write(small, NEW)
    small.commit()
    for what in ("side", "other"):
        assert refuses(git(small, "push", "-q", "origin", f"HEAD:refs/heads/{what}"))
    assert refuses(git(small, "push", "-q", "origin", "HEAD:main"), "plana-secrets.toml")


def assert_weaker_settings_are_refused(small: World, *branches: str) -> None:
    write(small, "plana-secrets.toml", '[files]\nplain = ["**/new.yaml"]\n')
    small.commit()
    for branch in branches:
        done = git(small, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        assert refuses(done, "plana-secrets.toml")


@pytest.mark.long
def test_a_server_whose_head_names_no_branch(small: World, remote: Path) -> None:
    """As after `git init --bare` with another default: what is there is deployed."""
    git(small, "symbolic-ref", "HEAD", "refs/heads/master", at=remote)
    small.run("hook", "install", "--repo", str(remote))
    small.git("push", "-q", "origin", "main:refs/heads/trunk")
    assert_weaker_settings_are_refused(small, "trunk", "main")


@pytest.mark.long
def test_a_default_branch_that_names_another_one_is_guarded_too(small: World, server: Path) -> None:
    write(small, "plana-secrets.toml", '[git]\nbranch = "release"\n')
    small.commit()
    everything = ("push", "-q", "origin", "main", "main:refs/heads/release")
    assert refuses(git(small, *everything), "git.branch: added")
    small.git("-C", str(server), "fetch", "-q", str(small.repo), "main:main", "main:release")
    assert_weaker_settings_are_refused(small, "main", "release")


@pytest.mark.long
def test_a_branch_of_ones_own_may_be_rewritten(small: World, server: Path) -> None:
    small.encrypt(APP, "user: second\n")
    small.commit()
    small.git("push", "-q", "origin", "HEAD:refs/heads/side")
    small.git("reset", "-q", "--hard", "HEAD~1")
    write(small, "README", "x\n")
    small.commit()
    assert git(small, "push", "-q", "-f", "origin", "HEAD:refs/heads/side").status == 0
    small.git("push", "-q", "origin", "HEAD:main")
    small.encrypt(APP, "user: third\n")
    small.commit()
    small.git("push", "-q", "origin", "HEAD:main")
    assert refuses(git(small, "push", "-q", "-f", "origin", "HEAD~1:main"), APP)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["blob", "tree"])
def test_a_tag_of_something_that_is_no_commit(small: World, server: Path, kind: str) -> None:
    write(small, NEW)
    small.git("add", NEW)
    tree = small.git("write-tree").strip()
    small.git("tag", "x", tree if kind == "tree" else f"{tree}:{NEW}")
    assert refuses(git(small, "push", "-q", "origin", "x"), f"refs/tags/x would hold a {kind}")


@pytest.mark.long
def test_what_a_push_says_beside_its_files(small: World, server: Path) -> None:
    small.git("tag", "-a", "-m", f"x\n\n{small.identity}", "v1")
    small.git("branch", f"key-{small.identity}")
    for what in ("v1", f"key-{small.identity}"):
        done = git(small, "push", "-q", "origin", what)
        assert refuses(done, "private-identity")
        ours = [line for line in done.stderr.splitlines() if line.startswith("remote:")]
        assert str(small.identity) not in "".join(ours)
    small.git("tag", "-f", "-a", "-m", "fine", "v1")
    assert git(small, "push", "-q", "origin", "v1").status == 0


@pytest.mark.long
def test_a_deployed_branch_is_not_removed_and_not_created_again_at_an_old_commit(
    small: World, server: Path
) -> None:
    write(small, "plana-secrets.toml", '[git]\nbranch = "release"\n')
    small.commit()
    small.git("push", "-q", "--no-verify", "origin", "HEAD:refs/heads/release")
    git(small, "fetch", "-q", str(small.repo), "main:main", at=server)  # as an administrator
    small.encrypt(APP, "user: other\n")
    small.commit()
    for what in ("main", "main:release"):
        assert git(small, "push", "-q", "origin", what).status == 0
    assert refuses(git(small, "push", "-q", "origin", ":release"), "is deployed")
    git(small, "update-ref", "-d", "refs/heads/release", at=server)
    assert refuses(git(small, "push", "-q", "origin", "HEAD~1:refs/heads/release"), "rolled-back")
    assert git(small, "push", "-q", "origin", "HEAD:refs/heads/release").status == 0


@pytest.mark.long
def test_a_branch_without_any_secret_file(small: World, server: Path) -> None:
    small.git("checkout", "-q", "--orphan", "pages")
    small.git("rm", "-r", "-q", "--cached", ".")
    write(small, "index.html", "x\n")
    small.git("add", "index.html")
    small.git("commit", "-q", "-m", "x")
    assert git(small, "push", "-q", "origin", "pages").status == 0
    write(small, NEW)
    small.git("add", NEW)
    small.git("commit", "-q", "-m", "x")
    small.git("rm", "-q", NEW)
    small.git("commit", "-q", "-m", "x")
    assert refuses(git(small, "push", "-q", "origin", "pages"))
