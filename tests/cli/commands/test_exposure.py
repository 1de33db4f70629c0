"""Whether git has a plain file that is encrypted or imported: under which names, and where not known."""

from __future__ import annotations

import json

import pytest

from plana_secrets.secret import Secret
from plana_secrets.secretfiles.editing.exposure import find_exposure
from tests.secretfiles.conftest import make_workspace
from tests.world import PROGRAM, World

FILE = "infra/secrets/dev/moved.yaml"
TOKEN = "s3cr3t-moved-4711"
PLAIN = f"token: {TOKEN}\nport: 5432\n"


def put(world: World, file: str, text: str) -> None:
    path = world.repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def encrypt(world: World, *argv: str) -> dict[str, object]:
    done = world.run("encrypt", FILE, "--json", *argv)
    assert done.status == 0, done
    assert TOKEN not in done.stdout + done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("how", ["moved", "staged move", "copy", "removed long ago"])
def test_the_same_bytes_under_another_name_are_found(world: World, how: str) -> None:
    put(world, "config/ö ld.yaml", PLAIN)
    commit = world.commit()
    if how == "staged move":
        (world.repo / FILE).parent.mkdir(parents=True)
        world.git("mv", "config/ö ld.yaml", FILE)
    elif how == "removed long ago":
        world.git("rm", "-q", "config/ö ld.yaml")
        world.commit()
        put(world, FILE, PLAIN)
    else:
        put(world, FILE, PLAIN)
    if how == "moved":
        (world.repo / "config/ö ld.yaml").unlink()
    report = encrypt(world)
    assert report["plain_elsewhere"] == [{"file": "config/ö ld.yaml", "commits": [commit]}]


def test_a_person_is_told_to_replace_the_values(world: World) -> None:
    put(world, "old.yaml", PLAIN)
    world.commit()
    put(world, FILE, PLAIN)
    done = world.run("encrypt", FILE)
    assert "git has the unencrypted file as old.yaml (" in done.stderr
    assert "never" not in done.stderr


def test_values_in_other_files_are_found_and_words_are_not(world: World) -> None:
    put(world, "compose.yml", f"environment:\n  - TOKEN={TOKEN}\n")
    put(world, "README.md", "the port is 5432, the user is postgres\n")
    world.commit()
    put(world, "staged.txt", f"# {TOKEN}\n")
    world.git("add", "staged.txt")
    put(world, FILE, f"# edited\n{PLAIN}user: postgres\n")
    report = encrypt(world)
    assert report["values_in"] == ["compose.yml", "staged.txt"]
    assert report["plain_elsewhere"] == []


def test_the_values_are_in_no_argument(world: World) -> None:
    put(world, "compose.yml", f"TOKEN={TOKEN}\n")
    world.commit()
    put(world, FILE, PLAIN)
    trace = world.folder / "trace"
    done = world.command(
        "strace", "-f", "-qq", "-s", "4096", "-e", "trace=execve", "-o", str(trace),
        *PROGRAM, "encrypt", FILE, check=False,
    )  # fmt: skip
    assert "compose.yml" in done.stderr
    assert "grep" in trace.read_text()
    assert TOKEN not in trace.read_text()


def test_a_clean_history_is_said_to_be_one(world: World) -> None:
    put(world, "a.txt", "x")
    world.commit()
    put(world, FILE, PLAIN)
    assert encrypt(world, "--dry-run")["history_incomplete"] is None
    assert "git never had the file unencrypted" in world.run("encrypt", FILE).stderr


def test_in_a_shallow_clone_it_cannot_be_known(world: World) -> None:
    put(world, "a.txt", "x")
    world.commit()
    put(world, "b.txt", "x")
    world.commit()
    world.git("clone", "-q", "--depth", "1", f"file://{world.repo}", "../shallow")
    shallow = world.folder / "shallow"
    (shallow / FILE).parent.mkdir(parents=True)
    (shallow / FILE).write_text(PLAIN)
    done = world.run("--repo", "../shallow", "encrypt", FILE)
    assert done.status == 0, done
    assert "cannot be known: this is a shallow clone" in done.stderr
    assert "never" not in done.stderr


def test_a_root_commit_is_searched_whatever_git_shows(world: World) -> None:
    put(world, FILE, PLAIN)
    commit = world.commit()
    world.git("config", "log.showRoot", "false")
    assert encrypt(world)["plain_in_commits"] == [commit]


