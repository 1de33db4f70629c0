"""What was dealt with by hand is ticked off in git, without a value."""

from __future__ import annotations

import json

import pytest

from plana_secrets.offboarding.tickoff import file_for
from tests.offboarding.leaver import APP, MAIL, leave, report, status
from tests.world import World

NO_ONE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


@pytest.mark.long
def test_the_tick_off_lives_in_git_without_a_value(shared: World) -> None:
    assert shared.run("recipients", "remove", "bob", "--commit").status == 0
    first = shared.run("offboard", "bob")
    assert (first.status, first.stdout.count("open")) == (0, 3)
    file = shared.repo / ".offboarding/bob.toml"
    text = file.read_text()
    assert "pa55" not in text
    argv = ("--accept", f"{APP}#port", "--reason", 'a "port"\nis no secret')
    assert shared.run("offboard", "bob", *argv).status == 0
    shared.commit()
    assert status(shared)[f"{APP}#port"] == ("accepted", 'a "port"\nis no secret')
    shared.run("offboard", "bob", "--accept", MAIL, "--reason", "closed")
    shared.run("set", APP, "password", "--generate", "hex:8")
    shared.commit()
    assert "nothing to accept" in shared.run("offboard", "bob", *argv).stderr
    assert report(shared)["open"] == 0
    assert shared.run("verify").status == 0
    # a key that is in no settings any more is known from the file
    shared.git("checkout", "-q", "--orphan", "fresh")
    shared.commit()
    shared.git("branch", "-q", "-D", "main")
    assert report(shared)["values"] == []


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (["carol"], "no-such-leaver"),
        ([NO_ONE], "nothing-readable"),
        (["bob", "--accept", f"{APP}#nope", "--reason", "x"], "not-in-list"),
        (["bob", "--accept", f"{APP}#port"], "usage"),
        (["bob", "--accept", f"{APP}#port", "--reason", "x", "--status"], "usage"),
    ],
)
def test_what_is_refused_writes_nothing(shared: World, argv: list[str], kind: str) -> None:
    done = shared.run("offboard", *argv, "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, kind)
    assert not (shared.repo / ".offboarding").exists()


@pytest.mark.long
def test_what_was_accepted_is_open_when_he_came_back_and_read_more(shared: World) -> None:
    bob = str(shared.others[0].to_public())
    leave(shared)
    accept = ("offboard", "bob", "--accept", f"{APP}#port", "--reason", "no secret")
    assert shared.run(*accept).status == 0
    shared.run("set", APP, "port", "--stdin", "--type", "int", stdin=b"1")
    shared.commit()
    assert status(shared)[f"{APP}#port"][0] == "rotated"
    assert shared.run("recipients", "add", "bob", bob, "--rule", "all", "--commit").status == 0
    leave(shared)
    assert status(shared)[f"{APP}#port"] == (
        "open", "the value is the same; read again since it was accepted"
    )  # fmt: skip
    assert shared.run(*accept).status == 0
    shared.commit()
    assert status(shared)[f"{APP}#port"] == ("accepted", "no secret")


def test_what_two_people_accept_meets_in_a_merge(shared: World) -> None:
    leave(shared)
    accept = ("offboard", "bob", "--reason", "x", "--accept")
    assert shared.run(*accept, f"{APP}#port").status == 0
    shared.commit()
    shared.git("branch", "-q", "side")
    for branch, place in (("main", f"{APP}#password"), ("side", f"{MAIL}#password")):
        shared.git("checkout", "-q", branch)
        assert shared.run(*accept, place).status == 0
        shared.commit()
    shared.git("merge", "-q", "main")
    assert {one for one, _ in status(shared).values()} == {"accepted"}


def test_each_recipient_without_a_name_has_a_tick_off_of_its_own(shared: World) -> None:
    """What ssh-rsa keys begin with is the same for all of them."""
    keys = [f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{one * 340}" for one in "CD"]
    files = [file_for(one) for one in (*keys, "bob.x", "bob x", "bob-x")]
    assert len(set(files)) == 5
    assert file_for("bob-x") == ".offboarding/bob-x.toml"
