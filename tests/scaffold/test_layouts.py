"""``init`` in repositories as people have them: no false alarm, and then every true one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.verify.inprocess import write
from tests.world import World, sops_program

MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: b\n"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\n"
KUSTOMIZATION = "resources: [secret.sops.yaml]\n"


def home_ops(world: World) -> None:
    world.write_rules(
        "creation_rules:\n  - path_regex: kubernetes/.*\\.sops\\.ya?ml$\n"
        '    encrypted_regex: "^(data|stringData)$"\n    age: {recipients}\n'
        "  - path_regex: talos/.*\\.sops\\.ya?ml$\n    age: {recipients}\n"
    )
    for app in ("db/pg", "web/blog"):
        world.encrypt(f"kubernetes/apps/{app}/app/secret.sops.yaml", MANIFEST)
        write(world, f"kubernetes/apps/{app}/app/helmrelease.yaml", DEPLOYMENT)
        write(world, f"kubernetes/apps/{app}/app/kustomization.yaml", KUSTOMIZATION)
    write(world, "kubernetes/apps/external-secrets/app/store.yaml", DEPLOYMENT)
    write(world, "kubernetes/flux/vars.yaml", MANIFEST.replace("a: b", "a: ${DOMAIN}"))
    world.encrypt("talos/talsecret.sops.yaml", "cluster:\n  secret: y\n")
    write(world, "talos/talconfig.yaml", "machine: x\n")
    write(world, "talos/patches/controller/api.yaml", "machine:\n  api: x\n")


def flux_fleet(world: World) -> None:
    world.write_rules(
        "creation_rules:\n  - path_regex: .*.yaml\n"
        "    encrypted_regex: ^(data|stringData)$\n    age: {recipients}\n"
    )
    for cluster in ("staging", "production"):
        world.encrypt(f"clusters/{cluster}/apps/db.yaml", MANIFEST)
        for number in range(20):
            write(world, f"clusters/{cluster}/apps/app{number}.yaml", DEPLOYMENT)


def nested(world: World) -> None:
    (world.repo / ".sops.yaml").unlink()
    for cluster in ("a", "b"):
        write(
            world,
            f"clusters/{cluster}/.sops.yaml",
            f"creation_rules:\n  - path_regex: ^secrets/\n    age: {world.recipients}\n",
        )
        write(world, f"clusters/{cluster}/secrets/db.yaml", "a: b\n")
        command = f'cd clusters/{cluster} && exec "$0" encrypt -i secrets/db.yaml'
        world.command("sh", "-c", command, str(sops_program()))
        write(world, f"clusters/{cluster}/app.yaml", DEPLOYMENT)


def dotfiles(world: World) -> None:
    world.write_rules("creation_rules:\n  - age: {recipients}\n")
    for machine in ("laptop", "server"):
        world.encrypt(f"machines/{machine}/secrets.yaml", f"wifi: {machine}\n")
        write(world, f"machines/{machine}/default.nix", "{ }\n")
        write(world, f"machines/{machine}/config.yaml", "a: b\n")
    write(world, "zsh/.zshrc", "export EDITOR=vi\n")
    write(world, ".env.example", "TOKEN=changeme\n")


def monorepo(world: World) -> None:
    world.write_rules(
        "creation_rules:\n  - path_regex: ^services/[^/]+/secrets/\n    age: {recipients}\n"
    )
    for service in ("shop", "mail"):
        world.encrypt(f"services/{service}/secrets/prod.yaml", f"{service}: b\n")
        write(world, f"services/{service}/secrets/README.md", "how to\n")
        write(world, f"services/{service}/values.yaml", "a: b\n")
        write(world, f"services/{service}/chart/secret.yaml", "kind: Secret\ndata: {a: {{ .b }}}\n")


def findings(world: World, *, key: bool = True) -> list[tuple[str, str, str]]:
    done = world.run("verify", "--json", env={} if key else {"SOPS_AGE_KEY_FILE": ""})
    found = json.loads(done.stdout)["findings"]
    return [
        (one["severity"], one["check"], one["file"]) for one in found if one["severity"] != "note"
    ]


@pytest.mark.parametrize(
    ("layout", "roots"),
    [
        (home_ops, ["**/*.sops.yaml"]),
        (flux_fleet, []),
        (nested, ["clusters/*/secrets"]),
        (dotfiles, ["**/secrets.yaml"]),
        (monorepo, ["services/*/secrets"]),
    ],
)
@pytest.mark.long
def test_adoption_raises_no_false_alarm_and_misses_nothing_after(
    world: World, layout: Callable[[World], None], roots: list[str]
) -> None:
    layout(world)
    world.commit()
    done = world.run("init", "--yes")
    assert done.status == 0, done
    settings = (world.repo / "plana-secrets.toml").read_text()
    assert f"roots = {json.dumps(roots)}" in settings
    assert 'repository = "r-' in settings
    assert findings(world) == []
    assert "nothing to write" in world.run("init", "--yes").stderr

    write(world, "new/app/db.yaml", MANIFEST)
    write(world, "services/new/secrets/db.sops.json", '{"password": "b"}')
    write(world, "new/.env", "PASSWORD=b\n")
    write(world, "elsewhere.yaml", encrypted(world).replace("tag:", "tag:AAAA", 1))
    named = {
        ("error", "new/app/db.yaml"), ("error", "services/new/secrets/db.sops.json"),
        ("warning", "new/.env"), ("error", "elsewhere.yaml"),
    }  # fmt: skip
    for key in (True, False):
        assert {(severity, file) for severity, _, file in findings(world, key=key)} >= named
        assert world.run("verify").status == 1


def encrypted(world: World) -> str:
    """What is in some file of sops in the repository."""
    return (world.repo / world.git("grep", "-l", "ENC.AES256_GCM").split()[0]).read_text()


@pytest.mark.long
def test_a_second_run_adds_what_has_come_since(world: World) -> None:
    home_ops(world)
    world.commit()
    world.run("init", "--yes")
    path = world.repo / "plana-secrets.toml"
    path.write_text(path.read_text().replace("[policy]", "# by hand\n[policy]"))
    world.write_rules(
        (world.repo / ".sops.yaml").read_text()
        + "  - path_regex: (^|/)secrets/\n    encrypted_regex: ^token$\n    age: {recipients}\n"
    )
    for service in ("a", "b"):
        world.encrypt(f"svc/{service}/secrets/t.yaml", f"token: {service}\n")
    shown = world.run("init", "--dry-run")
    assert "+roots = " in shown.stdout
    assert "-roots = " in shown.stdout
    before = path.read_text()
    assert world.run("init", "--yes").status == 0
    settings = path.read_text()
    assert 'roots = ["**/*.sops.yaml", "svc/*/secrets"]' in settings
    assert 'selectors = ["^token$"]' in settings
    assert "# by hand" in settings
    assert before.splitlines()[:2] == settings.splitlines()[:2]
    assert findings(world) == []
