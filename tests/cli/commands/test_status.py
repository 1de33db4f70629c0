"""``status`` is the one screen: whatever waits is there, with the command that goes on."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.secretfiles.conftest import PLAIN_FILE
from tests.world import World

FILE = "infra/secrets/dev/a.yaml"


@pytest.fixture
def shared(world: World, tmp_path: Path) -> World:
    """The world with a remote that it tracks."""
    world.encrypt(FILE, "a: one\n")
    world.commit()
    world.git("clone", "-q", "--bare", ".", str(tmp_path / "remote"))
    world.git("remote", "add", "origin", str(tmp_path / "remote"))
    world.git("fetch", "-q", "origin")
    world.git("branch", "-q", "--set-upstream-to=origin/main")
    return world


def status(world: World) -> dict[str, Any]:
    done = world.run("status", "--check", "--json")
    assert done.status in {0, 1}, done
    return json.loads(done.stdout) | {"is_open": done.status == 1}


def test_it_says_what_is_open(files_world: World) -> None:
    clean = files_world.run("status", "--check")
    assert clean.status == 0
    assert "nothing is unfinished" in clean.stdout
    files_world.run("set", PLAIN_FILE, "a", "--generate", "hex:3")
    left = files_world.repo / "infra/secrets/dev/.example.yaml.plana-0a1b2c3d"
    left.write_text("x")
    files_world.write_rules(
        "creation_rules:\n    - encrypted_regex: ^(?!x)\n      path_regex: dev/\n"
        "      age: {recipients}\n"
    )
    (files_world.repo / "plana-secrets.toml").write_text("")
    facts = json.loads(files_world.run("status", "--json").stdout)
    assert {one["file"]: one["change"] for one in facts["uncommitted"]} == {
        PLAIN_FILE: "changed", ".sops.yaml": "changed", "plana-secrets.toml": "added",
    }  # fmt: skip
    assert facts["leftovers"] == ["infra/secrets/dev/.example.yaml.plana-0a1b2c3d"]
    assert any("line" in one or ".sops.yaml:" in one for one in facts["problems"])
    told = files_world.run("status", "--check")
    assert (told.status, "  next: plana-secrets verify\n" in told.stdout) == (1, True)


def test_it_works_in_an_empty_repository(world: World) -> None:
    (world.repo / ".sops.yaml").unlink()
    done = world.run("status")
    assert done.status == 0
    assert "no commits yet" in done.stdout
    assert "  next: plana-secrets doctor\n" in done.stdout


def test_a_link_in_the_place_of_the_rules_is_one_problem(world: World) -> None:
    world.encrypt(FILE, "a: one\n")
    rules = world.repo / ".sops.yaml"
    rules.rename(world.folder / "rules")
    rules.symlink_to(world.folder / "rules")
    assert len(status(world)["problems"]) == 1


def test_a_detached_head_and_an_unborn_branch(shared: World) -> None:
    shared.git("checkout", "-q", "--detach")
    assert status(shared)["branch"] is None
    shared.git("checkout", "-q", "--orphan", "new")
    assert (status(shared)["branch"], status(shared)["head"]) == ("new", None)


def commit_elsewhere(world: World) -> None:
    """A commit on the remote that is not here."""
    world.git("commit", "-q", "--allow-empty", "-m", "theirs")
    world.git("push", "-q", "origin", "main")
    world.git("reset", "-q", "--hard", "HEAD~1")
    world.git("fetch", "-q", "origin")


def test_with_nothing_to_do_it_says_so(shared: World) -> None:
    found = status(shared)
    assert (found["upstream"], found["ahead"], found["behind"]) == ("origin/main", 0, 0)
    assert not found["is_open"]
    assert "nothing is unfinished" in shared.run("status").stdout


def test_ahead_and_behind_are_known_and_diverged_is_to_be_done(shared: World) -> None:
    commit_elsewhere(shared)
    assert "behind origin/main by 1 commit\n  next: git pull\n" in shared.run("status").stdout
    assert not status(shared)["is_open"]
    shared.git("commit", "-q", "--allow-empty", "-m", "ours")
    shown = shared.run("status").stdout
    assert "diverged from origin/main: 1 commit here, 1 commit there" in shown
    assert "  next: git pull --rebase\n" in shown
    assert status(shared)["is_open"]
    shared.git("pull", "-q", "--rebase")
    assert "ahead of origin/main by 1 commit\n  next: git push\n" in shared.run("status").stdout
    assert not status(shared)["is_open"]


def test_a_branch_that_tracks_nothing_is_no_error(world: World) -> None:
    assert status(world)["upstream"] is None
    world.encrypt(FILE, "a: one\n")
    world.commit()
    world.git("checkout", "-q", "--detach")
    assert status(world)["upstream"] is None


def test_a_merge_conflict_is_named(shared: World) -> None:
    shared.git("switch", "-q", "-c", "topic")
    shared.encrypt(FILE, "a: theirs\n")
    shared.commit()
    shared.git("switch", "-q", "main")
    shared.encrypt(FILE, "a: ours\n")
    shared.commit()
    shared.command("git", "merge", "-q", "topic", check=False)
    found = status(shared)
    assert (found["git_operation"], found["conflicts"]) == ("merge", [FILE])
    assert found["is_open"]
    shown = shared.run("status").stdout
    assert f"merge conflict: {FILE}\n  next: plana-secrets resolve {FILE}\n" in shown


def test_an_edit_that_was_kept_waits(shared: World) -> None:
    shared.run("edit", FILE, env={"EDITOR": "sed -i 's/.*/a: [/'"})
    assert status(shared)["kept_edits"] == [FILE]
    assert f"  next: plana-secrets edit {FILE} --continue\n" in shared.run("status").stdout
    shared.git("mv", FILE, "infra/secrets/dev/b.yaml")
    assert status(shared)["kept_edits"] == [FILE]
    assert f"  next: git checkout HEAD -- {FILE}\n" in shared.run("status").stdout
    shared.commit()
    assert f"  next: plana-secrets new {FILE}\n" in shared.run("status").stdout
    assert shared.run("new", FILE).status == 0
    assert shared.run("edit", FILE, "--discard").status == 0
    assert status(shared)["kept_edits"] == []
    assert list((shared.repo / ".git/plana-secrets/edits").iterdir()) == []


@pytest.mark.long
def test_moves_that_are_due_and_moves_that_are_not_pushed(shared: World) -> None:
    app = "infra/secrets/dev/app.secret.yaml"
    shared.encrypt(
        app, "apiVersion: v1\nkind: Secret\nmetadata:\n    name: app\nstringData:\n    a: one\n"
    )
    (shared.repo / "plana-secrets.toml").write_text(
        f'[keysets.app]\nkind = "jwt-hs256"\ntargets = ["{app}#stringData.JWT"]\n'
    )
    shared.commit()
    assert "next: plana-secrets rotate init app --fresh" in shared.run("status").stdout
    shared.git("push", "-q", "origin", "main")
    assert shared.run("rotate", "init", "app", "--fresh", "--commit").status == 0
    found = status(shared)
    assert found["unpushed_keysets"] == ["app"]
    assert "app: a move is not pushed; its waits have not begun" in shared.run("status").stdout
    shared.git("push", "-q", "origin", "main")
    assert status(shared)["unpushed_keysets"] == []


@pytest.mark.long
def test_an_encrypted_file_that_git_ignores_is_to_be_known(shared: World) -> None:
    (shared.repo / ".gitignore").write_text("local\n")
    kept = "infra/secrets/local/a.yaml"
    shared.encrypt(kept, "a: one\n")
    (shared.repo / kept).with_name("notes.yaml").write_text("a: one\n")
    facts = status(shared)
    assert (facts["ignored"], facts["is_open"]) == ([kept], False)
    shared.git("add", "--force", kept)
    assert status(shared)["ignored"] == []


def test_drift_is_what_it_was_when_last_looked_at(shared: World) -> None:
    assert status(shared)["mirror"] is None
    (shared.repo / "plana-secrets.toml").write_text('[mirror]\nbackend = "local"\n')
    shared.commit()
    assert status(shared)["mirror"] is None
    shared.run("mirror", "status")
    assert status(shared)["mirror"]["drift"] == 1
    assert re.search(r"the mirror, seen now .*, had 1 difference\n", shared.run("status").stdout)
    assert shared.run("mirror", "sync").status == 0
    assert status(shared)["mirror"]["drift"] == 0
    assert not status(shared)["is_open"]
    shared.encrypt(FILE, "a: two\n")
    shared.commit()
    assert re.search(r"seen now .*, was in sync with another", shared.run("status").stdout)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": "plana-secrets/mirror-seen/1"}'])
def test_what_is_not_ours_is_not_believed(shared: World, content: str) -> None:
    (shared.repo / "plana-secrets.toml").write_text('[mirror]\nbackend = "local"\n')
    folder = shared.repo / ".git/plana-secrets"
    folder.mkdir(exist_ok=True)
    (folder / "mirror-seen.json").write_text(content)
    assert status(shared)["mirror"] is None


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1423\n"
UNSOUND: dict[str, tuple[Callable[[str], str], str, str]] = {
    "plain": (lambda _: "a: b\n", "not-sops", f"plana-secrets encrypt {FILE}"),
    "plain and no YAML": (lambda _: "a: b\n- c\n", "not-sops", f"plana-secrets encrypt {FILE}"),
    "of Windows": (
        lambda text: text.replace("\n", "\r\n"), "yaml", f"plana-secrets repair {FILE}"
    ),
    "a pointer": (lambda _: POINTER, "lfs-pointer", "git lfs pull"),
    "markers": (
        lambda text: f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> x\n",
        "merge-conflict", f"plana-secrets resolve {FILE}",
    ),
    "large": (
        lambda text: text + "#" * (1 << 20), "too-large", f"plana-secrets verify {FILE}"
    ),
    "empty": (lambda _: "", "empty-file", f"plana-secrets repair {FILE}"),
}  # fmt: skip


@pytest.mark.parametrize("how", UNSOUND)
def test_a_file_that_is_plainly_not_sound_is_named_with_the_way_out(world: World, how: str) -> None:
    change, problem, way = UNSOUND[how]
    path = world.encrypt(FILE, "a: one\n")
    world.commit()
    path.write_bytes(change(path.read_text()).encode())
    world.commit()
    found = status(world)
    assert (found["unsound"], found["is_open"]) == ([{"file": FILE, "problem": problem}], True)
    shown = world.run("status").stdout
    assert re.search(rf"{FILE}.*\n  next: {way}\n", shown), shown
    assert world.run("verify", FILE).status == 1
    if how.startswith("plain"):
        for argv in (["show", FILE], ["get", FILE, "a"]):
            assert f"`{way}`" in world.run(*argv).stderr


def test_markers_that_were_added_in_an_open_merge_can_still_be_resolved(world: World) -> None:
    world.encrypt(FILE, "a: one\n")
    world.commit()
    for branch, value in (("other", b"two"), ("main", b"three")):
        world.git("switch", "-q", *(["-c"] if branch == "other" else []), branch)
        assert world.run("set", FILE, "a", "--stdin", stdin=value).status == 0
        world.commit()
    world.command("git", "merge", "-q", "other", check=False)
    world.git("add", FILE)
    assert f"an unresolved merge conflict\n  next: plana-secrets resolve {FILE}\n" in (
        world.run("status").stdout
    )
    assert world.run("resolve", FILE, "--all", "--ours").status == 0
    assert world.decrypt(FILE) == "a: three\n"


def test_a_damaged_mirror_is_named_with_the_way_out(world: World) -> None:
    world.encrypt(FILE, "a: one\n")
    (world.repo / "plana-secrets.toml").write_text(
        '[mirror]\nbackend = "local"\n[mirror.local]\npath = "m.age"\n'
    )
    world.commit()
    assert world.run("mirror", "sync").status == 0
    assert status(world)["damaged_mirrors"] == []
    mirror = world.repo / "m.age"
    sound = mirror.read_bytes()
    mirror.write_bytes(b"")
    assert status(world)["damaged_mirrors"] == ["local"]
    for content in (b"", sound[:200]):
        mirror.write_bytes(content)
        done = world.run("mirror", "status")
        assert done.status == 3
        fix = re.search("`(mv .*?)`.*`plana-secrets (mirror sync)`", done.stderr)
        assert fix, done
        world.command(*shlex.split(fix[1]))
        assert world.run(*fix[2].split()).status == 0


def test_a_file_that_no_collection_takes_is_named_and_is_no_work(world: World) -> None:
    keyset = "infra/secrets/keysets/app.yaml"
    for file in (FILE, "infra/secrets/prod/b.yaml", "infra/secrets/out/c.yaml", keyset):
        world.encrypt(file, "value: one\n")
    (world.repo / "plana-secrets.toml").write_text(
        '[mirror]\nbackend = "vaultwarden"\nexclude = ["infra/secrets/out/**"]\n'
        '[mirror.vaultwarden]\nurl = "https://vault.example.test"\norganization = "o"\n'
        'collections = { "infra/secrets/prod/**" = "prod" }\n'
    )
    world.commit()
    found = status(world)
    assert found["unmapped"] == [{"backend": "vaultwarden", "file": FILE}]
    assert not found["is_open"]
    shown = world.run("status").stdout
    assert f"not mirrored: mirror.vaultwarden has no place for {FILE}\n" in shown
