"""The installed program against a real server: the same work, the same accidents."""

from __future__ import annotations

import base64
from pathlib import Path

from tests.fakes.people import Company
from tests.fakes.vaultwarden import Relay
from tests.live.node import ask_oracle
from tests.live.server import RealServer
from tests.mirror.vaultwarden.office import Office, drift_of, kill_at
from tests.world import World

VALUE = "s3nt1nel-value"


def test_fifty_files_are_mirrored_and_staff_see_every_value(office: Office) -> None:
    """Staff read with the cryptography of Bitwarden's own SDK where it is at hand."""
    files = office.add_files(50, value=VALUE)
    office.world.commit()
    done = office.mirror("sync")
    assert (done["created"], done["in_sync"]) == (50, True)
    assert office.run("verify", "--mirror").status == 0
    staff = office.company.staff
    key = staff.organization_key(office.company.id)
    ciphers = staff.sync()["ciphers"]
    assert len(ciphers) == len(files)
    sealed = [field["value"] for one in ciphers for field in one["fields"]]
    plain = {"bytes": base64.b64encode(key.reveal().reveal()).decode()}
    seen = ask_oracle([("symmetric_decrypt_string", [one, plain]) for one in sealed])
    for number in range(50):
        assert seen.count(f"{VALUE}-{number}") == 2


def test_every_kind_of_drift_is_named_and_healed(office: Office) -> None:
    kinds = ["trashed", "moved", "missing", "duplicate", "stale", "hand-edited"]
    files = dict(zip(kinds, office.add_files(6), strict=True))
    office.world.commit()
    office.mirror("sync")
    hand = office.hand
    hand.add_foreign("somebody's mail")
    foreign = hand.foreign()
    hand.trash(files["trashed"])
    hand.move(files["moved"])
    hand.delete(files["missing"])
    hand.clone(files["duplicate"])
    hand.set_field(files["hand-edited"], "user", "typed at night")
    office.world.encrypt(files["stale"], "user: changed\n")
    office.world.commit()
    found = {(kind, file) for kind, file, _ in drift_of(office.mirror("diff"))}
    assert found >= set(files.items())
    assert office.run("verify", "--mirror").status == 1
    left = office.mirror("sync", status=1)
    assert drift_of(left) == [("hand-edited", files["hand-edited"], ("user",))]
    assert office.run("mirror", "adopt", files["hand-edited"], "user").status == 0
    office.world.commit()
    assert office.mirror("sync")["in_sync"]
    assert hand.foreign() == foreign
    assert len(hand.ciphers()) == len(files) + 1


def test_what_is_overwritten_is_kept(office: Office) -> None:
    file = office.add_files(1)[0]
    office.world.commit()
    office.mirror("sync")
    office.hand.retype(file)
    assert [kind for kind, _, _ in drift_of(office.mirror("diff"))] == ["retyped"]
    assert office.mirror("sync", status=1)["updated"] == 0
    assert office.mirror("sync", "--overwrite-edits")["in_sync"]
    assert [one["type"] for one in office.hand.ciphers()] == [2]


def test_a_first_sync_killed_at_any_request_is_completed(office: Office, relay: Relay) -> None:
    files = office.add_files(10)
    office.world.commit()
    office.through(relay.url)
    office.world.commit()
    office.mirror("status")
    for number in range(1, 5):
        office.hand.clear()
        assert kill_at(office, relay, number)
        assert office.mirror("sync")["in_sync"]
        mirrored = [office.hand.file_of(one) for one in office.hand.ciphers()]
        assert sorted(map(str, mirrored)) == sorted(files), f"request {number}"


def test_a_server_killed_in_the_middle_is_exit_5_and_is_completed(
    tmp_path: Path, office: Office, real_server: RealServer
) -> None:
    files = office.add_files(3)
    office.world.commit()
    relay = Relay(real_server.url)
    office.through(relay.url)
    office.world.commit()
    office.mirror("status")

    def crash(request: object) -> None:
        if "ciphers/create" in getattr(request, "path", ""):
            real_server.kill()
            relay.before = _refuse
            relay.after = lambda _: None

    relay.after = crash
    assert office.run("mirror", "sync").status == 5
    relay.stop()
    real_server.start()
    office.configure()
    office.write_credentials()
    office.world.commit()
    assert office.mirror("sync")["in_sync"]
    assert len(office.hand.ciphers()) == len(files)


def _refuse(_request: object) -> object:
    from tests.fakes.vaultwarden import Fault

    return Fault()


def test_a_lost_database_is_rebuilt(world: World, tmp_path: Path, real_server: RealServer) -> None:
    """Everything is gone: accounts, organisation, the key of the tokens."""
    files = []
    for life in ("first", "second"):
        server = RealServer(tmp_path / life)
        try:
            office = Office(world, Company(server.url))
            office.configure()
            office.write_credentials()
            files = files or office.add_files(12, value=VALUE)
            world.git("add", "-A")
            world.command("git", "commit", "-q", "-m", life)
            assert office.mirror("sync")["created"] == len(files)
            back = tmp_path / f"back-{life}"
            assert office.run("mirror", "restore", "--to", str(back)).status == 0
            for file in files:
                assert world.sops("decrypt", str(back / file)).stdout == world.decrypt(file)
        finally:
            server.stop()
