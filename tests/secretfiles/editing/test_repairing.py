"""Files broken in every way a hand, a bot or a merge can: each comes back, and loses nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plana_secrets.document.edits import content_of
from plana_secrets.document.repair import Repair, Side, plan_repair
from plana_secrets.errors import CredentialError, FailedError, UsageError
from plana_secrets.paths import format_path, parse_path
from plana_secrets.secretfiles.editing.repaired import stage_repair
from plana_secrets.secretfiles.editing.repairing import Case, examine
from plana_secrets.secretfiles.open import read_document_of
from plana_secrets.secretfiles.writing.writer import write_files, writing
from tests.secretfiles.conftest import make_workspace
from tests.verify.helpers import verify
from tests.world import World

FILE = "infra/secrets/dev/a.yaml"
PLAIN = """\
a: one
b: two
db:
    user: joe
    password: pw
list:
    - x
    - y
# a note
c: three
"""
VALUES = {
    "a": "one",
    "b": "two",
    "db.user": "joe",
    "db.password": "pw",
    "list[0]": "x",
    "list[1]": "y",
    "c": "three",
}
Break = Callable[[str], str]


def swap(text: str) -> str:
    one, other = (re.search(rf"(?m)^{key}: (.*)$", text) for key in "ab")
    assert one is not None
    assert other is not None
    changed = text.replace(one[0], f"a: {other[1]}", 1)
    return changed.replace(other[0], f"b: {one[1]}", 1)


def sub(pattern: str, by: str) -> Break:
    return lambda text: re.sub(rf"(?m){pattern}", by, text, count=1)


OTHER = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

# how it was broken -> (the change, what was readable then)
WAYS: dict[str, tuple[Break, list[str]]] = {
    "a value added by hand": (lambda text: f"new: hunter2\n{text}", ["new"]),
    "a value replaced by hand": (sub("^a: .*", "a: hunter2"), ["a"]),
    "a nested value replaced": (sub("^    user: .*", "    user: hunter2"), ["db.user"]),
    "an entry of a list replaced": (sub("^    - ENC.*", "    - hunter2"), ["list[0]"]),
    "a key renamed": (sub("^a: ENC", "aa: ENC"), []),
    "a key removed": (sub("^b: .*\n", ""), []),
    "an entry of a list removed": (sub("^    - ENC.*\n", ""), []),
    "two values swapped": (swap, []),
    "a value moved into a map": (sub("^b: (.*)\ndb:", r"db:\n    b: \1"), []),
    "a ciphertext cut": (sub(r"^c: ENC\[AES256_GCM,data:....", "c: ENC[AES256_GCM,data:"), []),
    "a ciphertext of nothing": (sub("^c: .*", "c: ENC[x]"), []),
    "another type word": (sub(r"^c: (.*)type:str\]", r"c: \1type:int]"), []),
    "text behind a ciphertext": (sub("^c: (.*)$", r"c: \1 and more"), []),
    "a key twice": (lambda text: f"a: again\n{text}", ["a"]),
    "an unknown field of the sops block": (sub("^sops:$", "sops:\n    extra: x"), []),
    "a comment in the sops block": (sub("^sops:$", "sops:\n    # was: hunter2"), []),
    "no MAC": (sub("^    mac: .*\n", ""), []),
    "a MAC of another file": (sub("^    lastmodified: .*", '    lastmodified: "2020-01-01T00:00:00Z"'), []),
    "another label": (sub("recipient: age1.*", f"recipient: {OTHER}"), []),
    "no sops block": (lambda text: text.partition("\nsops:")[0] + "\n", []),
    "line ends of Windows": (lambda text: text.replace("\n", "\r\n"), []),
    "a byte order mark": (lambda text: f"\ufeff{text}", []),
    "a comment decrypted": (sub("^#ENC.*", "# a note"), []),
    "a committed conflict": (
        sub("^b: (.*)$", r"<<<<<<< HEAD\nb: \1\n=======\nb: \1\n>>>>>>> topic"), []
    ),
    "only the first half": (lambda text: text[: text.index("db:")], []),
    "nothing": (lambda text: "", []),
}  # fmt: skip


@pytest.fixture
def broken(world: World) -> World:
    world.encrypt(FILE, PLAIN)
    world.commit()
    return world


def damage(world: World, change: Break) -> None:
    path = world.repo / FILE
    before = path.read_text()
    path.write_bytes(change(before).encode())
    assert path.read_bytes() != before.encode()


def values(world: World) -> dict[str, str]:
    document = read_document_of(make_workspace(world), FILE)
    return {format_path(leaf.path): value.reveal_text() for leaf, value in document.entries()}


def plan(case: Case, rest: Side | None = None, **choices: Side) -> Repair:
    return plan_repair(case.now, case.then, {parse_path(k): v for k, v in choices.items()}, rest)


def apply(world: World, case: Case, repair: Repair) -> None:
    workspace = make_workspace(world)
    with writing(workspace, "repair"):
        write_files(workspace, [stage_repair(workspace, case, repair)], operation="repair")


def examined(world: World) -> Case:
    case = examine(make_workspace(world), FILE)
    assert case is not None
    return case


def wait_for_the_next_second() -> None:
    """In one second sops writes the same MAC for other comments or keys, as a hand would leave it."""
    time.sleep(1)


@pytest.mark.parametrize("way", WAYS)
def test_with_what_git_had_all_of_it_comes_back(broken: World, way: str) -> None:
    change, readable = WAYS[way]
    damage(broken, change)
    if way == "only the first half":
        wait_for_the_next_second()
    assert verify(broken).exit_code() == 1
    case = examined(broken)
    repair = plan(case, "git")
    assert [format_path(path) for path in case.exposed] == readable
    apply(broken, case, repair)
    assert values(broken) == VALUES
    assert verify(broken).exit_code() == 0
    assert examine(make_workspace(broken), FILE) is None


KEPT = {
    "a value added by hand": VALUES | {"new": "hunter2"},
    "a value replaced by hand": VALUES | {"a": "hunter2"},
    "a key renamed": {"aa": "one"} | {path: one for path, one in VALUES.items() if path != "a"},
    "a key removed": {path: one for path, one in VALUES.items() if path != "b"},
    "two values swapped": VALUES | {"a": "two", "b": "one"},
}


@pytest.mark.long
@pytest.mark.parametrize("way", KEPT)
def test_what_is_kept_is_encrypted_and_what_nobody_touched_stays_as_it_was(
    broken: World, way: str
) -> None:
    before = (broken.repo / FILE).read_text()
    damage(broken, WAYS[way][0])
    if way == "a key renamed":
        wait_for_the_next_second()
    case = examined(broken)
    apply(broken, case, plan(case, "keep"))
    assert values(broken) == KEPT[way]
    assert verify(broken).exit_code() == 0
    after = (broken.repo / FILE).read_text()
    assert "hunter2" not in after
    for line in re.findall(r"(?m)^    password: .*$|^c: .*$", before):
        assert line in after


def test_each_value_has_a_choice_of_its_own(broken: World) -> None:
    damage(broken, lambda text: "new: hunter2\n" + re.sub("(?m)^a: .*", "a: other", text))
    case = examined(broken)
    assert [format_path(path) for path in plan(case).undecided] == ["new", "a"]
    assert plan(case, new="git").content is None
    apply(broken, case, plan(case, new="git", a="keep"))
    assert values(broken) == VALUES | {"a": "other"}


def test_what_does_not_open_cannot_be_kept_and_what_is_the_same_is_no_choice(
    broken: World,
) -> None:
    damage(broken, WAYS["a ciphertext of nothing"][0])
    case = examined(broken)
    with pytest.raises(UsageError) as caught:
        plan(case, "keep")
    assert (caught.value.kind, caught.value.facts["path"]) == ("cannot-be-kept", "c")
    with pytest.raises(UsageError) as caught:
        plan(case, "git", a="keep")
    assert caught.value.kind == "nothing-to-choose"


def test_the_newest_sound_version_counts_also_under_another_name(broken: World) -> None:
    broken.git("mv", FILE, "infra/secrets/dev/b.yaml")
    broken.commit()
    broken.git("mv", "infra/secrets/dev/b.yaml", FILE)
    damage(broken, WAYS["a value replaced by hand"][0])
    broken.commit()
    damage(broken, WAYS["a key removed"][0])
    broken.commit()
    case = examined(broken)
    apply(broken, case, plan(case, "git"))
    assert values(broken) == VALUES


def test_without_a_version_in_git_what_opens_can_be_kept(world: World) -> None:
    world.encrypt(FILE, PLAIN)
    damage(world, WAYS["a value added by hand"][0])
    case = examined(world)
    assert case.sound is None
    apply(world, case, plan(case, "keep"))
    assert values(world) == VALUES | {"new": "hunter2"}
    assert verify(world).exit_code() == 0


def test_a_file_that_git_never_had_and_nothing_opens_is_beyond_repair(world: World) -> None:
    (world.repo / FILE).parent.mkdir(parents=True)
    (world.repo / FILE).write_text("a: ENC[AES256_GCM,data:x]\n")
    with pytest.raises(FailedError) as caught:
        examine(make_workspace(world), FILE)
    assert caught.value.kind == "beyond-repair"


def test_recipients_that_git_had_otherwise_are_those_of_the_rule(broken: World) -> None:
    damage(broken, WAYS["a value replaced by hand"][0])
    broken.others.append(type(broken.identity).generate())
    broken.write_rules("creation_rules:\n  - age: {recipients}\n")
    case = examined(broken)
    apply(broken, case, plan(case, "git"))
    assert values(broken) == VALUES
    assert verify(broken).exit_code() == 0


def test_a_key_that_keeps_its_value_readable_loses_its_suffix(world: World) -> None:
    world.encrypt(FILE, "a: one\nb_unencrypted: hunter2\n")
    world.commit()
    case = examined(world)
    assert [format_path(path) for path in case.exposed] == ["b"]
    apply(world, case, plan(case, "keep"))
    assert values(world) == {"a": "one", "b": "hunter2"}
    assert "hunter2" not in (world.repo / FILE).read_text()
    assert verify(world).exit_code() == 0


@pytest.mark.parametrize("option", ["encrypted_regex: ^a$", "mac_only_encrypted: true"])
def test_a_file_with_another_selector_is_encrypted_again_by_its_rule(
    world: World, option: str
) -> None:
    world.write_rules("creation_rules:\n  - age: {recipients}\n    " + option + "\n")
    world.encrypt(FILE, "a: one\nb: two\n")
    world.write_rules("creation_rules:\n  - age: {recipients}\n")
    world.commit()
    assert verify(world).exit_code() == 1
    case = examined(world)
    assert [format_path(path) for path in case.exposed] == (["b"] if "regex" in option else [])
    apply(world, case, plan(case))
    assert values(world) == {"a": "one", "b": "two"}
    assert verify(world).exit_code() == 0


def test_an_open_merge_is_resolved_first(broken: World) -> None:
    broken.git("switch", "-q", "-c", "topic")
    broken.encrypt(FILE, PLAIN.replace("one", "theirs"))
    broken.commit()
    broken.git("switch", "-q", "main")
    broken.encrypt(FILE, PLAIN.replace("one", "ours"))
    broken.commit()
    broken.command("git", "merge", "-q", "topic", check=False)
    with pytest.raises(UsageError) as caught:
        examine(make_workspace(broken), FILE)
    assert caught.value.kind == "merge-open"


def test_the_values_of_others_are_not_given_away(broken: World, tmp_path: Path) -> None:
    """Without the identity there is nothing to show, and nothing to write."""
    stranger = tmp_path / "stranger.txt"
    stranger.write_text(f"{type(broken.identity).generate()}\n")
    broken.key_file.write_text(stranger.read_text())
    damage(broken, WAYS["a value moved into a map"][0])
    with pytest.raises((CredentialError, FailedError)):
        examine(make_workspace(broken), FILE)


def test_a_missing_identity_is_said_before_any_damage(broken: World) -> None:
    broken.key_file.write_text(f"{type(broken.identity).generate()}\n")
    damage(broken, WAYS["a value replaced by hand"][0])
    done = broken.run("repair", FILE, "--all", "--keep")
    assert (done.status, "none of your identities opens the file" in done.stderr) == (4, True)


def test_what_comes_back_is_byte_for_byte_what_git_had(broken: World) -> None:
    before = (broken.repo / FILE).read_bytes()
    damage(broken, WAYS["a key removed"][0])
    case = examined(broken)
    repair = plan(case, "git")
    assert repair.content is not None
    assert case.sound is not None
    apply(broken, case, repair)
    after = read_document_of(make_workspace(broken), FILE)
    assert content_of(after) is not None
    assert (broken.repo / FILE).read_bytes() == before


DAMAGED_COMMENT = sub(r"^#ENC\[AES256_GCM,data:..", "#ENC[AES256_GCM,data:AA")


def test_a_comment_that_does_not_open_comes_from_git(broken: World) -> None:
    before = (broken.repo / FILE).read_bytes()
    damage(broken, DAMAGED_COMMENT)
    done = broken.run("repair", FILE)
    assert (done.status, "comment" in done.stderr) == (0, False)
    assert (broken.repo / FILE).read_bytes() == before


def test_a_comment_that_is_nowhere_is_said_to_be_lost(world: World) -> None:
    world.encrypt(FILE, PLAIN)
    damage(world, DAMAGED_COMMENT)
    done = world.run("repair", FILE, "--all", "--keep")
    assert (done.status, "1 comment left out" in done.stderr) == (0, True)
    assert values(world) == VALUES


def test_values_whose_block_is_gone_are_not_encrypted_twice(broken: World) -> None:
    damage(broken, WAYS["no sops block"][0])
    before = (broken.repo / FILE).read_bytes()
    for argv in (["encrypt", FILE], ["get", FILE, "a"], ["show", FILE]):
        done = broken.run(*argv)
        assert done.status == 3
        assert f"`plana-secrets repair {FILE}`" in done.stderr
    assert (broken.repo / FILE).read_bytes() == before
    assert [(one.check, one.file) for one in verify(broken).findings] == [("metadata", FILE)]
    assert broken.run("repair", FILE, "--all", "--keep").status == 0
    assert values(broken) == VALUES


def test_a_file_in_json_comes_back_as_git_had_it(world: World) -> None:
    file = "infra/secrets/dev/a.json"
    world.write_rules("creation_rules:\n  - age: {recipients}\n")
    path = world.repo / file
    path.parent.mkdir(parents=True)
    types = ("--input-type", "json", "--output-type", "json")
    done = world.sops("encrypt", "--filename-override", file, *types, stdin=b'{"a": "one"}')
    path.write_text(done.stdout)
    world.commit()
    path.write_text(done.stdout.replace('"a": "ENC', '"aa": "ENC'))
    kept = world.run("repair", file, "--all", "--keep")
    assert (kept.status, "writes only YAML" in kept.stderr) == (2, True)
    assert world.run("repair", file, "--all", "--from-git").status == 0
    assert path.read_text() == done.stdout


def test_a_readable_field_of_a_manifest_may_be_kept(world: World) -> None:
    file = "infra/secrets/dev/app.secret.yaml"
    text = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: app\nstringData:\n    A: one\n"
    path = world.encrypt(file, text)
    world.commit()
    path.write_text(path.read_text().replace("name: app", "name: web"))
    assert world.run("repair", file, "--keep", "metadata.name").status == 0
    assert "name: web" in world.decrypt(file)
    assert verify(world).exit_code() == 0
