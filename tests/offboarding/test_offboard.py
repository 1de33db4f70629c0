"""``offboard``: what a leaver could read, beside a reference that decrypts all of the history."""

from __future__ import annotations

import json

import pyrage
import pytest

from tests.offboarding.leaver import (
    APP,
    MAIL,
    MANIFEST,
    PROD,
    keyless,
    leave,
    readable,
    report,
    status,
)
from tests.world import DEFAULT_RULES, World


def next_to_lock_out(world: World) -> str:
    said = world.run("offboard", "bob", "--status").stderr
    return said.partition("bob can still read 2 files of the last commit; next: ")[2].split("\n")[0]


def test_a_reader_of_a_file_alone_is_removed_by_its_rule(shared: World) -> None:
    texts = {APP: (shared.repo / APP).read_text(), PROD: ""}
    shared.encrypt(PROD, MANIFEST)
    texts[PROD] = (shared.repo / PROD).read_text()
    shared.commit()
    assert shared.run("recipients", "remove", "bob").status == 0
    for file, text in texts.items():
        (shared.repo / file).write_text(text)
    shared.commit()
    assert next_to_lock_out(shared) == "plana-secrets recipients apply"


def test_it_names_what_the_reference_finds_and_what_became_of_it(shared: World) -> None:
    bob = shared.others[0]
    shared.encrypt(PROD, MANIFEST)
    shared.run("set", APP, "gone", "--stdin", stdin=b"old")
    shared.commit()
    shared.run("unset", APP, "gone")
    (shared.repo / MAIL).unlink()
    shared.commit()
    before = report(shared)
    assert before["still_reads"] == [APP, PROD]
    assert next_to_lock_out(shared) == "plana-secrets recipients remove bob"
    assert shared.run("recipients", "remove", "bob").status == 0
    assert next_to_lock_out(shared).startswith("commit ")
    shared.commit()
    found = status(shared)
    assert set(found) == readable(shared, bob)
    assert {place: one[0] for place, one in found.items()} == dict.fromkeys(found, "open")
    assert found[f"{MAIL}#password"][1] == "the file was deleted; the value may be valid elsewhere"
    assert shared.run("set", APP, "password", "--generate", "hex:8").status == 0
    assert status(shared)[f"{APP}#password"][0] == "open"  # no commit has it
    shared.commit()
    found = status(shared)
    assert found[f"{APP}#password"] == ("rotated", "changed since")
    assert found[f"{APP}#port"] == ("open", "the value is the same")
    (shop,) = [one for one in report(shared)["values"] if one["file"] == PROD]
    assert (shop["service"], shop["path"]) == ("web/shop", "stringData.KEY")


def test_without_an_identity_by_the_ciphertexts_alone(shared: World) -> None:
    assert shared.run("recipients", "remove", "bob", "--commit").status == 0
    assert shared.run("set", APP, "password", "--generate", "hex:8").status == 0
    shared.commit()
    shared.sops("rotate", "-i", APP)
    shared.commit()
    keyless(shared)
    assert {place: one[0] for place, one in status(shared).items()} == {
        f"{APP}#password": "rotated", f"{APP}#port": "open", f"{MAIL}#password": "open"
    }  # fmt: skip


def test_a_change_in_the_commit_of_the_new_data_key_needs_an_identity(shared: World) -> None:
    shared.others.clear()
    shared.write_rules(DEFAULT_RULES)
    shared.sops("updatekeys", "-y", APP)
    done = shared.run("set", APP, "password", "--generate", "hex:8")
    assert "new data key" in done.stderr
    shared.commit()
    assert status(shared)[f"{APP}#password"][0] == "rotated"
    keyless(shared)
    assert status(shared)[f"{APP}#password"][0] == "open"


