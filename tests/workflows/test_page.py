"""What docs/ci.md shows is right; ``test_jobs`` runs its workflows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from plana_secrets.scaffold.scanners import allow_lists
from plana_secrets.secretfiles.roots import folders_of
from tests.gotools import built
from tests.workflows.page import ACTION, BLOCKS, FORGEJO, GITHUB, PAGE, PRE_COMMIT
from tests.workflows.repository import NEW, Repository
from tests.workflows.runner import ROOT, Forge
from tests.world import World


def test_the_lines_for_scanners_are_those_that_init_prints(world: World) -> None:
    shown = [text for name, text in BLOCKS if name in {"toml", "text"}]
    assert shown == [one.text for one in allow_lists(folders_of(["infra/secrets"]))]
    report = json.loads(world.run("init", "--scanners", "--json").stdout)
    assert [one["text"] for one in report["scanners"]] == shown
    printed = world.run("init", "--scanners").stdout
    assert all(text in printed for text in shown)


@pytest.mark.parametrize("text", [FORGEJO, GITHUB, ACTION], ids=["forgejo", "github", "action"])
def test_actionlint_finds_nothing(text: str, tmp_path: Path) -> None:
    program = built("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12")
    if program is None:
        pytest.skip("actionlint did not run: there is no Go to build it")
    done = subprocess.run([str(program), "-no-color", "-"], input=text, capture_output=True,
                          text=True, check=False, cwd=tmp_path)  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("text", "file"), [(FORGEJO, ".forgejo"), (GITHUB, ".github")])
def test_a_caller_names_only_what_the_workflow_takes(text: str, file: str) -> None:
    (job,) = yaml.safe_load(text)["jobs"].values()
    assert job["uses"] == f"team/plana-secrets/{file}/workflows/secrets.yml@v0.1.0"
    called = yaml.safe_load((ROOT / file / "workflows/secrets.yml").read_text())
    taken = called[True]["workflow_call"]
    assert set(job["with"]) <= set(taken["inputs"])
    assert set(job["secrets"]) == set(taken["secrets"])
    named = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert set(named) == {*taken["inputs"], *called["jobs"]}


@pytest.mark.long
def test_the_hook_by_pre_commit_itself(tmp_path: Path, world: World) -> None:
    program = Path(sys.executable).with_name("pre-commit")
    if not program.exists():
        pytest.skip("pre-commit did not run: scripts/test installs it")
    forge = Forge(tmp_path)
    ours = Repository(forge, world)
    environment = forge.clean() | {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(program), *argv], cwd=world.repo, env=environment,
                              capture_output=True, text=True, check=False)  # fmt: skip

    (tmp_path / "config.yaml").write_text(PRE_COMMIT)
    assert run("validate-config", str(tmp_path / "config.yaml")).returncode == 0
    assert run("validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")).returncode == 0
    project = str(forge.repository("plana-secrets"))
    try_it = ("try-repo", project, "plana-secrets", "--ref", "v0.1.0")
    ours.plant()
    world.git("add", NEW)
    ours.add()
    done = run(*try_it)
    assert done.returncode == 1, done.stdout
    assert "in the index" in done.stdout or NEW in done.stdout
    assert "hunter2" not in done.stdout
