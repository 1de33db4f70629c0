"""``offboard``: what a leaver could read, beside a reference that decrypts all of the history."""

from __future__ import annotations

import json
import re
import time

import pyrage
import pytest

from plana_secrets.offboarding.tickoff import file_for
from tests.offboarding.reference import reference
from tests.world import DEFAULT_RULES, World

APP = "infra/secrets/dev/app.yaml"
MAIL = "infra/secrets/dev/mail.yaml"
PROD = "infra/secrets/prod/shop.secret.yaml"
NO_ONE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
MANIFEST = (
    "apiVersion: v1\nkind: Secret\nmetadata:\n    name: shop\n    namespace: web\n"
    "stringData:\n    KEY: one\n"
)


@pytest.fixture
def shared(world: World) -> World:
    """Two files that bob reads, and a third that he never could."""
    world.encrypt("infra/secrets/dev/own.yaml", "password: mine\n")
    world.others.append(pyrage.x25519.Identity.generate())
    world.write_rules(DEFAULT_RULES)
    world.encrypt(APP, "password: pa55\nport: 5432\n")
    world.encrypt(MAIL, "password: w0rd\n")
    key = world.others[0].to_public()
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{key}"\nkind = "staff"\n'
    )
    world.commit()
    return world


def status(world: World, name: str = "bob", *argv: str) -> dict[str, tuple[str, str]]:
    """Place -> status and why."""
    found = report(world, name, *argv)
    return {f"{one['file']}#{one['path']}": (one["status"], one["why"]) for one in found["values"]}


def report(world: World, name: str = "bob", *argv: str) -> dict[str, object]:
    done = world.run("offboard", name, "--status", "--json", *argv)
    facts = json.loads(done.stdout)
    is_open = facts["open"] or facts["still_reads"]
    assert done.status == int(bool(is_open)), done
    return facts


def readable(world: World, leaver: pyrage.x25519.Identity) -> set[str]:
    """Every place of the history that the leaver's key opens."""
    return {f"{file}#{path}" for file, path in reference(world, [leaver])}


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
    assert shared.run("recipients", "remove", "bob").status == 0
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


def keyless(world: World) -> None:
    world.key_file.write_text(f"{pyrage.x25519.Identity.generate()}\n")


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