def test_an_imported_file_of_the_repository_is_searched_too(world: World) -> None:
    put(world, ".env", f"TOKEN={TOKEN}\n")
    commit = world.commit()
    done = world.run("import", ".env", FILE)
    assert f"git has the unencrypted file ({commit[:12]}): replace its values" in done.stderr
    report = json.loads(world.run("import", ".env", FILE, "--json").stdout)
    assert report["source_in_git"]["plain_in_index"] is True


def test_a_search_that_git_cannot_finish_is_no_failure_of_encrypt(world: World) -> None:
    put(world, "a.txt", "x")
    world.commit()
    put(world, "a.txt", "y")
    world.commit()
    world.git("config", "uploadpack.allowFilter", "true")
    world.git(
        "clone", "-q", "--filter=tree:0", "--no-checkout", f"file://{world.repo}", "../partial"
    )
    partial = world.folder / "partial"
    (partial / FILE).parent.mkdir(parents=True)
    (partial / FILE).write_text(PLAIN)
    (partial / ".sops.yaml").write_bytes((world.repo / ".sops.yaml").read_bytes())
    done = world.run("--repo", "../partial", "encrypt", FILE)
    assert done.status == 0, done
    assert "cannot be known: this is a partial clone" in done.stderr


@pytest.mark.parametrize("where", ["another branch", "older commit", "stash", "packed"])
def test_an_edited_copy_of_the_past_is_found_by_its_values(world: World, where: str) -> None:
    put(world, "README.md", "x\n")
    world.commit()
    if where == "another branch":
        world.git("switch", "-q", "-c", "topic")
    put(world, "conf/app.ini", f"[app]\ntoken = {TOKEN}\n")
    if where == "stash":
        world.git("add", "-A")
        world.git("stash", "-q")
    else:
        commit = world.commit()
        if where == "another branch":
            world.git("switch", "-q", "main")
        else:
            put(world, "conf/app.ini", "[app]\n")
            world.commit()
    if where == "packed":
        world.git("gc", "-q")
    put(world, FILE, PLAIN)
    report = encrypt(world, "--dry-run")
    assert "conf/app.ini" in str(report["values_once_in"])
    if where != "stash":
        assert report["values_once_in"] == [{"file": "conf/app.ini", "commits": [commit]}]
    assert report["values_in"] == []
    done = world.run("encrypt", FILE)
    assert "git had values of it in conf/app.ini, unencrypted (" in done.stderr
    assert "never" not in done.stderr


def test_what_was_only_added_is_in_this_clone_until_it_is_removed(world: World) -> None:
    put(world, FILE, PLAIN)
    world.git("add", FILE)
    world.git("rm", "-q", "--cached", FILE)
    done = world.run("encrypt", FILE)
    assert "git never had" not in done.stderr
    assert "`git gc --prune=now`" in done.stderr
    world.git("gc", "-q", "--prune=now")
    put(world, FILE, PLAIN)
    assert encrypt(world)["plain_in_objects"] is False
    put(world, FILE, PLAIN)
    world.commit()
    assert encrypt(world)["plain_in_objects"] is False


def test_what_no_commit_has_is_not_in_git(world: World) -> None:
    put(world, "a.txt", f"token {TOKEN}\n")
    world.git("add", "-A")
    put(world, "a.txt", "x\n")
    world.commit()
    put(world, FILE, PLAIN)
    assert "git never had the file unencrypted" in world.run("encrypt", FILE).stderr


def test_a_past_that_is_too_large_to_search_is_not_said_to_be_clean(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(world, "a.txt", "x" * 4000)
    world.commit()
    put(world, FILE, PLAIN)
    monkeypatch.setattr("plana_secrets.git.search._MOST_SEARCHED", 1000)
    workspace = make_workspace(world)
    found = find_exposure(workspace, FILE, Secret(PLAIN.encode()), [Secret(TOKEN.encode())])
    assert found.unknown == "a repository with more in its past than is searched"
    monkeypatch.setattr("plana_secrets.git.search._MOST_OBJECTS", 1)
    found = find_exposure(workspace, FILE, Secret(PLAIN.encode()), [Secret(TOKEN.encode())])
    assert found.unknown is not None
    assert find_exposure(workspace, FILE, Secret(PLAIN.encode()), []).unknown is None
