"""Everything that the program itself writes: each step is verified, alone and as a commit."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from tests.attacks.good import MANIFESTS
from tests.verify.inprocess import verify
from tests.verify.ranges.inprocess import errors, verify_commits
from tests.world import World

MAIL, WEB = "infra/secrets/prod/mail.yaml", "infra/secrets/prod/web.secret.yaml"
APP = "infra/secrets/prod/app.secret.yaml"
SETTINGS = f"""\
[files]
roots = ["infra/secrets"]
[git]
branch = "main"
[mirror]
backend = "local"
[mirror.local]
path = "mirror.json.age"
[keysets."shop/api"]
kind = "api-key"
accepted = ["{APP}#stringData.KEYS"]
callers = ["{WEB}#stringData.KEY"]
rollout = "0s"
drain = "0s"
[keysets."shop/jwt"]
kind = "jwt-hs256"
targets = ['{APP}#stringData["jwt.json"]']
rollout = "0s"
max_token_lifetime = "1s"
skew = "0s"
"""
EVE = str(pyrage.x25519.Identity.generate().to_public())
READERS = {"recipient-added", "policy-weakened"}
"""A new reader is for a person to judge: an error of the range, and none of the tree."""
STEPS: list[tuple[list[str], bytes]] = [
    (["new", MAIL], b""),
    (["set", MAIL, "smtp.password", "--generate", "b64:32"], b""),
    (["set", MAIL, "smtp.port", "--type", "int", "--stdin"], b"587"),
    (["set", MAIL, "smtp.tls", "--type", "bool", "--stdin"], b"true"),
    (["set", MAIL, "smtp.hosts[0]", "--stdin"], b"mail.example"),
    (["set", MAIL, "note", "--stdin"], b"one\ntwo: # three\n"),
    (["set", MAIL, '["odd.name"]', "--stdin"], b" padded "),
    (["unset", MAIL, "smtp.tls", "--yes"], b""),
    (["edit", MAIL], b""),
    (["import", "--stdin", MAIL, "--format", "dotenv"], b"TOKEN='hunter2'\n"),
    (["new", WEB], b""),
    (["set", WEB, "stringData.PASSWORD", "--generate", "b64:24"], b""),
    (["encrypt", APP], b""),
    (["rotate", "init", "shop/api", "--fresh", "--commit"], b""),
    (["rotate", "init", "shop/jwt", "--fresh", "--commit"], b""),
    (["rotate", "run", "shop/api", "publish", "--commit"], b""),
    (["rotate", "run", "shop/jwt", "publish", "--commit"], b""),
    (["mirror", "sync", "--worktree"], b""),
    (["recipients", "add", "eve", EVE, "--rule", "all"], b""),
    (["recipients", "remove", "eve"], b""),
    (["set", MAIL, "smtp.password", "--generate", "b64:32"], b""),
    (["repair", MAIL, "--all", "--from-git"], b""),
]


@pytest.mark.long
def test_nothing_that_the_program_writes_is_an_error(world: World, tmp_path: Path) -> None:
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.commit("rules and settings")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "# new\\nmore: value\\n" >>"$1"\n')
    editor.chmod(0o755)
    for argv, stdin in STEPS:
        if argv[0] == "encrypt":
            (world.repo / APP).write_text(MANIFESTS["annotations"])
        if argv[0] == "repair":
            text = (world.repo / MAIL).read_text()
            (world.repo / MAIL).write_text(text.replace(",type:str]", ",type:str] x", 1))
        before = world.git("rev-parse", "HEAD").strip()
        done = world.run(*argv, stdin=stdin, env={"PLANA_EDITOR": str(editor)})
        assert done.status == 0, (argv, done)
        report = verify(world)
        assert [one for one in report.findings if one.severity == "error"] == [], argv
        world.git("add", "-A")
        world.git("commit", "-q", "--allow-empty", "-m", " ".join(argv[:2]))
        found = {one[0] for one in errors(verify_commits(world, f"{before}.."))}
        assert found <= (READERS if argv[0] == "recipients" else set()), argv
