"""The mirror in a Vaultwarden as its users run it: the installed program, real git and sops."""

from __future__ import annotations

import json
import shlex

import pyrage
import pytest

from tests.fakes.people import MANAGER
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.mirror.vaultwarden.office import Office, drift_of, kill_at
from tests.mirror.vaultwarden.test_divided import limit_items

pytestmark = pytest.mark.long


VALUE = "s3nt1nel-value"


def test_files_become_items_that_staff_can_read(office: Office, server: FakeVaultwarden) -> None:
    """By an account with no more than edit rights; a second run has next to nothing to ask."""
    office.add_files(2, value=VALUE)
    office.world.commit()
    done = office.mirror("sync")
    assert (done["created"], done["in_sync"]) == (2, True)
    item = office.hand.find("infra/secrets/prod/file0.yaml")
    assert office.hand.read(item["name"]) == "file0 (prod)"
    assert "read-only copy of infra/secrets/prod/file0.yaml" in office.hand.read(item["notes"])
    assert office.shown("infra/secrets/prod/file0.yaml")["db.password"] == f"{VALUE}-0"
    assert item["id"] in [one["id"] for one in office.company.staff.sync()["ciphers"]]
    memberships = office.company.service.sync()["profile"]["organizations"]
    assert [one["type"] for one in memberships] == [2]
    server.seen.clear()
    again = office.mirror("sync")
    assert again["requests"] == len(server.seen) <= 3


def test_a_job_needs_its_identity_alone(office: Office) -> None:
    """The credentials are a SOPS secret file of the repository, which is never mirrored.

    All but the clone may be read-only: each run logs in.
    """
    files = office.add_files(1)
    plain = office.world.folder / "credentials.yaml"
    office.world.encrypt("infra/secrets/prod/mirror.yaml", plain.read_text())
    plain.unlink()
    office.configure('credentials = "infra/secrets/prod/mirror.yaml"\n')
    office.world.commit()
    result = office.world.run("mirror", "sync", env={"XDG_STATE_HOME": "/proc/none"})
    assert result.status == 0, result
    assert (
        "warning: the login cannot be kept for the next run: cannot create folder" in result.stderr
    )
    office.check_silence(result)
    assert [office.hand.file_of(one) for one in office.hand.ciphers()] == files


def test_a_value_typed_at_night_survives_and_gets_into_the_file(office: Office) -> None:
    file = office.add_files(1, value=VALUE)[0]
    office.world.commit()
    office.mirror("sync")
    office.sentinels.append("typed at night")
    office.hand.set_field(file, "db.password", "typed at night")
    left = office.mirror("sync", status=1)
    assert drift_of(left) == [("hand-edited", file, ("db.password",))]
    assert office.run("verify", "--mirror").status == 1
    assert office.run("mirror", "adopt", file, "db.password").status == 0
    assert "typed at night" in office.world.decrypt(file)
    office.world.commit()
    assert office.mirror("sync")["in_sync"]
    assert office.hand.find(file)["passwordHistory"] == []


def test_a_person_with_fewer_identities_prunes_nothing_that_she_cannot_read(
    office: Office, server: FakeVaultwarden
) -> None:
    office.add_files(2)
    office.world.commit()
    office.mirror("sync")
    before = office.hand.ciphers()
    left = office.mirror("sync", "--prune", "--identity-file", str(office.stranger()), status=4)
    assert {kind for kind, _, _ in drift_of(left)} == {"unknown"}
    assert office.hand.ciphers() == before


def test_staff_may_look_and_not_sync(office: Office) -> None:
    file = office.add_files(1)[0]
    office.world.commit()
    office.mirror("sync")
    office.write_credentials(office.company.staff)
    assert office.mirror("status")["in_sync"]
    office.world.encrypt(file, "user: changed\n")
    office.world.commit()
    refused = office.run("mirror", "sync")
    assert (refused.status, "may not write" in refused.stderr) == (4, True)
    assert "hint: only the service account syncs" in refused.stderr


def test_the_audit_names_everybody_who_may_write(office: Office) -> None:
    company = office.company
    company.change_member(company.service, {"prod": "manage", "dev": "manage"}, MANAGER)
    found = office.mirror("audit", status=1)
    assert [(one["check"], one["who"]) for one in found["findings"]] == [
        ("role-writes", company.owner.email)
    ]
    assert found["findings"][0]["fix"].split("`")[1] in office.run("mirror", "audit").stderr
    fix = found["findings"][0]["fix"].split("`plana-secrets ")[1].partition("`")[0]
    assert office.run(*shlex.split(fix)).status == 0
    found = office.mirror("audit")
    assert (found["errors"], found["findings"][0]["fix"]) == (0, None)
    company.change_member(company.staff, {"prod": "edit", "dev": "view"})
    found = office.mirror("audit", status=1)
    errors = [one for one in found["findings"] if one["severity"] == "error"]
    assert [(one["who"], one["collection"]) for one in errors] == [(company.staff.email, "prod")]


