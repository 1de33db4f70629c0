"""``rotate`` as a user types it: words, exit codes, ``--json``, and a clock that moves on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.terminal import run_at_terminal
from tests.rotation.conftest import MANIFEST, PORTAL, PROVIDER
from tests.world import PROGRAM, Result, World

NAME = "shop/portal"
SETTINGS = f"""\
[keysets."{NAME}"]
kind = "api-key"
accepted = ["{PROVIDER}#stringData.API_KEYS_ACCEPTED"]
callers = ["{PORTAL}#stringData.API_KEY"]

[keysets."shop/jwt"]
kind = "jwt-hs256"
targets = ['{PROVIDER}#stringData["jwt.json"]']
"""


@pytest.fixture
def shop(tmp_path: Path) -> World:
    world = World(tmp_path)
    for file in (PROVIDER, PORTAL):
        world.encrypt(file, MANIFEST.format(name=file.rpartition("/")[2].split(".")[0]))
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.commit("files")
    return world


def run_at(world: World, offset: str, *argv: str) -> Result:
    """The program with a clock that is ``offset`` ahead (sops and git keep the real one)."""
    return world.command("faketime", "-f", offset, *PROGRAM, *argv, check=False)


def as_json(result: Result) -> dict:
    assert result.status in {0, 1}, result
    return json.loads(result.stdout)


def keyset(world: World, offset: str = "+0") -> dict:
    listed = as_json(run_at(world, offset, "--json", "rotate", "list"))
    return next(one for one in listed["keysets"] if one["name"] == NAME)


def value(world: World, file: str, key: str) -> str:
    shown = world.sops("decrypt", "--output-type", "json", file).stdout
    return json.loads(shown)["stringData"][key]


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
def test_a_move_on_a_branch_of_its_own_comes_with_the_pull_request_to_open(
    shop: World, tmp_path: Path
) -> None:
    shop.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote"))
    shop.git("remote", "add", "origin", str(tmp_path / "remote"))
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    shop.git("push", "-q", "origin", "main")
    step = {"name": NAME, "from": "rotation/shop--portal", "into": "main"}
    refused = shop.run("rotate", "run", NAME, "--push", "--push-branch", "rotation/", "--json")
    assert (refused.status, json.loads(refused.stdout)["kind"]) == (2, "rotate-where")
    told = shop.run("rotate", "run", NAME, "--push-branch", "rotation/")
    assert told.status == 0, told
    assert f"{NAME}: publish is on rotation/shop--portal" in told.stdout
    assert "open a pull request from rotation/shop--portal into main" in told.stdout
    again = as_json(shop.run("rotate", "run", "--due", "--push-branch", "rotation/", "--json"))
    assert (again["moved"], again["waiting"]) == ([], [step])
    other = as_json(shop.run("rotate", "run", NAME, "--push-branch", "r2/", "--json"))
    assert [one["pull_request"] for one in other["moved"]] == [step | {"from": "r2/shop--portal"}]


@pytest.mark.long
def test_every_command_that_pushes_can_push_to_a_branch_of_its_own(
    shop: World, tmp_path: Path
) -> None:
    shop.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote"))
    shop.git("remote", "add", "origin", str(tmp_path / "remote"))
    shop.git("push", "-q", "origin", "main")
    head = shop.git("rev-parse", "HEAD")
    branch = ("--push-branch", "rotation/", "--json")
    done = as_json(shop.run("rotate", "init", NAME, "--fresh", *branch))
    assert done["keysets"] == []
    assert done["moved"][0]["pull_request"]["from"] == "rotation/shop--portal"
    assert (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain")) == (head, "")
    again = shop.run("rotate", "init", NAME, "--fresh", *branch)
    assert (again.status, json.loads(again.stdout)["kind"]) == (3, "proposed-already")
    shop.git("fetch", "-q", "origin", "rotation/shop--portal")
    shop.git("merge", "-q", "--ff-only", "FETCH_HEAD")
    shop.git("push", "-q", "origin", "main")
    for command, kind in (("confirm", "wrong-phase"), ("redate", "nothing-to-redate")):
        more = ("--clock-is-right",) if command == "redate" else ()
        refused = shop.run("rotate", command, NAME, *more, *branch)
        assert (refused.status, json.loads(refused.stdout)["kind"]) == (3, kind)
        both = shop.run("rotate", command, NAME, *more, *branch, "--commit")
        assert json.loads(both.stdout)["kind"] == "rotate-where"


def test_several_remotes_are_said_to_be_the_reason_that_a_move_is_not_dated(shop: World) -> None:
    shop.git("remote", "add", "forgejo", str(shop.folder / "a.git"))
    shop.git("remote", "add", "github", str(shop.folder / "b.git"))
    done = shop.run("rotate", "init", NAME, "--fresh", "--commit")
    assert (done.status, "[git] remote" in done.stderr) == (0, True)
    pushed = shop.run("rotate", "run", NAME, "--push")
    assert (pushed.status, "[git] remote" in pushed.stderr) == (2, True)
    settings = shop.repo / "plana-secrets.toml"
    settings.write_text(f'[git]\nremote = "gone"\n{settings.read_text()}')
    shop.git("commit", "-q", "-m", "settings", "plana-secrets.toml")
    unknown = shop.run("rotate", "run", NAME, "--commit")
    assert (unknown.status, "gone" in unknown.stderr) == (2, True)


def test_the_shape_of_the_list_is_fixed(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    listed = as_json(shop.run("rotate", "list", "--json"))
    assert listed["schema"] == "plana-secrets/rotate-list/1"
    assert [one["name"] for one in listed["keysets"]] == ["shop/jwt", NAME]
    one = listed["keysets"][1]
    fixed = {"name", "kind", "phase", "keys", "next", "overdue"}
    assert fixed <= set(one)
    assert {"move", "not_before", "waiting_for"} <= set(one["next"])
    assert {"kid", "status", "since"} == set(one["keys"][0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["keys"][0]["since"])
    assert (one["phase"], one["overdue"], one["next"]["move"]) == ("stable", False, "publish")


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
def test_looking_ends_with_0_unless_asked_to_check(shop: World) -> None:
    assert shop.run("rotate", "list").status == 0
    assert shop.run("rotate", "list", "--check").status == 1
    for name in (NAME, "shop/jwt"):
        shop.run("rotate", "init", name, "--fresh", "--commit")
    assert shop.run("rotate", "list", "--check").status == 0
    assert run_at(shop, "+91d", "rotate", "list").status == 0
    assert run_at(shop, "+91d", "rotate", "list", "--check").status == 1
    assert keyset(shop, "+91d")["overdue"] is True


def test_without_an_identity_the_state_is_readable_and_said_to_be_unproven(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    blind = {"SOPS_AGE_KEY_FILE": "/dev/null"}
    listed = shop.run("--json", "rotate", "list", env=blind)
    one = json.loads(listed.stdout)["keysets"][1]
    assert (one["phase"], one["authenticated"]) == ("stable", False)
    refused = shop.run("rotate", "run", "--due", "--commit", env=blind)
    assert refused.status == 4


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


@pytest.mark.parametrize("command", ["list", "plan", "init", "run", "confirm", "redate"])
def test_every_command_has_help_with_an_example(world: World, command: str) -> None:
    shown = world.run("rotate", command, "--help")
    assert shown.status == 0
    assert f"plana-secrets rotate {command}" in shown.stdout


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
def test_a_pushed_move_that_could_not_be_dated_is_said_to_be_made(shop: World) -> None:
    """The server takes the move and refuses the commit that dates it; the next run does that."""
    remote = shop.folder / "remote.git"
    shop.git("clone", "-q", "--bare", ".", str(remote))
    shop.git("remote", "add", "origin", str(remote))
    assert shop.run("rotate", "init", NAME, "--fresh", "--push").status == 0
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nread old new ref\n! git log -1 --format=%s $new | grep -q landed\n")
    hook.chmod(0o755)
    done = shop.run("rotate", "run", NAME, "--push")
    assert done.status == 0
    assert "publish done" in done.stdout
    assert "the next run on main dates it" in done.stdout
    hook.unlink()
    due = as_json(shop.run("--json", "rotate", "run", "--due", "--push"))
    assert [key["since"] is None for key in keyset(shop)["keys"]] == [False, False]
    assert due["moved"] == []
    aborted = as_json(shop.run("--json", "rotate", "run", NAME, "abort", "--push"))
    assert [(one["landed"], one["dated"]) for one in aborted["moved"]] == [(True, True)]
    assert shop.git("rev-parse", "HEAD").strip() in shop.git("ls-remote", str(remote), "main")


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


@pytest.mark.long
def test_waits_that_the_settings_no_longer_say_are_shown(shop: World) -> None:
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    shop.run("rotate", "run", NAME, "--commit")
    (shop.repo / "plana-secrets.toml").write_text(
        SETTINGS.replace('kind = "api-key"', 'kind = "api-key"\ndrain = "5m"\nrollout = "5m"')
    )
    shop.commit("faster")
    planned = shop.run("rotate", "plan", NAME).stdout
    assert "  rollout is 30m until this rotation ends (settings: 5m)" in planned.splitlines()
    assert f"{NAME}: drain is 1h until" in shop.run("rotate", "list").stderr
    assert keyset(shop)["waits"]["rollout"] == {"in_force": "30m", "configured": "5m"}
    assert "rollout is" not in shop.run("rotate", "plan", "shop/jwt").stdout


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
        shop, "rotate", "redate", NAME, answers=[("the time now (UTC)?", "n\n")]
    )
    assert asked.status == 2
    assert asked.screen.index("its wait would start again") < asked.screen.index("the time now")
    done = shop.run("rotate", "redate", NAME, "--clock-is-right", "--commit")
    assert done.status == 0, done
    nothing = json.loads(shop.run("--json", "rotate", "redate", NAME).stdout)
    assert nothing["kind"] == "nothing-to-redate", "there is nothing to ask about"
    found = json.loads(shop.run("--json", "verify").stdout)["findings"]
    assert "since-in-future" not in {one["check"] for one in found}
    assert shop.run("rotate", "run", NAME, "abort", "--commit").status == 0
