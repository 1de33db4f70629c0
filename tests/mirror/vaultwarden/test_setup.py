"""``mirror init``: it finds what is there, and says what comes next."""

from __future__ import annotations

import shlex

import pytest

from tests.mirror.vaultwarden.office import Office

pytestmark = pytest.mark.long


def test_init_finds_what_is_there_and_writes_the_configuration(office: Office) -> None:
    company = office.company
    config = office.world.repo / "plana-secrets.toml"
    config.write_text(
        '# ours\n[mirror]\nbackend = "none"  # for now\n\n[files]\nroots = ["infra/secrets"]\n'
    )
    argv = ["init", "vaultwarden", "--url", company.url]
    unclear = office.run("mirror", *argv)
    assert (unclear.status, "'dev', 'other', 'prod'" in unclear.stderr) == (2, True)
    argv += ["--collection", "infra/secrets/prod/**=prod"]
    done = office.mirror(*argv)
    assert (done["changed"], done["role"]) == (True, "member")
    assert "# ours" in config.read_text()
    assert office.run("mirror", "status").status == 0
    assert not office.mirror(*argv)["changed"]


def test_init_adds_a_collection_later_and_counts_as_status_does(office: Office) -> None:
    config = office.world.repo / "plana-secrets.toml"
    argv = ["init", "vaultwarden", "--collection", "infra/secrets/prod/**=prod"]
    config.unlink()
    office.mirror(*argv, "--url", office.company.url)
    config.write_text(config.read_text() + "# the end\n")
    office.add_files(1)
    file = office.add_files(1, folder="dev")[0]
    office.world.commit()
    office.mirror("sync")
    office.hand.add_foreign("theirs")
    argv[-1] = "infra/secrets/dev/**=dev"
    shown = office.run("mirror", *argv, "--dry-run")
    assert (shown.status, "infra/secrets/dev" in config.read_text()) == (0, False)
    done = office.mirror(*argv)
    seen = office.mirror("status")
    assert (done["changed"], done["items"], done["foreign"]) == (True, 1, seen["foreign"])
    assert done["collections"] == {"infra/secrets/prod/**": "prod", "infra/secrets/dev/**": "dev"}
    assert "# the end\n" in config.read_text()
    office.world.commit()
    office.mirror("sync")
    assert office.hand.find(file)
    same = f"infra/secrets/x/**={office.company.collections['dev']}"
    refused = office.mirror(*argv[:2], "--collection", same, status=2)
    assert refused["kind"] == "same-collection"
    refused = office.mirror(*argv[:2], "--collection", "infra/secrets/dev/**=prod", status=2)
    assert refused["kind"] == "mirror-configured"


def test_init_says_nothing_was_set_up_where_it_was_not_written(office: Office) -> None:
    (office.world.repo / "plana-secrets.toml").write_text(
        'mirror = { backend = "none" }\n[files]\nroots = ["infra/secrets"]\n'
    )
    argv = ["init", "vaultwarden", "--url", office.company.url]
    refused = office.run("mirror", *argv, "--collection", "infra/secrets/prod/**=prod")
    assert (refused.status, "-> collection" in refused.stderr) == (2, False)
    assert "wrote" not in refused.stderr


def test_what_init_says_comes_next_can_be_pasted(office: Office) -> None:
    world = office.world
    (world.repo / "plana-secrets.toml").unlink()
    world.encrypt("infra/secrets/prod/a.yaml", "a: b\n")
    world.commit()
    argv = ["init", "vaultwarden", "--url", office.company.url]
    said = office.run("mirror", *argv, "--collection", "infra/secrets/prod/**=prod").stderr
    steps = said.split("next: ")[1].strip().split(" && ")
    assert steps.pop() == "plana-secrets mirror sync"
    for step in steps:
        world.git(*shlex.split(step)[1:])
    assert office.run("mirror", "sync").status == 0