@pytest.mark.long
def test_a_leaver_is_asked_after_what_the_vault_showed(office: Office) -> None:
    """Staff sees prod, by the vault alone: no identity of theirs opens a file."""
    company, world = office.company, office.world
    files = office.add_files(2)
    world.encrypt("infra/secrets/dev/other.yaml", "a: b\n")
    leaver = pyrage.x25519.Identity.generate().to_public()
    world.commit()
    company.change_member(company.service, {"prod": "manage", "dev": "manage"}, MANAGER)
    company.change_member(company.staff, {"prod": "view"})
    argv = ("offboard", str(leaver), "--vault-user", company.staff.email, "--json")
    found = json.loads(office.run(*argv).stdout)
    assert {one["file"] for one in found["values"]} == set(files)
    assert {one["status"] for one in found["values"]} == {"open"}
    assert world.run("set", files[0], "db.password", "--generate", "hex:8").status == 0
    world.commit()
    later = json.loads(office.run("offboard", str(leaver), "--status", "--json").stdout)
    rotated = {(one["file"], one["path"]) for one in later["values"] if one["status"] == "rotated"}
    assert rotated == {(files[0], "db.password")}
    unknown = office.run("offboard", str(leaver), "--vault-user", "who@example.test", "--json")
    assert json.loads(unknown.stdout)["kind"] == "no-such-member"


# Crashes


@pytest.mark.long
def test_a_first_sync_killed_at_any_request_is_completed(
    office: Office, server: FakeVaultwarden
) -> None:
    """By import: version, sync, import, look (the login was kept)."""
    files = office.add_files(10)
    office.world.commit()
    office.mirror("status")
    for number in range(2, 5):
        office.hand.clear()
        assert kill_at(office, server, number)
        assert office.mirror("sync")["in_sync"]
        mirrored = [office.hand.file_of(one) for one in office.hand.ciphers()]
        assert sorted(map(str, mirrored)) == sorted(files), f"request {number}"


def test_creations_one_by_one_killed_in_the_middle_are_completed(
    office: Office, server: FakeVaultwarden
) -> None:
    files = office.add_files(3)
    office.world.commit()
    office.mirror("status")
    assert kill_at(office, server, 4)
    assert office.mirror("sync")["in_sync"]
    assert sorted(office.hand.file_of(one) for one in office.hand.ciphers()) == sorted(files)


def test_a_server_that_goes_away_in_the_middle_is_exit_5_and_is_completed(
    office: Office, server: FakeVaultwarden
) -> None:
    files = office.add_files(3)
    office.world.commit()
    office.mirror("status")
    server.before = lambda request: Fault() if len(server.store.ciphers) >= 1 else None
    assert office.run("mirror", "sync").status == 5
    server.before = lambda _: None
    assert office.mirror("sync")["in_sync"]
    assert len(office.hand.ciphers()) == len(files)


def test_a_lost_database_is_rebuilt_and_lost_files_are_restored(
    office: Office, server: FakeVaultwarden
) -> None:
    files = office.add_files(3, value=VALUE)
    office.world.commit()
    office.mirror("sync")
    server.store.ciphers.clear()
    assert office.mirror("sync")["created"] == 3
    back = office.world.folder / "back"
    assert office.run("mirror", "restore", "--to", str(back)).status == 0
    for file in files:
        restored = office.world.sops("decrypt", str(back / file)).stdout
        assert restored == office.world.decrypt(file)


def test_a_file_that_is_too_large_is_several_items_and_one_file_again(
    office: Office, server: FakeVaultwarden
) -> None:
    """On a MariaDB: what staff see, the counts, and the way back, byte by byte."""
    limit_items(server, 65_535)
    file = "infra/secrets/prod/large.yaml"
    plain = "none: []\n" + "".join(
        f"'{name} {number}':\n- {number}\n- {VALUE}\n- a: null\n  b: '{number}'\n"
        for number in range(40)
        for name in ("z", "ä")
    )
    office.world.encrypt(file, plain)
    before = office.world.decrypt(file)
    office.world.commit()
    done = office.mirror("sync")
    count = done["created"]
    assert (done["in_sync"], done["failed"], count > 2) == (True, [], True)
    assert {office.hand.read(one["name"]) for one in office.hand.ciphers()} == {
        f"large (prod) ({number}/{count})" for number in range(1, count + 1)
    }
    assert office.mirror("status", "--check")["in_sync"]
    back = office.world.folder / "back"
    assert office.run("mirror", "restore", "--to", str(back)).status == 0
    assert office.world.sops("decrypt", str(back / file)).stdout == before
    office.world.encrypt(file, plain[:500].rpartition("'z")[0])
    office.world.commit()
    for flags in (["--dry-run"], []):
        done = office.mirror("sync", *flags)
        assert (done["created"], done["updated"], done["deleted"]) == (0, 1, count - 1)
    assert [office.hand.read(one["name"]) for one in office.hand.ciphers()] == ["large (prod)"]
