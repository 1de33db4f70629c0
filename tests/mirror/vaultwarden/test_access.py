"""Who may write: the judgement on what a server says, and what a server refuses."""

from __future__ import annotations

import pytest

from plana_secrets.errors import CredentialError, UsageError
from plana_secrets.mirror.backends.vaultwarden.audit import (
    Access,
    audit_access,
    judge_access,
)
from plana_secrets.mirror.backends.vaultwarden.models import CollectionAccess, Grant, Group, Member
from plana_secrets.mirror.backends.vaultwarden.settings import VaultwardenSettings
from plana_secrets.mirror.backends.vaultwarden.setup import (
    Choice,
    choose_settings,
    look_around,
)
from plana_secrets.mirror.desk import AccessFinding
from tests.fakes.people import MANAGER, Company, Person, grant
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.contract import make_item
from tests.mirror.vaultwarden.attempts import writing_attempts
from tests.mirror.vaultwarden.place import VaultwardenPlace

OWNER, ADMIN, USER = 0, 1, 2
SERVICE = Member("s", USER, 2, "Service@Example.test ")


def judge(
    members: list[Member],
    users: list[Grant],
    groups: list[tuple[Group, Grant]] | None = None,
    break_glass: tuple[str, ...] = (),
) -> list[tuple[str, str, str]]:
    rows = groups or []
    collection = CollectionAccess("c", "2.x", users, [how for _, how in rows])
    access = Access({"c": "prod"}, [collection], [SERVICE, *members], [group for group, _ in rows])
    found = judge_access(access, service_account="service@example.test", break_glass=break_glass)
    return [(one.severity.value, one.check, one.who) for one in found]


STAFF = Member("m", USER, 2, "anna@example.test")
VIEW, EDIT = Grant("m", read_only=True), Grant("m")


def test_who_audits_as_an_owner_is_told_how_to_name_the_service_account() -> None:
    collection = CollectionAccess("c", "2.x", [Grant("s")], [])
    access = Access({"c": "prod"}, [collection], [SERVICE], [])
    (found,) = judge_access(access, service_account="", break_glass=())
    command = "`plana-secrets mirror audit --service-account service@example.test`"
    assert (found.fix or "").startswith(
        f"if service@example.test is the service account, {command}"
    )


@pytest.mark.parametrize(
    ("how", "errors"),
    [
        (VIEW, 0),
        (EDIT, 1),
        (Grant("m", hide_passwords=True), 1),
        (Grant("m", read_only=True, manage=True), 1),
    ],
    ids=["view", "edit", "edit without passwords", "manage, though read-only"],
)
def test_a_member_who_may_write_is_an_error(how: Grant, errors: int) -> None:
    expected = [("error", "member-writes", "anna@example.test")]
    assert judge([STAFF], [Grant("s"), how]) == expected * errors


def test_who_is_kept_for_emergencies_is_a_note() -> None:
    assert judge([STAFF], [EDIT], break_glass=("Anna@example.test",)) == [
        ("note", "member-writes", "anna@example.test")
    ]


@pytest.mark.parametrize("role", [OWNER, ADMIN])
def test_owners_and_admins_are_named_as_what_they_are(role: int) -> None:
    boss = Member("o", role, 2, "boss@example.test")
    assert judge([boss], [Grant("o", manage=True)]) == [
        ("error", "role-writes", "boss@example.test")
    ]
    assert judge([boss], [], break_glass=("boss@example.test",)) == [
        ("note", "break-glass", "boss@example.test")
    ]


def test_a_revoked_member_may_nothing_and_an_invited_one_soon_may() -> None:
    assert judge([Member("m", USER, -1, "anna@example.test")], [EDIT]) == []
    assert len(judge([Member("m", USER, 0, "anna@example.test")], [EDIT])) == 1


def test_groups_that_may_write_are_named() -> None:
    writers = (Group("g", "writers"), Grant("g"))
    readers = (Group("r", "readers"), Grant("r", read_only=True))
    everywhere = (Group("a", "all", access_all=True), Grant("a", read_only=True))
    assert judge([], [], [writers, readers, everywhere]) == [
        ("error", "group-writes", "writers"),
        ("error", "group-writes", "all"),
    ]


def test_a_service_account_with_a_role_that_is_too_much_is_a_warning() -> None:
    access = Access({}, [], [Member("s", ADMIN, 2, "service@example.test")], [])
    found = judge_access(access, service_account="service@example.test", break_glass=())
    assert [(one.severity.value, one.check) for one in found] == [("warning", "service-role")]


# On a server


@pytest.fixture
def audited(place: VaultwardenPlace) -> VaultwardenPlace:
    """The service account as a manager, who may look."""
    access = {"prod": "manage", "dev": "manage", "other": "edit"}
    place.company.change_member(place.company.service, access, MANAGER)
    return place


