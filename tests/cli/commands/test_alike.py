"""What all commands on secret files have in common."""

from __future__ import annotations

from tests.secretfiles.conftest import PLAIN_FILE
from tests.world import World


def test_nothing_of_ours_lies_about_afterwards(files_world: World) -> None:
    files_world.run("set", PLAIN_FILE, "a", "--generate", "hex:3")
    left = [path for path in files_world.repo.rglob("*plana-*") if ".git" not in path.parts]
    assert left == []
    assert not list(files_world.memory.iterdir())


def test_in_a_sparse_checkout_nothing_is_open_and_what_is_left_out_is_said(
    files_world: World,
) -> None:
    files_world.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{PLAIN_FILE}")
    assert files_world.run("status", "--check").status == 0
    assert files_world.run("diff", "--check").status == 0
    listed = files_world.run("ls")
    assert PLAIN_FILE not in listed.stdout
    assert "1 secret file not in this sparse checkout" in listed.stderr
    done = files_world.run("new", PLAIN_FILE)
    assert (done.status, "git sparse-checkout add infra/secrets/dev" in done.stderr) == (2, True)


def test_a_mistake_is_said_once(files_world: World) -> None:
    (files_world.repo / "plana-secrets.toml").write_text("rots = 1\n")
    failed = files_world.run("ls")
    assert failed.status == 2
    assert failed.stderr.count("rots: unknown field") == 1


def test_a_folder_is_called_one(files_world: World) -> None:
    for argv in (["show"], ["edit"], ["encrypt"]):
        failed = files_world.run(*argv, "infra/secrets")
        assert failed.stderr.splitlines()[0] == "plana-secrets: a folder, not a file: infra/secrets"
