"""``resolve``: whatever git or a forge has left of a merge, and never a value."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner

from plana_secrets.cli.commands.resolve import _ways
from plana_secrets.cli.context import Context
from plana_secrets.cli.main import program
from plana_secrets.merging.reasons import Conflict, Reason
from tests.cli.commands.resolve.sides import both_change, merge, resolve, stages
from tests.merging.teams import FILE, TEXT, on_branch, put, start
from tests.world import DEFAULT_RULES, World


def test_markers_in_ciphertext_become_a_merged_file_that_is_added(world: World) -> None:
    both_change(world)
    assert merge(world).status == 1
    assert "<<<<<<<" in (world.repo / FILE).read_text()
    listed = resolve(world, "--json")
    assert listed.status == 1
    (one,) = json.loads(listed.stdout)["files"]
    assert one | {"theirs": "theirs"} == one
    assert one["conflicts"] == [{"reason": "both-changed", "path": "db.password", "chosen": None}]
    assert not one["written"]
    assert stages(world)
    done = resolve(world, FILE, "--theirs", "db.password")
    assert done.status == 0, done
    assert "-value" not in done.stderr + done.stdout
    assert not stages(world)
    text = world.decrypt(FILE)
    assert "user: ours-user" in text
    assert "password: theirs-value" in text
    assert "port: 1\n" in text
    world.git("commit", "-q", "--no-edit")
    assert world.run("verify").status == 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("conflicts", "words"),
    [
        ([Conflict(Reason.BOTH_CHANGED, ("a",))], "choose with --ours PATH and --theirs PATH"),
        ([Conflict(Reason.TWO_MOVES)], "choose with --all --ours or --all --theirs"),
        (
            [Conflict(Reason.RECIPIENTS)],
            "fix the rule, or encrypt for its recipients with --by-rule",
        ),
        ([Conflict(Reason.SELECTOR)], "encrypt it as its rule says with --by-rule"),
    ],
    ids=str,
)
def test_what_is_open_is_told_with_the_options_for_it(
    conflicts: list[Conflict], words: str
) -> None:
    assert _ways(conflicts).startswith(words)
    assert ("PATH" in _ways(conflicts)) == (not conflicts[0].is_whole)


def test_no_write_is_lost_in_an_open_merge(world: World) -> None:
    """Refused while git has both sides; and what got in otherwise is not overwritten."""
    both_change(world, driver=True)
    merge(world)
    for done in (
        world.run("set", FILE, "hosts[0]", "--stdin", stdin=b"three"),
        world.run("edit", FILE, env={"EDITOR": "true"}),
        world.run("mv", FILE, "infra/secrets/dev/other.yaml"),
    ):
        assert done.status == 2
        assert f"plana-secrets resolve {FILE}" in done.stderr
    world.sops("set", FILE, '["hosts"][0]', '"three"')
    before = (world.repo / FILE).read_bytes()
    done = resolve(world, FILE, "--all", "--ours")
    assert (done.status, (world.repo / FILE).read_bytes()) == (6, before)
    assert "hosts is as on neither side" in done.stderr
    assert resolve(world, FILE, "--dry-run").status == 1
    world.git("checkout", "-m", "--", FILE)
    assert resolve(world, FILE, "--all", "--ours").status == 0
    assert stages(world) == ""


@pytest.mark.long
def test_a_resolution_that_was_stopped_before_git_took_it_can_be_another(world: World) -> None:
    both_change(world, driver=True)
    merge(world)
    unresolved = world.git("ls-files", "--unmerged")
    assert resolve(world, FILE, "--all", "--ours").status == 0
    world.git("update-index", "--force-remove", "--", FILE)
    world.command("git", "update-index", "--index-info", stdin=unresolved.encode())
    assert resolve(world, FILE, "--all", "--theirs").status == 0
    assert "password: theirs-value" in world.decrypt(FILE)


@pytest.mark.long
def test_what_was_kept_of_a_merge_that_was_aborted_is_of_no_other_merge(world: World) -> None:
    other = "infra/secrets/dev/other.yaml"
    both_change(world, driver=True)
    world.encrypt(other, "a: 1\n")
    world.commit("another file")
    assert merge(world).status == 1
    world.git("merge", "--abort")
    on_branch(world, "third", lambda: world.encrypt(other, "a: 3\n"))
    world.encrypt(other, "a: 2\n")
    world.commit("our other file")
    world.command("git", "merge", "-q", "third", check=False)
    found = json.loads(world.run("status", "--json").stdout)
    assert (found["conflicts"], found["kept_merges"]) == ([other], [])
    assert resolve(world, FILE).status == 2


@pytest.mark.long
def test_readers_who_are_not_those_of_the_rule_are_asked_about(world: World) -> None:
    start(world)
    newcomer = pyrage.x25519.Identity.generate()

    def let_in() -> None:
        world.others = [newcomer]
        world.write_rules(DEFAULT_RULES)
        world.sops("updatekeys", "-y", FILE)
        world.git("checkout", "-q", ".sops.yaml")
        put_back = DEFAULT_RULES
        world.others = []
        world.write_rules(put_back)

    on_branch(world, "theirs", let_in)
    put(world, "db.user", "ours-user")
    world.commit("ours")
    assert merge(world).status == 1
    (one,) = json.loads(resolve(world, "--json").stdout)["files"]
    assert one["conflicts"] == [{"reason": "recipients", "path": None, "chosen": None}]
    assert resolve(world, FILE, "--all", "--ours").status == 1
    assert resolve(world, FILE, "--by-rule").status == 0
    assert str(newcomer.to_public()) not in (world.repo / FILE).read_text()


@pytest.mark.long
def test_a_side_with_a_wrong_mac_can_only_lose(world: World) -> None:
    both_change(world)
    world.git("switch", "-q", "theirs")
    file = world.repo / FILE
    file.write_text(file.read_text().replace("port: ENC", "# port: ENC"))
    world.commit("by hand")
    world.git("switch", "-q", "main")
    assert merge(world).status == 1
    (one,) = json.loads(resolve(world, "--json").stdout)["files"]
    assert one["conflicts"][0]["reason"] == "unreadable"
    assert resolve(world, FILE, "--all", "--theirs").status == 2
    assert resolve(world, FILE, "--all", "--ours").status == 0
    assert "user: ours-user" in world.decrypt(FILE)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ((FILE,), "nothing-to-resolve"),
        ((FILE, "--all"), "bad-side"),
        ((FILE, "--ours"), "bad-side"),
        (("--ours", "db.user"), "no-file"),
    ],
)
def test_what_cannot_be_resolved_is_refused_by_name(
    world: World, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], kind: str
) -> None:
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    world.encrypt(FILE, TEXT)
    world.commit("start")
    monkeypatch.chdir(world.repo)
    result = CliRunner().invoke(
        program, ["resolve", *arguments], obj=Context(), standalone_mode=False
    )
    assert getattr(result.exception, "kind", None) == kind


def test_with_nothing_open_there_is_nothing_to_do(world: World) -> None:
    start(world)
    done = resolve(world)
    assert (done.status, done.stderr) == (0, "no secret file has a merge conflict\n")


@pytest.mark.long
def test_nothing_of_it_is_ever_on_a_disk(world: World) -> None:
    """No plaintext in the work tree or in the git dir."""
    both_change(world, driver=True)
    merge(world)
    resolve(world, FILE, "--all", "--theirs")
    for path in world.repo.rglob("*"):
        if path.is_file():
            assert b"theirs-value" not in Path(path).read_bytes(), path
