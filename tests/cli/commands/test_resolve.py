"""``resolve``: whatever git or a forge has left of a merge, and never a value."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner

from plana_secrets.cli.choosing import can_be_typed
from plana_secrets.cli.commands.resolve import _ways
from plana_secrets.cli.context import Context
from plana_secrets.cli.main import program
from plana_secrets.document.kinds import SECRET_MANIFEST_SELECTOR
from plana_secrets.git.operation import Names
from plana_secrets.merging.openmerge import OpenMerge
from plana_secrets.merging.reasons import Conflict, Reason
from plana_secrets.merging.resolving import Case
from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Leaf, LeafType
from tests.cli.terminal import run_at_terminal
from tests.merging.sides import rule
from tests.merging.teams import FILE, TEXT, on_branch, put, start
from tests.world import DEFAULT_RULES, Result, World


def both_change(world: World, driver: bool = False) -> None:
    """Different values on both sides, and one that both gave another one."""
    start(world)
    if not driver:
        world.git("config", "--remove-section", "merge.plana-secrets")

    def theirs() -> None:
        put(world, "db.password", "theirs-value")
        put(world, "port", "1", FILE, "--type", "int")

    on_branch(world, "theirs", theirs)
    put(world, "db.password", "ours-value")
    put(world, "db.user", "ours-user")
    world.commit("ours")


def merge(world: World, *options: str) -> Result:
    return world.command("git", "merge", "-q", "-m", "merged", *options, "theirs", check=False)


def resolve(world: World, *arguments: str) -> Result:
    return world.run("resolve", *arguments)


def stages(world: World) -> str:
    return world.git("ls-files", "-u")


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
def test_at_a_terminal_the_values_are_masked_and_a_new_one_is_typed(world: World) -> None:
    both_change(world, driver=True)
    assert merge(world).status == 1
    answers = (
        ("[o]urs, [t]heirs, [e]dit or [q]uit?", "e\n"),
        ("new value of", "typed-value\n"),
        ("(again)", "typed-value\n"),
    )
    done = run_at_terminal(world, "resolve", answers=answers)
    assert done.status == 0, done.screen
    assert (
        "db.password was changed on both sides: ours (main) ***, theirs (theirs) ***" in done.screen
    )
    assert "-value" not in done.screen
    assert "password: typed-value" in world.decrypt(FILE)
    assert not stages(world)
    assert not list((world.repo / ".git/plana-secrets/merges").iterdir())


@pytest.mark.long
def test_what_cannot_be_the_value_is_typed_again_and_no_answer_before_it_is_lost(
    world: World,
) -> None:
    both_change(world, driver=True)
    put(world, "port", "2", FILE, "--type", "int")
    world.commit("port")
    assert merge(world).status == 1
    typed = [("3", "4"), ("three", "three"), ("", ""), ("3", "3")]
    answers = [("db.password: ", "t\n")]
    for first, again in typed:
        answers += [("port: ", "e\n"), ("new value of", f"{first}\n"), ("(again)", f"{again}\n")]
    done = run_at_terminal(world, "resolve", answers=answers)
    assert done.status == 0, done.screen
    for words in ("do not match", "not of type int", "is empty"):
        assert words in done.screen
    assert {"password: theirs-value", "port: 3"} <= {
        line.strip() for line in world.decrypt(FILE).splitlines()
    }


@pytest.mark.parametrize(
    ("path", "kind", "owner", "expected"),
    [
        (("stringData", "a"), LeafType.STR, None, True),
        (("stringData", "a"), LeafType.STR, "team/keyset", False),
        (("metadata", "name"), LeafType.STR, None, False),
        (("stringData", "a"), LeafType.NULL, None, False),
    ],
)
def test_a_new_value_is_asked_for_only_where_one_can_be_typed(
    path: LeafPath, kind: LeafType, owner: str | None, expected: bool
) -> None:
    merge = OpenMerge(FILE, "index", None, b"", b"", Names("main", "theirs"))
    case = Case(merge, rule(selector=SECRET_MANIFEST_SELECTOR), None, None, None)
    workspace: Any = SimpleNamespace(owned_leaf=lambda _file, _path: owner)
    leaf = Leaf(path, 1, kind, True, None, None)
    assert can_be_typed(workspace, case, leaf) is expected


@pytest.mark.long
def test_at_a_terminal_nothing_is_written_by_the_one_who_quits(world: World) -> None:
    both_change(world)
    merge(world)
    before = (world.repo / FILE).read_bytes()
    done = run_at_terminal(world, "resolve", answers=(("[q]uit?", "q\n"),))
    assert done.status == 2
    assert (world.repo / FILE).read_bytes() == before


@pytest.mark.long
def test_a_clean_merge_of_text_with_a_wrong_mac_is_named_and_fixed(world: World) -> None:
    """As a forge does it, or ``-X theirs``; first while nothing is committed, then afterwards."""
    both_change(world)
    assert merge(world, "-X", "theirs").status == 0
    found = world.run("verify", "--json")
    (finding,) = json.loads(found.stdout)["findings"]
    assert finding["check"] == "mac-mismatch"
    assert f"`plana-secrets resolve {FILE}` merges its values" in finding["message"]
    assert resolve(world, FILE, "--all", "--ours").status == 0
    text = world.decrypt(FILE)
    assert "user: ours-user" in text
    assert "password: ours-value" in text
    assert "port: 1\n" in text


@pytest.mark.long
def test_two_texts_in_one_file_are_named_and_merged_by_value(world: World) -> None:
    """``merge.default`` can be union: both lines of the MAC are then in the file."""
    both_change(world)
    (world.repo / ".gitattributes").unlink()
    world.commit("no driver")
    world.git("config", "merge.default", "union")
    assert merge(world).status == 0
    found = world.run("verify")
    assert found.status == 1
    assert f"`plana-secrets resolve {FILE}` merges its values" in found.stdout
    assert resolve(world, FILE, "--all", "--ours").status == 0
    world.commit("resolved")
    assert world.run("verify").status == 0


APART = """\
creation_rules:
    - path_regex: ^infra/secrets/prod/.*\\.yaml$
      age: {more}
    - path_regex: ^infra/secrets/.*\\.yaml$
      age: {recipients}