@pytest.mark.long
def test_the_tick_off_lives_in_git_without_a_value(shared: World) -> None:
    assert shared.run("recipients", "remove", "bob", "--commit").status == 0
    first = shared.run("offboard", "bob")
    assert (first.status, first.stdout.count("open")) == (0, 3)
    file = shared.repo / ".offboarding/bob.toml"
    text = file.read_text()
    assert "pa55" not in text
    argv = ("--accept", f"{APP}#port", "--reason", 'a "port"\nis no secret')
    assert shared.run("offboard", "bob", *argv).status == 0
    shared.commit()
    assert status(shared)[f"{APP}#port"] == ("accepted", 'a "port"\nis no secret')
    shared.run("offboard", "bob", "--accept", MAIL, "--reason", "closed")
    shared.run("set", APP, "password", "--generate", "hex:8")
    shared.commit()
    assert "nothing to accept" in shared.run("offboard", "bob", *argv).stderr
    assert report(shared)["open"] == 0
    assert shared.run("verify").status == 0
    # a key that is in no settings any more is known from the file
    shared.git("checkout", "-q", "--orphan", "fresh")
    shared.commit()
    shared.git("branch", "-q", "-D", "main")
    assert report(shared)["values"] == []


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (["carol"], "no-such-leaver"),
        ([NO_ONE], "nothing-readable"),
        (["bob", "--accept", f"{APP}#nope", "--reason", "x"], "not-in-list"),
        (["bob", "--accept", f"{APP}#port"], "usage"),
        (["bob", "--accept", f"{APP}#port", "--reason", "x", "--status"], "usage"),
    ],
)
def test_what_is_refused_writes_nothing(shared: World, argv: list[str], kind: str) -> None:
    done = shared.run("offboard", *argv, "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, kind)
    assert not (shared.repo / ".offboarding").exists()


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


def leave(world: World) -> None:
    assert world.run("recipients", "remove", "bob", "--commit").status == 0


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


@pytest.mark.long
def test_what_was_accepted_is_open_when_he_came_back_and_read_more(shared: World) -> None:
    bob = str(shared.others[0].to_public())
    leave(shared)
    accept = ("offboard", "bob", "--accept", f"{APP}#port", "--reason", "no secret")
    assert shared.run(*accept).status == 0
    shared.run("set", APP, "port", "--stdin", "--type", "int", stdin=b"1")
    shared.commit()
    assert status(shared)[f"{APP}#port"][0] == "rotated"
    assert shared.run("recipients", "add", "bob", bob, "--rule", "all", "--commit").status == 0
    leave(shared)
    assert status(shared)[f"{APP}#port"] == (
        "open", "the value is the same; read again since it was accepted"
    )  # fmt: skip
    assert shared.run(*accept).status == 0
    shared.commit()
    assert status(shared)[f"{APP}#port"] == ("accepted", "no secret")


def test_what_two_people_accept_meets_in_a_merge(shared: World) -> None:
    leave(shared)
    accept = ("offboard", "bob", "--reason", "x", "--accept")
    assert shared.run(*accept, f"{APP}#port").status == 0
    shared.commit()
    shared.git("branch", "-q", "side")
    for branch, place in (("main", f"{APP}#password"), ("side", f"{MAIL}#password")):
        shared.git("checkout", "-q", branch)
        assert shared.run(*accept, place).status == 0
        shared.commit()
    shared.git("merge", "-q", "main")
    assert {one for one, _ in status(shared).values()} == {"accepted"}


def test_each_recipient_without_a_name_has_a_tick_off_of_its_own(shared: World) -> None:
    """What ssh-rsa keys begin with is the same for all of them."""
    keys = [f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{one * 340}" for one in "CD"]
    files = [file_for(one) for one in (*keys, "bob.x", "bob x", "bob-x")]
    assert len(set(files)) == 5
    assert file_for("bob-x") == ".offboarding/bob-x.toml"


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


def make_portal(world: World, accepted: str, portal: str) -> None:
    """A keyset with one target in each of two new files; bob reads all of it."""
    bob = pyrage.x25519.Identity.generate()
    world.others.append(bob)
    world.write_rules(DEFAULT_RULES)
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{bob.to_public()}"\nkind = "staff"\n'
        '[keysets."shop/portal"]\nkind = "api-key"\nrollout = "0s"\ndrain = "0s"\n'
        f'accepted = ["{accepted}#ACCEPTED"]\ncallers = ["{portal}#KEY"]\n'
    )
    for file in (accepted, portal):
        world.encrypt(file, "x: y\n")
    world.commit()
    assert world.run("rotate", "init", "shop/portal", "--fresh", "--commit").status == 0


@pytest.mark.long
def test_keys_of_keysets_by_their_moves(world: World) -> None:
    portal = "infra/secrets/prod/portal.yaml"
    make_portal(world, APP, portal)
    assert world.run("recipients", "remove", "bob", "--commit").status == 0
    (old,) = re.findall(r"keys\.(\w+)\.value", str(list(status(world))))
    assert status(world)[f"{portal}#KEY"] == ("open", f"key {old} is active")
    for move in ("publish", "promote"):
        assert world.run("rotate", "run", "shop/portal", move, "--commit").status == 0
        assert status(world)[f"{APP}#ACCEPTED"][0] == "open"
    assert world.run("rotate", "run", "shop/portal", "retire", "--commit").status == 0
    found = status(world)
    assert found[f"{APP}#ACCEPTED"] == ("rotated", f"out of use: {old}")
    assert found[f"infra/secrets/keysets/shop/portal.yaml#keys.{old}.value"][0] == "rotated"


@pytest.mark.long
def test_the_key_of_the_last_commit_that_was_readable(world: World) -> None:
    """Publish changes the keyset and a target in one commit; bob could read both."""
    accepted, portal = "infra/secrets/prod/z.yaml", "infra/secrets/prod/portal.yaml"
    make_portal(world, accepted, portal)
    assert world.run("rotate", "run", "shop/portal", "publish", "--commit").status == 0
    assert world.run("recipients", "remove", "bob", "--commit").status == 0
    for move in ("promote", "retire"):
        assert world.run("rotate", "run", "shop/portal", move, "--commit").status == 0
    found = status(world)
    assert found[f"{accepted}#ACCEPTED"][0] == "open"
    assert found[f"{portal}#KEY"][0] == "rotated"


@pytest.mark.long
def test_the_key_that_was_there_then_whatever_another_branch_had(world: World) -> None:
    """Bob read the target again when a branch, not merged, had already gone back."""
    make_portal(world, APP, MAIL)
    assert world.run("rotate", "run", "shop/portal", "publish", "--commit").status == 0
    world.git("checkout", "-q", "-b", "side")
    assert world.run("rotate", "run", "shop/portal", "abort", "--commit").status == 0
    world.git("checkout", "-q", "main")
    world.run("set", APP, "more", "--generate", "hex:8")
    time.sleep(1.1)  # the newest commit but one is that of the branch
    world.commit()
    assert world.run("recipients", "remove", "bob", "--commit").status == 0
    for move in ("promote", "retire"):
        assert world.run("rotate", "run", "shop/portal", move, "--commit").status == 0
    assert status(world)[f"{APP}#ACCEPTED"][0] == "open"


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
