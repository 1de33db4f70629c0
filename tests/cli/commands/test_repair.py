"""``repair`` at a terminal and in a pipe: shown, chosen, written, and never a value."""

from __future__ import annotations

import json

import pytest

from tests.cli.terminal import run_at_terminal
from tests.world import World

FILE = "infra/secrets/dev/a.yaml"


@pytest.fixture
def broken(world: World) -> World:
    world.encrypt(FILE, "a: s3nt1nel-old\nb: two\n")
    world.commit()
    path = world.repo / FILE
    text = path.read_text()
    path.write_text("new: s3nt1nel-new\n" + text.replace("\nb: ENC", "\nbb: ENC"))
    return world


def test_without_a_choice_nothing_is_changed_and_the_way_on_is_named(broken: World) -> None:
    before = (broken.repo / FILE).read_bytes()
    done = broken.run("repair", FILE)
    assert done.status == 2
    assert "new  is readable here; git does not have it" in done.stderr
    assert "bb  opens as b; git does not have it" in done.stderr
    assert "b  is not here; git has it" in done.stderr
    assert f"`plana-secrets repair {FILE} --all --from-git`" in done.stderr
    assert (broken.repo / FILE).read_bytes() == before
    assert "s3nt1nel" not in done.stdout + done.stderr


def test_the_printed_way_on_works(broken: World) -> None:
    done = broken.run("repair", FILE, "--all", "--from-git")
    assert done.status == 0, done
    assert "readable until now: new; replace that value where it is used" in done.stderr
    assert "s3nt1nel" not in done.stdout + done.stderr
    assert broken.run("verify").status == 0
    assert broken.run("diff").stdout == ""


def test_a_file_that_was_moved_since_the_commit_is_compared_with_what_it_was(world: World) -> None:
    for name, value in (("a", "one"), ("b", "two"), ("c", "three")):
        world.encrypt(f"infra/secrets/dev/{name}.yaml", f"a: {value}\nb: {value}\n")
    world.commit()
    moved = world.repo / "infra/secrets/prod/moved.yaml"
    moved.parent.mkdir()
    (world.repo / FILE).rename(moved)
    (world.repo / "infra/secrets/dev/b.yaml").unlink()
    moved.write_text("a: plain\n" + moved.read_text().partition("\n")[2])
    done = world.run("repair", str(moved), "--from-git", "a")
    assert done.status == 0, done
    assert world.run("get", str(moved), "a").stdout.strip() == "one"


def test_choices_by_path_and_for_the_rest(broken: World) -> None:
    done = broken.run("repair", FILE, "--keep", "new", "--all", "--from-git", "--json")
    report = json.loads(done.stdout)
    assert report["written"] is True
    assert report["readable"] == ["new"]
    taken = {one["path"]: (one["here"], one["in_git"], one["taken"]) for one in report["values"]}
    assert taken == {
        "new": ("readable", False, "keep"),
        "bb": ("renamed", False, "git"),
        "b": ("missing", True, "git"),
    }
    assert broken.run("get", FILE, "new").stdout.strip() == "s3nt1nel-new"
    assert broken.run("verify").status == 0


def test_a_dry_run_writes_nothing(broken: World) -> None:
    before = (broken.repo / FILE).read_bytes()
    done = broken.run("repair", FILE, "--all", "--keep", "--dry-run")
    assert (done.status, "would be repaired" in done.stderr) == (0, True)
    assert (broken.repo / FILE).read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [["--all"], ["--from-git"], ["--all", "--from-git", "--keep"], ["--from-git", "nowhere"]],
    ids=" ".join,
)
def test_an_unclear_choice_is_refused(broken: World, options: list[str]) -> None:
    before = (broken.repo / FILE).read_bytes()
    assert broken.run("repair", FILE, *options).status == 2
    assert (broken.repo / FILE).read_bytes() == before


def test_a_file_with_nothing_wrong_is_left_alone(broken: World) -> None:
    broken.git("checkout", "-q", "--", FILE)
    done = broken.run("repair", FILE)
    assert (done.status, "nothing is wrong with" in done.stderr) == (0, True)


@pytest.mark.parametrize(
    "argv", [["get", FILE, "a"], ["set", FILE, "a", "--stdin"], ["unset", FILE, "a"], ["run", FILE]]
)
def test_every_other_command_names_it(broken: World, argv: list[str]) -> None:
    argv = [*argv, "--", "true"] if argv[0] == "run" else argv
    done = broken.run(*argv, stdin=b"x")
    assert f"`plana-secrets repair {FILE}`" in done.stderr


