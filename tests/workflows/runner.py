"""A small runner: it starts the jobs of a workflow as a forge does, without containers.

``Forge`` has bare repositories under ``team/``; ``run`` takes an event and the workflow of a
repository, follows the workflows and actions of ours that it calls, and returns each job with
its steps. What pip installed for one job is used by the others with the same step.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.workflows.expressions import evaluate, substitute

ROOT = Path(__file__).parents[2]
CHECKOUT = "actions/checkout@"
PROJECT = "team/plana-secrets"
_HOOKS = ".pre-commit-hooks.yaml"
_BYTECODE = shutil.ignore_patterns("__pycache__")


@dataclass(frozen=True)
class Event:
    """``ref`` and ``sha`` are what is checked out; ``secrets``: those of the repository."""

    name: str
    ref: str
    sha: str
    payload: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass
class Step:
    name: str
    script: str
    status: int
    log: str
    summary: str
    seconds: float = 0


@dataclass
class Job:
    """The steps that ran; the last one is what failed, if ``status`` is not 0."""

    name: str
    status: int = 0
    steps: list[Step] = field(default_factory=list)

    @property
    def log(self) -> str:
        return "".join(one.log for one in self.steps)

    @property
    def summary(self) -> str:
        return "".join(one.summary for one in self.steps)


def only(jobs: list[Job], name: str) -> Job:
    """The one job that ran."""
    assert [job.name for job in jobs] == [name]
    return jobs[0]


class Forge:
    """A server of one test, at a ``file://`` address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installed: dict[tuple[str, str], str] = {}
        self.executed: set[str] = set()
        self.count = 0
        self.git("init", "-q", "--bare", "-b", "main", str(self.repository("secrets")))
        self._publish_project()

    def repository(self, name: str) -> Path:
        return self.folder / "server" / "team" / f"{name}.git"

    def git(self, *argv: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *argv], cwd=cwd, env=self.clean(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (argv, done.stderr)
        return done.stdout.strip()

    def _publish_project(self) -> None:
        """This working tree as the repository that jobs install from."""
        source = self.folder / "project"
        source.mkdir()
        shutil.copytree(ROOT / "plana_secrets", source / "plana_secrets", ignore=_BYTECODE)
        for name in ("pyproject.toml", "README.md", "LICENSE", "action.yml", _HOOKS):
            shutil.copy(ROOT / name, source / name)
        self.git("init", "-q", "-b", "main", cwd=source)
        self.git("add", "-A", cwd=source)
        self.git("commit", "-q", "-m", "x", cwd=source)
        self.git("tag", "v0.1.0", cwd=source)
        self.git("clone", "-q", "--bare", str(source), str(self.repository("plana-secrets")))

    def clean(self) -> dict[str, str]:
        """Nothing of the person who runs the tests, but the way to the package registry."""
        ways = ("PIP_", "SSL_CERT", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
        registry = {name: os.environ[name] for name in os.environ if name.upper().startswith(ways)}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return registry | {
            "PATH": f"{Path(sys._base_executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "PIP_CACHE_DIR": str(
                Path(os.environ.get("PLANA_TEST_CACHE") or ROOT / ".cache") / "pip"
            ),
            "LANG": "C.UTF-8",
            "GIT_AUTHOR_NAME": "T",
            "GIT_AUTHOR_EMAIL": "t@example.test",
            "GIT_COMMITTER_NAME": "T",
            "GIT_COMMITTER_EMAIL": "t@example.test",
        }

    # -- one run

    def run(self, workflow: str, event: Event, name: str = "secrets") -> list[Job]:
        """Each job whose condition holds, in the order of the file."""
        content = yaml.safe_load(workflow)
        triggers = content[True]  # YAML 1.1 reads `on`
        assert event.name in (triggers if isinstance(triggers, (dict, list)) else [triggers])
        return list(self._jobs(content, event, name, {"inputs": {}, "secrets": event.secrets}))

    def _jobs(self, content: dict[str, Any], event: Event, name: str, given: dict[str, Any]):
        contexts = self._contexts(event, name) | given
        for job_name, job in content["jobs"].items():
            if not evaluate(job.get("if", "true"), contexts):
                continue
            if "uses" in job:
                owner, path = job["uses"].partition("@")[0].split("/.", 1)
                assert owner == PROJECT
                called = yaml.safe_load((ROOT / f".{path}").read_text())
                yield from self._jobs(called, event, name, self._given(called, job, contexts))
            else:
                assert substitute(job["runs-on"], contexts)
                yield self._job(job_name, job, event, contexts)

    def _given(self, called: dict[str, Any], job: dict[str, Any], contexts: dict[str, Any]):
        """What a caller gives; only what the called workflow declares."""
        declared = called[True]["workflow_call"]
        given = {key: evaluate(value, contexts) if str(value).startswith("${{") else value
                 for key, value in job.get("with", {}).items()}  # fmt: skip
        assert set(given) <= set(declared["inputs"])
        inputs = {key: one["default"] for key, one in declared["inputs"].items()} | given
        handed = job.get("secrets", {})
        if handed == "inherit":
            secrets = contexts["secrets"]
        else:
            assert set(handed) <= set(declared["secrets"])
            secrets = {key: substitute(value, contexts) for key, value in handed.items()}
        return {"inputs": inputs, "secrets": secrets}

    def _contexts(self, event: Event, name: str) -> dict[str, Any]:
        payload = {"repository": {"default_branch": "main"}, **event.payload}
        return {"github": {"event_name": event.name, "event": payload, "ref": event.ref,
                           "sha": event.sha, "repository": f"team/{name}"}}  # fmt: skip

    def _job(
        self, job_name: str, job: dict[str, Any], event: Event, contexts: dict[str, Any]
    ) -> Job:
        place = Place(self, event, contexts)
        done = Job(job_name)
        for step in job["steps"]:
            if not evaluate(step.get("if", "true"), contexts):
                continue
            if step.get("uses", "").startswith(CHECKOUT):
                place.check_out(step["with"])
                continue
            for one, more, action in place.scripts(step, contexts):
                ran = place.start(one, more, action)
                done.steps.append(ran)
                if ran.status and not step.get("continue-on-error"):
                    done.status = ran.status
                    return done
        return done


class Place:
    """The workspace of a job and what its steps say to one another."""

    def __init__(self, forge: Forge, event: Event, contexts: dict[str, Any]) -> None:
        forge.count += 1
        self.forge, self.event, self.contexts = forge, event, contexts
        self.folder = forge.folder / f"job{forge.count}"
        self.workspace, self.temporary = self.folder / "work", self.folder / "tmp"
        self.workspace.mkdir(parents=True)
        self.temporary.mkdir()
        self.path = self.folder / "path"
        self.path.touch()
        payload = self.folder / "event.json"
        payload.write_text(json.dumps(contexts["github"]["event"]))
        repository = contexts["github"]["repository"]
        self.environment = forge.clean() | {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_EVENT_PATH": str(payload),
            "GITHUB_REF": event.ref,
            "GITHUB_SHA": event.sha,
            "GITHUB_REPOSITORY": repository,
            "GITHUB_REPOSITORY_OWNER": repository.partition("/")[0],
            "GITHUB_SERVER_URL": f"file://{forge.folder}/server",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_PATH": str(self.path),
            "RUNNER_TEMP": str(self.temporary),
            "TMPDIR": str(self.temporary),
        }

    def check_out(self, given: dict[str, Any]) -> None:
        """As actions/checkout: all branches and tags, then the commit of the event."""
        assert given == {"fetch-depth": 0, "persist-credentials": False}
        forge, name = self.forge, self.contexts["github"]["repository"].partition("/")[2]
        forge.git("init", "-q", "-b", "main", str(self.workspace))
        forge.git("remote", "add", "origin", f"file://{forge.repository(name)}", cwd=self.workspace)
        wanted = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        if self.event.ref.startswith("refs/pull/"):
            wanted.append(f"+{self.event.sha}:refs/remotes/{self.event.ref[5:]}")
        forge.git("fetch", "-q", "origin", *wanted, cwd=self.workspace)
        forge.git("checkout", "-q", "--detach", self.event.sha, cwd=self.workspace)

    def scripts(self, step: dict[str, Any], contexts: dict[str, Any]):
        """The scripts of a step, each with its contexts and the folder of its action."""
        if "run" in step:
            yield step, contexts, None
            return
        assert step["uses"].partition("@")[0] == PROJECT
        action = yaml.safe_load((ROOT / "action.yml").read_text())
        inputs = {key: one["default"] for key, one in action["inputs"].items()}
        inputs |= {key: substitute(value, contexts) for key, value in step.get("with", {}).items()}
        for inner in action["runs"]["steps"]:
            assert inner["shell"] == "bash"
            env = {**step.get("env", {}), **inner.get("env", {})}
            yield (
                {**inner, "env": env},
                {**contexts, "inputs": inputs},
                self.forge.folder / "project",
            )

    def start(self, step: dict[str, Any], contexts: dict[str, Any], action: Path | None) -> Step:
        script = step["run"]
        assert "${{" not in script
        self.forge.executed.add(script)
        env = {key: substitute(value, contexts) for key, value in step.get("env", {}).items()}
        key = (script, env.get("PACKAGE", ""))
        if key in self.forge.installed:
            self.path.write_text(self.forge.installed[key])
            return Step(step["name"], script, 0, "", "")
        ran = self._execute(step, script, env, action)
        if "GITHUB_PATH" in script and ran.status == 0:
            self.forge.installed[key] = self.path.read_text()
        return ran

    def _execute(
        self, step: dict[str, Any], script: str, env: dict[str, str], action: Path | None
    ) -> Step:
        summary, written = self.folder / "summary.md", self.folder / "script.sh"
        summary.write_text("")
        written.write_text(script)
        folders = [*reversed(self.path.read_text().splitlines()), self.environment["PATH"]]
        begun = time.monotonic()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(written)],
            cwd=self.workspace, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
            env=self.environment | env | {
                "PATH": ":".join(folders), "GITHUB_STEP_SUMMARY": str(summary),
                **({"GITHUB_ACTION_PATH": str(action)} if action else {}),
            },
        )  # fmt: skip
        return Step(
            step["name"],
            script,
            done.returncode,
            done.stdout,
            summary.read_text(),
            time.monotonic() - begun,
        )
