"""``mirror`` as a person and as a job use it: the installed program, real git and sops."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage
import pytest

from plana_secrets.locks import locked
from plana_secrets.mirror.record import unpack_record
from tests.cli.commands.mirror.mirrored import (
    MANIFEST,
    PORTAL,
    SENTINEL,
    A,
    B,
    configure,
    drift_of,
    edit_mirror,
    fields_of,
    mirror,
    mirror_object,
    read_mirror,
    sync,
    write_mirror,
)
from tests.world import World


def test_files_and_mirror_agree_after_a_sync(place: World) -> None:
    before = mirror_object(place, "status")
    assert (before["in_sync"], before["foreign"], before["unmapped"]) == (False, 0, 0)
    assert [one["kind"] for one in before["drift"]] == ["missing", "missing"]
    assert mirror(place, "status", "--check").status == 1
    done = sync(place)
    assert done["schema"] == "plana-secrets/mirror-sync/1"
    assert (done["created"], done["updated"], done["deleted"]) == (2, 0, 0)
    assert (done["in_sync"], done["drift"], done["requests"]) == (True, [], 0)
    assert mirror_object(place, "diff", "--check")["drift"] == []
    fields = fields_of(read_mirror(place), "app (prod)")
    assert (fields["data.TEXT"]["value"], fields["data.BYTES"]["value"]) == ("hello", "AAEC")
    assert place.run("verify", "--mirror").status == 0


def test_drift_on_either_side_is_named_without_a_value(place: World) -> None:
    sync(place)
    edit_mirror(place, "db (prod)", "user", SENTINEL + "-by-hand")
    place.encrypt(B, MANIFEST.replace("aGVsbG8=", "d29ybGQ="))
    place.commit()
    found = mirror_object(place, "diff", "--check", status=1)
    assert drift_of(found) == [("stale", B, ("data.TEXT",)), ("hand-edited", A, ("user",))]
    verified = place.run("verify", "--mirror")
    assert verified.status == 1
    assert SENTINEL not in verified.stdout + verified.stderr
    for text in (A, "user", B, "data.TEXT"):
        assert text in verified.stdout


def test_a_value_typed_at_night_survives_and_gets_into_the_file(place: World) -> None:
    sync(place)
    edit_mirror(place, "db (prod)", "user", SENTINEL + "-night")
    edit_mirror(place, "app (prod)", "data.TEXT", "typed")
    left = mirror(place, "sync")
    assert left.status == 1
    assert f"mirror adopt {B} data.TEXT" in left.stderr
    assert mirror(place, "adopt", A, "user", "--dry-run").status == 0
    assert SENTINEL + "-night" not in place.decrypt(A)
    assert mirror(place, "adopt", A, "user", "--json").status == 0
    assert mirror(place, "adopt", B, "data.TEXT").status == 0
    assert f"user: {SENTINEL}-night\n" in place.decrypt(A)
    assert "TEXT: dHlwZWQ=\n" in place.decrypt(B)
    assert "# a comment" in place.decrypt(A)
    place.commit()
    settled = sync(place)
    assert (settled["in_sync"], settled["updated"]) == (True, 2)


@pytest.mark.parametrize(
    ("file", "path", "kind", "status"),
    [
        (A, "port", "nothing-to-adopt", 2),
        (A, "unknown", "not-in-mirror", 2),
        ("infra/secrets/none.yaml", "x", "no-such-file", 2),
        (A, "..", "bad-path", 2),
    ],
)
def test_what_cannot_be_adopted_is_said(
    place: World, file: str, path: str, kind: str, status: int
) -> None:
    sync(place)
    assert mirror_object(place, "adopt", file, path, status=status)["kind"] == kind


def test_a_value_of_another_type_is_not_adopted(place: World) -> None:
    sync(place)
    edit_mirror(place, "db (prod)", "port", SENTINEL)
    before = (place.repo / A).read_bytes()
    assert mirror_object(place, "adopt", A, "port", status=2)["kind"] == "bad-value"
    assert (place.repo / A).read_bytes() == before
    edit_mirror(place, "db (prod)", "port", " 5433 ")
    assert mirror(place, "adopt", A, "port").status == 0
    assert "port: 5433\n" in place.decrypt(A)


def test_a_field_added_by_hand_is_adopted_under_its_name(place: World) -> None:
    sync(place)
    content = read_mirror(place)
    entry = next(one for one in content["items"] if one["name"] == "app (prod)")
    entry["fields"].append({"name": "data.PIN", "value": "4711", "type": 0})
    write_mirror(place, content)
    assert mirror(place, "adopt", B, "data.PIN").status == 0
    assert "PIN: NDcxMQ==\n" in place.decrypt(B)


def test_a_rendered_leaf_is_not_adopted(place: World) -> None:
    configure(place, PORTAL)
    place.commit()
    sync(place)
    edit_mirror(place, "app (prod)", "stringData.URL", SENTINEL)
    before = (place.repo / B).read_bytes()
    refused = mirror_object(place, "adopt", B, "stringData.URL", status=2)
    assert refused["kind"] == "rendered-leaf"
    assert (place.repo / B).read_bytes() == before


def test_an_overwritten_hand_edit_is_kept_for_those_who_read_the_file(place: World) -> None:
    sync(place)
    edit_mirror(place, "db (prod)", "user", SENTINEL + "-night")
    done = sync(place, "--overwrite-edits")
    assert (done["in_sync"], done["updated"]) == (True, 1)
    (kept,) = done["kept"]
    path = Path(kept["at"])
    assert kept["file"] == A
    assert path.stat().st_mode & 0o777 == 0o600
    content = json.loads(pyrage.decrypt(path.read_bytes(), [place.identity]))
    assert fields_of(content, "db (prod)")["user"]["value"] == SENTINEL + "-night"
    assert fields_of(read_mirror(place), "db (prod)")["user"]["value"] == SENTINEL


def test_a_rehearsal_changes_nothing(place: World) -> None:
    rehearsed = sync(place, "--dry-run")
    assert (rehearsed["created"], rehearsed["dry_run"]) == (2, True)
    assert mirror(place, "sync", "--check").status == 1
    assert read_mirror(place)["items"] == []


def test_uncommitted_changes_are_named_and_left_out_unless_asked_for(place: World) -> None:
    place.encrypt(A, "user: uncommitted\n")
    done = mirror(place, "sync")
    assert done.status == 0
    assert f"{A} has uncommitted changes" in done.stderr
    assert fields_of(read_mirror(place), "db (prod)")["user"]["value"] == SENTINEL
    assert sync(place, "--worktree")["in_sync"] is True
    content = read_mirror(place)
    assert fields_of(content, "db (prod)")["user"]["value"] == "uncommitted"
    record = unpack_record(fields_of(content, "db (prod)")["plana-secrets record"]["value"])
    assert record["commit"] is None
    found = mirror_object(place, "diff")
    assert [(one["kind"], one["file"]) for one in found["drift"]] == [("stale", A)]
    assert mirror_object(place, "diff", "--worktree")["in_sync"] is True


def test_without_a_mirror_the_commands_say_so(world: World) -> None:
    assert mirror_object(world, "status", status=2)["kind"] == "no-mirror"


def test_the_default_place_is_in_the_state_folder_of_the_user(place: World) -> None:
    (place.repo / "plana-secrets.toml").write_text('[mirror]\nbackend = "local"\n')
    place.commit()
    state = place.folder / "state"
    assert mirror(place, "sync", env={"XDG_STATE_HOME": str(state)}).status == 0
    (found,) = state.rglob("mirror.json.age")
    assert found.stat().st_mode & 0o777 == 0o600
    assert place.git("status", "--porcelain") == ""


def test_the_clones_of_a_repository_share_its_mirror_and_sync_one_at_a_time(place: World) -> None:
    (place.repo / "plana-secrets.toml").write_text(
        'repository = "r-1"\n[mirror]\nbackend = "local"\n'
    )
    place.commit()
    place.git("clone", "-q", ".", str(place.folder / "clone"))
    state = {"XDG_STATE_HOME": str(place.folder / "state")}
    clone = ("--repo", str(place.folder / "clone"))
    assert place.run(*clone, "mirror", "sync", env=state).status == 0
    assert mirror(place, "status", "--check", env=state).status == 0
    (found,) = (place.folder / "state").rglob("mirror.json.age")
    with locked(found.with_name("mirror.lock"), command="mirror sync"):
        done = place.run(*clone, "mirror", "sync", "--wait", "0", env=state)
    assert (done.status, "another run holds the lock" in done.stderr) == (6, True), done


def test_a_local_mirror_is_told_to_need_no_setup(world: World) -> None:
    done = world.run("mirror", "init", "local")
    assert done.status == 2
    assert 'write backend = "local" under [mirror]' in done.stderr
