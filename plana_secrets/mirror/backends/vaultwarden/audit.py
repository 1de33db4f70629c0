"""Who may write to the mirrored collections.

The server promises that a member with read-only access cannot write. Whether everyone
has no more than that is for people to set and for us to look at: ``judge_access`` is the
judgement on what the server says, ``audit_access`` asks it. Owners and admins may always
write, no setting of a server takes that from them: they are named as what they are.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.errors import CredentialError, MalformedError
from plana_secrets.mirror.backends.vaultwarden.collections import resolve_collections
from plana_secrets.mirror.backends.vaultwarden.kdf import normalise_email
from plana_secrets.mirror.backends.vaultwarden.models import (
    ADMIN,
    OWNER,
    USER,
    CollectionAccess,
    CollectionAccessList,
    Grant,
    Group,
    GroupList,
    Member,
    MemberList,
    Membership,
    read_answer,
)
from plana_secrets.mirror.backends.vaultwarden.session import Session
from plana_secrets.mirror.backends.vaultwarden.strays import (
    find_strays,
    read_every_item,
    unseen,
)
from plana_secrets.mirror.backends.vaultwarden.vault import Keys, Vault, open_vault, read_sync
from plana_secrets.mirror.backends.vaultwarden.version import check_version
from plana_secrets.mirror.desk import AccessFinding
from plana_secrets.sops.model import Severity

_ROLES: Final = {OWNER: "owner", ADMIN: "admin", USER: "member"}
REVOKED: Final = -1


@dataclass(frozen=True, slots=True)
class Access:
    """What the server says of the mirrored collections; ``names`` by collection id.

    ``group_members``: the ids of the members of each group. Managers are not told, so
    that a group may be missing.
    """

    names: Mapping[str, str]
    collections: Sequence[CollectionAccess]
    members: Sequence[Member]
    groups: Sequence[Group]
    group_members: Mapping[str, Collection[str]] = field(default_factory=dict)


def judge_access(
    access: Access, *, service_account: str, break_glass: Collection[str]
) -> tuple[AccessFinding, ...]:
    """A finding for everyone who may write.

    No error are the service account and those who are kept for emergencies.
    """
    expected = {normalise_email(email) for email in break_glass}
    own = normalise_email(service_account)
    members = {one.id: one for one in access.members if one.status != REVOKED}
    found = [*_judge_roles(members.values(), own, expected)]
    for collection in access.collections:
        if collection.id in access.names:
            name = access.names[collection.id]
            found += _judge_members(collection.users, members, name, own, expected)
            found += _judge_groups(collection.groups, access, name, {own, *expected})
    found += [
        _judge_group(group.id, access, None, {own, *expected})
        for group in access.groups
        if group.access_all
    ]
    return tuple(dict.fromkeys(found))


def _judge_roles(
    members: Iterable[Member], own: str, expected: set[str]
) -> Iterator[AccessFinding]:
    for member in members:
        if member.type not in {OWNER, ADMIN}:
            continue
        email, role = normalise_email(member.email), _ROLES[member.type]
        may = f"{email} is {role} and can write everywhere; no setting prevents this"
        if email == own:
            yield AccessFinding(
                Severity.WARNING,
                "service-role",
                email,
                None,
                f"the service account is {role}; a member with 'edit items' is enough",
                fix="an owner changes its role under Members in the web vault",
            )
        elif email in expected:
            yield AccessFinding(Severity.NOTE, "break-glass", email, None, may)
        else:
            fix = _accept(email, "an owner changes the role under Members in the web vault")
            yield AccessFinding(Severity.ERROR, "role-writes", email, None, may, fix=fix)


def _judge_members(
    grants: Sequence[Grant],
    members: Mapping[str, Member],
    collection: str,
    own: str,
    expected: set[str],
) -> Iterator[AccessFinding]:
    for grant in grants:
        member = members.get(grant.id)
        if member is None or member.type in {OWNER, ADMIN} or not _writes(grant):
            continue
        email = normalise_email(member.email)
        if email == own:
            continue
        severity = Severity.NOTE if email in expected else Severity.ERROR
        message = f"{email} can {'manage' if grant.manage else 'write to'} {collection!r}"
        fix = _accept(email, f"an owner sets 'view items' on {collection!r} in the web vault")
        fix = fix if own else f"{_name_service(email)}; {fix}"
        yield AccessFinding(severity, "member-writes", email, collection, message, fix=fix)


def _name_service(email: str) -> str:
    command = f"plana-secrets mirror audit --service-account {shlex.quote(email)}"
    return f"if {email} is the service account, `{command}`"


def _accept(email: str, otherwise: str) -> str:
    command = f"plana-secrets mirror init vaultwarden --break-glass {shlex.quote(email)}"
    return f"if {email} is kept for emergencies, `{command}`; otherwise {otherwise}"


def _judge_groups(
    grants: Sequence[Grant], access: Access, collection: str, expected: set[str]
) -> Iterator[AccessFinding]:
    for grant in grants:
        if _writes(grant):
            yield _judge_group(grant.id, access, collection, expected)


def _judge_group(
    group: str, access: Access, collection: str | None, expected: set[str]
) -> AccessFinding:
    """An error unless we see that all its members may write anyway."""
    name = next((one.name for one in access.groups if one.id == group), group)
    where = "everywhere" if collection is None else f"to {collection!r}"
    message = f"the group {name!r} can write {where}"
    severity = Severity.ERROR
    if group not in access.group_members:
        message += "; only an owner or admin can see its members"
    else:
        inside = [one for one in access.members if one.id in access.group_members[group]]
        active = {normalise_email(one.email) for one in inside if one.status != REVOKED}
        others = sorted(active - expected)
        severity = Severity.ERROR if others else Severity.NOTE
        message += f"; other members: {', '.join(others)}" if others else "; no other members"
    place = "each collection" if collection is None else repr(collection)
    fix = f"an owner sets 'view items' on {place} for the group {name!r} in the web vault"
    return AccessFinding(severity, "group-writes", name, collection, message, fix=fix)


def _writes(grant: Grant) -> bool:
    """``manage`` is stronger than read-only: who manages may write."""
    return grant.manage or not grant.read_only


def audit_access(
    session: Session,
    *,
    organization: str,
    collections: Sequence[str],
    service_account: str,
    break_glass: Sequence[str],
) -> tuple[AccessFinding, ...]:
    """Ask the server and judge.

    Raises:
        CredentialError: the account's role may not see who has access (kind
            ``audit-not-allowed``).
    """
    access, vault = read_access(session, organization, collections)
    findings = judge_access(access, service_account=service_account, break_glass=break_glass)
    items = _judge_items(session, vault, access.names)
    return (*items, *findings, *_judge_places(vault, access.names))


def read_access(
    session: Session, organization: str, collections: Sequence[str]
) -> tuple[Access, Vault]:
    """Who has access to the collections that the settings name, and the vault; it raises as
    ``audit_access``."""
    check_version(session.client)
    sync = read_sync(session)
    vault = open_vault(sync, Keys(session), organization)
    names = resolve_collections(vault, tuple(dict.fromkeys(collections)))
    if vault.membership.type == USER:
        raise CredentialError(
            "the account cannot see who has access, or which items are in no collection: "
            "its role is member",
            kind="audit-not-allowed",
        )
    return _read_access(session, vault.membership, names), vault


def _judge_items(
    session: Session, vault: Vault, names: Mapping[str, str]
) -> Iterator[AccessFinding]:
    if vault.membership.type in {OWNER, ADMIN}:
        yield from find_strays(read_every_item(session, vault.membership.id), vault, names)
    else:
        yield unseen()


def _read_access(session: Session, own: Membership, names: Mapping[str, str]) -> Access:
    base = f"/api/organizations/{own.id}"
    task = "see who has access"
    collections = read_answer(
        session.get(f"{base}/collections/details", task=task), CollectionAccessList, "access"
    ).data
    unseen = sorted(name for one, name in names.items() if one not in {c.id for c in collections})
    if unseen:
        raise MalformedError(
            f"the server does not show who has access to {', '.join(unseen)}", kind="bad-answer"
        )
    groups = read_answer(session.get(f"{base}/groups", task=task), GroupList, "the groups").data
    group_members = {}
    if own.type in {OWNER, ADMIN}:
        for group in groups:
            body = session.get(f"{base}/groups/{group.id}/users", task=task)
            group_members[group.id] = read_answer(body, list[str], "a group")
    return Access(
        names=names,
        collections=collections,
        members=read_answer(
            session.get(f"{base}/users/mini-details", task=task), MemberList, "the members"
        ).data,
        groups=groups,
        group_members=group_members,
    )


def _judge_places(vault: Vault, names: Mapping[str, str]) -> Iterator[AccessFinding]:
    """An item that is in a second collection can be written by who may write there."""
    extra = {
        other
        for cipher in vault.ciphers
        if names.keys() & set(cipher.collection_ids)
        for other in cipher.collection_ids
        if other not in names
    }
    for one in sorted(extra):
        name = vault.collections[one].name if one in vault.collections else one
        yield AccessFinding(
            Severity.ERROR,
            "extra-collection",
            name,
            name,
            f"items of mirrored collections are also in {name!r}: anyone who can write there can "
            "change them",
            fix=f"an owner takes the items out of {name!r} in the web vault",
        )


ADVICE: Final = {
    "audit-not-allowed": "log in as a manager of the collections, or as an admin",
}
