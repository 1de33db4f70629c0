"""``scripts/bench job``: a job for a pull request from nothing, with the install.

No package is cached, and nothing is installed before it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.workflows.repository import Repository
from tests.workflows.runner import ROOT, Forge, only
from tests.world import World


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLANA_TEST_CACHE"] = f"{folder}/cache"
        world, forge = World(Path(folder)), Forge(Path(folder))
        ours = Repository(forge, world)
        workflow = (ROOT / ".forgejo/workflows/secrets.yml").read_text()
        job = only(forge.run(workflow, ours.pull_request(ours.add)), "changes")
    assert job.status == 0, job.log
    print(f"{os.cpu_count()} cores\n\n| step | seconds |\n|---|---|")
    for step in job.steps:
        print(f"| {step.name} | {step.seconds:.1f} |")
    print(f"| the job | {sum(step.seconds for step in job.steps):.1f} |")


if __name__ == "__main__":
    main()
