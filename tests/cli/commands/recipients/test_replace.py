"""``recipients replace``: a lost key, a cluster in two runs, and oneself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyrage
import pytest

from plana_secrets.age.identities import generate_identity
from tests.cli.commands.recipients.team import APP, MAIL, SETTINGS, contents, key_file, opens, texts
from tests.world import DEFAULT_RULES, World


def replace(world: World, *argv: str, **env: str) -> dict[str, object]:
    done = world.run("recipients", "replace", *argv, "--json", env=env)
    return {"status": done.status, **json.loads(done.stdout)}


def test_a_key_that_was_reviewed_by_itself(shared: World) -> None:
    """It had a name on the branch before it let anyone in."""
    new = str(pyrage.x25519.Identity.generate().to_public())
    assert shared.run("recipients", "add", "bob-next", new, "--commit").status == 0
    shared.git("tag", "base")
    replace(shared, "bob", new, "--commit")
    assert "bob-next" not in texts(shared)[1]
    report = json.loads(shared.run("verify", "--range", "base..", "--json").stdout)
    added = [one for one in report["findings"] if one["check"] == "recipient-added"]
    assert {one["severity"] for one in added} == {"warning"}


@pytest.mark.long
def test_a_lost_key_in_one_commit_with_what_to_replace(shared: World) -> None:
    new = generate_identity()
    start = shared.git("rev-parse", "HEAD")
    done = replace(shared, "bob", new.recipient.text, "--lost", "--commit")
    assert [one["phase"] for one in done["replaced"]] == ["replaced"]
    assert [one["file"] for one in done["replace"]] == [APP, MAIL]
    assert shared.git("rev-parse", "HEAD~1") == start
    assert shared.git("rev-parse", "HEAD").strip() == done["commit"]
    assert shared.git("status", "--porcelain") == ""
    assert not opens(shared, shared.others[0])


@pytest.mark.long
def test_a_recipient_without_a_name(shared: World) -> None:
    (shared.repo / SETTINGS).write_text("")
    new = generate_identity()
    old = str(shared.others[0].to_public())
    assert replace(shared, old, new.recipient.text)["status"] == 0
    assert opens(shared, new)
    assert shared.run("recipients", "remove", new.recipient.text).status == 0
    assert not opens(shared, new)


@pytest.mark.long
def test_the_local_mirror_is_for_the_new_key(shared: World) -> None:
    old, new = str(shared.others[0].to_public()), generate_identity().recipient.text
    with (shared.repo / SETTINGS).open("a") as file:
        file.write(f'[mirror]\nbackend = "local"\n[mirror.local]\nrecipients = ["{old}"]\n')
    assert replace(shared, "bob", new)["status"] == 0
    assert old not in texts(shared)[1]
    assert shared.run("verify").status == 0


def cluster(world: World) -> str:
    """Bob is a cluster; the new key that it is to have."""
    path = world.repo / SETTINGS
    path.write_text(path.read_text().replace('"staff"', '"cluster"'))
    world.commit()
    return generate_identity().recipient.text


@pytest.mark.long
def test_a_cluster_gets_its_new_key_in_two_runs(shared: World) -> None:
    rules, settings = texts(shared)
    new = cluster(shared)
    old = str(shared.others[0].to_public())
    done = replace(shared, "bob", new)
    assert done["replaced"][0]["phase"] == "added"
    assert not any(one["new_data_key"] for one in done["files"])
    assert f'[recipients.bob-next]\nkey = "{new}"\nkind = "cluster"\n' in texts(shared)[1]
    assert opens(shared, shared.others[0])
    assert shared.run("verify").status == 0
    early = replace(shared, "bob", new, "--confirmed")
    assert (early["status"], early["kind"]) == (6, "new-key-not-deployed")
    shared.commit()
    unasked = replace(shared, "bob", new)
    assert (unasked["status"], unasked["kind"]) == (2, "not-confirmed")
    dry = shared.run("recipients", "replace", "bob", new, "--dry-run")
    assert "bob would be left with the new key in 3 rules and 2 files" in dry.stderr
    last = replace(shared, "bob", new, "--confirmed")
    assert last["replaced"][0]["phase"] == "finished"
    expected = settings.replace('"staff"', '"cluster"')
    assert texts(shared) == (rules.replace(old, new), expected.replace(old, new))
    assert not opens(shared, shared.others[0])
    assert shared.run("verify").status == 0


@pytest.mark.long
def test_a_key_that_a_cluster_waits_for_is_replaced_at_once(shared: World) -> None:
    """It was the wrong one; the cluster still reads with the old one."""
    wrong = cluster(shared)
    new = str(pyrage.x25519.Identity.generate().to_public())
    assert replace(shared, "bob", wrong, "--commit")["replaced"][0]["phase"] == "added"
    assert replace(shared, "bob-next", new, "--commit")["replaced"][0]["phase"] == "replaced"
    assert wrong not in "".join(texts(shared))
    assert replace(shared, "bob", new, "--confirmed")["replaced"][0]["phase"] == "finished"


@pytest.mark.long
def test_what_the_remote_does_not_have_is_not_deployed(shared: World) -> None:
    new = cluster(shared)
    remote = shared.folder / "remote.git"
    shared.git("init", "-q", "--bare", "-b", "main", str(remote))
    shared.git("remote", "add", "origin", str(remote))
    shared.git("push", "-q", "-u", "origin", "main")
    assert replace(shared, "bob", new, "--commit")["status"] == 0
    early = replace(shared, "bob", new, "--confirmed")
    assert early["kind"] == "new-key-not-deployed"
    assert "main of the remote" in early["message"]
    shared.git("push", "-q")
    assert replace(shared, "bob", new, "--confirmed")["status"] == 0


@pytest.mark.parametrize(
    ("settings", "argv", "kind"),
    [
        ("", ["carol", "NEW"], "no-such-person"),
        ("", ["BOB2", "NEW"], "no-such-person"),
        ("", ["bob", "BOB"], "already-recipient"),
        ('[recipients.eve]\nkey = "NEW"\nkind = "staff"\n', ["bob", "NEW"], "name-taken"),
        ("", ["bob", "NEW", "ME", "NEW"], "name-taken"),
        ("", ["bob", "NEW", "bob", "ME"], "name-taken"),
        ("", ["bob"], "usage"),
        ("", ["bob", "AGE-SECRET-KEY-1"], "bad-recipient"),
        ("", ["ME", "NEW", "bob", "BOB2"], "locks-you-out"),
    ],
)
def test_what_is_refused_changes_nothing(
    shared: World, settings: str, argv: list[str], kind: str
) -> None:
    new, other = generate_identity().recipient.text, generate_identity().recipient.text
    keys = {
        "BOB2": other, "BOB": str(shared.others[0].to_public()), "NEW": new,
        "ME": str(shared.identity.to_public()),
    }  # fmt: skip
    argv = [keys.get(one, one) for one in argv]
    with (shared.repo / SETTINGS).open("a") as file:
        file.write(settings.replace("NEW", new))
    before = (*texts(shared), *contents(shared))
    assert replace(shared, *argv)["kind"] == kind
    assert (*texts(shared), *contents(shared)) == before


def test_oneself_only_with_yes_and_proved_without_a_key(shared: World) -> None:
    """Afterwards no identity here opens the files; what was written is right all the same."""
    own = str(shared.identity.to_public())
    with (shared.repo / SETTINGS).open("a") as file:
        file.write(f'[recipients.me]\nkey = "{own}"\nkind = "staff"\n')
    before = contents(shared)
    refused = json.loads(shared.run("recipients", "remove", "me", "--json").stdout)
    assert refused["kind"] == "locks-you-out"
    assert contents(shared) == before
    assert shared.run("recipients", "remove", "me", "--yes").status == 0
    assert own not in "".join(texts(shared))
    assert not opens(shared, shared.identity)
    assert opens(shared, shared.others[0])
    shared.commit()
    path = key_file(shared, shared.others[0])
    report = json.loads(shared.run("verify", "--identity-file", path, "--json").stdout)
    assert [one for one in report["findings"] if one["severity"] == "error"] == []


@pytest.mark.long
def test_a_sops_that_keeps_the_key_is_not_believed_when_we_leave(
    shared: World, tmp_path: Path
) -> None:
    """A sops whose ``rotate`` gives back what it got."""
    from tests.world import sops_program

    lazy = tmp_path / "sops"
    lazy.write_text(
        f'#!/bin/sh\ncase " $* " in *" rotate "*) for f; do :; done; exec cat "$f";; esac\n'
        f'exec {sops_program()} "$@"\n'
    )
    lazy.chmod(0o755)
    before = contents(shared)
    own = str(shared.identity.to_public())
    done = shared.run("recipients", "remove", own, "--yes", env={"PLANA_SECRETS_SOPS": str(lazy)})
    assert (done.status, contents(shared)) == (3, before)


def test_no_one_without_a_name_is_let_in_where_names_are_demanded(shared: World) -> None:
    with (shared.repo / SETTINGS).open("a") as file:
        own = shared.identity.to_public()
        file.write(f'[recipients.me]\nkey = "{own}"\nkind = "staff"\n[policy]\nnamed = true\n')
    shared.others.append(pyrage.x25519.Identity.generate())
    shared.write_rules(DEFAULT_RULES)
    before = contents(shared)
    done = json.loads(shared.run("recipients", "apply", "--json").stdout)
    assert (done["kind"], contents(shared)) == ("nameless-recipient", before)
    key = str(shared.others[-1].to_public())
    with (shared.repo / SETTINGS).open("a") as file:
        file.write(f'[recipients.eve]\nkey = "{key}"\nkind = "staff"\n')
    assert shared.run("recipients", "apply").status == 0


@pytest.mark.long
def test_everyone_moves_to_post_quantum_keys_in_one_commit(shared: World) -> None:
    newest = os.environ.get("PLANA_TEST_SOPS_NEWEST")
    if not newest:
        pytest.skip("PLANA_TEST_SOPS_NEWEST names no program: the newest sops is not tested")
    with (shared.repo / SETTINGS).open("a") as file:
        file.write("[policy]\npost_quantum = true\n")
    shared.commit()
    mine, bobs = (generate_identity(hybrid=True) for _ in range(2))
    with shared.key_file.open("a") as file:
        file.write(f"{mine.text.reveal_text()}\n")
    env = {"PLANA_SECRETS_SOPS": newest}
    one = replace(shared, "bob", bobs.recipient.text, **env)
    assert one["status"] == 0
    report = json.loads(shared.run("verify", "--json").stdout)
    mixed = [one for one in report["findings"] if one["check"] == "classic-recipient"]
    assert {(one["file"], one["severity"]) for one in mixed} == {
        (APP, "warning"), (MAIL, "warning")
    }  # fmt: skip
    assert all("beside post-quantum ones" in one["message"] for one in mixed)
    shared.git("checkout", "-q", ".")
    own = str(shared.identity.to_public())
    pairs = [own, mine.recipient.text, "bob", bobs.recipient.text]
    assert replace(shared, *pairs, "--commit", **env)["status"] == 0
    assert "age1pq1" in texts(shared)[0]
    for identity in (mine, bobs):
        assert opens(shared, identity)
    assert not opens(shared, shared.identity)
    assert shared.run("verify", "--strict").status == 0
    asked = shared.run("recipients", "request", "eve", "--output", str(shared.folder / "eve.txt"))
    assert " age1pq1" in asked.stdout
