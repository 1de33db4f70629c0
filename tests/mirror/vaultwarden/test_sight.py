"""What one member can see: the judgement on what a server says."""

from __future__ import annotations

import pytest

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backends.vaultwarden.audit import Access
from plana_secrets.mirror.backends.vaultwarden.models import CollectionAccess, Grant, Group, Member
from plana_secrets.mirror.backends.vaultwarden.sight import collections_seen

USER, ADMIN = 2, 1
ANNA = Member("m", USER, 2, "Anna@example.test ")


def seen(
    member: Member = ANNA,
    users: tuple[Grant, ...] = (),
    groups: tuple[Group, ...] = (),
    group_members: dict[str, set[str]] | None = None,
) -> set[str]:
    grants = [Grant(one.id) for one in groups if not one.access_all]
    prod = CollectionAccess("p", "2.x", list(users), grants)
    access = Access(
        {"p": "prod", "d": "dev"},
        [prod, CollectionAccess("d", "2.x"), CollectionAccess("x", "2.x", [Grant("m")])],
        [member],
        list(groups),
        {} if group_members is None else group_members,
    )
    return set(collections_seen(access, "anna@example.test"))


TEAM, ALL = Group("g", "team"), Group("g", "all", access_all=True)


def test_by_a_grant_also_with_hidden_passwords() -> None:
    assert seen() == set()
    assert seen(users=(Grant("m", read_only=True, hide_passwords=True),)) == {"prod"}
    assert seen(users=(Grant("other"),)) == set()


def test_by_a_group_and_by_one_whose_members_are_not_told() -> None:
    assert seen(groups=(TEAM,), group_members={"g": {"m"}}) == {"prod"}
    assert seen(groups=(TEAM,), group_members={"g": {"other"}}) == set()
    assert seen(groups=(TEAM,)) == {"prod"}
    assert seen(groups=(ALL,), group_members={"g": {"m"}}) == {"prod", "dev"}


def test_an_admin_sees_all() -> None:
    assert seen(Member("m", ADMIN, 2, "anna@example.test")) == {"prod", "dev"}


@pytest.mark.parametrize(
    "member", [Member("m", USER, -1, "anna@example.test"), Member("n", USER, 2)]
)
def test_who_is_no_member(member: Member) -> None:
    with pytest.raises(UsageError) as caught:
        seen(member)
    assert caught.value.kind == "no-such-member"
