"""What the workflows say, without running them; ``test_jobs`` runs them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gotools import built
from tests.workflows.expressions import evaluate
from tests.workflows.runner import ROOT

FORGEJO = ROOT / ".forgejo/workflows/secrets.yml"
GITHUB = ROOT / ".github/workflows/secrets.yml"
BOTH = pytest.mark.parametrize("file", [FORGEJO, GITHUB], ids=["forgejo", "github"])


def steps_of(file: Path) -> list[tuple[str, dict[str, Any]]]:
    jobs = yaml.safe_load(file.read_text())["jobs"]
    return [(name, step) for name, job in jobs.items() for step in job["steps"]]


def test_the_twins_differ_in_the_runner_alone() -> None:
    one, other = (file.read_text().splitlines()[2:] for file in (FORGEJO, GITHUB))
    assert [line.replace("docker", "ubuntu-latest") for line in one] == other


@BOTH
def test_no_text_of_an_event_is_part_of_a_script(file: Path) -> None:
    assert not [step for _, step in steps_of(file) if "${{" in step.get("run", "")]
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert not [step for step in action["runs"]["steps"] if "${{" in step["run"]]


@BOTH
def test_it_may_and_gets_as_little_as_possible(file: Path) -> None:
    content = yaml.safe_load(file.read_text())
    assert content["permissions"] == {"contents": "read"}
    keyed = {name for name, step in steps_of(file) if "${{ secrets." in str(step)}
    assert keyed == {"main", "drift"}
    for job in content["jobs"].values():
        assert set(job) == {"if", "runs-on", "timeout-minutes", "steps"}


@BOTH
def test_only_checkout_is_used_by_its_commit_and_takes_the_whole_history(file: Path) -> None:
    used = [step for _, step in steps_of(file) if "uses" in step]
    assert len(used) == 3
    for step in used:
        assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}", step["uses"])
        assert step["with"] == {"fetch-depth": 0, "persist-credentials": False}


@BOTH
@pytest.mark.parametrize(
    ("event", "ref", "job"),
    [
        ("pull_request", "refs/pull/1/merge", "changes"),
        ("pull_request_target", "refs/heads/main", "changes"),
        ("merge_group", "refs/heads/gh-readonly-queue/main/pr-1", "changes"),
        ("push", "refs/heads/topic", "changes"),
        ("push", "refs/tags/main", "changes"),
        ("push", "refs/heads/main", "main"),
        ("schedule", "refs/heads/main", "drift"),
        ("workflow_dispatch", "refs/heads/topic", "drift"),
    ],
)
def test_one_job_is_for_each_event(file: Path, event: str, ref: str, job: str) -> None:
    payload = {"repository": {"default_branch": "main"}}
    contexts = {"github": {"event_name": event, "ref": ref, "event": payload}}
    jobs = yaml.safe_load(file.read_text())["jobs"]
    assert [name for name, one in jobs.items() if evaluate(one["if"], contexts)] == [job]


def install_of(file: Path) -> set[str]:
    return {step["run"] for _, step in steps_of(file) if "venv" in step.get("run", "")}


@pytest.mark.parametrize(
    ("variables", "installed"),
    [
        ({}, "git+https://git.example.com/team/plana-secrets.git"),
        ({"PACKAGE": "plana-secrets==1.0"}, "plana-secrets==1.0"),
    ],
)
def test_where_python_has_no_venv_it_is_installed(
    tmp_path: Path, variables: dict[str, str], installed: str
) -> None:
    """As in images of Debian. The program is that of the owner, unless another is named."""
    (script,) = install_of(FORGEJO)
    python = """#!/bin/sh
[ -e apt ] || exit 1
for venv; do :; done
mkdir -p "$venv/bin" && printf '#!/bin/sh\\nfor one; do :; done; echo "$one" >package' >"$venv/bin/pip"
chmod +x "$venv/bin/pip"
"""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("python3", python), ("apt-get", "#!/bin/sh\necho $* >>apt\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, check=False, capture_output=True,
        env={"PATH": f"{programs}:/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path), "PACKAGE": "",
             "GITHUB_PATH": str(tmp_path / "path"), "GITHUB_REPOSITORY_OWNER": "team",
             "GITHUB_SERVER_URL": "https://git.example.com", **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "install --yes python3-venv" in (tmp_path / "apt").read_text()
    assert (tmp_path / "package").read_text() == f"{installed}\n"
    assert (tmp_path / "path").read_text() == f"{tmp_path}/plana-secrets/bin\n"


@pytest.mark.parametrize("status", [0, 1, 3, 4])
def test_a_job_ends_as_verify_does_also_without_a_summary(tmp_path: Path, status: int) -> None:
    """Forgejo shows no summary; one that cannot be written must not become a 1, or a 0."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    steps = [step for _, step in steps_of(FORGEJO)] + action
    scripts = {step["run"] for step in steps if "plana-secrets verify" in step.get("run", "")}
    assert len(scripts) == 4
    program = tmp_path / "plana-secrets"
    program.write_text(f"#!/bin/sh\nexit {status}\n")
    program.chmod(0o755)
    for script in scripts:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, check=False,
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode == status


def test_every_job_installs_in_the_same_way() -> None:
    assert install_of(FORGEJO) == install_of(GITHUB)
    assert len(install_of(FORGEJO)) == 1


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    program = built("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12")
    if program is None:
        pytest.skip("actionlint did not run: there is no Go to build it")
    local = tmp_path / ".github/workflows/local.yml"
    write_text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./\n"
    local.parent.mkdir(parents=True)
    local.write_text(write_text + "        with:\n          arguments: --level L3\n")
    (tmp_path / "action.yml").write_text((ROOT / "action.yml").read_text())
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    done = subprocess.run(
        [str(program), "-no-color", str(FORGEJO), str(GITHUB), str(local)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
    local.write_text(write_text + "        with:\n          argument: x\n")
    done = subprocess.run(
        [str(program), str(local)], cwd=tmp_path, capture_output=True, check=False
    )
    assert b'"argument" is not defined' in done.stdout
