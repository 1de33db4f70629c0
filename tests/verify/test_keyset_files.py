"""The files of keysets: gone, elsewhere, of another schema, reverted, or of another age."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from plana_secrets.age.identities import Identities
from tests.verify.inprocess import NO_IDENTITY, checks, of_check, verify
from tests.verify.rotated import CONFIGURATION, KEYSET
from tests.world import World


def test_a_keyset_that_is_not_configured_or_has_no_file_is_named(rotated: World) -> None:
    configuration = rotated.repo / "plana-secrets.toml"
    configuration.write_text(CONFIGURATION.replace('"app"', '"other"'))
    try:
        report = verify(rotated)
    finally:
        configuration.write_text(CONFIGURATION)
    assert checks(report) == [
        ("keyset-unknown", KEYSET, None),
        ("rotation-unreadable", "infra/secrets/keysets/other.yaml", None),
    ]


def test_a_keyset_file_where_none_is_configured_is_named(rotated: World) -> None:
    configuration = rotated.repo / "plana-secrets.toml"
    configuration.write_text("")
    try:
        report = verify(rotated)
    finally:
        configuration.write_text(CONFIGURATION)
    assert checks(report) == [("keyset-unknown", KEYSET, None)]


def test_a_destroyed_value_that_comes_back_is_named(rotated: World) -> None:
    """Somebody takes an old file out of git and keeps the tombstone of its key."""
    from plana_secrets.rotation.keyset import Key, Status
    from plana_secrets.rotation.material import make_fingerprint
    from plana_secrets.secret import Secret

    target = rotated.repo / KEYSET
    before = target.read_text()
    plain = rotated.decrypt(KEYSET)
    value = re.search(r"value: (\S+)", plain)
    assert value is not None
    key = Key("k0000aaaa", Status.DISABLED, None, Secret.from_text(value[1]))
    tombstone = (
        '    k0000aaaa:\n        status: destroyed\n        since: "2026-01-01T00:00:00Z"\n'
        f"        fingerprint: {make_fingerprint(key)}\n"
    )
    rotated.encrypt(KEYSET, plain.replace("keys:\n", f"keys:\n{tombstone}"))
    try:
        report = verify(rotated)
    finally:
        target.write_text(before)
    assert "destroyed-value" in {one[0] for one in checks(report)}


@pytest.mark.long
def test_a_reverted_rotation_is_named_though_its_tombstone_is_gone(rotated: World) -> None:
    """The revert took the tombstone away as well; the history still has it."""
    start = rotated.git("rev-parse", "HEAD").strip()
    for move in ("publish", "abort"):
        assert rotated.run("rotate", "run", "app", move, "--commit").status == 0
    assert checks(verify(rotated)) == []
    rotated.git("revert", "--no-edit", "HEAD")
    try:
        report, keyless = verify(rotated), verify(rotated, identities=NO_IDENTITY)
    finally:
        rotated.git("reset", "-q", "--hard", start)
    assert [one[0] for one in checks(keyless)] == ["destroyed-value"]
    assert [one[0] for one in checks(report)] == ["destroyed-value"]


def test_a_keyset_file_that_is_gone_is_an_error(rotated: World) -> None:
    """One that never was is a warning: a keyset may be added by a pull request."""
    start = rotated.git("rev-parse", "HEAD").strip()
    rotated.git("rm", "-q", KEYSET)
    rotated.git("commit", "-q", "-m", "gone")
    try:
        (finding,) = of_check(verify(rotated), "rotation-unreadable")
    finally:
        rotated.git("reset", "-q", "--hard", start)
    assert (finding.severity, finding.file) == ("error", KEYSET)
    configuration = rotated.repo / "plana-secrets.toml"
    configuration.write_text(CONFIGURATION.replace('"app"', '"other"'))
    try:
        (finding,) = of_check(verify(rotated), "rotation-unreadable")
    finally:
        configuration.write_text(CONFIGURATION)
    assert finding.severity == "warning"


@pytest.mark.parametrize("identities", [None, NO_IDENTITY])
def test_an_instant_in_the_future_is_named_with_and_without_an_identity(
    rotated: World, identities: Identities | None
) -> None:
    early = datetime.now(UTC) - timedelta(days=2)
    report = verify(rotated, now=early, identities=identities)
    (finding,) = of_check(report, "since-in-future")
    assert (finding.severity, finding.file) == ("error", KEYSET)
    assert finding.path is not None
    assert finding.path.endswith(".since")


@pytest.mark.parametrize("since", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_an_instant_of_another_age_is_a_finding_without_an_identity(
    rotated: World, since: str
) -> None:
    target = rotated.repo / KEYSET
    before = target.read_text()
    target.write_text(re.sub('since: "2[^"]*"', f'since: "{since}"', before))
    try:
        report = verify(rotated, identities=NO_IDENTITY)
        listed = rotated.run("rotate", "list")
        moved = rotated.run("rotate", "run", "--due")
    finally:
        target.write_text(before)
    assert ("keyset-schema", KEYSET) in {one[:2] for one in checks(report)}
    assert (listed.status, moved.status) == (0, 1)


def test_a_keyset_file_is_named_where_it_does_not_belong(rotated: World) -> None:
    other = rotated.repo / KEYSET.replace("app", "other")
    other.write_text((rotated.repo / KEYSET).read_text())
    try:
        report = verify(rotated, identities=NO_IDENTITY)
    finally:
        other.unlink()
    (finding,) = of_check(report, "keyset-name")
    assert (finding.file, finding.path) == (KEYSET.replace("app", "other"), "name")


@pytest.mark.parametrize("identities", [None, NO_IDENTITY], ids=["with identity", "without"])
def test_a_keyset_file_of_another_schema_is_named_once(
    rotated: World, identities: Identities | None
) -> None:
    target = rotated.repo / KEYSET
    before = target.read_text()
    target.write_text(before.replace("status: active", "status: leaked"))
    try:
        report = verify(rotated, identities=identities)
    finally:
        target.write_text(before)
    assert len(of_check(report, "keyset-schema")) == 1


@pytest.mark.parametrize("option", ["--depth=1", "--filter=blob:none", "--filter=tree:0"])
@pytest.mark.long
def test_a_history_that_is_not_whole_is_a_note_and_no_l3(rotated: World, option: str) -> None:
    """A destroyed value that is back may hide in what this clone does not have."""
    start = rotated.git("rev-parse", "HEAD").strip()
    for move in ("publish", "abort"):
        assert rotated.run("rotate", "run", "app", move, "--commit").status == 0
    rotated.git("config", "uploadpack.allowFilter", "true")
    clone = str(rotated.folder / option.strip("-").replace(":", "-"))
    rotated.git("clone", "-q", option, rotated.repo.as_uri(), clone)
    whole = rotated.run("verify", "--level", "L3")
    rotated.git("reset", "-q", "--hard", start)
    unasked = rotated.run("--repo", clone, "--json", "verify")
    asked = rotated.run("--repo", clone, "verify", "--level", "L3")
    assert whole.status == 0
    report = json.loads(unasked.stdout)
    assert unasked.status == 0, report
    assert report["complete"]
    assert [(one["check"], one["severity"], one["file"]) for one in report["findings"]] == [
        ("former-readers-unknown", "warning", None),
        ("history-incomplete", "note", KEYSET),
    ]
    assert asked.status == 3
    assert "incomplete: a " in asked.stdout
    assert "fetch --unshallow" in asked.stdout


def test_an_object_that_is_lost_is_never_an_ok(rotated: World) -> None:
    """Only a partial clone may lack one on purpose."""
    start = rotated.git("rev-parse", "HEAD").strip()
    assert rotated.run("rotate", "run", "app", "publish", "--commit").status == 0
    lost = rotated.git("rev-parse", f"{start}:{KEYSET}").strip()
    place = rotated.repo / ".git/objects" / lost[:2] / lost[2:]
    content = place.read_bytes()
    place.unlink()
    try:
        done = rotated.run("verify")
    finally:
        place.write_bytes(content)
        rotated.git("reset", "-q", "--hard", start)
    assert done.status == 1
    assert "rotation-unreadable" in done.stdout
    assert lost in done.stdout