def audit(place: VaultwardenPlace, person: Person | None = None) -> tuple[AccessFinding, ...]:
    company = place.company
    return audit_access(
        place.session(person),
        organization=company.id,
        collections=["prod", "dev"],
        service_account=company.service.email,
        break_glass=[company.owner.email],
    )


def errors(findings: tuple[AccessFinding, ...]) -> list[tuple[str, str, str | None]]:
    """Each with what to do about it."""
    found = [one for one in findings if one.severity.value == "error"]
    assert all(one.fix for one in found)
    return [(one.check, one.who, one.collection) for one in found]


def test_a_company_as_recommended_has_no_error(audited: VaultwardenPlace) -> None:
    assert errors(audit(audited)) == []


def add_group(company: Company, *members: Person) -> None:
    ids = {one["email"]: one["id"] for one in company.members()}
    body = {
        "name": "team",
        "accessAll": False,
        "externalId": None,
        "collections": [grant(company.collections["prod"], "edit")],
        "users": [ids[one.email] for one in members],
    }
    company.owner.call("POST", f"/api/organizations/{company.id}/groups", body)


def test_a_manager_is_not_told_who_is_in_a_group(audited: VaultwardenPlace) -> None:
    add_group(audited.company, audited.company.service)
    found = audit(audited)
    assert errors(found) == [("group-writes", "team", "prod")]
    assert "only an owner or admin can see" in found[-1].message


def test_an_owner_sees_whether_a_group_holds_the_service_account_alone(
    place: VaultwardenPlace,
) -> None:
    company = place.company
    add_group(company, company.service)
    assert errors(audit(place, company.owner)) == []
    add_group(company, company.service, company.staff)
    assert errors(audit(place, company.owner)) == [("group-writes", "team", "prod")]


def test_a_second_collection_that_makes_an_item_writable_is_seen(
    server: FakeVaultwarden, audited: VaultwardenPlace
) -> None:
    file = "infra/secrets/prod/a.yaml"
    audited.open().create_items([make_item(file, {"a": "1"}, collection="prod")])
    audited.hand.put_into(file, ["prod", "other"])
    assert errors(audit(audited)) == [("extra-collection", "other", "other")]


def test_an_item_that_cannot_be_brought_home_is_held(place: VaultwardenPlace) -> None:
    """In its own collection as well, and in one out of which we may not take it."""
    file = "infra/secrets/prod/a.yaml"
    place.open().create_items([make_item(file, {"x": "1"}, collection="prod")])
    place.hand.put_into(file, ["prod", "other"])
    assert [one.is_held for one in place.open().list_items().items] == [False]
    rights = {"prod": "edit", "dev": "edit", "other": "view"}
    place.company.change_member(place.company.service, rights)
    found = place.open().list_items().items
    assert [(one.is_held, one.problems) for one in found] == [(True, frozenset({"moved"}))]


def test_an_account_that_cannot_see_does_not_look_green(place: VaultwardenPlace) -> None:
    with pytest.raises(CredentialError) as error:
        audit(place)
    assert error.value.kind == "audit-not-allowed"


def test_staff_cannot_write_in_any_way(server: FakeVaultwarden, place: VaultwardenPlace) -> None:
    file = "infra/secrets/prod/a.yaml"
    place.open().create_items([make_item(file, {"a": "1"}, collection="prod")])
    cipher = place.hand.find(file)
    assert [name for name, allowed in writing_attempts(place.company, cipher) if allowed] == []
    assert place.hand.find(file) == cipher


# Setting up


def choose(place: VaultwardenPlace, **choice: object) -> VaultwardenSettings:
    settings = Choice(**({"url": "https://x", "organization": None, "collections": {}} | choice))  # type: ignore[arg-type]
    return choose_settings(settings, look_around(place.session()), ["infra/secrets"])[0]


def test_the_only_organisation_is_found(place: VaultwardenPlace, company: Company) -> None:
    settings = choose(place, collections={"infra/secrets/prod/**": "prod"})
    assert settings.organization == company.id


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        ({"organization": "another"}, "choose-organization"),
        ({}, "choose-collection"),
        ({"collections": {"a": "nowhere"}}, "unknown-collection"),
    ],
)
def test_what_is_unclear_is_said(
    place: VaultwardenPlace, choice: dict[str, object], kind: str
) -> None:
    with pytest.raises(UsageError) as error:
        choose(place, **choice)
    assert error.value.kind == kind


def test_with_one_collection_to_write_to_nothing_is_asked(
    server: FakeVaultwarden, place: VaultwardenPlace
) -> None:
    place.company.change_member(place.company.service, {"prod": "edit", "dev": "view"})
    assert choose(place).collections == {"infra/secrets/**": "prod"}
