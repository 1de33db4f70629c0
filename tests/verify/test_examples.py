"""The project's own examples, checked with the identity that is public on purpose."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pyrage
import pytest

from tests.verify.inprocess import checks, of_check, verify
from tests.world import PROGRAM, World

ROOT = Path(__file__).parents[2]
PUBLIC = ROOT / "infra/demo/PUBLIC-demo-identity.txt"


def public_recipients() -> set[str]:
    return {
        str(pyrage.x25519.Identity.from_str(line).to_public())
        for file in PUBLIC.parent.glob("PUBLIC-*.txt")
        for line in file.read_text().splitlines()
        if line.startswith("AGE-SECRET-KEY-")
    }


def test_the_examples_of_this_project_pass_at_l3(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "verify", "--repo", ROOT, "--identity-file", PUBLIC, "--level", "L3", "--json"],
        capture_output=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)},
        check=False,
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["complete"], report["level"]) == (0, True, "L3"), report
    assert [one for one in report["findings"] if one["file"].startswith("infra/")] == []
    kinds = " ".join(report["file_levels"])
    assert "keysets/" in kinds
    assert ".secret.yaml" in kinds
    assert "dev/example.yaml" in kinds


@pytest.mark.parametrize("recipient", sorted(public_recipients()))
def test_our_public_recipients_are_refused_anywhere_else(world: World, recipient: str) -> None:
    rules = world.repo / ".sops.yaml"
    rules.write_text(f"creation_rules:\n    - age: {world.recipients},{recipient}\n")
    world.encrypt("infra/secrets/a.yaml", "a: b\n")
    (finding,) = of_check(verify(world), "demo-recipient")
    assert (finding.severity, recipient in finding.message) == ("error", True)
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.demo]\nkey = "{recipient}"\nkind = "demo"\n'
    )
    assert checks(verify(world)) == []


def test_every_public_identity_says_that_it_is_public() -> None:
    assert len(public_recipients()) == 2
    for file in PUBLIC.parent.iterdir():
        assert file.name.startswith("PUBLIC-")
        assert file.read_text().startswith("# PUBLIC.")
