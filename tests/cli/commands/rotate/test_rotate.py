"""``rotate`` as a user types it: words, exit codes, ``--json``, and a clock that moves on."""

from __future__ import annotations

import json

import pytest

from tests.cli.commands.rotate.shop import NAME, SETTINGS, as_json, keyset, run_at, value
from tests.cli.terminal import run_at_terminal
from tests.rotation.fleet import PORTAL, PROVIDER
from tests.world import World


def test_a_rotation_by_hand(shop: World) -> None:
    first = shop.run("rotate", "init", NAME, "--fresh", "--commit")
    assert first.status == 0
    assert keyset(shop)["phase"] == "stable"
    seen, statuses = [], []
    for offset, phase in (("+60s", "published"), ("+1920s", "promoted"), ("+9000s", "stable")):
        done = as_json(run_at(shop, offset, "--json", "rotate", "run", NAME, "--commit"))
        assert [one["name"] for one in done["moved"]] == [NAME]
        assert done["keysets"][0]["phase"] == phase
        seen.append(done["moved"][0]["move"])
        statuses.append([key["status"] for key in done["keysets"][0]["keys"]])
    assert seen == ["publish", "promote", "retire"]
    assert statuses[-1] == ["disabled", "active"]
    assert shop.git("status", "--porcelain") == ""
    assert run_at(shop, "+9060s", "verify").status == 0


