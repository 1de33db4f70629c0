"""Several rules files in one repository: the nearest one above a file decides."""

from __future__ import annotations

import json

import pyrage
import pytest

from tests.world import World

NESTED = "infra/secrets/prod"
FILE = f"{NESTED}/db.yaml"


@pytest.fixture
def nested(world: World) -> World:
    """``prod`` has rules of its own; the world can open what they encrypt."""
    world.others.append(pyrage.x25519.Identity.generate())
    (world.repo / NESTED).mkdir(parents=True)
    (world.repo / NESTED / ".sops.yaml").write_text(
        f"creation_rules:\n  - path_regex: ^[a-z]+\\.yaml$\n    age: {world.recipients}\n"
    )
    world.encrypt("infra/secrets/dev/a.yaml", "a: b\n")
    return world


def prod_only(world: World) -> str:
    return str(world.others[0].to_public())


def test_new_and_set_and_encrypt_use_the_nearest_rules(nested: World) -> None:
    assert nested.run("new", FILE).status == 0
    assert nested.run("set", FILE, "a", "--stdin", stdin=b"x").status == 0
    (nested.repo / NESTED / "old.yaml").write_text("a: b\n")
    assert nested.run("encrypt", f"{NESTED}/old.yaml").status == 0
    for name in (FILE, f"{NESTED}/old.yaml"):
        assert prod_only(nested) in (nested.repo / name).read_text()
    assert prod_only(nested) not in (nested.repo / "infra/secrets/dev/a.yaml").read_text()


def test_what_a_plain_sops_run_in_the_folder_makes_is_what_we_expect(nested: World) -> None:
    folder = nested.repo / NESTED
    (folder / "db.yaml").write_text("a: b\n")
    nested.command("sh", "-c", f'cd {NESTED} && exec "$0" encrypt -i db.yaml', sops())
    assert nested.run("set", FILE, "a", "--stdin", stdin=b"x").status == 0
    found = json.loads(nested.run("verify", "--json").stdout)["findings"]
    assert [one["check"] for one in found if one["severity"] == "error"] == []


def sops() -> str:
    from tests.world import sops_program

    return str(sops_program())


def test_a_file_that_the_nearest_rules_do_not_name_is_not_created_by_the_root_s(
    nested: World,
) -> None:
    done = nested.run("new", f"{NESTED}/sub/x.yaml")
    assert done.status == 2
    assert f"no creation rule for {NESTED}/sub/x.yaml in {NESTED}/.sops.yaml" in done.stderr
    assert not (nested.repo / NESTED / "sub").exists()


def test_verify_compares_with_the_nearest_rules_and_warns_where_the_root_disagrees(
    nested: World,
) -> None:
    nested.run("new", FILE)
    nested.commit()
    report = json.loads(nested.run("verify", "--json").stdout)
    assert [(one["check"], one["severity"], one["file"]) for one in report["findings"]] == [
        ("rules-nested", "warning", f"{NESTED}/.sops.yaml")
    ]
    nested.write_rules("creation_rules: [{path_regex: ^infra/secrets/dev/, age: '{recipients}'}]\n")
    nested.encrypt("infra/secrets/dev/a.yaml", "a: b\n")
    assert json.loads(nested.run("verify", "--json").stdout)["findings"] == []


def test_a_file_encrypted_by_the_root_s_rules_is_an_error_below_nested_ones(nested: World) -> None:
    nested.encrypt(FILE, "a: b\n")
    report = json.loads(nested.run("verify", "--json").stdout)
    assert ("recipients-differ", FILE) in [
        (one["check"], one["file"]) for one in report["findings"]
    ]


def test_no_rules_at_the_root_are_needed(nested: World) -> None:
    (nested.repo / "infra/secrets/dev/a.yaml").unlink()
    (nested.repo / ".sops.yaml").unlink()
    assert nested.run("new", FILE).status == 0
    nested.commit()
    assert json.loads(nested.run("verify", "--json").stdout)["findings"] == []
    assert nested.run("mirror", "sync").status != 70
    doctor = json.loads(nested.run("doctor", "--json").stdout)
    assert f"{NESTED}/.sops.yaml has 1 creation rule" in json.dumps(doctor)


def test_diff_names_the_rules_file(nested: World) -> None:
    nested.run("new", FILE)
    nested.commit()
    (nested.repo / NESTED / ".sops.yaml").write_text(
        f"creation_rules:\n  - path_regex: ^[a-z]+\\.yaml$\n    age: {nested.identity.to_public()}\n"
    )
    done = nested.run("diff")
    assert f"{NESTED}/.sops.yaml rule" in done.stdout
    assert f"- recipient {prod_only(nested)}" in done.stdout


def test_sops_yml_is_named_as_what_sops_ignores(world: World) -> None:
    (world.repo / ".sops.yaml").rename(world.repo / ".sops.yml")
    done = world.run("new", FILE)
    assert done.status == 3
    assert "sops ignores .sops.yml" in done.stderr
    assert "rename it to .sops.yaml" in done.stderr
    world.write_rules("creation_rules: [{age: '{recipients}'}]\n")
    assert world.run("new", FILE).status == 0
    world.commit()
    found = json.loads(world.run("verify", "--json").stdout)["findings"]
    assert [(one["check"], one["file"]) for one in found] == [("rules-ignored", ".sops.yml")]
