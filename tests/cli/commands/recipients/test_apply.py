"""``recipients apply``: files get the recipients of their rules."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage

from tests.cli.commands.recipients.team import APP, MAIL, contents, remove_bob
from tests.world import DEFAULT_RULES, World


def test_all_files_that_differ_and_what_it_says(shared: World) -> None:
    remove_bob(shared)
    done = shared.run("recipients", "apply")
    assert (done.status, done.stdout) == (0, "")
    assert f"{APP}: - bob (age1" in done.stderr
    assert "2 files updated, 2 with a new data key" in done.stderr
    assert "removed readers keep what they have read" in done.stderr
    assert shared.run("verify").status == 0
    again = shared.run("recipients", "apply")
    assert again.stderr == "all files have the recipients of their rules\n"


def test_json_and_dry_run(shared: World) -> None:
    bob = remove_bob(shared)
    before = contents(shared)
    done = json.loads(shared.run("recipients", "apply", APP, "--dry-run", "--json").stdout)
    assert done == {
        "schema": "plana-secrets/recipients-apply/1",
        "files": [
            {
                "file": APP,
                "added": [],
                "removed": [{"name": "bob", "recipient": bob}],
                "former": [],
                "new_data_key": True,
            }
        ],
        "skipped": [],
        "dry_run": True,
    }
    assert contents(shared) == before


def test_it_needs_no_sops_on_path(shared: World) -> None:
    remove_bob(shared)
    refused = shared.run("set", APP, "password", "--generate", "hex:8")
    assert f"plana-secrets recipients apply {APP}" in refused.stderr
    tools = shared.folder / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(Path(shared.command("which", "git").stdout.strip()))
    done = shared.run("recipients", "apply", APP, env={"PATH": str(tools)})
    assert done.status == 0, done


def test_a_required_reader_is_not_removed(shared: World) -> None:
    with (shared.repo / "plana-secrets.toml").open("a") as settings:
        settings.write('[policy]\nrequired = ["bob"]\n')
    remove_bob(shared)
    before = contents(shared)
    done = shared.run("recipients", "apply", "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "removes-required")
    assert contents(shared) == before


def test_a_file_that_is_not_ours_is_left_out_and_named(shared: World) -> None:
    own = shared.identity
    shared.identity = pyrage.x25519.Identity.generate()
    others, shared.others = shared.others, []
    shared.write_rules(DEFAULT_RULES)
    shared.encrypt(MAIL, "password: w0rd\n")
    shared.identity, shared.others = own, others
    remove_bob(shared)
    done = shared.run("recipients", "apply")
    assert done.status == 4
    assert f"left out: {MAIL}: none of your identities opens the file" in done.stderr
    assert f"{APP}: - bob" in done.stderr


def test_a_file_with_plaintext_is_left_out_and_named(shared: World) -> None:
    remove_bob(shared)
    (shared.repo / MAIL).write_text("password: w0rd\n")
    done = shared.run("recipients", "apply")
    assert done.status == 3
    assert f"left out: {MAIL}" in done.stderr
    assert "1 file updated" in done.stderr


def test_what_only_sops_can_change_is_left_out_and_named(shared: World) -> None:
    ini = "infra/secrets/dev/old.ini"
    rules = (shared.repo / ".sops.yaml").read_text()
    (shared.repo / ".sops.yaml").write_text(rules.replace("secrets/.*\\.yaml$", "secrets/.*$"))
    argv = ("--filename-override", ini, "--input-type", "ini", "--output-type", "ini")
    done = shared.sops("encrypt", *argv, stdin=b"[a]\nb = c\n")
    (shared.repo / ini).write_text(done.stdout)
    (shared.repo / "infra/secrets/dev/link.yaml").symlink_to("app.yaml")
    done = shared.run("recipients", "remove", "bob", "--json")
    facts = json.loads(done.stdout)
    assert (done.status, [one["file"] for one in facts["files"]]) == (3, [APP, MAIL])
    assert {one["file"]: one["kind"] for one in facts["skipped"]} == {
        "infra/secrets/dev/link.yaml": "symlink", ini: "not-yaml-name"
    }  # fmt: skip
    told = shared.run("recipients", "apply").stderr
    assert f"left out: {ini}: sops reads" in told
