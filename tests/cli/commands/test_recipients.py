"""``recipients`` as a person and a job run it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pyrage
import pytest

from tests.world import DEFAULT_RULES, World

APP = "infra/secrets/dev/app.yaml"
MAIL = "infra/secrets/dev/mail.yaml"


@pytest.fixture
def shared(world: World) -> World:
    """Two files that bob reads, whom the settings name."""
    bob = pyrage.x25519.Identity.generate()
    world.others.append(bob)
    world.write_rules(DEFAULT_RULES)
    world.encrypt(APP, "password: pa55\n")
    world.encrypt(MAIL, "password: w0rd\n")
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{bob.to_public()}"\nkind = "staff"\n'
    )
    world.commit()
    return world


def remove_bob(world: World) -> str:
    """From the rules; his public key."""
    key = str(world.others.pop().to_public())
    world.write_rules(DEFAULT_RULES)
    return key


def contents(world: World) -> list[bytes]:
    return [(world.repo / file).read_bytes() for file in (APP, MAIL)]


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


def test_the_rules_and_who_is_in_them(shared: World) -> None:
    done = shared.run("recipients", "list")
    lines = [line.split() for line in done.stdout.splitlines()]
    own = str(shared.identity.to_public())
    assert lines == [["bob", "staff", "x", "x", "x"], [own, "-", "x", "x", "x"]]
    assert "3: .sops.yaml, ^infra/secrets/.*\\.yaml$" in done.stderr
    facts = json.loads(shared.run("recipients", "list", "--json").stdout)
    assert [(one["name"], one["kind"], one["rules"]) for one in facts["recipients"]] == [
        ("bob", "staff", [1, 2, 3]), (None, None, [1, 2, 3]),
    ]  # fmt: skip
    assert [one["position"] for one in facts["rules"]] == [1, 2, 3]


def test_rules_that_cannot_be_read_are_no_empty_list(shared: World) -> None:
    (shared.repo / ".sops.yaml").write_text("creation_rules: [")
    done = shared.run("recipients", "list")
    assert (done.status, done.stdout) == (3, "")
    assert ".sops.yaml:2: not valid YAML" in done.stderr


def test_who_can_read_each_file_as_the_file_says(shared: World) -> None:
    """By the rules bob has left; APP was updated as people do it, MAIL was forgotten."""
    bob = remove_bob(shared)
    own = str(shared.identity.to_public())
    shared.sops("updatekeys", "-y", APP)
    plain = shared.repo / "infra/secrets/dev/plain.yaml"
    plain.write_text("a: hunter2\n")
    done = shared.run("recipients", "list", "--files")
    lines = done.stdout.splitlines()
    assert lines[0].split(None, 2) == [APP, own, "with an older version: bob"]
    assert lines[1].endswith("not in its rule: bob")
    assert "hunter2" not in done.stdout
    app, mail, other = json.loads(shared.run("recipients", "list", "--files", "--json").stdout)[
        "files"
    ]
    person = {"name": "bob", "recipient": bob}
    assert (app["former"], app["not_in_rule"], app["problem"]) == ([person], [], None)
    assert (mail["former"], mail["not_in_rule"]) == ([], [person])
    assert (other["readers"], "not encrypted" in other["problem"]) == ([], True)


def test_it_needs_no_identity(shared: World) -> None:
    done = shared.run("recipients", "list", "--files", env={"SOPS_AGE_KEY_FILE": ""})
    assert (done.status, done.stdout.count("bob")) == (0, 2)


SETTINGS = "plana-secrets.toml"
EVE = pyrage.x25519.Identity.generate()
KEY = str(EVE.to_public())


def texts(world: World) -> tuple[str, str]:
    return (world.repo / ".sops.yaml").read_text(), (world.repo / SETTINGS).read_text()


def opens(world: World, file: str, identity: pyrage.x25519.Identity) -> bool:
    path = world.folder / "eve.txt"
    path.write_text(f"{identity}\n")
    return world.run("get", file, "password", "--identity-file", str(path)).status == 0


def test_a_reader_joins_and_leaves(shared: World) -> None:
    rules, settings = texts(shared)
    done = shared.run("recipients", "add", "eve", KEY, "--rule", "3", "--kind", "job")
    said, fingerprint = done.stderr.splitlines()
    assert said == "eve is added to 1 rule and 2 files"
    assert re.fullmatch(r"fingerprint of the key:( [0-9]{5}){6}", fingerprint)
    after, names = texts(shared)
    assert after == rules[:-1] + f",{KEY}\n"
    assert names == settings + f'\n[recipients.eve]\nkey = "{KEY}"\nkind = "job"\n'
    assert opens(shared, APP, EVE)
    assert shared.run("verify").status == 0
    shared.commit()
    before = contents(shared)
    done = shared.run("recipients", "remove", "eve")
    assert texts(shared) == (rules, settings)
    assert "eve is removed from 1 rule and 2 files" in done.stderr
    assert done.stdout.split() == [f"{APP}#password", f"{MAIL}#password"]
    assert not opens(shared, APP, EVE)
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
    said = shared.run("recipients", "add", "eve", KEY, "--dry-run")
    assert "eve would be the name of this key in [recipients]" in said.stderr


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


def head(world: World) -> str:
    return world.git("rev-parse", "HEAD").strip()


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


def test_both_lists_for_a_spreadsheet_and_a_page(shared: World) -> None:
    bob = remove_bob(shared)
    own = str(shared.identity.to_public())
    shared.sops("updatekeys", "-y", APP)
    rules = list(csv.reader(shared.run("recipients", "list", "--format", "csv").stdout.split("\n")))
    assert rules[0][:4] == [
        "name", "kind", "recipient", ".sops.yaml 1: ^infra/secrets/keysets/.*\\.yaml$"
    ]  # fmt: skip
    assert rules[1:3] == [["bob", "staff", bob, *["no"] * 3], ["", "", own, *["yes"] * 3]]
    done = shared.run("recipients", "list", "--files", "--format", "csv")
    files = {tuple(row[:5]) for row in csv.reader(done.stdout.splitlines())}
    assert files == {
        ("file", "name", "kind", "recipient", "access"),
        (APP, "bob", "staff", bob, "older version"), (APP, "", "", own, "reader"),
        (MAIL, "bob", "staff", bob, "not in rule"), (MAIL, "", "", own, "reader"),
    }  # fmt: skip
    page = shared.run("recipients", "list", "--files", "--format", "markdown").stdout
    assert f"| `{APP}` | `{own}` | `with an older version: bob` |" in page
    assert "| `bob` | `staff` | " in shared.run("recipients", "list", "--format", "markdown").stdout
    assert shared.run("recipients", "list", "--format", "csv", "--json").status == 2


HAND_MADE = {
    "a value added in plaintext": lambda text: f"added: by hand\n{text}",
    "the mac gone": lambda text: re.sub(r"(?m)^    mac: .*\n", "", text),
    "an entry of another key service": lambda text: text.replace(
        "sops:\n", "sops:\n    kms:\n        - arn: arn:aws:kms:x\n"
    ),
    "marks of a conflict": lambda text: f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n",
}


@pytest.mark.parametrize("change", HAND_MADE)
def test_a_file_that_is_broken_still_names_its_readers(shared: World, change: str) -> None:
    path = shared.repo / MAIL
    path.write_text(HAND_MADE[change](path.read_text()))
    bob = remove_bob(shared)
    (_, mail) = json.loads(shared.run("recipients", "list", "--files", "--json").stdout)["files"]
    assert {"name": "bob", "recipient": bob} in mail["not_in_rule"]
    assert mail["problem"]


def test_what_is_no_recipient_is_not_repeated(shared: World) -> None:
    path = shared.repo / MAIL
    bob = str(shared.others[0].to_public())
    path.write_text(path.read_text().replace(f"recipient: {bob}", "recipient: hunter2"))
    for form in ([], ["--json"], ["--format", "csv"]):
        done = shared.run("recipients", "list", "--files", *form)
        assert "hunter2" not in done.stdout
        assert "the label is not an age recipient" in done.stdout


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