@pytest.mark.parametrize("damage", ["in plaintext", "damaged", "new in plaintext"])
def test_set_and_unset_replace_the_one_value_that_is_in_doubt(world: World, damage: str) -> None:
    path = world.encrypt(FILE, "a: s3nt1nel-old\nb: two\n")
    world.commit()
    text = path.read_text()
    broken = {
        "in plaintext": "a: s3nt1nel-new\n" + text.partition("\n")[2],
        "damaged": text.replace("a: ENC[AES256_GCM,data:", "a: ENC[AES256_GCM,data:AAAA", 1),
        "new in plaintext": "a.new: s3nt1nel-new\n" + text,
    }[damage]
    target = '["a.new"]' if "new in" in damage else "a"
    path.write_text(broken)
    done = world.run("set", FILE, target, "--stdin", stdin=b"fresh")
    assert done.status == 0, done
    assert ("readable until now" in done.stderr) is ("plaintext" in damage)
    assert "s3nt1nel" not in done.stderr
    assert world.run("get", FILE, target).stdout == "fresh"
    assert world.run("get", FILE, "b").stdout == "two"
    path.write_text(broken)
    assert world.run("unset", FILE, target).status == 0
    assert world.run("get", FILE, target).status == 2
    assert world.run("verify", FILE).status == 0


def test_set_leaves_a_file_in_which_more_is_in_doubt(broken: World) -> None:
    before = (broken.repo / FILE).read_bytes()
    done = broken.run("set", FILE, "new", "--stdin", stdin=b"x")
    assert (done.status, f"`plana-secrets repair {FILE}`" in done.stderr) == (3, True)
    assert (broken.repo / FILE).read_bytes() == before


def test_a_number_in_plaintext_does_not_become_text_by_accident(world: World) -> None:
    path = world.encrypt(FILE, "a: 1\nb: two\n")
    world.commit()
    path.write_text("a: 7\n" + path.read_text().partition("\n")[2])
    done = world.run("set", FILE, "a", "--stdin", stdin=b"8")
    assert (done.status, "pass --type int" in done.stderr) == (2, True)
    assert world.run("set", FILE, "a", "--stdin", "--type", "int", stdin=b"8").status == 0
    assert "a: 8\n" in world.decrypt(FILE)


@pytest.mark.parametrize("side", ["--from-git", "--keep"])
def test_where_there_is_nothing_to_choose_no_sound_version_is_needed(
    world: World, side: str
) -> None:
    path = world.encrypt(FILE, "a: one\n")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    world.commit()
    assert world.run("repair", FILE, "--all", side).status == 0
    assert world.run("verify").status == 0


def test_at_a_terminal_each_value_is_asked_about(broken: World) -> None:
    answers = [("new: [g]", "k\n"), ("bb: [g]", "what?\n"), ("bb: [g]", "g\n"), ("b: [g]", "g\n")]
    done = run_at_terminal(broken, "repair", FILE, answers=answers)
    assert done.status == 0, done.screen
    assert "s3nt1nel" not in done.screen
    assert broken.run("get", FILE, "new").stdout.strip() == "s3nt1nel-new"
    assert broken.run("get", FILE, "b").stdout.strip() == "two"
    assert broken.run("verify").status == 0


def test_at_a_terminal_nothing_is_written_by_the_one_who_quits(broken: World) -> None:
    before = (broken.repo / FILE).read_bytes()
    done = run_at_terminal(
        broken, "repair", FILE, answers=[("new: [g]", "k\n"), ("bb: [g]", "q\n")]
    )
    assert done.status == 2
    assert (broken.repo / FILE).read_bytes() == before


@pytest.mark.long
def test_what_cannot_be_read_is_not_dropped_without_a_word(world: World) -> None:
    path = world.encrypt(FILE, "a: one\n")
    world.commit()
    sound = path.read_text()
    broken = f"{sound}---\nx: typed\n"
    path.write_text(broken)
    done = world.run("repair", FILE)
    assert (done.status, "cannot be read to its end" in done.stderr) == (2, True), done
    for argv in (["set", FILE, "a", "--stdin"], ["encrypt", FILE], ["edit", FILE]):
        assert world.run(*argv, stdin=b"x", env={"EDITOR": "true"}).status == 3
    assert path.read_text() == broken
    done = run_at_terminal(world, "repair", FILE, answers=[("[y/N]", "y\n")])
    assert (done.status, path.read_text()) == (0, sound), done.screen
    path.write_text(broken)
    assert world.run("repair", FILE, "--all", "--from-git").status == 0
    assert path.read_text() == sound
