"""``mirror`` as a person and as a job use it: the installed program, real git and sops."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests.world import PROGRAM, Result, World

A = "infra/secrets/prod/db.yaml"
B = "infra/secrets/prod/app.secret.yaml"
SENTINEL = "s3nt1nel-value"
MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
    labels:
        app.kubernetes.io/part-of: shop
data:
    TEXT: aGVsbG8=
    BYTES: AAEC
stringData:
    URL: https://x
"""
TYPES = f"""\
user: {SENTINEL}
# a comment
port: 5432
on: true
rate: 1.5
when: 2026-11-23T10:00:00Z
none: null
empty: ""
lines: |
    one
    two
list:
    - a
    - b: c
nothing: {{}}
"a.b": dotted
"""


@pytest.fixture
def place(world: World) -> World:
    """A repository with two committed files and a local mirror beside it."""
    configure(world)
    world.encrypt(A, TYPES)
    world.encrypt(B, MANIFEST)
    world.commit()
    return world


def configure(world: World, extra: str = "") -> None:
    (world.repo / "plana-secrets.toml").write_text(
        f'[mirror]\nbackend = "local"\n[mirror.local]\npath = "../mirror.json.age"\n{extra}'
    )


def mirror(world: World, *argv: str, env: dict[str, str] | None = None) -> Result:
    """No output holds the sentinel, however much is asked for."""
    result = world.run("mirror", *argv, "-vv", env=env)
    assert SENTINEL not in result.stdout + result.stderr
    return result


def mirror_object(world: World, *argv: str, status: int = 0) -> dict[str, Any]:
    result = mirror(world, *argv, "--json")
    assert result.status == status, result
    content = json.loads(result.stdout)
    assert isinstance(content, dict)
    return content


def sync(world: World, *argv: str, status: int = 0) -> dict[str, Any]:
    return mirror_object(world, "sync", *argv, status=status)


def read_mirror(world: World) -> dict[str, Any]:
    data = (world.folder / "mirror.json.age").read_bytes()
    content = json.loads(pyrage.decrypt(data, [world.identity]))
    assert isinstance(content, dict)
    return content


def write_mirror(world: World, content: object) -> None:
    data = pyrage.encrypt(json.dumps(content).encode(), [world.identity.to_public()])
    (world.folder / "mirror.json.age").write_bytes(data)


def fields_of(content: dict[str, Any], title: str) -> dict[str, dict[str, Any]]:
    item = next(one for one in content["items"] if one["name"] == title)
    return {field["name"]: field for field in item["fields"]}


def edit_mirror(world: World, title: str, path: str, value: str) -> None:
    content = read_mirror(world)
    fields_of(content, title)[path]["value"] = value
    write_mirror(world, content)


def drift_of(content: dict[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one["kind"], one["file"], tuple(one["paths"])) for one in content["drift"]]


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
    assert "mirror adopt FILE PATH" in left.stderr
    assert mirror(place, "adopt", A, "user", "--dry-run").status == 0
    assert SENTINEL + "-night" not in place.decrypt(A)
    assert mirror(place, "adopt", A, "user").status == 0
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
    configure(
        place,
        f"""
[keysets."shop/portal"]
kind = "api-key"
accepted = ["{B}#stringData.KEYS"]
callers = ["{B}#stringData.URL"]
rollout = "30m"
drain = "1h"
""",
    )
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
    assert not (place.folder / "mirror.json.age").exists()


def test_uncommitted_changes_are_named_and_left_out_unless_asked_for(place: World) -> None:
    place.encrypt(A, "user: uncommitted\n")
    done = mirror(place, "sync")
    assert done.status == 0
    assert f"{A} has uncommitted changes" in done.stderr
    assert fields_of(read_mirror(place), "db (prod)")["user"]["value"] == SENTINEL
    assert sync(place, "--worktree")["in_sync"] is True
    content = read_mirror(place)
    assert fields_of(content, "db (prod)")["user"]["value"] == "uncommitted"
    record = json.loads(fields_of(content, "db (prod)")["plana-secrets record"]["value"])
    assert record["commit"] is None
    found = mirror_object(place, "diff")
    assert [(one["kind"], one["file"]) for one in found["drift"]] == [("stale", A)]
    assert mirror_object(place, "diff", "--worktree")["in_sync"] is True


def test_removed_files_go_only_with_prune(place: World) -> None:
    sync(place)
    place.git("rm", "-q", B)
    place.commit()
    left = sync(place, status=1)
    assert drift_of(left) == [("extra", B, ())]
    assert sync(place, "--prune")["deleted"] == 1
    assert [one["name"] for one in read_mirror(place)["items"]] == ["db (prod)"]


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
    configure(place, f'recipients = ["{place.identity.to_public()}", "{stranger.to_public()}"]\n')
    text = (place.repo / A).read_text()
    (place.repo / A).write_text(text.replace('lastmodified: "20', 'lastmodified: "19'))
    place.commit()
    done = sync(place, "--prune", status=3)
    assert [(one["kind"], one["file"]) for one in done["drift"]] == [("unknown", A)]
    assert read_mirror(place) == before
    assert mirror(place, "status", "--check").status == 3


def test_a_job_without_the_identity_ends_with_4(place: World) -> None:
    sync(place)
    stranger = place.folder / "stranger.txt"
    stranger.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    result = mirror(place, "status", env={"SOPS_AGE_KEY_FILE": str(stranger)})
    assert result.status == 4


def test_a_restore_gives_back_every_value(place: World) -> None:
    sync(place)
    shutil.rmtree(place.repo / "infra")
    rehearsed = mirror_object(place, "restore", "--to", ".", "--dry-run")
    assert [one["file"] for one in rehearsed["restored"]] == [B, A]
    assert not (place.repo / "infra").exists()
    assert mirror(place, "restore", "--to", ".").status == 0
    assert place.decrypt(A) == as_restored()
    assert place.decrypt(B) == MANIFEST
    assert "ENC[" in (place.repo / B).read_text()
    assert place.run("verify").status == 0
    place.commit()
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
        record = json.loads(field["value"])
        field["value"] = json.dumps({**record, "file": file})
    write_mirror(place, content)
    done = mirror_object(place, "restore", "--to", "back", status=1)
    assert [one["kind"] for one in done["failed"]] == ["unsafe-file-name"] * 2
    assert not (place.folder / "escape.yaml").exists()
    assert not (place.repo / "back").exists()


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