@pytest.mark.long
def test_the_old_value_again_is_open(shared: World) -> None:
    assert shared.run("recipients", "remove", "bob", "--commit").status == 0
    for value in (b"new", b"pa55"):
        shared.run("set", APP, "password", "--stdin", stdin=value)
        shared.commit()
    assert status(shared)[f"{APP}#password"] == ("open", "the value is the same")


def test_what_was_written_under_a_data_key_that_he_knows(shared: World) -> None:
    """updatekeys keeps the data key: he reads what came later, too."""
    shared.others.clear()
    shared.write_rules(DEFAULT_RULES)
    shared.sops("updatekeys", "-y", APP)
    shared.sops("set", APP, '["later"]', '"x"')
    shared.commit()
    assert status(shared)[f"{APP}#later"][0] == "open"


@pytest.mark.long
def test_other_names_and_other_branches(shared: World) -> None:
    bob = shared.others[0]
    moved = "infra/secrets/prod/app.yaml"
    (shared.repo / "infra/secrets/prod").mkdir()
    shared.git("checkout", "-q", "-b", "side")
    shared.encrypt("infra/secrets/dev/side.yaml", "a: b\n")
    shared.commit()
    shared.git("checkout", "-q", "main")
    shared.git("mv", APP, moved)
    shared.commit()
    assert shared.run("recipients", "remove", "bob", "--commit").status == 0
    shared.run("set", moved, "password", "--generate", "hex:8")
    shared.commit()
    found = status(shared)
    assert set(found) == readable(shared, bob)
    assert "infra/secrets/dev/side.yaml#a" in found
    assert found[f"{APP}#password"] == found[f"{moved}#password"] == ("rotated", "changed since")


def test_a_file_that_was_spoiled_is_named(shared: World) -> None:
    file = shared.repo / ".offboarding/bob.toml"
    file.parent.mkdir()
    file.write_text('name = "bob"\nbegun = 1\n')
    done = shared.run("offboard", "bob", "--json")
    assert json.loads(done.stdout)["kind"] == "bad-tick-off"
    assert file.read_text() == 'name = "bob"\nbegun = 1\n'


