"""``doctor --job``: what a job lacks."""

from __future__ import annotations

import pytest

from plana_secrets.age.identities import generate_identity
from tests.cli.checkup.doctor import troubles
from tests.world import World

KEYSET = """
[keysets.a]
kind = "api-key"
accepted = ["infra/secrets/dev/a.yaml#b"]
callers = ["infra/secrets/dev/a.yaml#c"]
"""


@pytest.fixture
def jobbing(healthy: World) -> World:
    """With a keyset, and a remote that takes a push."""
    (healthy.repo / "plana-secrets.toml").write_text(f'[git]\nbranch = "main"\n{KEYSET}')
    healthy.commit()
    healthy.git("init", "-q", "--bare", str(healthy.folder / "remote"))
    healthy.git("remote", "add", "origin", str(healthy.folder / "remote"))
    healthy.git("push", "-q", "origin", "main")
    return healthy


def test_a_job_is_checked_with_its_remote_and_nothing_is_changed(jobbing: World) -> None:
    before = {path: path.stat().st_mtime_ns for path in jobbing.folder.rglob("*")}
    nobody = {"GIT_AUTHOR_NAME": "", "GIT_COMMITTER_NAME": "", "EMAIL": ""}
    done = jobbing.run("doctor", "--job", env=nobody)
    assert done.status == 0, done
    assert "commits are by plana-secrets <plana-secrets@localhost>" in done.stdout
    assert "origin lets this job read main and push to it" in done.stdout
    assert "the editor" not in done.stdout
    assert {path: path.stat().st_mtime_ns for path in jobbing.folder.rglob("*")} == before


@pytest.mark.parametrize("how", ["--depth=1", "--filter=blob:none"])
def test_a_job_with_a_part_of_the_history_is_warned(jobbing: World, how: str) -> None:
    remote, part = jobbing.folder / "remote", jobbing.folder / "part"
    jobbing.git("-C", str(remote), "config", "uploadpack.allowFilter", "true")
    jobbing.git("clone", "-q", how, "-b", "main", f"file://{remote}", str(part))
    jobbing.repo.rename(jobbing.folder / "full")
    part.rename(jobbing.repo)
    found = troubles(jobbing, "--job")
    assert found["job-history"]["severity"] == "warning"
    assert "fetch-depth: 0" in found["job-history"]["fix"]


def test_what_a_job_lacks_is_an_error_each(jobbing: World) -> None:
    jobbing.git("remote", "set-url", "origin", "ssh://git@example.test/r.git")
    ssh = jobbing.folder / "ssh"
    ssh.write_text("#!/bin/sh\necho Host key verification failed. >&2\nexit 255\n")
    ssh.chmod(0o755)
    other = generate_identity().text.reveal_text()
    env = {"GIT_SSH_COMMAND": str(ssh), "SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY": other}
    found = troubles(jobbing, "--job", env=env)
    assert {name: one["severity"] for name, one in found.items()} == dict.fromkeys(
        ("recipient", "job-remote"), "error"
    )
    assert "known_hosts" in found["job-remote"]["fix"]
