"""What a repair refuses, says that it cannot bring back, and takes from git as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from plana_secrets.errors import CredentialError, FailedError, UsageError
from plana_secrets.secretfiles.editing.repairing import examine
from tests.secretfiles.conftest import make_workspace
from tests.secretfiles.editing.damage import FILE, PLAIN, VALUES, WAYS, damage, sub, values
from tests.verify.inprocess import verify
from tests.world import World


def test_a_file_that_git_never_had_and_nothing_opens_is_beyond_repair(world: World) -> None:
    (world.repo / FILE).parent.mkdir(parents=True)
    (world.repo / FILE).write_text("a: ENC[AES256_GCM,data:x]\n")
    with pytest.raises(FailedError) as caught:
        examine(make_workspace(world), FILE)
    assert caught.value.kind == "beyond-repair"


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