def test_a_shallow_clone_does_not_know(shared: World) -> None:
    place = shared.folder / "shallow"
    shared.git("clone", "-q", "--depth=1", f"file://{shared.repo}", str(place))
    done = shared.run("offboard", "bob", "--repo", str(place), "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (3, "partial-past")


@pytest.mark.long
def test_a_key_without_a_name(shared: World) -> None:
    key = str(shared.others[0].to_public())
    assert set(status(shared, key)) == set(status(shared))


def test_a_file_of_any_name_and_place_that_is_gone(shared: World) -> None:
    """Beside the roots, and without the ending of a format: only its content says what it was."""
    shared.write_rules("creation_rules:\n    - age: {recipients}\n")
    argv = ("--filename-override", "token", "--input-type", "binary", "--output-type", "json")
    (shared.repo / "token").write_text(shared.sops("encrypt", *argv, stdin=b"t0k3n").stdout)
    shared.commit()
    (shared.repo / "token").unlink()
    shared.commit()
    assert status(shared)["token#None"] == ("open", "it cannot be looked into")


def test_a_copy_that_never_named_him_has_a_data_key_that_he_knows(shared: World) -> None:
    copy = "infra/secrets/dev/copy.yaml"
    (shared.repo / copy).write_bytes((shared.repo / MAIL).read_bytes())
    shared.others, bob = [], shared.others
    shared.write_rules(DEFAULT_RULES)
    shared.sops("updatekeys", "-y", copy)
    shared.sops("set", copy, '["later"]', '"x"')
    shared.commit()
    assert {f"{copy}#password", f"{copy}#later"} < set(status(shared)) == readable(shared, bob[0])


@pytest.mark.long
def test_a_value_that_is_still_valid_elsewhere(shared: World) -> None:
    """Where bob could never read it; where he could, that place is open itself."""
    own = "infra/secrets/dev/own.yaml"
    shared.sops("set", own, '["copy"]', '"pa55"')
    shared.sops("set", MAIL, '["copy"]', '"w0rd"')
    shared.commit()
    leave(shared)
    for file in (APP, MAIL):
        shared.run("set", file, "password", "--generate", "hex:8")
    shared.commit()
    (one,) = [one for one in report(shared)["values"] if one["also_at"]]
    assert (one["file"], one["also_at"]) == (APP, [{"file": own, "path": "copy"}])
    assert status(shared)[f"{APP}#password"] == ("open", f"changed since; {own}#copy has the value")
    assert status(shared)[f"{MAIL}#password"] == ("rotated", "changed since")
    shared.run("unset", APP, "password")
    shared.commit()
    assert status(shared)[f"{APP}#password"] == (
        "open",
        f"it was removed; {own}#copy has the value",
    )
    shared.run("set", own, "copy", "--generate", "hex:8")
    shared.run("set", APP, "password", "--generate", "hex:8")
    shared.commit()
    assert status(shared)[f"{APP}#password"] == ("rotated", "changed since")


@pytest.mark.parametrize("become", ["large", "a link"])
def test_a_file_that_is_no_secret_file_any_more(shared: World, become: str) -> None:
    path = shared.repo / APP
    if become == "large":
        path.write_bytes(path.read_bytes() + b"# " + b"x" * (1 << 20) + b"\n")
    else:
        path.unlink()
        path.symlink_to("mail.yaml")
    shared.commit()
    words = "the file of the last commit cannot be looked into"
    gone = "the file was deleted; the value may be valid elsewhere"
    assert status(shared)[f"{APP}#password"] == ("open", words if become == "large" else gone)


@pytest.mark.long
@pytest.mark.parametrize(
    ("file", "plain", "form"),
    [
        ("infra/secrets/dev/a.json", '{"mac": "one", "b": {"hmac": "two"}}', "json"),
        ("infra/secrets/dev/a.env", "MAC=one\nmac=two\n", "dotenv"),
        ("infra/secrets/dev/a.yaml", "mac: one\nlastmodified: x\n# c\nb:\n  - hmac: two\n", "yaml"),
    ],
)
def test_names_that_sops_uses_itself_and_other_formats(
    world: World, file: str, plain: str, form: str
) -> None:
    bob = pyrage.x25519.Identity.generate()
    world.others.append(bob)
    world.write_rules("creation_rules:\n    - age: {recipients}\n")
    path = world.repo / file
    path.parent.mkdir(parents=True)
    argv = ("--filename-override", file, "--input-type", form, "--output-type", form)
    path.write_text(world.sops("encrypt", *argv, stdin=plain.encode()).stdout)
    world.commit()
    places = {"json": ["mac", "b.hmac"], "dotenv": ["MAC", "mac"]}
    yaml = ["mac", "lastmodified", "b[0].hmac"]
    assert set(status(world, str(bob.to_public()))) == {
        f"{file}#{one}" for one in places.get(form, yaml)
    }


def test_a_file_that_cannot_be_looked_into_is_one_line(shared: World) -> None:
    ini = "infra/secrets/dev/old.ini"
    shared.write_rules("creation_rules:\n    - age: {recipients}\n")
    argv = ("--filename-override", ini, "--input-type", "ini", "--output-type", "ini")
    text = shared.sops("encrypt", *argv, stdin=b"[a]\nb = c\n").stdout
    (shared.repo / ini).write_text(text)
    path = shared.repo / MAIL
    path.write_text(path.read_text().replace("sops:\n", "<<<<<<< a\nsops:\n"))
    shared.commit()
    found = status(shared)
    assert found[f"{ini}#None"] == ("open", "it cannot be looked into")
    assert found[f"{MAIL}#password"][1] == "the file of the last commit cannot be looked into"
    assert shared.run("offboard", "bob", "--accept", ini, "--reason", "closed").status == 0
    assert status(shared)[f"{ini}#None"] == ("accepted", "closed")
