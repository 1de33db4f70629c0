"""Login items on the fake server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plana_secrets.mirror.apply import Applied, apply_mirror
from plana_secrets.mirror.backend import DesiredItem, Form
from plana_secrets.mirror.drift import Wanted
from plana_secrets.mirror.plan import plan_mirror
from tests.fakes.vaultwarden import FakeVaultwarden, Fault
from tests.fakes.vaultwarden.wire import Request, err
from tests.mirror.steps import COMMIT, LATER, PLAIN, Kept, looking, make_item
from tests.mirror.vaultwarden.logins_contract import LoginsContract
from tests.mirror.vaultwarden.place import VaultwardenPlace

OLD, NEW = "infra/secrets/prod/shop.yaml", "infra/secrets/dev/site.yaml"


@pytest.mark.long
class TestLogins(LoginsContract):
    """As on a real server."""


def make_shop(file: str, form: Form, collection: str, commit: str) -> DesiredItem:
    values = {"username": "anna", "password": "first-one", "pin": "4711"}
    made = make_item(file, values, collection=collection, commit=commit)
    return replace(made, record=replace(made.record, form=form))


def sync(place: VaultwardenPlace, *items: DesiredItem) -> Applied:
    """As a run does whose git knows the new name of the old file."""
    backend = place.open()
    wanted = Wanted(items, renames={NEW: OLD})
    plan = plan_mirror(wanted, backend.list_items(), PLAIN)
    return apply_mirror(backend, wanted, plan, PLAIN, keep=Kept(), look=looking(backend))


@pytest.mark.parametrize("forms", [("note", "login"), ("login", "note")])
def test_a_renamed_file_that_gets_another_type_leaves_no_item_behind(
    place: VaultwardenPlace, server: FakeVaultwarden, forms: tuple[Form, Form]
) -> None:
    """Nor if the old one cannot be deleted at first, which stops no other item either."""
    other = make_item("infra/secrets/prod/other.yaml", {"a": "1"}, collection="prod")
    sync(place, make_shop(OLD, forms[0], "prod", COMMIT))
    place.hand.set_field(OLD, "pin", "by hand")

    def before(request: Request) -> Fault | None:
        refused = request.path.endswith("/delete")
        return Fault(answer=err("An error has occurred").answer) if refused else None

    server.before = before
    applied = sync(place, make_shop(NEW, forms[1], "dev", LATER), other)
    assert (list(applied.failed), applied.created) == ([NEW], 1)
    assert not [one for one in place.hand.every() if place.hand.file_of(one) == OLD]
    server.before = lambda _: None
    applied = sync(place, make_shop(NEW, forms[1], "dev", LATER), other)
    assert [(one.kind.value, one.paths) for one in applied.left] == [("hand-edited", ("pin",))]
    assert sorted(place.hand.file_of(one) or "" for one in place.hand.every()) == [NEW, other.file]
