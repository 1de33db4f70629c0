"""``mv``: files and values at other places, for the readers of these."""

from __future__ import annotations

import json

import pyrage
import pytest

from tests.world import World

DEV = "infra/secrets/dev/app.yaml"
PROD = "infra/secrets/prod/app.yaml"
MAIL = "infra/secrets/dev/mail.yaml"
SHOP = "infra/secrets/dev/shop.secret.yaml"
TEXT = (
    "# the team\nname: app\nport: 5432\non: true\nlist:\n    - a\n    - b\n"
    "db:\n    # inner\n    password: one\n"
)


@pytest.fixture
def two(world: World) -> World:
    """Bob reads dev and not prod."""
    bob = pyrage.x25519.Identity.generate()
    own = str(world.identity.to_public())
    world.others.append(bob)
    (world.repo / ".sops.yaml").write_text(
        "creation_rules:\n"
        "    - path_regex: ^infra/secrets/keysets/\n      encrypted_regex: ^value$\n"
        f"      age: {own}\n"
        "    - path_regex: \\.secret\\.yaml$\n      encrypted_regex: ^(data|stringData)$\n"
        f"      age: {own}\n"
        f"    - path_regex: ^infra/secrets/prod/\n      age: {own}\n"
        f"    - path_regex: ^infra/secrets/dev/\n      age: {own},{bob.to_public()}\n"
    )
    world.encrypt(DEV, TEXT)
    world.encrypt(MAIL, "password: w0rd\n")
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{bob.to_public()}"\nkind = "staff"\n'
    )
    world.commit()
    return world


def readers(world: World, file: str) -> int:
    return (world.repo / file).read_text().count("recipient: ")


def test_a_file_under_another_rule(two: World) -> None:
    before = two.decrypt(DEV)
    done = two.run("mv", DEV, PROD)
    assert done.status == 0, done
    assert f"{DEV} is moved to {PROD}" in done.stderr
    assert "no longer readers: bob" in done.stderr
    assert not (two.repo / DEV).exists()
    assert (two.decrypt(PROD), readers(two, PROD)) == (before, 1)
    two.git("add", "-A")
    report = json.loads(two.run("verify", "--level", "L3", "--json").stdout)
    assert [one for one in report["findings"] if one["severity"] == "error"] == []


def test_a_file_under_the_same_rule_stays_byte_for_byte(two: World) -> None:
    content = (two.repo / DEV).read_bytes()
    (two.repo / "infra/secrets/dev/deep").mkdir()
    assert two.run("mv", DEV, "infra/secrets/dev/deep/").status == 0
    assert (
        two.run("mv", "infra/secrets/dev/deep/app.yaml", "infra/secrets/dev/deep/other.yaml").status
        == 0
    )
    assert (two.repo / "infra/secrets/dev/deep/other.yaml").read_bytes() == content


def test_a_file_keeps_its_name_in_a_folder_that_is_new(two: World) -> None:
    done = two.run("mv", DEV, "infra/secrets/prod/")
    assert done.stderr.splitlines()[0] == f"{DEV} is moved to {PROD}"
    assert not (two.repo / DEV).exists()
    assert (two.repo / PROD).exists()


def test_a_value_in_another_file(two: World) -> None:
    facts = json.loads(two.run("mv", f"{DEV}#port", PROD, "--json").stdout)
    assert [one["name"] for one in facts["removed"]] == ["bob"]
    assert (two.decrypt(PROD), readers(two, PROD)) == ("port: 5432\n", 1)
    assert "port" not in two.decrypt(DEV)
    assert two.run("mv", f"{DEV}#db.password", f"{MAIL}#smtp.password").status == 0
    assert two.decrypt(MAIL) == "password: w0rd\nsmtp:\n    password: one\n"


def test_a_value_in_the_same_file(two: World) -> None:
    kept = {line for line in (two.repo / DEV).read_text().splitlines() if line.startswith("name")}
    assert two.run("mv", f"{DEV}#on", f"{DEV}#db.on").status == 0
    assert '    "on": true\n' in two.decrypt(DEV)
    assert kept <= set((two.repo / DEV).read_text().splitlines())


def test_a_dry_run_writes_nothing(two: World) -> None:
    assert two.run("mv", DEV, PROD, "--dry-run").status == 0
    assert two.git("status", "--porcelain") == ""


REFUSED = [
    ([DEV, MAIL], "file-exists"),
    ([DEV, f"{PROD}#x"], "usage"),
    ([DEV, "infra/secrets/prod/app.secret.yaml"], "other-kind"),
    ([DEV, "infra/secrets/keysets/app.yaml"], "keyset-file"),
    ([DEV, "infra/elsewhere/app.yaml"], "no-rule"),
    ([DEV, "infra/secrets/prod/app.json"], "not-yaml-name"),
    ([f"{DEV}#nope", MAIL], "no-such-path"),
    ([f"{DEV}#db", MAIL], "no-such-path"),
    ([f"{DEV}#db.password", f"{MAIL}#password"], "path-taken"),
    ([f"{DEV}#db.password", f"{DEV}#name.x"], "bad-edit"),
    ([f"{DEV}#name", f"{SHOP}#data.NAME"], "data-differs"),
    ([f"{DEV}#port", f"{SHOP}#stringData.PORT"], "not-a-string"),
]


@pytest.mark.long
def test_what_is_refused_changes_nothing(two: World) -> None:
    two.run("new", SHOP, "--name", "shop")
    two.commit()
    for argv, kind in REFUSED:
        done = two.run("mv", *argv, "--json")
        assert json.loads(done.stdout)["kind"] == kind, done
    assert two.git("status", "--porcelain") == ""


def test_what_a_keyset_renders_stays(two: World) -> None:
    with (two.repo / "plana-secrets.toml").open("a") as file:
        file.write(
            f'[keysets.app]\nkind = "jwt-hs256"\ntargets = ["{DEV}#db.password"]\n'
            'max_token_lifetime = "1h"\n'
        )
    for argv in ([DEV, PROD], [f"{DEV}#db.password", PROD], [f"{MAIL}#password", f"{DEV}#db.x"]):
        done = json.loads(two.run("mv", *argv, "--json").stdout)
        if argv[0].startswith(DEV):
            assert done["kind"] == "rendered-leaf"
        else:
            assert done["target"] == f"{DEV}#db.x"


def test_settings_that_name_the_file_are_told_of(two: World) -> None:
    with (two.repo / "plana-secrets.toml").open("a") as file:
        file.write(f'[mirror]\nexclude = ["{DEV}"]\n')
    assert f"plana-secrets.toml names {DEV}" in two.run("mv", DEV, PROD).stderr


def test_a_value_goes_to_a_file_and_not_to_a_bare_path(two: World) -> None:
    done = two.run("mv", f"{DEV}#name", "db.name", "--json")
    report = json.loads(done.stdout)
    assert (done.status, report["kind"]) == (2, "bad-reference")
    assert (report["message"], "FILE#PATH" in report["hint"]) == (
        "the target db.name is not a YAML file", True
    )  # fmt: skip
