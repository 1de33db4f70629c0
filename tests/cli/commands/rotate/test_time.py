"""A clock that moves on, is behind, or far ahead."""

from __future__ import annotations

import json

import pytest

from tests.cli.commands.rotate.shop import NAME, as_json, keyset, run_at
from tests.cli.terminal import run_at_terminal
from tests.world import World


@pytest.mark.long
def test_a_move_before_its_time_names_the_time(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    shop.run("rotate", "run", NAME, "publish", "--commit")
    time = keyset(shop)["next"]["not_before"]
    refused = shop.run("rotate", "run", NAME, "promote", "--commit")
    assert (refused.status, refused.stdout) == (3, "")
    assert "promote is possible in " in refused.stderr
    assert " UTC)" in refused.stderr
    assert time not in refused.stderr
    told = json.loads(shop.run("--json", "rotate", "run", NAME, "--commit").stdout)
    assert (told["schema"], told["code"], told["kind"]) == ("plana-secrets/error/1", 3, "too-early")


@pytest.mark.long
def test_a_clock_behind_the_last_move_is_refused(shop: World) -> None:
    run_at(shop, "+3600s", "rotate", "init", NAME, "--fresh", "--commit")
    refused = shop.run("rotate", "run", NAME, "--commit")
    assert refused.status == 3
    assert "the clock is behind" in refused.stderr
    assert shop.run("rotate", "run", "--due", "--commit").status == 1


@pytest.mark.long
def test_a_clock_far_ahead_is_refused_to_a_job_and_asked_about_at_a_terminal(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    refused = run_at(shop, "+400d", "rotate", "run", NAME, "publish", "--commit")
    assert refused.status == 3
    assert "longer ago than any wait explains" in refused.stderr
    due = run_at(shop, "+400d", "rotate", "run", "--due", "--commit")
    assert (due.status, "longer ago" in due.stdout) == (1, True)
    library = shop.command("faketime", "-f", "+400d", "printenv", "LD_PRELOAD").stdout.strip()
    ahead = {"LD_PRELOAD": library, "FAKETIME": "+400d"}
    for answer, status in (("n", 3), ("y", 0)):
        command = ("rotate", "run", NAME, "publish", "--commit")
        shown = run_at_terminal(shop, *command, answers=[("now?", f"{answer}\n")], env=ahead)
        assert shown.status == status, shown.screen
    assert [key["status"] for key in keyset(shop)["keys"]] == ["active", "standby"]


@pytest.mark.long
def test_due_moves_or_waits_with_0_and_is_blocked_with_1(shop: World) -> None:
    for name in (NAME, "shop/jwt"):
        shop.run("rotate", "init", name, "--fresh", "--commit")
    waiting = shop.run("rotate", "run", "--due", "--commit")
    assert waiting.status == 0
    assert " done" not in waiting.stdout
    later = run_at(shop, "+91d", "--json", "rotate", "run", "--due", "--commit")
    assert later.status == 0
    assert [one["move"] for one in as_json(later)["moved"]] == ["publish", "publish"]
    shop.git("rm", "-q", "infra/secrets/keysets/shop/jwt.yaml")
    shop.git("commit", "-q", "-m", "lost")
    blocked = run_at(shop, "+92d", "--json", "rotate", "run", "--due", "--commit")
    assert blocked.status == 1
    assert [one["name"] for one in as_json(blocked)["moved"]] == [NAME]
    problems = {one["name"]: one["problem"] for one in as_json(blocked)["keysets"]}
    assert problems == {NAME: None, "shop/jwt": "not-initialised"}


@pytest.mark.long
def test_a_move_of_a_clock_that_was_ahead_is_dated_again(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    run_at(shop, "+2400h", "rotate", "run", NAME, "publish", "--commit")
    found = json.loads(shop.run("--json", "verify").stdout)["findings"]
    assert "since-in-future" in {one["check"] for one in found}
    refused = json.loads(shop.run("--json", "rotate", "run", NAME, "abort").stdout)
    assert "rotate redate" in refused["hint"]
    unsure = json.loads(shop.run("--json", "rotate", "redate", NAME, "--commit").stdout)
    assert (unsure["code"], unsure["kind"]) == (2, "clock-unconfirmed")
    asked = run_at_terminal(
        shop, "rotate", "redate", NAME, answers=[("the current time (UTC)?", "n\n")]
    )
    assert asked.status == 2
    assert asked.screen.index("its wait would start again") < asked.screen.index("the current time")
    done = shop.run("rotate", "redate", NAME, "--clock-is-right", "--commit")
    assert done.status == 0, done
    nothing = json.loads(shop.run("--json", "rotate", "redate", NAME).stdout)
    assert nothing["kind"] == "nothing-to-redate", "there is nothing to ask about"
    found = json.loads(shop.run("--json", "verify").stdout)["findings"]
    assert "since-in-future" not in {one["check"] for one in found}
    assert shop.run("rotate", "run", NAME, "abort", "--commit").status == 0
