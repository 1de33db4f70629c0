"""``recipients list``: who the rules name, and who can read each file."""

from __future__ import annotations

import csv
import json
import re

import pytest

from tests.cli.commands.recipients.team import APP, MAIL, remove_bob
from tests.world import World


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
