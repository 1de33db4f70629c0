"""``diff`` shows what a change makes of the rules and of the policy."""

from __future__ import annotations

import json

import pyrage
import pytest

from tests.world import World

APP = "infra/secrets/dev/app.yaml"
OTHER = str(pyrage.x25519.Identity.generate().to_public())


@pytest.fixture
def weakened(world: World) -> World:
    """Two commits: the second takes away from policy and rules."""
    world.encrypt(APP, "a: b\n")
    (world.repo / "plana-secrets.toml").write_text("[policy]\nmin_recipients = 2\nnamed = true\n")
    world.commit()
    (world.repo / "plana-secrets.toml").write_text("[policy]\nnamed = true\n")
    rules = world.repo / ".sops.yaml"
    rules.write_text(rules.read_text().replace(world.recipients, f"{world.recipients},{OTHER}"))
    world.commit()
    return world


def test_a_weakened_policy_is_named_in_every_form(weakened: World) -> None:
    text = weakened.run("diff", "HEAD~1...HEAD").stdout
    assert "~ plana-secrets.toml policy.min_recipients: 2 -> 1 (weaker)" in text.splitlines()
    assert f"~ the rules for 1 file differ: {APP}\n    + recipient {OTHER}" in text
    content = json.loads(weakened.run("diff", "HEAD~1...HEAD", "--json").stdout)
    assert [(one["setting"], one["weaker"]) for one in content["settings"]] == [
        ("policy.min_recipients", True)
    ]
    assert content["rule_effects"][0]["files"] == [APP]
    shown = weakened.run("diff", "HEAD~1...HEAD", "--format", "markdown").stdout
    assert "**The policy is weaker in 1 place**" in shown
    assert "- `~ plana-secrets.toml policy.min_recipients: 2 -> 1 (weaker)`" in shown


def test_a_change_of_settings_alone_is_a_difference(weakened: World) -> None:
    assert weakened.run("diff", "--check").status == 0
    (weakened.repo / "plana-secrets.toml").write_text("")
    done = weakened.run("diff", "--check")
    assert (done.status, done.stdout) == (
        1, "~ plana-secrets.toml policy.named: true -> false (weaker)\n",
    )  # fmt: skip
    assert weakened.run("diff", "--check", "--", APP).status == 0


def test_settings_of_the_past_that_cannot_be_read_are_named(weakened: World) -> None:
    (weakened.repo / "plana-secrets.toml").write_text("[policy]\nmin_recipients = 0\n")
    weakened.commit()
    (weakened.repo / "plana-secrets.toml").write_text("")
    weakened.commit()
    content = json.loads(weakened.run("diff", "HEAD~1..HEAD", "--json").stdout)
    assert content["settings_unread"][0].startswith("before: ")
    assert content["settings"] == []