"""


@pytest.mark.long
@pytest.mark.parametrize("moved_by", ["ours", "theirs"])
def test_a_file_that_one_side_moved_for_other_readers_is_merged_under_its_new_name(
    world: World, moved_by: str
) -> None:
    """Nothing of the ciphertext is left, so git sees no rename."""
    new, other = "infra/secrets/prod/moved.yaml", pyrage.x25519.Identity.generate()
    world.write_rules(APART.replace("{more}", f"{{recipients}},{other.to_public()}"))
    start(world)
    deeds = [lambda: put(world, "db.password", "edited"), lambda: world.run("mv", FILE, new)]
    theirs, ours = deeds if moved_by == "ours" else reversed(deeds)
    on_branch(world, "theirs", theirs)
    ours()
    world.commit("ours")
    assert merge(world).status == 1
    asked = resolve(world, new, "--dry-run", "--json")
    (one,) = json.loads(asked.stdout)["files"]
    assert (one["file"], one["moved_from"], one["conflicts"]) == (new, FILE, [])
    newer = (world.repo / FILE).read_bytes()
    world.sops("set", FILE, '["db"]["password"]', '"newer"')
    assert resolve(world).status == 6  # what only the disk has is not removed with the old name
    (world.repo / FILE).write_bytes(newer)
    done = resolve(world)
    assert (done.status, f"it was {FILE} until one side moved it" in done.stderr) == (0, True)
    assert "password: edited" in world.decrypt(new)
    assert not stages(world)
    world.git("commit", "-q", "--no-edit")
    assert (world.git("status", "--porcelain"), (world.repo / FILE).exists()) == ("", False)
    assert world.run("verify").status == 0


@pytest.mark.long
def test_a_file_that_both_moved_and_git_merged_as_text_has_its_versions_in_the_commits(
    world: World,
) -> None:
    """git puts one text with markers in the place of both names."""
    names = {"ours": "infra/secrets/dev/ours.yaml", "theirs": "infra/secrets/dev/theirs.yaml"}
    start(world, "user: app\npassword: pass\n")  # too little for the values to tell
    world.git("config", "--remove-section", "merge.plana-secrets")

    def move(side: str, path: str) -> None:
        world.git("mv", FILE, names[side])
        put(world, path, f"{side}-value", names[side])

    on_branch(world, "theirs", lambda: move("theirs", "password"))
    move("ours", "user")
    world.commit("ours")
    assert merge(world).status == 1
    assert "<<<<<<<" in (world.repo / names["theirs"]).read_text()
    done = resolve(world)
    assert done.status == 0, done
    assert f"{names['theirs']} is the same file: `git rm` one of the two" in done.stderr
    for name in names.values():
        text = world.decrypt(name)
        assert "user: ours-value\npassword: theirs-value\n" in text
    assert (world.repo / FILE).exists() is False
    assert not stages(world)


@pytest.mark.long
def test_a_file_that_was_removed_beside_a_new_one_of_other_values_was_not_moved(
    world: World,
) -> None:
    start(world)

    def theirs() -> None:
        (world.repo / FILE).unlink()
        world.encrypt("infra/secrets/dev/new.yaml", "db:\n    user: app\nport: 5432\n")

    on_branch(world, "theirs", theirs)
    put(world, "db.password", "edited")
    world.commit("ours")
    assert merge(world).status == 1
    (one,) = json.loads(resolve(world, "--json").stdout)["files"]
    assert (one["file"], one["moved_from"]) == (FILE, None)
    assert [conflict["reason"] for conflict in one["conflicts"]] == ["removed"]


@pytest.mark.long
def test_markers_that_were_committed_are_resolved_from_the_two_parents(world: World) -> None:
    both_change(world)
    merge(world)
    world.commit("markers and all")
    done = resolve(world, FILE, "--all", "--theirs")
    assert done.status == 0, done
    assert f"next: git commit -m MESSAGE -- {FILE}" in done.stderr
    assert "password: theirs-value" in world.decrypt(FILE)


@pytest.mark.long
def test_a_file_that_was_added_too_early_is_resolved_while_the_merge_is_open(world: World) -> None:
    both_change(world, driver=True)
    merge(world)
    world.git("add", FILE)
    status = world.run("status")
    assert f"next: plana-secrets resolve {FILE}" in status.stdout
    assert resolve(world, FILE, "--all", "--theirs").status == 0
    text = world.decrypt(FILE)
    assert "user: ours-user" in text
    assert "password: theirs-value" in text
    assert world.git("diff", "--cached", "--name-only").split() == [FILE]
    assert world.git("diff", "--name-only") == ""


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
@pytest.mark.parametrize("is_committed", [False, True], ids=["open", "committed"])
def test_every_command_on_markers_says_how_they_are_resolved(
    world: World, is_committed: bool
) -> None:
    both_change(world)
    merge(world)
    if is_committed:
        world.git("commit", "-qam", "markers")
    next_command = f"plana-secrets resolve {FILE}"
    for command in (
        ("show", FILE), ("get", FILE, "port"), ("ls", FILE), ("status",), ("verify",),
        ("set", FILE, "db.user", "--generate", "hex:8"), ("edit", FILE), ("repair", FILE),
    ):  # fmt: skip
        done = world.run(*command, env={"EDITOR": "true"})
        assert next_command in done.stdout + done.stderr, (command, done)
    assert resolve(world, FILE, "--all", "--theirs").status == 0


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
@pytest.mark.parametrize("operation", ["rebase", "cherry-pick", "revert", "stash"])
def test_every_way_of_git_to_merge_names_its_sides(world: World, operation: str) -> None:
    start(world)
    world.git("config", "--remove-section", "merge.plana-secrets")
    match operation:
        case "stash":
            put(world, "db.password", "theirs-value")
            world.git("stash", "-q")
        case "revert":
            put(world, "db.password", "wrong-value")
            world.commit("a wrong value")
        case _:
            on_branch(world, "theirs", lambda: put(world, "db.password", "theirs-value"))
    put(world, "db.password", "ours-value")
    world.commit("our value")
    argv = {
        "rebase": ("rebase", "-q", "main", "theirs"),
        "cherry-pick": ("cherry-pick", "theirs"),
        "revert": ("revert", "--no-edit", "HEAD~1"),
        "stash": ("stash", "pop", "-q"),
    }[operation]
    assert world.command("git", *argv, check=False).status == 1
    (one,) = json.loads(resolve(world, "--json").stdout)["files"]
    expected = {
        "rebase": ("main and what is rebased already", "theirs"),
        "cherry-pick": ("main", "theirs"),
        "revert": ("main", "before"),
        "stash": ("main", "the other side"),
    }[operation]
    assert one["ours"] == expected[0]
    assert one["theirs"].startswith(expected[1])
    done = resolve(world, FILE, "--theirs", "db.password")
    assert done.status == 0
    wanted = "old-password" if operation == "revert" else "theirs-value"
    assert f"password: {wanted}" in world.decrypt(FILE)
    assert not stages(world)


def removed_on_one_side(world: World, by: str) -> None:
    start(world)

    def remove() -> object:
        return world.git("rm", "-q", FILE)

    def change() -> object:
        return put(world, "db.user", "changed")

    on_branch(world, "theirs", remove if by == "theirs" else change)
    (change if by == "theirs" else remove)()
    world.commit("ours")
    assert merge(world).status == 1


@pytest.mark.long
@pytest.mark.parametrize("by", ["ours", "theirs"])
@pytest.mark.parametrize("take", ["ours", "theirs"])
def test_a_file_that_one_side_removed_is_kept_or_removed(world: World, by: str, take: str) -> None:
    removed_on_one_side(world, by)
    (one,) = json.loads(resolve(world, "--json").stdout)["files"]
    assert one["conflicts"] == [{"reason": "removed", "path": None, "chosen": None}]
    assert resolve(world, FILE, "--all", f"--{take}").status == 0
    assert not stages(world)
    if by == take:
        assert not (world.repo / FILE).exists()
        assert world.git("ls-files", FILE) == ""
    else:
        assert "user: changed" in world.decrypt(FILE)


@pytest.mark.long
def test_a_file_that_both_added_and_one_that_was_renamed(world: World) -> None:
    other = "infra/secrets/dev/other.yaml"
    start(world)
    world.git("config", "--remove-section", "merge.plana-secrets")

    def theirs() -> None:
        world.encrypt(other, "a: theirs-value\nb: same\n")
        world.git("mv", FILE, "infra/secrets/dev/renamed.yaml")

    on_branch(world, "theirs", theirs)
    world.encrypt(other, "a: ours-value\nb: same\nc: ours\n")
    put(world, "db.user", "ours-user")
    world.commit("ours")
    assert merge(world).status == 1
    assert resolve(world, "--all", "--theirs").status == 0
    assert world.decrypt(other) == "a: theirs-value\nb: same\nc: ours\n"
    assert "user: ours-user" in world.decrypt("infra/secrets/dev/renamed.yaml")
    assert not stages(world)


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
