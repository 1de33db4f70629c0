"""What one member can see of the mirrored collections; the judgement on what a server says."""

from __future__ import annotations

from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backends.vaultwarden.audit import REVOKED, Access
from plana_secrets.mirror.backends.vaultwarden.kdf import normalise_email
from plana_secrets.mirror.backends.vaultwarden.models import (
    ADMIN,
    OWNER,
    CollectionAccess,
    Member,
)


def collections_seen(access: Access, email: str) -> frozenset[str]:
    """What the settings call each collection of which the member sees the items.

    Hidden passwords count: their client has them. So does a group whose members we may not see.

    Raises:
        UsageError: there is no such member (kind ``no-such-member``).
    """
    wanted = normalise_email(email)
    found = [one for one in access.members if normalise_email(one.email) == wanted]
    if not found or found[0].status == REVOKED:
        raise UsageError(f"{email} is no member of the organization", kind="no-such-member")
    member = found[0]
    everywhere = member.type in {OWNER, ADMIN} or any(
        group.access_all and _is_in(group.id, member, access) for group in access.groups
    )
    return frozenset(
        access.names[one.id]
        for one in access.collections
        if one.id in access.names and (everywhere or _sees(one, member, access))
    )


def _sees(collection: CollectionAccess, member: Member, access: Access) -> bool:
    return any(grant.id == member.id for grant in collection.users) or any(
        _is_in(grant.id, member, access) for grant in collection.groups
    )


def _is_in(group: str, member: Member, access: Access) -> bool:
    return group not in access.group_members or member.id in access.group_members[group]


ADVICE: Final = {
    "no-such-member": (
        "pass the address of their account in the vault; of an account that was removed nothing is "
        "known any more"
    ),
}
