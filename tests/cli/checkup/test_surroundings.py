"""What is around the secret files: the editor, git's settings and hooks, what is deployed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.checkup.doctor import results
from tests.world import World


def test_what_is_around_the_files_is_said_where_it_is_well(healthy: World) -> None:
    healthy.run("init", "--yes")
    hook = healthy.repo / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    healthy.git("add", ".")
    healthy.git("commit", "-q", "--no-verify", "-m", "settings")
    shown = healthy.run("doctor", env={"EDITOR": "true"}).stdout
    for line in (
        "ok       editor true",
        "ok       git has a name to commit with",
        f"ok       git runs pre-commit from {healthy.repo}/.git/hooks",
        "ok       plana-secrets.toml with 0 keysets (schema for editors: /",
        "ok       main (there is no remote) is deployed; you are on main",
    ):
        assert f"\n{line}" in shown, shown
    schema = shown.partition("schema for editors: ")[2].partition(")")[0]
    assert json.loads(Path(schema).read_text())["title"] == "plana-secrets.toml"


@pytest.mark.parametrize(
    ("editor", "severity", "words"),
    [
        ("no-such-editor", "note", "no-such-editor is not installed"),
        ("'", "warning", "no command"),
    ],
)
def test_an_editor_that_cannot_be_used_is_named(
    healthy: World, editor: str, severity: str, words: str
) -> None:
    found = results(healthy, "editor", env={"EDITOR": editor})
    assert [(one["severity"], words in one["message"]) for one in found] == [(severity, True)]


def test_an_editor_that_does_not_wait_is_named(healthy: World) -> None:
    program = healthy.home / "code"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (found,) = results(healthy, "editor", env={"EDITOR": str(program)})
    assert (found["severity"], "--wait" in found["fix"]) == ("warning", True)


def test_git_without_a_name_is_named(healthy: World) -> None:
    healthy.git("config", "user.useConfigOnly", "true")
    nameless = {"GIT_AUTHOR_NAME": "", "GIT_COMMITTER_NAME": ""}
    (found,) = results(healthy, "git-identity", env=nameless)
    assert (found["severity"], "git config" in found["fix"]) == ("note", True)


def test_signatures_that_are_demanded_and_not_made(healthy: World) -> None:
    assert results(healthy, "signing") == []
    (healthy.repo / "plana-secrets.toml").write_text('[git]\nallowed_signers = "signers"\n')
    assert [one["severity"] for one in results(healthy, "signing")] == ["warning"]
    healthy.git("config", "commit.gpgSign", "true")
    assert [one["severity"] for one in results(healthy, "signing")] == ["warning"]
    healthy.git("config", "gpg.format", "ssh")
    assert [one["severity"] for one in results(healthy, "signing")] == ["ok"]


def test_hooks_that_git_does_not_run_are_named(healthy: World) -> None:
    hooks = healthy.repo / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-push").write_text("#!/bin/sh\n")
    (healthy.repo / ".pre-commit-config.yaml").write_text("repos: []\n")
    found = results(healthy, "hook")
    assert [one["severity"] for one in found] == ["warning", "note"]
    subprocess.run(["sh", "-c", found[0]["fix"]], check=True, cwd=healthy.repo)
    assert [one["severity"] for one in results(healthy, "hook")] == ["ok", "note"]
    for scope in ("--local", "--global"):
        healthy.git("config", scope, "core.hooksPath", "nowhere")
        (found, _) = results(healthy, "hook")
        assert "core.hooksPath" in found["message"]
        healthy.git(*found["fix"].split()[1:])
    assert [one["severity"] for one in results(healthy, "hook")] == ["ok", "note"]


def test_settings_that_are_missing_or_not_committed_are_named(healthy: World) -> None:
    (found,) = results(healthy, "settings")
    assert (found["severity"], found["fix"]) == ("note", "plana-secrets init")
    (healthy.repo / "plana-secrets.toml").write_text('[git]\nbranch = "other"\n')
    committed, waiting = results(healthy, "settings")
    assert (committed["severity"], waiting["severity"]) == ("ok", "note")
    assert "git.branch" in waiting["message"]


def test_a_remote_or_branch_that_is_not_known_is_named(healthy: World) -> None:
    settings = healthy.repo / "plana-secrets.toml"
    settings.write_text('[keysets.a]\nkind = "jwt-hs256"\ntargets = ["x.yaml#a"]\n')
    for name in ("forgejo", "github"):
        healthy.git("remote", "add", name, f"../{name}.git")
    (found,) = results(healthy, "remote")
    assert (found["severity"], "[git] remote" in found["fix"]) == ("warning", True)
    settings.write_text('[git]\nremote = "github"\n')
    (found,) = results(healthy, "branch")
    assert (found["severity"], "git fetch github main" in found["fix"]) == ("note", True)
    settings.write_text('[git]\nremote = "gone"\n')
    broken = [one for one in results(healthy, "settings") if one["severity"] == "error"]
    assert len(broken) == 1
    assert "gone" in broken[0]["message"]
