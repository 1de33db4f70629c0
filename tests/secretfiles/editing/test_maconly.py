"""`mac_only_encrypted` out of rules as people write them; nothing else changes."""

from __future__ import annotations

import json

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.secretfiles.editing.maconly import without_mac_only
from tests.cli.terminal import run_at_terminal
from tests.world import World

KEY = "age109jnamkry0elh3lyl2a07sw8kunx4mhem5alw52mzqhlkqkuvytszd32uk"
START = f"# ours\ncreation_rules:\n  - path_regex: ^a # first\n    age: {KEY}\n"


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        (f"  - age: {KEY}\n    mac_only_encrypted: true\n", f"  - age: {KEY}\n"),
        (f"  - age: {KEY}\n    mac_only_encrypted: yes # why\n", f"  - age: {KEY}\n"),
        (f'  - age: {KEY}\n    "mac_only_encrypted": "true"\n', f"  - age: {KEY}\n"),
        (f"  - age: {KEY}\r\n    mac_only_encrypted: true\r\n", f"  - age: {KEY}\r\n"),
        (f"  - age: {KEY}\n    mac_only_encrypted: true", f"  - age: {KEY}\n"),
        (
            f"  - mac_only_encrypted: true\n    age: {KEY}\n",
            f"  - mac_only_encrypted: false\n    age: {KEY}\n",
        ),
        (
            f"  - {{mac_only_encrypted: true, age: {KEY}}}\n",
            f"  - {{mac_only_encrypted: false, age: {KEY}}}\n",
        ),
        (
            f"  - &b\n    mac_only_encrypted: true\n    age: {KEY}\n  - <<: *b\n    path_regex: c\n",
            f"  - &b\n    age: {KEY}\n  - <<: *b\n    path_regex: c\n",
        ),
    ],
)
def test_only_the_option_goes(rule: str, after: str) -> None:
    assert without_mac_only((START + rule).encode(), ".sops.yaml").decode() == START + after
    assert without_mac_only((START + after).encode(), ".sops.yaml").decode() == START + after


def test_what_cannot_be_taken_out_is_refused() -> None:
    text = f"{START}  - age: {KEY}\n    mac_only_encrypted:\n      true\n"
    with pytest.raises(FailedError) as caught:
        without_mac_only(text.encode(), ".sops.yaml")
    assert caught.value.kind == "option-stays"


@pytest.mark.long
def test_one_command_fixes_the_rules_and_every_file_that_opens(world: World) -> None:
    """A repository as many have it, found by `init`, fixed by the line that it prints."""
    rules = "creation_rules:\n  - path_regex: \\.sops\\.yaml$\n    age: {recipients}\n"
    world.write_rules(f"{rules}    mac_only_encrypted: true\n")
    for name in ("apps/one", "apps/two", "talos/three"):
        world.encrypt(f"{name}.sops.yaml", f"a: {name}\nb: 5\n")
    world.encrypt("apps/edited.sops.yaml", "a: old\n")
    (world.repo / "apps/two.sops.yaml").write_text("a: [\n")
    world.commit()
    world.sops("set", "apps/edited.sops.yaml", '["a"]', '"new"')
    first = world.run("init", "--yes")
    assert "`plana-secrets repair .sops.yaml`" in first.stdout
    one = world.run("repair", "apps/one.sops.yaml", "--json")
    assert (one.status, "repair .sops.yaml" in json.loads(one.stdout)["hint"]) == (3, True)
    before = world.git("diff")
    tried = json.loads(world.run("repair", ".sops.yaml", "--dry-run", "--json").stdout)
    assert (len(tried["files"]), world.git("diff")) == (3, before)
    done = json.loads(world.run("repair", ".sops.yaml", "--json").stdout)
    assert done == tried | {"written": True, "dry_run": False}
    assert (world.repo / ".sops.yaml").read_text() == rules.format(recipients=world.recipients)
    left = json.loads(world.run("verify", "--json").stdout)["findings"]
    assert {one["check"] for one in left if one["severity"] == "error"} == {"not-sops"}
    assert world.decrypt("apps/edited.sops.yaml") == "a: new\n"
    assert "nothing to repair" in world.run("repair", ".sops.yaml").stderr
    assert world.run("repair", ".sops.yaml", "--all", "--keep").status == 2


def test_a_file_that_does_not_open_is_left_and_named(world: World) -> None:
    rules = "creation_rules:\n  - age: {recipients}\n    mac_only_encrypted: true\n"
    world.write_rules(rules)
    world.encrypt("infra/secrets/a.yaml", "a: one\n")
    broken = world.encrypt("infra/secrets/b.yaml", "a: one\n")
    world.commit()
    broken.write_text(broken.read_text().replace("a: ENC", "aa: ENC"))
    shown = run_at_terminal(world, "repair", ".sops.yaml")
    assert shown.status == 3
    assert "infra/secrets/a.yaml is encrypted again" in shown.screen
    assert "plana-secrets repair infra/secrets/b.yaml" in shown.screen
    assert world.run("repair", "infra/secrets/b.yaml", "--all", "--from-git").status == 0
    assert world.run("verify").status == 0
