"""`edit`, `encrypt`, `set` and `unset` on a file that was changed without sops."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.cli.commands.edit.editor import editor
from tests.cli.terminal import run_at_terminal
from tests.world import World

FILE = "infra/secrets/dev/a.yaml"
LABEL = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
ADD = 'echo "z: edited" >> "$1"'
Change = Callable[[str], str]


def sub(pattern: str, by: str) -> Change:
    return lambda text: re.sub(rf"(?m){pattern}", by, text, count=1)


TYPED: Change = lambda text: f"new: s3nt1nel-new\n{text}"  # noqa: E731
REPLACED = sub("^a: .*", "a: s3nt1nel-new")
RENAMED = sub("^a: ENC", "aa: ENC")
REMOVED = sub("^b: .*\n", "")
SUFFIX: Change = lambda text: f"p_unencrypted: s3nt1nel-new\n{text}"  # noqa: E731
CLEAR: dict[str, Change] = {
    "an old comment in the sops block": sub("^sops:$", "sops:\n    # was: hunter2"),
    "another label": sub("recipient: age1.*", f"recipient: {LABEL}"),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "no sops block": lambda text: text.partition("\nsops:")[0] + "\n",
    "no MAC": sub("^    mac: .*\n", ""),
    "a readable comment": lambda text: f"# a note\n{text}",
}
"""Damage that leaves nothing to choose."""


def break_file(world: World, change: Change) -> bytes:
    path = world.repo / FILE
    before = path.read_text()
    path.write_bytes(change(before).encode())
    assert path.read_bytes() != before.encode()
    return path.read_bytes()


@pytest.fixture
def sound(world: World) -> World:
    world.encrypt(FILE, "a: one\nb: two\nc: three\n")
    world.commit()
    return world


def values(world: World) -> str:
    return world.decrypt(FILE)


# -- encrypt


@pytest.mark.parametrize(("change", "path"), [(TYPED, "new"), (REPLACED, "a")], ids=["new", "a"])
def test_encrypt_encrypts_what_was_typed_into_a_sound_file(
    sound: World, change: Change, path: str
) -> None:
    break_file(sound, change)
    done = sound.run("encrypt", FILE)
    assert done.status == 0, done
    assert f"readable until now: {path}; replace that value where it is used" in done.stderr
    assert "git never had the file unencrypted" in done.stderr
    assert "s3nt1nel" not in done.stdout + done.stderr
    assert sound.run("get", FILE, path).stdout == "s3nt1nel-new"
    assert sound.run("verify").status == 0
    assert sound.run("encrypt", FILE).status == 2


def test_encrypt_needs_no_git_where_the_mac_proves_the_rest(world: World) -> None:
    """Of a file that was never committed, and that sops has changed since."""
    world.encrypt(FILE, "a: one\nb: two\n")
    break_file(world, TYPED)
    assert world.run("encrypt", FILE).status == 0
    world.commit()
    assert world.run("set", FILE, "b", "--stdin", stdin=b"changed").status == 0
    assert world.run("unset", FILE, "a").status == 0
    break_file(world, sub("^new: .*", "new: s3nt1nel-other"))
    done = world.run("encrypt", FILE)
    assert done.status == 0, done
    assert values(world) == "new: s3nt1nel-other\nb: changed\n"


def test_encrypt_says_where_git_has_the_readable_value(sound: World) -> None:
    break_file(sound, TYPED)
    commit = sound.commit()
    done = sound.run("encrypt", FILE)
    assert f"git has the unencrypted file ({commit[:12]})" in done.stderr
    assert f"git's index has the unencrypted file; next: git add {FILE}" in done.stderr


def test_encrypt_keeps_numbers_as_they_were_typed(sound: World) -> None:
    break_file(sound, lambda text: f"n: 7\npin: 0042\nflag: true\n{text}")
    done = sound.run("encrypt", FILE)
    assert "kept as text: pin (use --typed" in done.stderr
    assert values(sound).startswith('"n": 7\npin: "0042"\nflag: true\n')
    sound.git("checkout", "-q", "--", FILE)
    break_file(sound, lambda text: f"pin: 0042\n{text}")
    assert sound.run("encrypt", FILE, "--typed").status == 0
    assert values(sound).startswith("pin: 34\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: TYPED(RENAMED(text)),
        lambda text: TYPED(REMOVED(text)),
        lambda text: TYPED(sub("^b: ENC.*", "b: ENC[x]")(text)),
        RENAMED,
        SUFFIX,
        CLEAR["line ends of Windows"],
        sub("^b: (.*)$", r"<<<<<<< HEAD\nb: \1\n=======\nb: \1\n>>>>>>> topic"),
    ],
    ids=["renamed", "removed", "broken", "no plaintext", "suffix", "form", "conflict"],
)
def test_encrypt_leaves_a_file_in_which_more_is_in_doubt(sound: World, change: Change) -> None:
    before = break_file(sound, change)
    done = sound.run("encrypt", FILE)
    assert (done.status, f"`plana-secrets repair {FILE}`" in done.stderr) == (3, True), done
    assert (sound.repo / FILE).read_bytes() == before


# -- edit


def test_edit_repairs_at_a_terminal_and_goes_on_into_the_editor(sound: World) -> None:
    break_file(sound, lambda text: TYPED(RENAMED(text)))
    done = run_at_terminal(
        sound, "edit", FILE, env=editor(sound, ADD),
        answers=[("new: [g]it's (remove it)", "k\n"), ("aa: [g]", "g\n"), ("a: [g]", "g\n")],
    )  # fmt: skip
    assert done.status == 0, done.screen
    assert "new  is readable here; git does not have it" in done.screen
    assert "readable until now: new" in done.screen
    assert "s3nt1nel" not in done.screen
    assert values(sound) == "new: s3nt1nel-new\na: one\nb: two\nc: three\nz: edited\n"
    assert sound.run("verify").status == 0


def test_edit_starts_no_editor_for_the_one_who_quits(sound: World) -> None:
    before = break_file(sound, TYPED)
    env = editor(sound, f"touch {sound.folder}/ran")
    done = run_at_terminal(sound, "edit", FILE, env=env, answers=[("[q]uit", "q\n")])
    assert done.status == 2
    assert (sound.repo / FILE).read_bytes() == before
    assert not (sound.folder / "ran").exists()


@pytest.mark.parametrize("change", [TYPED, RENAMED, REMOVED], ids=["typed", "renamed", "removed"])
def test_edit_without_a_terminal_believes_nothing(sound: World, change: Change) -> None:
    before = break_file(sound, change)
    done = sound.run("edit", FILE, env=editor(sound, ADD))
    assert (done.status, f"`plana-secrets repair {FILE}`" in done.stderr) == (3, True)
    assert (sound.repo / FILE).read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [pytest.param(name, marks=pytest.mark.long if at else ()) for at, name in enumerate(CLEAR)],
)
def test_where_nothing_is_in_doubt_each_goes_on(sound: World, damage: str) -> None:
    broken = break_file(sound, CLEAR[damage])
    done = sound.run("edit", FILE, env=editor(sound, ADD))
    assert done.status == 0, done
    assert sound.run("get", FILE, "z").stdout == "edited"
    (sound.repo / FILE).write_bytes(broken)
    assert sound.run("edit", FILE, "--dry-run", env=editor(sound, ADD)).status == 3
    assert (sound.repo / FILE).read_bytes() == broken
    assert sound.run("set", FILE, "b", "--stdin", stdin=b"new").status == 0
    (sound.repo / FILE).write_bytes(broken)
    assert sound.run("unset", FILE, "c").status == 0
    assert sound.run("get", FILE, "b").stdout == "two"
    assert sound.run("verify").status == 0


def test_edit_of_a_file_with_another_selector_writes_it_by_its_rule(world: World) -> None:
    rules = "creation_rules:\n  - age: {recipients}\n"
    world.write_rules(rules + "    encrypted_regex: ^a$\n")
    world.encrypt(FILE, "a: one\nb: two\n")
    world.write_rules(rules)
    done = world.run("edit", FILE, env=editor(world, ADD))
    assert (done.status, "readable until now: b" in done.stderr) == (0, True), done
    assert world.run("verify").status == 0


# -- set and unset


def test_a_renamed_key_is_decided_by_what_is_written_there(sound: World) -> None:
    broken = break_file(sound, RENAMED)
    assert sound.run("set", FILE, "aa", "--stdin", stdin=b"new").status == 0
    assert sorted(values(sound).splitlines()) == ["aa: new", "b: two", "c: three"]
    (sound.repo / FILE).write_bytes(broken)
    assert sound.run("unset", FILE, "aa").status == 0
    assert values(sound) == "b: two\nc: three\n"
    (sound.repo / FILE).write_bytes(broken)
    for argv in (
        ["unset", FILE, "b"],
        ["set", FILE, "a", "--stdin"],
        ["set", FILE, "z", "--stdin"],
    ):
        assert sound.run(*argv, stdin=b"x").status == 3
    assert (sound.repo / FILE).read_bytes() == broken


def test_a_copied_line_is_decided_without_its_original(sound: World) -> None:
    break_file(sound, sub("^a: (.*)$", r"a: \1\naa: \1"))
    assert sound.run("unset", FILE, "aa").status == 0
    assert values(sound) == "a: one\nb: two\nc: three\n"


def test_a_key_with_the_suffix_goes_by_either_name(sound: World) -> None:
    broken = break_file(sound, SUFFIX)
    done = sound.run("unset", FILE, "p_unencrypted")
    assert (done.status, "readable until now: p;" in done.stderr) == (0, True), done
    assert values(sound) == "a: one\nb: two\nc: three\n"
    (sound.repo / FILE).write_bytes(broken)
    done = sound.run("set", FILE, "p", "--stdin", stdin=b"fresh")
    assert done.status == 0, done
    assert sound.run("get", FILE, "p").stdout == "fresh"
    assert sound.run("verify").status == 0
