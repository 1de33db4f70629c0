"""What ``mirror`` refuses, what it leaves alone, and how it comes back from a loss."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time

import pyrage
import pytest

from plana_secrets.git.repository import Repository
from plana_secrets.mirror.record import pack_record, unpack_record
from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent
from plana_secrets.storage import digest_of
from tests.cli.commands.mirror.mirrored import (
    MANIFEST,
    SENTINEL,
    TYPES,
    A,
    B,
    configure,
    drift_of,
    edit_mirror,
    fields_of,
    hinted,
    mirror,
    mirror_object,
    read_mirror,
    sync,
    write_mirror,
)
from tests.world import PROGRAM, World


def test_removed_files_go_only_with_prune(place: World) -> None:
    sync(place)
    place.git("rm", "-q", B)
    place.commit()
    left = sync(place, status=1)
    assert drift_of(left) == [("extra", B, ())]
    edit_mirror(place, "app (prod)", "data.TEXT", "typed")
    held = mirror(place, "sync", "--prune")
    assert hinted(held) == [["mirror", "sync", "--prune", "--overwrite-edits"]]
    assert mirror(place, *hinted(held)[0][1:]).status == 0
    assert [one["name"] for one in read_mirror(place)["items"]] == ["db (prod)"]


@pytest.mark.long
def test_an_old_clone_a_strange_branch_and_an_empty_checkout_are_refused(place: World) -> None:
    sync(place)
    old = place.git("rev-parse", "HEAD").strip()
    place.encrypt(A, "user: newer\n")
    place.commit()
    sync(place)
    before = (place.folder / "mirror.json.age").read_bytes()

    place.git("checkout", "-q", "-b", "topic")
    place.encrypt(A, "user: topic\n")
    place.commit()
    assert mirror_object(place, "sync", status=6)["kind"] == "not-on-branch"
    place.git("checkout", "-q", "main")

    place.git("checkout", "-q", old)
    assert mirror_object(place, "sync", status=6)["kind"] == "older-than-mirror"
    place.git("branch", "-q", "-f", "main", old)
    place.git("checkout", "-q", "main")
    assert mirror_object(place, "sync", status=6)["kind"] == "older-than-mirror"
    place.git("checkout", "-q", "topic")
    place.git("branch", "-q", "-f", "main", "topic~1")
    place.git("checkout", "-q", "main")

    place.git("rm", "-q", "-r", "infra")
    place.commit()
    assert sync(place, "--prune", "--dry-run")["deleted"] == 2
    assert mirror_object(place, "sync", "--prune", status=2)["kind"] == "needs-confirm"
    assert (place.folder / "mirror.json.age").read_bytes() == before
    assert sync(place, "--prune", "--confirm")["deleted"] == 2


def named(*recipients: str) -> str:
    """A [recipients] table with these keys."""
    return "".join(
        f'[recipients.r{number}]\nkey = "{key}"\nkind = "staff"\n'
        for number, key in enumerate(recipients)
    )


@pytest.mark.long
@pytest.mark.parametrize("table", [True, False])
def test_a_mirror_is_never_encrypted_to_a_stranger(place: World, table: bool) -> None:
    """Not even under a rehearsal, and whoever is meant: a comment does not make a person."""
    own = str(place.identity.to_public())
    stranger = str(pyrage.x25519.Identity.generate().to_public())
    people = named(own) if table else ""
    before = (place.folder / "mirror.json.age").read_bytes()
    for text in ("age1x", str(place.identity), "ssh-ed25519 AAAA me"):
        configure(place, f"recipients = {json.dumps([own, text])}\n{people}")
        place.commit()
        done = mirror_object(place, "sync", status=2)
        assert done["kind"] == "bad-config"
        assert "mirror.local.recipients[1]" in done["message"]
        assert str(place.identity) not in done["message"]
        assert place.run("verify").status == 2
    for text in (stranger, f"{stranger} "):
        configure(place, f"recipients = {json.dumps([own, text])}\n{people}")
        place.commit()
        for argv in ([], ["--dry-run"], ["--worktree", "--allow-older", "--confirm"]):
            done = mirror_object(place, "sync", *argv, status=2)
            assert done["kind"] == "mirror-stranger"
            assert "mirror.local.recipients[1]" in done["message"]
            assert str(place.identity) not in done["message"]
        found = place.run("verify", "--json")
        assert [
            (one["check"], one["path"])
            for one in json.loads(found.stdout)["findings"]
            if one["check"].startswith("mirror")
        ] == [("mirror-recipient", "mirror.local.recipients[1]")]
    assert (place.folder / "mirror.json.age").read_bytes() == before
    configure(place, f"recipients = {json.dumps([own, stranger])}\n{named(own, stranger)}")
    place.commit()
    assert place.run("verify").status == 0
    assert sync(place)["created"] == 2


def test_a_stranger_is_found_whatever_backend_is_configured(place: World) -> None:
    stranger = str(pyrage.x25519.Identity.generate().to_public())
    (place.repo / "plana-secrets.toml").write_text(f'[mirror.local]\nrecipients = ["{stranger}"]\n')
    assert place.run("verify").status == 1


def test_a_checkout_starts_no_mirror_outside_of_itself(place: World) -> None:
    for path in ("../new/mirror.age", str(place.folder / "new/mirror.age"), "a/../../new/m.age"):
        (place.repo / "plana-secrets.toml").write_text(
            f'[mirror]\nbackend = "local"\n[mirror.local]\npath = "{path}"\n'
        )
        place.commit()
        assert mirror_object(place, "sync", status=2)["kind"] == "needs-confirm"
        assert not (place.folder / "new").exists()
    assert sync(place, "--confirm")["created"] == 2
    place.encrypt(A, "user: newer\n")
    place.commit()
    assert sync(place)["updated"] == 1


@pytest.mark.parametrize("path", [".git/hooks/post-commit", "x/.GIT/config", "link/mirror.age"])
def test_a_mirror_is_not_written_into_git_or_through_a_link(place: World, path: str) -> None:
    (place.folder / "elsewhere").mkdir()
    (place.repo / "link").symlink_to(place.folder / "elsewhere")
    (place.repo / "plana-secrets.toml").write_text(
        f'[mirror]\nbackend = "local"\n[mirror.local]\npath = "{path}"\n'
    )
    place.commit()
    before = set(place.folder.rglob("*.age"))
    done = json.loads(mirror(place, "sync", "--confirm", "--json").stdout)
    assert done["kind"] in {"bad-config", "symlink"}
    assert not list((place.folder / "elsewhere").iterdir())
    assert set(place.folder.rglob("*.age")) == before


def test_going_back_needs_to_be_allowed(place: World) -> None:
    sync(place)
    old = place.git("rev-parse", "HEAD").strip()
    place.encrypt(A, "user: newer\n")
    place.commit()
    sync(place)
    place.git("checkout", "-q", old)
    assert sync(place, "--allow-older")["updated"] == 1
    assert fields_of(read_mirror(place), "db (prod)")["user"]["value"] == SENTINEL


def test_files_that_cannot_be_read_stay_as_they_are(place: World) -> None:
    sync(place)
    before = read_mirror(place)
    stranger = pyrage.x25519.Identity.generate()
    recipients = (str(place.identity.to_public()), str(stranger.to_public()))
    configure(place, f"recipients = {json.dumps(recipients)}\n{named(*recipients)}")
    text = (place.repo / A).read_text()
    (place.repo / A).write_text(text.replace('lastmodified: "20', 'lastmodified: "19'))
    place.commit()
    done = sync(place, "--prune", status=3)
    assert [(one["kind"], one["file"]) for one in done["drift"]] == [("unknown", A)]
    assert read_mirror(place) == before
    assert mirror(place, "status", "--check").status == 3
    seen = mirror(place, "diff")
    assert ["repair", A] in hinted(seen), seen


def test_a_job_without_the_identity_ends_with_4(place: World) -> None:
    sync(place)
    stranger = place.folder / "stranger.txt"
    stranger.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    result = mirror(place, "status", env={"SOPS_AGE_KEY_FILE": str(stranger)})
    assert result.status == 4


def test_nothing_is_mirrored_in_the_middle_of_a_change(place: World) -> None:
    repository = Repository.open(place.repo)
    files = (IntendedFile(A, digest_of((place.repo / A).read_bytes()), digest_of(b"new")),)
    Journal(repository).begin(Intent("set", str(place.repo), files), [b"new"])
    assert mirror_object(place, "sync", status=7)["kind"] == "pending"
    looked = mirror(place, "status")
    assert looked.status == 0
    assert "an interrupted change is unfinished" in looked.stderr


def test_a_restore_gives_back_every_value(place: World) -> None:
    sync(place)
    shutil.rmtree(place.repo / "infra")
    rehearsed = mirror_object(place, "restore", "--to", ".", "--dry-run")
    assert [one["file"] for one in rehearsed["restored"]] == [B, A]
    assert not (place.repo / "infra").exists()
    restored = mirror(place, "restore", "--to", ".")
    assert (restored.status, hinted(restored)) == (0, [["mirror", "sync"]])
    assert place.decrypt(A) == as_restored()
    assert place.decrypt(B) == MANIFEST
    assert "ENC[" in (place.repo / B).read_text()
    assert place.run("verify").status == 0
    place.commit()
    assert mirror_object(place, "status")["in_sync"] is True


@pytest.mark.long
def test_a_restore_ends_with_the_command_that_goes_on(place: World) -> None:
    """In a new history, as it is printed, and with the id of the repository that was lost."""
    settings = place.repo / "plana-secrets.toml"
    plain = settings.read_text()
    settings.write_text(f'repository = "r-first"\n{plain}')
    place.commit()
    sync(place)
    shutil.rmtree(place.repo / ".git")
    shutil.rmtree(place.repo / "infra")
    place.git("init", "-q", "-b", "main")
    settings.write_text(plain)
    shown = mirror_object(place, "restore", "--to", "back", "--dry-run")
    assert (shown["allow_older"], shown["repository"]) == (True, "r-first")
    restored = mirror(place, "restore", "--to", "back")
    assert "move the files into the repository" in restored.stderr
    assert "--allow-older: the items are from commits" in restored.stderr
    shutil.rmtree(place.repo / "back")
    restored = mirror(place, "restore", "--to", ".")
    assert 'repository = "r-first"' in restored.stderr
    (command,) = hinted(restored)
    settings.write_text(f'repository = "r-first"\n{plain}')
    place.commit()
    assert mirror_object(place, "sync", status=6)["kind"] == "older-than-mirror"
    assert place.run(*command).status == 0
    assert mirror_object(place, "status")["in_sync"] is True


def as_restored() -> str:
    """Without the comment, and quoted as sops quotes."""
    lines = [line for line in TYPES.split("\n") if not line.startswith("#")]
    return "\n".join(lines).replace("on: true", '"on": true').replace('"a.b"', "a.b")


def test_a_restore_overwrites_nothing_and_says_so(place: World) -> None:
    sync(place)
    target = place.repo / "back" / A
    target.parent.mkdir(parents=True)
    target.write_text("mine\n")
    done = mirror_object(place, "restore", "--to", "back", status=1)
    assert (done["existing"], [one["file"] for one in done["restored"]]) == ([A], [B])
    assert target.read_text() == "mine\n"


def test_a_restore_does_not_leave_its_folder(place: World) -> None:
    sync(place)
    content = read_mirror(place)
    for name, file in [("db (prod)", "../../escape.yaml"), ("app (prod)", ".git/hooks/x")]:
        field = fields_of(content, name)["plana-secrets record"]
        record = unpack_record(field["value"])
        field["value"] = pack_record({**record, "file": file})
    write_mirror(place, content)
    done = mirror_object(place, "restore", "--to", "back", status=1)
    assert [one["kind"] for one in done["failed"]] == ["unsafe-file-name"] * 2
    assert not (place.folder / "escape.yaml").exists()
    assert not (place.repo / "back").exists()


@pytest.mark.long
def test_a_killed_sync_is_completed_by_the_next(place: World) -> None:
    for number in range(20):
        place.encrypt(f"infra/secrets/dev/{number}.yaml", f"x: {number}\n")
    place.commit()
    for delay in (0.15, 0.25, 0.35):
        process = subprocess.Popen(
            [*PROGRAM, "mirror", "sync"],
            cwd=place.repo,
            env=place.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert sync(place)["in_sync"] is True
    assert len(read_mirror(place)["items"]) == 22


def test_a_local_mirror_has_no_owners(place: World) -> None:
    refused = mirror_object(place, "sync", "--as-owner", status=2)
    assert (refused["kind"], refused["hint"]) == ("no-owners", "omit --as-owner")


def test_what_is_wrong_with_a_call_is_said_for_this_command(world: World) -> None:
    """The audit takes no --url, as login does; nothing of the mirror takes --stdin."""
    done = world.run("mirror", "audit")
    assert (done.status, "no mirror is configured" in done.stderr) == (2, True)
    done = world.run("mirror", "adopt", A, "user", "s3cr3t")
    assert done.stderr.splitlines()[0] == "plana-secrets: too many arguments"
    assert "--stdin" in world.run("set", A, "user", "s3cr3t").stderr
