"""The workflows as the forges start them: a pull request, a push, a schedule.

Every script of both files is run, in a clean environment, against a bare remote. It needs the
package registry.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.verify.inprocess import write
from tests.workflows import page
from tests.workflows.page import here
from tests.workflows.repository import APP, NEW, Repository
from tests.workflows.runner import ROOT, Event, Forge, Place, only
from tests.world import World

FORGEJO = ".forgejo/workflows/secrets.yml"
GITHUB = ".github/workflows/secrets.yml"


def scripts_of(file: str) -> set[str]:
    jobs = yaml.safe_load((ROOT / file).read_text())["jobs"].values()
    return {step["run"] for job in jobs for step in job["steps"] if "run" in step}


@pytest.mark.long
def test_the_workflows_in_their_life(tmp_path: Path, world: World) -> None:
    """Alone, called as the page shows it, and what the page shows beside them."""
    forge = Forge(tmp_path)
    ours = Repository(forge, world)
    caller = here(page.FORGEJO, forge)
    good = ours.pull_request(ours.add, lambda: set_traps(world))
    bad = ours.pull_request(ours.plant, ours.remove)
    for workflow in ((ROOT / GITHUB).read_text(), caller):
        check_life(forge, ours, workflow, good, bad)
    assert scripts_of(FORGEJO) | scripts_of(GITHUB) <= forge.executed
    job = only(forge.run(here(page.GITHUB, forge), ours.schedule()), "drift")
    assert job.status == 0, job.log
    check_mirror(forge, ours, caller)
    for event, status, word in ((good, 0, "passed"), (bad, 1, "failed")):
        job = only(forge.run(page.ACTION, event), "secrets")
        assert (job.status, f"### plana-secrets verify: {word}" in job.summary) == (status, True)
        check_gitlab(forge, event, status)
    keyed = page.ACTION.replace(
        "--range auto --strict", "|\n            --range auto\n            --level L3"
    )
    job = only(forge.run(keyed, good), "secrets")
    assert (job.status, "did not reach L3" in job.log) == (4, True), job.log
    assert not (forge.folder / "home/trapped").exists()


def set_traps(world: World) -> None:
    """Modules that python would start if it looked for them in the checkout."""
    code = 'import os\nopen(os.path.expanduser("~/trapped"), "w")\n'
    for name in ("venv", "pip", "ensurepip", "plana_secrets", "sitecustomize", "click", "json"):
        write(world, f"{name}.py", code)


def check_life(forge: Forge, ours: Repository, workflow: str, good: Event, bad: Event) -> None:
    job = only(forge.run(workflow, good), "changes")
    assert (job.status, "2 files, L2, 0 errors" in job.log) == (0, True), job.log
    for shown in (job.log, job.summary):
        assert f"+ {NEW}" in shown
    assert "### plana-secrets verify: passed" in job.summary

    job = only(forge.run(workflow, bad), "changes")
    assert job.status == 1
    commit = ours.world.git("rev-parse", f"{bad.payload['pull_request']['head']['sha']}~1")[:12]
    for shown in (job.log, job.summary):
        assert f"{NEW} in commit {commit}" in shown
        assert "hunter2" not in shown

    ours.world.encrypt(APP, "password: another\n")
    ours.world.commit()
    pushed = ours.push()
    job = only(forge.run(workflow, pushed), "main")
    assert (job.status, "1 file, L3, 0 errors" in job.log) == (0, True), job.log
    lost = Event(pushed.name, pushed.ref, pushed.sha, pushed.payload)
    job = only(forge.run(workflow, lost), "main")
    assert (job.status, "did not reach L3" in job.log) == (4, True), job.log
    job = only(forge.run(workflow, ours.schedule()), "drift")
    assert (job.status, "1 file, L3, 0 errors" in job.log) == (0, True), job.log


def check_mirror(forge: Forge, ours: Repository, caller: str) -> None:
    """The schedule asks for L4 where there is a mirror: a difference is found."""
    world = ours.world
    recipient = world.identity.to_public()
    (world.repo / "plana-secrets.toml").write_text(
        f'[policy]\nmin_recipients = 1\n[recipients.me]\nkey = "{recipient}"\nkind = "job"\n'
        f'[mirror]\nbackend = "local"\n[mirror.local]\npath = "mirror.json.age"\n'
    )
    world.commit()
    assert world.run("mirror", "sync").status == 0
    world.commit()
    ours.push()
    job = only(forge.run(caller, ours.schedule()), "drift")
    assert (job.status, "L4" in job.log) == (0, True), job.log
    ours.add()
    world.commit()
    ours.push()
    job = only(forge.run(caller, ours.schedule()), "drift")
    assert (job.status, NEW in job.log) == (1, True), job.log


def check_gitlab(forge: Forge, event: Event, status: int) -> None:
    """The script in an image with Python, as a job for a merge request gets it."""
    job: dict[str, Any] = yaml.safe_load(here(page.GITLAB, forge))["secrets"]
    request = event.payload["pull_request"]
    place = Place(forge, event, {"github": {"repository": "team/secrets", "event": {}}})
    place.check_out({"fetch-depth": 0, "persist-credentials": False})
    install, verify = job["script"]
    package = install.split(" ")[-1]
    (installed,) = (path for (_, known), path in forge.installed.items() if known == package)
    place.path.write_text(installed)  # what its first line does
    env = {"GITHUB_EVENT_PATH": "", "CI_COMMIT_SHA": event.sha,
           "CI_PIPELINE_SOURCE": "merge_request_event", "CI_DEFAULT_BRANCH": "main",
           "CI_MERGE_REQUEST_DIFF_BASE_SHA": request["base"]["sha"],
           "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": request["head"]["sha"]}  # fmt: skip
    ran = place.start({"name": "script", "run": verify, "env": env | job["variables"]}, {}, None)
    assert ran.status == status, ran.log
