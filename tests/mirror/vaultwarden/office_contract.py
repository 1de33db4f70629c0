"""What the program must do on a server, fake or real: one suite, inherited by both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyrage

from tests.mirror.vaultwarden.office import Office, drift_of

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
