"""Who may do what; the rules of the server, resolved as it resolves them."""

from __future__ import annotations

from tests.fakes.vaultwarden.store import ADMIN, Cipher, Collection, Grant, Member, Store, User

FULL = Grant(manage=True)


def groups_of(store: Store, member: Member) -> list[str]:
    if not store.groups_enabled:
        return []
    return [one.id for one in store.groups.values() if member.id in one.members]


def sees_all(store: Store, member: Member) -> bool:
    return member.has_full_access or any(
        store.groups[one].access_all for one in groups_of(store, member)
    )


def grants_on(store: Store, member: Member, collection: Collection) -> list[Grant]:
    """The direct grant, else those by group."""
    direct = collection.users.get(member.id)
    if direct:
        return [direct]
    return [collection.groups[one] for one in groups_of(store, member) if one in collection.groups]


def sees_collection(store: Store, user: User, collection: Collection) -> bool:
    member = store.confirmed(user, collection.organization)
    return bool(member) and (sees_all(store, member) or bool(grants_on(store, member, collection)))


def writes_collection(store: Store, user: User, collection: Collection) -> bool:
    """``manage`` does not count here, as it does for items."""
    member = store.confirmed(user, collection.organization)
    if member is None:
        return False
    if member.type <= ADMIN or member.access_all or sees_all(store, member):
        return True
    every = [collection.users[member.id]] if member.id in collection.users else []
    every += [
        collection.groups[one] for one in groups_of(store, member) if one in collection.groups
    ]
    return any(not grant.read_only for grant in every)


def restrictions(store: Store, user: User, cipher: Cipher) -> Grant | None:
    """None: not to be seen. Over several collections the weakest restriction holds."""
    if cipher.organization is None:
        return FULL if cipher.user == user.id else None
    member = store.confirmed(user, cipher.organization)
    if member is None:
        return None
    if sees_all(store, member):
        return FULL
    rows = [
        grant
        for one in cipher.collections
        for grant in grants_on(store, member, store.collections[one])
    ]
    if not rows:
        return None
    return Grant(
        read_only=all(row.read_only for row in rows),
        hide_passwords=all(row.hide_passwords for row in rows),
        manage=any(row.manage for row in rows),
    )


def may_write(store: Store, user: User, cipher: Cipher) -> bool:
    grant = restrictions(store, user, cipher)
    return grant is not None and (not grant.read_only or grant.manage)


def may_move(store: Store, user: User, cipher: Cipher) -> bool:
    grant = restrictions(store, user, cipher)
    return grant is not None and (
        (not grant.read_only and not grant.hide_passwords) or grant.manage
    )
