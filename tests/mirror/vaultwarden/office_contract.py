"""What the program must do on a server, fake or real: one suite, inherited by both."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import pyrage
import pytest

from tests.fakes.people import RefusedError
from tests.fakes.vaultwarden import Relay
from tests.mirror.vaultwarden.office import Office, drift_of
from tests.mirror.vaultwarden.test_divided import limit_items
from tests.world import World

RULES_BY_FOLDER = """\
creation_rules:
    - path_regex: ^infra/secrets/dev/.*\\.yaml$
      age: {recipients},{developer}
    - path_regex: ^infra/secrets/.*\\.yaml$
      age: {recipients}
"""


@contextmanager
def read_only_elsewhere(office: Office) -> Iterator[None]:
    """The service account may only look into the collection ``other``."""
    company = office.company
    rights = {"prod": "edit", "dev": "edit"}
    company.change_member(company.service, rights | {"other": "view"})
    try:
        yield
    finally:
        company.change_member(company.service, rights | {"other": "edit"})


def said(office: Office, *argv: str) -> str:
    """What a mirror command tells people."""
    return office.run("mirror", *argv).stderr


class OfficeContract:
    """A subclass gives the fixture ``office``: an empty organisation, configured."""

    def test_an_item_out_of_reach_is_named_and_stops_nothing_else(self, office: Office) -> None:
        held, stale, removed = office.add_files(3)
        office.world.commit()
        office.mirror("sync")
        office.world.encrypt(held, "user: changed\n")
        office.world.encrypt(stale, "user: changed\n")
        (office.world.repo / removed).unlink()
        office.world.encrypt("infra/secrets/dev/new.yaml", "a: b\n")
        office.world.commit()
        with read_only_elsewhere(office):
            office.hand.put_into(held, ["other"])
            left = office.mirror("sync", "--prune", status=1)
            assert {(kind, file) for kind, file, _ in drift_of(left)} == {
                ("moved", held),
                ("stale", held),
            }
            assert {"it is in a place where this account cannot write"} == {
                one["reason"] for one in left["drift"] if one["kind"] == "moved"
            }
            assert (left["created"], left["updated"], left["deleted"]) == (1, 1, 1)
            assert "hint: moved: ask an owner" in office.run("mirror", "sync").stderr
            (office.world.repo / held).unlink()
            office.world.commit()
            extra = office.mirror("sync", "--prune", status=1)
            assert drift_of(extra)[0][:2] == ("extra", held)
            assert extra["deleted"] == 0
        assert office.mirror("sync", "--prune")["deleted"] == 1

    def test_with_keys_for_dev_only_no_prod_item_is_touched(self, office: Office) -> None:
        developer = pyrage.x25519.Identity.generate()
        key_file = office.world.folder / "developer.txt"
        key_file.write_text(f"{developer}\n")
        key_file.chmod(0o600)
        rules = RULES_BY_FOLDER.replace("{developer}", str(developer.to_public()))
        office.world.write_rules(rules)
        prod = office.add_files(2)
        stale, removed = office.add_files(2, folder="dev")
        office.world.commit()
        office.mirror("sync")
        before = [office.hand.find(file) for file in prod]
        office.world.encrypt(prod[0], "user: changed\n")
        office.world.encrypt(stale, "user: changed\n")
        (office.world.repo / removed).unlink()
        office.world.commit()
        left = office.mirror("sync", "--prune", "--identity-file", str(key_file), status=4)
        assert {(kind, file) for kind, file, _ in drift_of(left)} == {
            ("unknown", file) for file in prod
        }
        assert (left["updated"], left["deleted"]) == (1, 1)
        assert [office.hand.find(file) for file in prod] == before
        assert office.mirror("sync")["in_sync"]

    def test_a_file_that_moves_to_another_collection_keeps_its_item(self, office: Office) -> None:
        """One plain sync: gone for the readers of the old one; what people marked is kept."""
        company, staff = office.company, office.company.staff
        file = office.add_files(1)[0]
        office.world.commit()
        office.mirror("sync")
        before = office.hand.find(file)
        folder = staff.call("POST", "/api/folders", {"name": staff.user_key.seal_text("mine")})
        mark = {"favorite": True, "folderId": folder["id"]}
        staff.call("PUT", f"/api/ciphers/{before['id']}/partial", mark)
        moved = "infra/secrets/dev/renamed.yaml"
        (office.world.repo / moved).parent.mkdir(exist_ok=True)
        office.world.git("mv", file, moved)
        office.world.sops("set", moved, '["user"]', '"changed"')
        office.world.commit()
        assert {kind for kind, _, _ in drift_of(office.mirror("diff"))} == {
            "moved", "renamed", "stale",
        }  # fmt: skip
        done = office.mirror("sync")
        assert (done["created"], done["updated"], done["deleted"]) == (0, 1, 0)
        after = office.hand.find(moved)
        assert after["id"] == before["id"]
        assert after["collectionIds"] == [company.collections["dev"]]
        assert office.hand.read(after["name"]) == "renamed (dev)"
        (seen,) = staff.sync()["ciphers"]
        assert (seen["favorite"], seen["folderId"]) == (True, folder["id"])
        company.change_member(staff, {"prod": "view"})
        try:
            assert staff.sync()["ciphers"] == []
        finally:
            company.change_member(staff, {"prod": "view", "dev": "view"})

    def test_two_repositories_in_one_collection_leave_each_other_alone(
        self, office: Office
    ) -> None:
        """With files of the same names, and each with --prune."""
        folder = office.world.folder / "second"
        folder.mkdir()
        second = Office(World(folder), office.company)
        for one, name in ((office, "r-first"), (second, "r-second")):
            one.configure()
            path = one.world.repo / "plana-secrets.toml"
            path.write_text(f'repository = "{name}"\n{path.read_text()}')
            one.write_credentials()
            one.add_files(3)
            one.world.commit()
            assert one.mirror("sync", "--prune")["created"] == 3
        every = office.hand.every()
        assert len(every) == 6
        for one in (office, second):
            (one.world.repo / "infra/secrets/prod/file0.yaml").unlink()
            one.world.commit()
            done = one.mirror("sync", "--prune")
            assert (done["created"], done["updated"], done["deleted"]) == (0, 0, 1)
        rest = office.hand.every()
        assert len(rest) == 4
        assert all(one in every for one in rest)
        assert office.mirror("status")["foreign"] == 2

    def test_an_account_that_sees_some_collections_works_for_those(self, office: Office) -> None:
        company = office.company
        rights = dict.fromkeys(("prod", "dev", "other"), "edit")
        stale, _ = office.add_files(2)
        hidden = office.add_files(1, folder="dev")[0]
        office.world.commit()
        office.mirror("sync")
        before = office.hand.find(hidden)
        office.world.encrypt(stale, "user: changed\n")
        office.world.encrypt(hidden, "user: changed\n")
        office.world.commit()
        company.change_member(company.service, {"prod": "edit"})
        try:
            left = office.mirror("sync", "--prune", status=1)
            assert (left["created"], left["updated"], left["deleted"]) == (0, 1, 0)
            assert drift_of(left) == [("unknown", hidden, ())]
            assert "no collection named 'dev'" in left["drift"][0]["reason"]
            assert office.hand.find(hidden) == before
            company.change_member(company.service, {"other": "edit"})
            assert office.mirror("status", status=2)["kind"] == "unknown-collection"
        finally:
            company.change_member(company.service, rights)
        assert office.mirror("sync")["updated"] == 1

    def test_a_file_without_a_collection_is_named(self, office: Office) -> None:
        """And the hints of a sync work as they are printed."""
        file = office.add_files(1)[0]
        lone = office.add_files(1, folder="elsewhere")[0]
        office.world.commit()
        assert lone in office.run("mirror", "status").stderr
        office.mirror("sync")
        verified = office.run("verify", "--mirror", "--json")
        named = [one for one in json.loads(verified.stdout)["findings"] if one["file"] == lone]
        assert ("mirror-drift", "warning") in {(one["check"], one["severity"]) for one in named}
        office.hand.set_title(file, "mine")
        hinted = office.run("mirror", "sync").stderr
        assert "adopt" not in hinted
        assert "--overwrite-edits" in hinted
        assert office.mirror("sync", "--overwrite-edits")["in_sync"]
        office.hand.add_field(file, "pin of the safe", "4711")
        (hint,) = re.findall(
            r"`plana-secrets (mirror adopt [^`]*)`", office.run("mirror", "sync").stderr
        )
        assert office.run(*shlex.split(hint)).status == 0
        assert "pin of the safe: " in office.world.decrypt(file)

    def test_a_file_that_is_mapped_no_longer_leaves_its_collection(self, office: Office) -> None:
        files = office.add_files(2)
        other = office.add_files(1, folder="dev")
        office.world.commit()
        office.mirror("sync")
        office.hand.set_field(files[1], "user", "typed at night")
        path = office.world.repo / "plana-secrets.toml"
        path.write_text(path.read_text().replace("secrets/prod/**", "secrets/elsewhere/**"))
        office.world.commit()
        left = office.mirror("sync", status=1)
        assert ([one["file"] for one in left["healed"]], left["deleted"]) == ([files[0]], 1)
        assert [(kind, file) for kind, file, _ in drift_of(left)] == [
            ("withdrawn", files[1]), ("hand-edited", files[1]),
        ]  # fmt: skip
        assert office.mirror("sync", "--overwrite-edits")["deleted"] == 1
        assert [office.hand.file_of(one) for one in office.hand.ciphers()] == other

    @pytest.mark.long
    def test_what_was_typed_into_parts_of_a_file_is_adopted_and_restored(
        self, office: Office
    ) -> None:
        """By the command that is printed; the value is also in what was restored."""
        world, file = office.world, "infra/secrets/prod/large.yaml"
        relay = Relay(office.company.url)
        limit_items(relay, 65_535)
        try:
            office.through(relay.url)
            world.encrypt(file, "".join(f"v{n:03}: '{n} {'x' * 20}'\n" for n in range(260)))
            world.commit()
            assert office.mirror("sync")["created"] == 2
            first, second = f"{file} (1/2)", f"{file} (2/2)"
            office.hand.set_field(second, "v250", "typed at night")
            office.hand.remove_field(second, "v251")
            office.hand.add_field(first, "one more", "typed, too")
            left = office.mirror("sync", status=1)
            assert {(one["kind"], one["item"], *one["paths"]) for one in left["drift"]} == {
                ("hand-edited", "large (prod) (1/2)", "one more"),
                ("hand-edited", "large (prod) (2/2)", "v250", "v251"),
            }
            [command] = re.findall(r"with `plana-secrets (mirror adopt .*?)`", said(office, "diff"))
            assert office.run(*shlex.split(command)).status == 0
            world.commit()
            assert office.mirror("sync")["in_sync"]
            back = world.folder / "back"
            assert office.run("mirror", "restore", "--to", str(back)).status == 0
            restored = world.sops("decrypt", str(back / file)).stdout
            assert restored == world.decrypt(file)
            assert "v250: typed at night" in restored
            assert "one more: typed, too" in restored
            assert "v251" not in restored
        finally:
            relay.stop()

    def test_a_policy_that_revokes_the_account_is_named(self, office: Office) -> None:
        company = office.company
        office.add_files(1)
        office.world.commit()
        office.mirror("sync")
        company.require_two_factor(on=True)
        try:
            refused = office.mirror("status", status=4)
            assert refused["kind"] == "member-revoked"
            assert "two-step login" in refused["message"]
            with pytest.raises(RefusedError):
                company.restore_revoked()
        finally:
            company.require_two_factor(on=False)
            company.restore_revoked()
        assert office.mirror("status")["in_sync"]

    def test_an_old_clone_a_strange_branch_and_an_empty_checkout_change_nothing(
        self, office: Office
    ) -> None:
        git = office.world.git
        file = office.add_files(1)[0]
        old = office.world.commit()
        office.world.encrypt(file, "user: newer\n")
        new = office.world.commit()
        office.mirror("sync")
        before = office.hand.ciphers()
        git("reset", "-q", "--hard", old)
        assert office.mirror("sync", "--prune", status=6)["kind"] == "older-than-mirror"
        git("reset", "-q", "--hard", new)
        git("checkout", "-q", "-b", "feature")
        office.world.encrypt(file, "user: not reviewed\n")
        office.world.commit()
        assert office.mirror("sync", status=6)["kind"] == "not-on-branch"
        git("checkout", "-q", "main")
        git("rm", "-q", "-r", "infra")
        office.world.commit()
        assert office.mirror("sync", "--prune", status=2)["kind"] == "needs-confirm"
        assert office.hand.ciphers() == before
