"""``recipients add`` and ``remove``: rules, settings and files in one commit."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.commands.recipients.team import (
    APP,
    EVE,
    KEY,
    MAIL,
    SETTINGS,
    contents,
    head,
    opens,
    texts,
)
from tests.world import World


def test_a_reader_joins_and_leaves(shared: World) -> None:
    rules, settings = texts(shared)
    done = shared.run("recipients", "add", "eve", KEY, "--rule", "3", "--kind", "job")
    said, fingerprint = done.stderr.splitlines()
    assert said == "eve is added to 1 rule and 2 files"
    assert re.fullmatch(r"fingerprint of the key:( [0-9]{5}){6}", fingerprint)
    after, names = texts(shared)
    assert after == rules[:-1] + f",{KEY}\n"
    assert names == settings + f'\n[recipients.eve]\nkey = "{KEY}"\nkind = "job"\n'
    assert opens(shared, EVE, APP)
    assert shared.run("verify").status == 0
    shared.commit()
    before = contents(shared)
    done = shared.run("recipients", "remove", "eve")
    assert texts(shared) == (rules, settings)
    assert "eve is removed from 1 rule and 2 files" in done.stderr
    assert done.stdout.split() == [f"{APP}#password", f"{MAIL}#password"]
    assert not opens(shared, EVE, APP)
    assert not set(before) & set(contents(shared))
    report = json.loads(shared.run("verify", "--json").stdout)
    assert [one["check"] for one in report["findings"] if one["check"] == "former-reader"] == []


def test_a_dry_run_writes_nothing(shared: World) -> None:
    before = (*texts(shared), *contents(shared))
    for argv in (["add", "eve", KEY, "--rule", "all"], ["remove", "bob"]):
        assert shared.run("recipients", *argv, "--dry-run").status == 0
    facts = json.loads(shared.run("recipients", "remove", "bob", "--dry-run", "--json").stdout)
    assert (facts["rules"], [one["file"] for one in facts["replace"]]) == ([1, 2, 3], [APP, MAIL])
    assert (*texts(shared), *contents(shared)) == before


@pytest.mark.parametrize(
    ("settings", "argv", "kind"),
    [
        ("", ["add", "bob", KEY, "--rule", "all"], "name-taken"),
        ("", ["add", "eve", "BOB", "--rule", "all"], "name-taken"),
        ("", ["add", "bob", "BOB", "--rule", "all"], "already-recipient"),
        ("", ["add", "bob", "BOB"], "already-recipient"),
        ("", ["add", "eve", "BOB"], "name-taken"),
        ("", ["add", "b.ob", KEY, "--rule", "all"], "bad-recipient-name"),
        ("", ["add", "eve", KEY, "--rule", "9"], "no-such-rule"),
        ("", ["remove", "carol"], "no-such-person"),
        ("", ["remove", KEY], "no-such-person"),
        ("", ["replace", KEY, "BOB"], "name-taken"),
        ('[policy]\nrequired = ["bob"]\n', ["remove", "bob"], "removes-required"),
        ("[policy]\nmin_recipients = 2\n", ["remove", "bob"], "too-few-left"),
        ('[mirror]\nbackend = "local"\n[mirror.local]\nrecipients = ["BOB"]\n',
         ["remove", "bob"], "mirror-names-them"),
        ('[recipients.me]\nkey = "ME"\nkind = "staff"\n', ["remove", "me"], "locks-you-out"),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(
    shared: World, settings: str, argv: list[str], kind: str
) -> None:
    keys = {"BOB": str(shared.others[0].to_public()), "ME": str(shared.identity.to_public())}
    for word, key in keys.items():
        settings = settings.replace(word, key)
        argv = [one.replace(word, key) for one in argv]
    with (shared.repo / SETTINGS).open("a") as file:
        file.write(settings)
    before = (*texts(shared), *contents(shared))
    done = shared.run("recipients", *argv, "--json")
    assert json.loads(done.stdout)["kind"] == kind, done
    assert (*texts(shared), *contents(shared)) == before


@pytest.mark.parametrize("words", [(), ("--rule", "all")])
def test_a_key_that_is_in_the_rules_gets_its_name_alone(
    shared: World, words: tuple[str, ...]
) -> None:
    """No other file is touched, not even one that differs from its rule."""
    shared.sops("rotate", "-i", "--rm-age", str(shared.others[0].to_public()), MAIL)
    shared.commit()
    own = str(shared.identity.to_public())
    done = shared.run("recipients", "add", "ann", own, *words, "--commit", "--json")
    facts = json.loads(done.stdout)
    assert (facts["rules"], facts["files"], facts["commit"]) == ([], [], head(shared))
    assert shared.git("show", "--format=%s", "--name-only").split("\n\n") == [
        "Let ann read secrets" if words else "Name the key of ann", f"{SETTINGS}\n"
    ]  # fmt: skip
    assert f'[recipients.ann]\nkey = "{own}"\n' in (shared.repo / SETTINGS).read_text()
    assert "opens no file yet" not in done.stderr
    said = shared.run("recipients", "add", "eve", KEY, "--dry-run")
    assert "eve would be the name of this key in [recipients]" in said.stderr
    assert "no rule has this key, so it opens no file yet" in said.stderr


def test_rules_for_other_keys_are_left_alone(shared: World) -> None:
    path = shared.repo / ".sops.yaml"
    rules = path.read_text()
    text = rules.replace(
        "creation_rules:\n",
        "creation_rules:\n    - path_regex: ^pgp/\n      pgp: ABC\n    - path_regex: ^none/\n",
    )
    path.write_text(text)
    done = shared.run("recipients", "add", "eve", KEY, "--rule", "all")
    assert "added to 3 rules and 2 files" in done.stderr
    refused = shared.run("recipients", "add", "eve", KEY, "--rule", "1")
    assert "rule 1 (line 2) has no age recipients" in refused.stderr
    assert shared.run("recipients", "remove", "eve").status == 0
    assert path.read_text() == text


def test_rules_in_folders_are_named_with_what_to_do(shared: World) -> None:
    file, rules = "infra/secrets/dev/.sops.yaml", shared.repo / ".sops.yaml"
    inner = rules.read_text().replace("^infra/secrets/.*", "^.*")
    (shared.repo / file).write_text(inner)
    for argv in (["remove", "bob"], ["replace", "bob", KEY]):
        done = shared.run("recipients", *argv)
        assert (done.status, f"{file} names bob, too" in done.stderr) == (3, True)
        assert f"change the recipients in {file} yourself" in done.stderr
    done = shared.run("recipients", "add", "eve", KEY, "--rule", "all")
    assert f"the rules in {file} stay as they are" in done.stderr
    # what it says works
    bob = str(shared.others[0].to_public())
    (shared.repo / file).write_text(inner.replace(f",{bob}", ""))
    assert shared.run("recipients", "apply").status == 0
    assert shared.run("recipients", "remove", "bob").status == 0
    rules.unlink()
    done = shared.run("recipients", "request", "zoe")
    assert f"only the rules at the root are changed here, not those in {file}" in done.stderr


def test_rules_that_cannot_be_read_say_why(shared: World) -> None:
    with (shared.repo / ".sops.yaml").open("a") as file:
        file.write("---\ncreation_rules: []\n")
    done = shared.run("recipients", "remove", "bob")
    assert (done.status, ".sops.yaml cannot be read: " in done.stderr) == (3, True)


def test_a_key_with_two_names_goes_with_both(shared: World) -> None:
    bob = str(shared.others[0].to_public())
    with (shared.repo / SETTINGS).open("a") as file:
        file.write(f'\n[recipients."R\u00f6b \'x\'"]\nkey = "{bob}"\nkind = "job"\n')
    listed = shared.run("recipients", "list").stdout
    assert "bob" in listed
    assert "R\u00f6b 'x'" in listed
    assert shared.run("recipients", "replace", "bob", KEY).status == 0
    assert texts(shared)[1].count(KEY) == 2
    assert shared.run("recipients", "remove", "R\u00f6b 'x'").status == 0
    assert KEY not in "".join(texts(shared))


def test_a_file_that_cannot_be_opened_stops_a_removal(shared: World) -> None:
    path = shared.repo / MAIL
    path.write_text(
        path.read_text().replace(
            "password: ENC[AES256_GCM,data:", "password: ENC[AES256_GCM,data:AAAA"
        )
    )
    before = (*texts(shared), *contents(shared))
    assert shared.run("recipients", "remove", "bob").status == 3
    assert (*texts(shared), *contents(shared)) == before


def test_settings_in_one_line_are_a_person_s_to_change(shared: World) -> None:
    bob = str(shared.others[0].to_public())
    text = f'recipients = {{ bob = {{ key = "{bob}", kind = "staff" }} }}\n'
    (shared.repo / SETTINGS).write_text(text)
    for argv in (["add", "eve", KEY, "--rule", "1"], ["remove", "bob"]):
        done = shared.run("recipients", *argv, "--json")
        assert json.loads(done.stdout)["kind"] == "settings-by-hand"
    assert texts(shared)[1] == text


@pytest.mark.parametrize("settings", ["", None])
def test_settings_that_are_empty_or_not_there(shared: World, settings: str | None) -> None:
    path = shared.repo / SETTINGS
    path.unlink()
    if settings is not None:
        path.write_text(settings)
    rules = (shared.repo / ".sops.yaml").read_bytes().replace(b"\n", b"\r\n")
    (shared.repo / ".sops.yaml").write_bytes(rules)
    assert shared.run("recipients", "add", "eve", KEY, "--rule", "3").status == 0
    assert path.read_text() == f'[recipients.eve]\nkey = "{KEY}"\nkind = "staff"\n'
    assert shared.run("recipients", "remove", "eve").status == 0
    assert (path.read_text(), (shared.repo / ".sops.yaml").read_bytes()) == ("", rules)


def test_a_table_between_others_goes_without_a_trace(shared: World) -> None:
    bob = str(shared.others[0].to_public())
    head, tail = (
        "# names\n[policy]\nmin_recipients = 1\n",
        '\n# the rest\n[files]\nroots = ["infra/secrets"]\n',
    )
    (shared.repo / SETTINGS).write_text(
        f'{head}\n[recipients.bob]  # left\nkey = "{bob}"\nkind = "staff"\n{tail}'
    )
    assert shared.run("recipients", "remove", "bob").status == 0
    assert (shared.repo / SETTINGS).read_text() == head + tail