@pytest.mark.long
def test_a_dry_run_says_and_changes_nothing(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    head = shop.git("rev-parse", "HEAD")
    done = as_json(shop.run("--json", "rotate", "run", NAME, "--dry-run", "--commit"))
    assert (done["moved"], done["would_move"][0]["move"]) == ([], "publish")
    due = as_json(run_at(shop, "+91d", "--json", "rotate", "run", "--due", "--dry-run", "--commit"))
    assert [one["move"] for one in due["would_move"]] == ["publish"]
    assert shop.git("rev-parse", "HEAD") == head
    assert shop.git("status", "--porcelain") == ""


def test_a_wrong_call_is_told_with_2(shop: World) -> None:
    for argv in (
        ["run"],
        ["run", NAME, "--due"],
        ["run", NAME, "forward"],
        ["run", "shop/none"],
        ["plan", "shop/none"],
        ["init", NAME],
        ["init", NAME, "--fresh", "--adopt", "a#b"],
        ["init", NAME, "--adopt", "no-reference"],
        ["confirm", "shop/none"],
        ["confirm", NAME, "acme", "--adopted"],
    ):
        done = shop.run("rotate", *argv)
        assert (done.status, done.stdout) == (2, ""), argv


def test_a_rendered_leaf_is_not_set_by_hand(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    before = value(shop, PORTAL, "API_KEY")
    refused = shop.run("set", PORTAL, "stringData.API_KEY", "--stdin", stdin=b"by hand")
    assert refused.status == 2
    assert NAME in refused.stderr
    assert shop.run("unset", PORTAL, "stringData.API_KEY").status == 2
    assert value(shop, PORTAL, "API_KEY") == before
    again = shop.run("rotate", "init", NAME, "--replace", "--commit")
    assert f"{NAME}: nothing to render" in again.stdout


@pytest.mark.long
def test_no_value_is_in_any_output(shop: World) -> None:
    """Through a whole rotation, its refusals, and a broken target at the highest verbosity."""
    texts = []

    def run(offset: str, *argv: str) -> None:
        done = run_at(shop, offset, *argv)
        texts.append(done.stdout + done.stderr)

    run("+0", "-vv", "rotate", "init", NAME, "--fresh", "--commit")
    values = {value(shop, PORTAL, "API_KEY")}
    for offset in ("+60s", "+3600s", "+9d", "+20d"):
        run(offset, "-vv", "rotate", "run", NAME, "--commit")
        run(offset, "--json", "rotate", "list")
        accepted = json.loads(value(shop, PROVIDER, "API_KEYS_ACCEPTED"))
        values |= {value(shop, PORTAL, "API_KEY"), *(one["value"] for one in accepted)}
    shop.sops("set", PROVIDER, '["stringData"]["API_KEYS_ACCEPTED"]', '"sentinel-no-list"')
    shop.commit("broken")
    run("+99d", "-vv", "rotate", "run", NAME, "--commit")
    run("+99d", "--json", "rotate", "run", "--due", "--commit")
    everything = "\n".join(texts) + shop.git("log", "-p", "--all")
    for secret in (*values, "sentinel-no-list"):
        assert secret not in everything
    assert len(values) >= 2


@pytest.mark.parametrize(("argv", "named"), [((), "NAME"), ((NAME, "--due"), NAME)])
def test_a_name_or_due_but_not_both(world: World, argv: tuple[str, ...], named: str) -> None:
    error = json.loads(world.run("rotate", "run", *argv, "--json").stdout)
    assert (error["kind"], "passed" in error["message"]) == ("rotate-what", True)
    assert f"`plana-secrets rotate run {named}`" in error["hint"]


@pytest.mark.long
def test_a_weak_secret_is_adopted_with_a_warning(shop: World) -> None:
    """The file is named as from the folder one stands in; the value is in no message."""
    shop.sops("set", PORTAL, '["stringData"]["JWT"]', '"short-sentinel"')
    shop.commit("the secret of today")
    place = f"{PORTAL}#stringData.JWT"
    done = shop.run("rotate", "init", "shop/jwt", "--adopt", place, "--commit")
    assert done.status == 0
    assert "fewer than 32 bytes" in done.stderr
    assert "short-sentinel" not in done.stdout + done.stderr
    rendered = json.loads(value(shop, PROVIDER, "jwt.json"))
    assert rendered["legacy"] == {"kid": "legacy", "until": None}
    assert value(shop, PORTAL, "JWT") == "short-sentinel"
    assert shop.run("rotate", "confirm", "shop/jwt", "--adopted", "--commit").status == 0
    again = json.loads(shop.run("--json", "rotate", "confirm", "shop/jwt", "--adopted").stdout)
    assert (again["kind"], "rotate plan shop/jwt" in again["hint"]) == ("not-adopted", True)
    assert shop.run("unset", PORTAL, "stringData.JWT").status == 0


@pytest.mark.long
def test_replacing_a_value_in_use_is_asked_about_or_needs_the_flag(shop: World) -> None:
    shop.sops("set", PORTAL, '["stringData"]["API_KEY"]', '"the key of today"')
    shop.commit("the key of today")
    call = ("rotate", "init", NAME, "--fresh", "--replace", "--commit")
    refused = shop.run("--json", *call)
    told = json.loads(refused.stdout)
    assert (refused.status, told["kind"]) == (3, "value-in-use")
    assert "one roll-out" in told["message"]
    assert "--accept-outage" in told["hint"]
    declined = run_at_terminal(shop, *call, answers=[("Accept that?", "n\n")])
    assert declined.status == 2
    assert value(shop, PORTAL, "API_KEY") == "the key of today"
    assert shop.run(*call, "--accept-outage", env={"CI": "1"}).status == 2
    accepted = run_at_terminal(shop, *call, answers=[("Accept that?", "y\n")])
    assert accepted.status == 0
    assert value(shop, PORTAL, "API_KEY") != "the key of today"
    assert "outage accepted (value-in-use" in shop.git("log", "-1", "--format=%s")


@pytest.mark.long
def test_no_job_accepts_an_outage(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    due = shop.run("--json", "rotate", "run", "--due", "--accept-outage")
    assert (due.status, json.loads(due.stdout)["kind"]) == (2, "outage-by-job")
    in_ci = shop.run("rotate", "run", NAME, "--accept-outage", env={"CI": "true"})
    assert in_ci.status == 2
    assert shop.run("rotate", "run", NAME, "--accept-outage").status == 0


@pytest.mark.long
def test_abort_after_a_confirmation_asks_at_a_terminal(shop: World) -> None:
    (shop.repo / "plana-secrets.toml").write_text(
        SETTINGS.replace('kind = "api-key"', 'kind = "api-key"\nexternal_callers = ["acme"]')
    )
    shop.commit("acme calls too")
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    shop.run("rotate", "run", NAME, "--commit")
    assert shop.run("rotate", "confirm", NAME, "acme", "--commit").status == 0
    refused = shop.run("rotate", "run", NAME, "abort", "--commit")
    assert refused.status == 3
    assert "would lock out acme" in refused.stderr
    call = ("rotate", "run", NAME, "abort", "--commit")
    assert run_at_terminal(shop, *call, answers=[("Accept that?", "n\n")]).status == 2
    assert run_at_terminal(shop, *call, answers=[("Accept that?", "y\n")]).status == 0
    assert [key["status"] for key in keyset(shop)["keys"]] == ["active", "destroyed"]
