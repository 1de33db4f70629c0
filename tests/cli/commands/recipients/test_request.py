"""``recipients request``: what a newcomer sends, and what lets them in."""

from __future__ import annotations

import json
import re
import shlex

import pyrage
import pytest

from plana_secrets.age.identities import generate_identity
from tests.cli.commands.recipients.team import APP, key_file, opens, texts
from tests.world import Result, World


def paste(world: World, request: Result) -> Result:
    """The command as the other person's shell runs it."""
    words = shlex.split(request.stdout)
    assert words.pop(0) == "plana-secrets"
    return world.run(*words)


def aloud(text: str) -> str:
    (digits,) = re.findall(r"(?:\d{5} ){5}\d{5}", text)
    return digits


def test_a_newcomer_asks_and_what_they_send_lets_them_in(shared: World) -> None:
    home = shared.folder / "eve"
    home.mkdir()
    file = home / "identity.txt"
    asked = shared.run(
        "recipients", "request", "eve", "--output", str(file), "--rule", "3",
        env={"SOPS_AGE_KEY_FILE": "", "HOME": str(home)},
    )  # fmt: skip
    assert asked.status == 0, asked
    assert asked.stdout.count("\n") == 1
    assert file.stat().st_mode & 0o777 == 0o600
    done = paste(shared, asked)
    assert aloud(done.stderr) == aloud(asked.stderr)
    assert "eve is added to 1 rule and 2 files" in done.stderr
    assert shared.run("get", APP, "password", "--identity-file", str(file)).stdout == "pa55"
    assert shared.run("verify").status == 0


@pytest.mark.long
def test_an_identity_that_is_there_is_used(shared: World) -> None:
    eve = pyrage.x25519.Identity.generate()
    argv = ("recipients", "request", "eve", "--identity-file", key_file(shared, eve), "--json")
    asked = json.loads(shared.run(*argv).stdout)
    assert (asked["recipient"], asked["created"]) == (str(eve.to_public()), False)
    assert asked["command"].endswith(f"add eve {eve.to_public()} --rule=all")


@pytest.mark.parametrize("folded", [True, False])
def test_a_rule_is_spelled_by_its_pattern_and_survives_a_shell(shared: World, folded: bool) -> None:
    pattern = "^infra/secrets/(dev|it's a $test)/.*\\.yaml$"
    rules = (shared.repo / ".sops.yaml").read_text()
    first = f"    - path_regex: {json.dumps(pattern)}\n      age: {shared.recipients}\n"
    (shared.repo / ".sops.yaml").write_text(rules.replace("rules:\n", f"rules:\n{first}"))
    eve = pyrage.x25519.Identity.generate()
    asked = shared.run(
        "recipients", "request", "eve", "--identity-file", key_file(shared, eve), "--rule", "1"
    )
    if folded:  # another rule came first meanwhile
        now = (shared.repo / ".sops.yaml").read_text()
        other = f"    - path_regex: ^other/\n      age: {shared.recipients}\n"
        (shared.repo / ".sops.yaml").write_text(now.replace("rules:\n", f"rules:\n{other}"))
    assert paste(shared, asked).status == 0
    changed = [line for line in texts(shared)[0].splitlines() if str(eve.to_public()) in line]
    assert len(changed) == 1
    assert opens(shared, eve)


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (["b.ob"], "bad-recipient-name"),
        (["eve", "--rule", "9"], "no-such-rule"),
        (["eve", "--lost"], "usage"),
        (["bob", "--rule", "1"], "usage"),
    ],
)
def test_a_request_that_would_be_refused_creates_nothing(
    shared: World, argv: list[str], kind: str
) -> None:
    file = shared.folder / "new.txt"
    done = shared.run("recipients", "request", *argv, "--output", str(file), "--json")
    assert json.loads(done.stdout)["kind"] == kind
    assert not file.exists()


def test_who_lost_the_key_in_use_is_told_to_create_another(shared: World) -> None:
    argv = ("recipients", "request", "bob", "--lost", "--identity-file")
    done = shared.run(*argv, key_file(shared, shared.others[0]))
    assert done.status == 2
    assert "your identity is the key of bob itself; create another with --output" in done.stderr


def test_a_new_laptop(shared: World) -> None:
    """Bob asks on the new one, and what he sends replaces his key."""
    rules, settings = texts(shared)
    old, new = shared.others[0], generate_identity()
    asked = shared.run("recipients", "request", "bob", "--identity-file", key_file(shared, new))
    done = paste(shared, asked)
    assert done.stdout == ""
    assert aloud(done.stderr) == aloud(asked.stderr)
    before, after = str(old.to_public()), new.recipient.text
    assert texts(shared) == (rules.replace(before, after), settings.replace(before, after))
    assert opens(shared, new)
    assert not opens(shared, old)
    assert shared.run("verify").status == 0
    report = json.loads(shared.run("verify", "--json").stdout)
    assert "former-reader" not in {one["check"] for one in report["findings"]}
