"""A move follows the committed settings: what the work tree says more is said, and waits."""

from __future__ import annotations

import json

import pytest

from tests.cli.commands.rotate.shop import NAME, SETTINGS, run_at
from tests.rotation.fleet import PROVIDER
from tests.world import World


def write_settings(world: World, text: str) -> None:
    (world.repo / "plana-secrets.toml").write_text(text)


def change(**fields: str) -> str:
    lines = "".join(f"{name} = {value}\n" for name, value in fields.items())
    return SETTINGS.replace('kind = "api-key"\n', f'kind = "api-key"\n{lines}')


@pytest.mark.long
def test_a_wait_that_is_shortened_but_not_committed_changes_nothing(shop: World) -> None:
    """Neither before publish, which records the waits of the rotation, nor after it."""
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    write_settings(shop, change(rollout='"0s"', drain='"0s"'))
    assert shop.run("rotate", "run", NAME, "publish", "--commit").status == 0
    before = shop.git("rev-parse", "HEAD")
    for argv in ([NAME, "promote"], [NAME, "--accept-outage"], ["--due"], [NAME, "--dry-run"]):
        done = shop.run("rotate", "run", *argv, "--commit")
        assert done.status == (1 if argv == ["--due"] else 3), done  # the other has no file yet
        assert f'keysets."{NAME}": the change is not committed and does not count' in done.stderr
    assert shop.git("rev-parse", "HEAD") == before
    shop.git("checkout", "-q", "plana-secrets.toml")
    listed = json.loads(shop.run("rotate", "plan", NAME, "--json").stdout)
    assert listed["keysets"][0]["waits"]["rollout"]["in_force"] == "30m"


@pytest.mark.long
def test_once_it_is_committed_it_counts_for_the_next_rotation(shop: World) -> None:
    write_settings(shop, change(rollout='"0s"'))
    shop.commit("shorter")
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    shop.run("rotate", "run", NAME, "publish", "--commit")
    done = run_at(shop, "+5s", "rotate", "run", NAME, "promote", "--commit")
    assert done.status == 0, done


def test_a_branch_that_is_not_committed_as_deployed_dates_nothing(shop: World) -> None:
    write_settings(shop, '[git]\nbranch = "main"\n' + SETTINGS)
    shop.commit("settings")
    shop.git("checkout", "-q", "-b", "mine")
    write_settings(shop, '[git]\nbranch = "mine"\n' + SETTINGS)
    done = shop.run("rotate", "init", NAME, "--fresh", "--commit")
    assert "waiting to land on main" in done.stdout
    listed = json.loads(shop.run("rotate", "list", "--json").stdout)
    assert [one["landed"] for one in listed["keysets"] if one["name"] == NAME] == [False]


@pytest.mark.long
def test_a_keyset_that_is_not_committed_is_created_and_does_not_move(shop: World) -> None:
    shop.git("rm", "-q", "--cached", "plana-secrets.toml")
    shop.git("commit", "-q", "-m", "without settings")
    assert shop.run("rotate", "init", NAME, "--fresh", "--commit").status == 0
    done = shop.run("rotate", "run", NAME, "publish", "--commit", "--json")
    report = json.loads(done.stdout)
    assert (done.status, report["kind"]) == (3, "uncommitted-settings")
    assert "commit plana-secrets.toml" in report["hint"]
    redated = shop.run("rotate", "redate", NAME, "--clock-is-right", "--json")
    assert json.loads(redated.stdout)["kind"] == "uncommitted-settings"
    shop.git("add", "plana-secrets.toml")
    shop.git("commit", "-q", "-m", "settings")
    assert shop.run("rotate", "run", NAME, "publish", "--commit").status == 0


@pytest.mark.long
def test_a_caller_that_is_added_is_filled_before_it_is_committed(shop: World) -> None:
    caller = '", "infra/secrets/prod/pulse-data.secret.yaml#stringData.OWN"]'
    shop.run("rotate", "init", NAME, "--fresh", "--commit")
    write_settings(shop, SETTINGS.replace('API_KEY"]', f"API_KEY{caller}"))
    done = shop.run("rotate", "init", NAME, "--commit")
    assert (done.status, "does not count" in done.stderr) == (0, False), done
    assert "OWN:" in (shop.repo / PROVIDER).read_text()
    assert "does not count" in shop.run("rotate", "list").stderr


def test_what_is_not_about_keysets_may_be_uncommitted(shop: World) -> None:
    write_settings(shop, SETTINGS + "\n[policy]\nmin_recipients = 1\n")
    assert shop.run("rotate", "list").stderr == ""
