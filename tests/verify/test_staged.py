"""Plaintext that is in the index while the work tree looks good."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from plana_secrets.secretfiles.snapshot import at_commit, index
from plana_secrets.verify.run import Demand, verify_files
from tests.verify.inprocess import NO_IDENTITY, checks, of_check, verify, workspace_of, write
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
NEW = "infra/secrets/dev/new.yaml"
MANIFEST = "kind: Secret\nstringData:\n  a: hunter2\n"


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, "user: admin\npassword: pa55\n")
    world.commit()
    return world


def stage(world: World, file: str, content: str) -> Path:
    path = write(world, file, content)
    world.git("add", "--", file)
    return path


def named(world: World, *files: str) -> list[str | None]:
    """The files with plaintext in the index, each once; found without a key."""
    report = verify(world, *files, identities=NO_IDENTITY)
    found = of_check(report, "staged-plaintext")
    assert "hunter2" not in str(found)
    assert bool(found) == (report.exit_code() == 1)
    return list(dict.fromkeys(one.file for one in found))


def test_a_file_that_was_encrypted_after_it_was_staged(small: World) -> None:
    stage(small, NEW, "token: hunter2\n")
    small.encrypt(NEW, "token: hunter2\n")
    assert named(small) == named(small, NEW) == named(small, "infra/secrets/dev") == [NEW]
    assert named(small, APP) == []
    small.git("add", NEW)
    assert named(small) == []


def test_a_file_that_is_not_merged_yet_is_called_that(small: World) -> None:
    blob = small.git("rev-parse", f"HEAD:{APP}").strip()
    stages = "".join(f"100644 {blob} {stage}\t{APP}\n" for stage in (1, 2, 3))
    small.git("rm", "-q", "--cached", APP)
    small.command("git", "update-index", "--index-info", stdin=stages.encode())
    report = verify_files(index(workspace_of(small)), Demand(), now=datetime.now(UTC))
    assert [one[:2] for one in checks(report)] == [("merge-conflict", APP)]


def test_one_value_in_plaintext(small: World) -> None:
    good = (small.repo / APP).read_text()
    line = next(one for one in good.splitlines() if one.startswith("password:"))
    stage(small, APP, good.replace(line, "password: hunter2"))
    (small.repo / APP).write_text(good)
    (finding,) = of_check(verify(small), "staged-plaintext")
    assert (finding.file, finding.line, finding.path) == (APP, 2, "password")


def test_a_comment_in_plaintext(small: World) -> None:
    good = (small.repo / APP).read_text()
    stage(small, APP, f"# pin hunter2\n{good}")
    (small.repo / APP).write_text(good)
    assert named(small) == [APP]


def test_a_file_that_is_gone_from_the_disk(small: World) -> None:
    stage(small, NEW, "token: hunter2\n").unlink()
    stage(small, "infra/secrets/kustomization.yaml", MANIFEST).unlink()
    assert named(small) == [NEW, "infra/secrets/kustomization.yaml"]


def test_a_file_that_need_not_be_encrypted_and_had_a_secret(small: World) -> None:
    readme = "infra/secrets/README.md"
    stage(small, readme, MANIFEST)
    write(small, readme, "nothing to see\n")
    assert named(small) == [readme]


def test_what_git_would_not_commit_or_what_is_encrypted_is_no_finding(small: World) -> None:
    small.encrypt(APP, "user: other\n")
    small.git("add", APP)
    small.encrypt(APP, "user: third\n")
    small.encrypt(NEW, "token: hunter2\n")
    small.git("add", "--intent-to-add", NEW)
    stage(small, "infra/secrets/dev/empty.yaml", "")
    small.encrypt("infra/secrets/dev/empty.yaml", "a: b\n")
    assert checks(verify(small)) == []


def test_another_mistake_in_the_index_is_no_plaintext(small: World) -> None:
    good = (small.repo / APP).read_text()
    stage(small, APP, good.replace(",type:str]", ",type:str]  ", 1).replace(",iv:", ",iv:A", 1))
    (small.repo / APP).write_text(good)
    assert checks(verify(small)) == []


def test_what_is_too_large_to_be_looked_at_is_no_ok(small: World) -> None:
    good = (small.repo / APP).read_text()
    stage(small, APP, f"{good}{'#' * (6 << 20)}\n")
    (small.repo / APP).write_text(good)
    assert checks(verify(small)) == [("too-large", APP, None)]


def test_a_checkout_with_other_line_breaks_is_not_read_twice(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small.repo / APP
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.setattr("plana_secrets.verify.staged.index", None)
    verify(small)


def test_the_index_or_a_commit_may_be_verified_itself(small: World) -> None:
    stage(small, NEW, "token: hunter2\n")
    small.git("commit", "-q", "-m", "plain")
    small.encrypt(NEW, "token: hunter2\n")
    small.git("add", "-A")
    (small.repo / APP).write_text("broken\n")
    workspace = workspace_of(small)
    places = {
        "commit": at_commit(workspace, workspace.repository.head()),
        "index": index(workspace),
    }
    found = {
        name: checks(verify_files(place, Demand(), now=datetime.now(UTC)))
        for name, place in places.items()
    }
    assert found == {"commit": [("not-sops", NEW, None)], "index": []}
