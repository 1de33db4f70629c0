"""Before a push leaves this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands.hook.attempts import APP, git, plant_and_remove, refuses, write
from tests.world import World


@pytest.mark.long
def test_a_push_is_checked_before_it_leaves(pushing: World, remote: Path) -> None:
    before = git(pushing, "rev-parse", "main", at=remote).stdout
    planted = plant_and_remove(pushing)
    done = git(pushing, "push", "-q", "origin", "main")
    assert refuses(done)
    assert planted[:12] in done.stdout + done.stderr
    assert git(pushing, "rev-parse", "main", at=remote).stdout == before
    assert refuses(git(pushing, "push", "-q", "origin", "main:refs/heads/new-branch"))
    pushing.git("tag", "-a", "-m", "x", "v1")
    assert refuses(git(pushing, "push", "-q", "origin", "v1"))
    pushing.git("reset", "-q", "--hard", "HEAD~3")
    pushing.git("tag", "-f", "-a", "-m", "x", "v1")
    for what in ("main:refs/heads/new-branch", "v1", ":new-branch", ":v1"):
        done = git(pushing, "push", "-q", "origin", what)
        assert (done.status, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.long
def test_a_proposal_to_demand_less_can_be_pushed_but_not_to_main(pushing: World) -> None:
    write(pushing, "plana-secrets.toml", '[files]\nplain = ["**/other.yaml"]\n')
    pushing.commit()
    done = git(pushing, "push", "-q", "origin", "HEAD:refs/heads/side")
    assert (done.status, "1 warning" in done.stderr) == (0, True)
    assert refuses(git(pushing, "push", "-q", "origin", "main"), "plana-secrets.toml")
    write(pushing, "infra/secrets/dev/other.yaml")
    pushing.commit()
    assert refuses(git(pushing, "push", "-q", "origin", "HEAD:refs/heads/side"), "other.yaml")


@pytest.mark.long
def test_what_the_remote_has_already_is_not_judged_again(pushing: World) -> None:
    plant_and_remove(pushing)
    pushing.git("push", "-q", "--no-verify", "origin", "main:refs/heads/develop")
    write(pushing, "README", "more\n")
    pushing.commit()
    assert git(pushing, "push", "-q", "origin", "HEAD:refs/heads/side").status == 0


@pytest.mark.long
def test_the_first_push_to_a_new_remote_is_judged_whole(pushing: World, tmp_path: Path) -> None:
    plant_and_remove(pushing)
    pushing.git("init", "-q", "--bare", str(tmp_path / "second.git"))
    pushing.git("remote", "add", "second", str(tmp_path / "second.git"))
    assert refuses(git(pushing, "push", "-q", "second", "main"))


@pytest.mark.long
def test_lines_that_are_not_of_git(small: World) -> None:
    for name in ("pre-push", "pre-receive"):
        place = ("--repo", str(small.repo / ".git")) if name == "pre-receive" else ()
        for line in (b"main\n", b"x y z t\n", b"\n"):
            done = small.run("hook", "run", name, *place, stdin=line)
            assert (done.status, "hint: let git run it" in done.stderr) == (2, True)
    assert small.run("hook", "run", "pre-push", stdin=b"").status == 0


@pytest.mark.long
def test_a_job_that_signs_gets_its_moves_through_every_hook(small: World, remote: Path) -> None:
    """And a change that is not signed does not."""
    key = small.folder / "job"
    small.command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    public = " ".join((small.folder / "job.pub").read_text().split()[:2])
    write(small, ".git-allowed-signers", f"job@example.com {public}\n")
    write(
        small,
        "plana-secrets.toml",
        '[git]\nallowed_signers = ".git-allowed-signers"\n'
        f'[keysets.app]\nkind = "api-key"\nrollout = "0s"\naccepted = ["{APP}#KEYS"]\n'
        f'callers = ["{APP}#KEY"]\n',
    )
    small.commit()
    small.git("push", "-q", "-u", "origin", "main")
    small.run("hook", "install", "--repo", str(remote))
    small.run("hook", "install")
    refused = small.run("rotate", "init", "app", "--fresh", "--push")
    assert (refused.status, small.git("status", "--porcelain")) == (3, "")
    small.git("config", "gpg.format", "ssh")
    small.git("config", "user.signingKey", str(key))
    small.git("config", "commit.gpgSign", "true")
    for argv in (("init", "app", "--fresh"), ("run", "app"), ("run", "app"), ("run", "--due")):
        done = small.run("rotate", *argv, "--push")
        assert done.status == 0, done
    assert small.run("verify", "--range", "HEAD~3..HEAD").status == 0
    small.encrypt(APP, "user: other\n")
    small.git("-c", "commit.gpgSign=false", "commit", "-q", "-a", "-m", "x")
    for options in ((), ("--no-verify",)):
        done = git(small, "push", "-q", *options, "origin", "main")
        assert refuses(done, "commit-unsigned")
