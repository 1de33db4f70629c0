"""The workflows as the forges start them: a pull request, a push, a schedule, a call.

Every script of both files and of the action is run, in a clean environment, against a bare
remote. It needs the package registry.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.verify.helpers import write
from tests.workflows.runner import ROOT, Event, Forge, Job
from tests.world import World

FORGEJO = ".forgejo/workflows/secrets.yml"
GITHUB = ".github/workflows/secrets.yml"
APP = "infra/secrets/dev/app.yaml"
NEW = "infra/secrets/dev/new.yaml"


class Repository:
    """A clone of the forge's repository, with what a person does in it."""

    def __init__(self, forge: Forge, world: World) -> None:
        self.world = world
        world.encrypt(APP, "password: pa55\n")
        world.commit()
        world.git("remote", "add", "origin", str(forge.repository("secrets")))
        world.git("push", "-q", "origin", "main")
        self.secrets = {"SOPS_AGE_KEY": str(world.identity)}

    def head(self) -> str:
        return self.world.git("rev-parse", "HEAD").strip()

    def pull_request(self, *changes: Callable[[], object]) -> Event:
        """From a fork: its commits, one a change, are only in ``refs/pull/1/merge``."""
        base = self.head()
        self.world.git("checkout", "-q", "--detach")
        for change in changes:
            change()
            self.world.commit()
        head = self.head()
        self.world.git("checkout", "-q", "--detach", base)
        self.world.git("merge", "-q", "--no-ff", head, "-m", "merge")
        merge = self.head()
        self.world.git("push", "-q", "-f", "origin", "HEAD:refs/pull/1/merge")
        self.world.git("checkout", "-q", "main")
        request = {"base": {"sha": base}, "head": {"sha": head}}
        return Event("pull_request", "refs/pull/1/merge", merge, {"pull_request": request})

    def push(self) -> Event:
        before = self.world.git("rev-parse", "origin/main").strip()
        self.world.git("push", "-q", "origin", "main")
        payload = {"before": before, "after": self.head(), "ref": "refs/heads/main"}
        return Event("push", "refs/heads/main", self.head(), payload, self.secrets)

    def schedule(self) -> Event:
        return Event("schedule", "refs/heads/main", self.head(), {}, self.secrets)


def one(jobs: list[Job], name: str) -> Job:
    assert [job.name for job in jobs] == [name]
    return jobs[0]


def scripts_of(file: str) -> set[str]:
    jobs = yaml.safe_load((ROOT / file).read_text())["jobs"].values()
    return {step["run"] for job in jobs for step in job["steps"] if "run" in step}


def plant(world: World) -> None:
    write(world, NEW, "token: hunter2\n")


def remove(world: World) -> None:
    (world.repo / NEW).unlink()


@pytest.mark.long
def test_both_workflows_in_their_life(tmp_path: Path, world: World) -> None:
    forge = Forge(tmp_path)
    ours = Repository(forge, world)
    for file in (FORGEJO, GITHUB):
        workflow = (ROOT / file).read_text()
        forge.executed.clear()

        good = ours.pull_request(lambda: world.encrypt(NEW, "token: hunter2\n"))
        job = one(forge.run(workflow, good), "changes")
        assert job.status == 0, job.log
        assert "2 files, L2, 0 errors" in job.log
        for shown in (job.log, job.summary):
            assert f"+ {NEW}" in shown
        assert "### plana-secrets verify: passed" in job.summary

        bad = ours.pull_request(lambda: plant(world), lambda: remove(world))
        job = one(forge.run(workflow, bad), "changes")
        assert job.status == 1
        commit = world.git("rev-parse", f"{bad.payload['pull_request']['head']['sha']}~1")[:12]
        for shown in (job.log, job.summary):
            assert f"{NEW} in commit {commit}" in shown
            assert "hunter2" not in shown

        world.encrypt(APP, f"password: {file}\n")
        world.commit()
        pushed = ours.push()
        job = one(forge.run(workflow, pushed), "main")
        assert (job.status, "1 file, L3, 0 errors" in job.log) == (0, True), job.log
        lost = Event(pushed.name, pushed.ref, pushed.sha, pushed.payload)
        job = one(forge.run(workflow, lost), "main")
        assert (job.status, "did not reach L3" in job.log) == (4, True), job.log

        job = one(forge.run(workflow, ours.schedule()), "drift")
        assert (job.status, "1 file, L3, 0 errors" in job.log) == (0, True), job.log
        assert scripts_of(file) <= forge.executed
