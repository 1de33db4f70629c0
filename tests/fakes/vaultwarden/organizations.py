"""Organisations, members, collections, groups."""

from __future__ import annotations

from typing import Any

from tests.fakes.vaultwarden.access import sees_all, sees_collection
from tests.fakes.vaultwarden.accounts import enforce_two_factor
from tests.fakes.vaultwarden.shapes import collection_json
from tests.fakes.vaultwarden.store import (
    ACCEPTED,
    ADMIN,
    CONFIRMED,
    INVITED,
    MANAGER,
    OWNER,
    REVOKE,
    USER,
    Collection,
    Grant,
    Group,
    Member,
    Organization,
    User,
    new_id,
)
from tests.fakes.vaultwarden.wire import Request, catcher, err, route


def demand(request: Request, organization: str, *, managers: bool = False) -> Member:
    """An admin, or with ``managers`` a manager; everybody else gets the framework's 401."""
    member = request.store.confirmed(request.user, organization)
    allowed = {OWNER, ADMIN, MANAGER} if managers else {OWNER, ADMIN}
    if member is None or member.type not in allowed:
        raise catcher(401, as_json=request.wants_json)
    return member


def demand_full_access(request: Request, organization: str) -> None:
    if not sees_all(request.store, demand(request, organization, managers=True)):
        raise err("Resource not found.", 404)


def read_grants(request: Request, rows: list[dict[str, Any]]) -> dict[str, Grant]:
    names = ("id", "readOnly", "hidePasswords", "manage")
    if any(name not in row for row in rows for name in names):
        raise catcher(422, as_json=request.wants_json)
    return {row["id"]: Grant(row["readOnly"], row["hidePasswords"], row["manage"]) for row in rows}


def grant_json(who: str, grant: Grant) -> dict[str, object]:
    return {
        "id": who,
        "readOnly": grant.read_only,
        "hidePasswords": grant.hide_passwords,
        "manage": grant.manage,
    }


@route("POST", "/api/organizations")
def create(request: Request) -> object:
    data = request.json("name", "billingEmail", "planType", "collectionName", "key", "keys")
    organization = Organization(data["name"])
    store = request.store
    store.organizations[organization.id] = organization
    owner = Member(request.user.id, organization.id, OWNER, CONFIRMED, data["key"], access_all=True)
    store.members[owner.id] = owner
    first = Collection(organization.id, data["collectionName"])
    store.collections[first.id] = first
    return {"id": organization.id, "name": organization.name, "object": "organization"}


@route("PUT POST", "/api/organizations/<organization>")
def edit(request: Request, organization: str) -> object:
    if demand(request, organization).type != OWNER:
        raise catcher(401, as_json=request.wants_json)
    found = request.store.organizations[organization]
    found.name = request.json("name", "billingEmail")["name"]
    return {"id": found.id, "name": found.name, "object": "organization"}


@route("POST", "/api/organizations/<organization>/users/invite")
def invite(request: Request, organization: str) -> object:
    inviter = demand(request, organization)
    data = request.json("emails", "type", "groups", "collections")
    role = read_role(data["type"])
    if role != USER and inviter.type != OWNER:
        raise err("Only Owners can invite Managers, Admins or Owners")
    store = request.store
    for email in data["emails"]:
        user = store.user_of_email(email)
        if user is None:
            user = User(email.lower(), "", "", "", "", "", 0, 600_000, None, None)
            store.users[user.id] = user
        if store.membership(user, organization):
            raise err(f"User already in organization: {email}")
        status = ACCEPTED if user.password_hash else INVITED
        member = Member(user.id, organization, role, status, access_all=has_access_all(data))
        store.members[member.id] = member
        give(request, member, data["collections"])
    return None


def read_role(text: object) -> int:
    return {0: OWNER, 1: ADMIN, 2: USER, 3: MANAGER, 4: MANAGER}[int(str(text))]


def has_access_all(data: dict[str, Any]) -> bool:
    flags = ("createNewCollections", "editAnyCollection", "deleteAnyCollection")
    permissions = data.get("permissions") or {}
    is_custom = str(data["type"]) == "4" and all(permissions.get(flag) is True for flag in flags)
    return is_custom or read_role(data["type"]) <= ADMIN


def give(request: Request, member: Member, rows: list[dict[str, Any]]) -> None:
    grants = read_grants(request, rows)
    for collection in request.store.collections.values():
        collection.users.pop(member.id, None)
        if collection.id in grants and not member.access_all:
            collection.users[member.id] = grants[collection.id]


def find_member(request: Request, organization: str, member: str) -> Member:
    found = request.store.members.get(member)
    if found is None or found.organization != organization:
        raise err("The specified user isn't a member of the organization")
    return found


@route("POST", "/api/organizations/<organization>/users/<member>/confirm")
def confirm(request: Request, organization: str, member: str) -> object:
    demand(request, organization)
    found = find_member(request, organization, member)
    if found.status != ACCEPTED:
        raise err("User in invalid state")
    found.key, found.status = request.json("key")["key"], CONFIRMED
    return None


@route("PUT POST", "/api/organizations/<organization>/users/<member>")
def edit_member(request: Request, organization: str, member: str) -> object:
    demand(request, organization)
    found = find_member(request, organization, member)
    data = request.json("type", "collections", "groups")
    found.type, found.access_all = read_role(data["type"]), has_access_all(data)
    give(request, found, data["collections"])
    return None


@route("PUT", "/api/organizations/<organization>/policies/<kind>")
def put_policy(request: Request, organization: str, kind: str) -> object:
    """Of the policies the one that requires two-step login."""
    demand(request, organization)
    assert kind == "0"
    found = request.store.organizations[organization]
    found.needs_two_factor = request.json("policy")["policy"]["enabled"]
    members = [one for one in request.store.members.values() if one.organization == organization]
    enforce_two_factor(request.store, members)
    return {"id": new_id(), "enabled": found.needs_two_factor, "object": "policy"}


@route("PUT", "/api/organizations/<organization>/users/<member>/restore")
def restore_member(request: Request, organization: str, member: str) -> object:
    demand(request, organization)
    found = find_member(request, organization, member)
    if found.status >= 0:
        raise err("User is already active")
    user = request.store.users[found.user]
    if request.store.organizations[organization].needs_two_factor and not user.totp:
        raise err(f"Cannot restore because 2FA is required (membership {member})")
    found.status += REVOKE
    return None


@route("GET", "/api/organizations/<organization>/billing/metadata")
def billing_metadata(request: Request, organization: str) -> object:
    """For every member who is not revoked."""
    member = request.store.membership(request.user, organization)
    if member is None or member.status < 0:
        raise catcher(401, as_json=request.wants_json)
    return {"data": [], "object": "list", "continuationToken": None}


def member_json(request: Request, member: Member) -> dict[str, Any]:
    user = request.store.users[member.user]
    return {
        "id": member.id,
        "userId": member.user,
        "type": 4 if member.type == MANAGER else member.type,
        "status": max(member.status, -1),
        "name": user.name,
        "email": user.email,
    }


@route("GET", "/api/organizations/<organization>/users")
def members(request: Request, organization: str) -> object:
    demand_full_access(request, organization)
    found = [one for one in request.store.members.values() if one.organization == organization]
    data = [member_json(request, one) | {"accessAll": one.access_all} for one in found]
    return {"data": data, "object": "list", "continuationToken": None}


@route("GET", "/api/organizations/<organization>/users/mini-details")
def mini_details(request: Request, organization: str) -> object:
    demand(request, organization, managers=True)
    found = [one for one in request.store.members.values() if one.organization == organization]
    return {"data": [member_json(request, one) for one in found], "object": "list"}


@route("POST", "/api/organizations/<organization>/collections")
def create_collection(request: Request, organization: str) -> object:
    member = demand(request, organization, managers=True)
    data = request.json("name", "groups", "users")
    if not sees_all(request.store, member):
        raise err("You don't have permission to create collections")
    made = Collection(organization, data["name"], data.get("externalId"))
    made.users = read_grants(request, data["users"])
    made.groups = read_grants(request, data["groups"])
    request.store.collections[made.id] = made
    return collection_json(request.store, request.user, made)


@route("PUT POST", "/api/organizations/<organization>/collections/<collection>")
def edit_collection(request: Request, organization: str, collection: str) -> object:
    demand(request, organization)
    data = request.json("name", "groups", "users")
    found = request.store.collections[collection]
    found.name, found.external_id = data["name"], data.get("externalId")
    found.users = read_grants(request, data["users"])
    found.groups = read_grants(request, data["groups"])
    return collection_json(request.store, request.user, found)


@route("DELETE", "/api/organizations/<organization>/collections/<collection>")
def delete_collection(request: Request, organization: str, collection: str) -> object:
    """Its items stay, in no collection."""
    demand(request, organization)
    del request.store.collections[collection]
    for one in request.store.ciphers.values():
        one.collections.discard(collection)
    return None


@route("GET", "/api/organizations/<organization>/collections/details")
def collection_details(request: Request, organization: str) -> object:
    """Who may do what, of the collections that the manager sees; owners and admins as managers."""
    store = request.store
    demand(request, organization, managers=True)
    everywhere = [
        grant_json(one.id, Grant(manage=True))
        for one in store.members.values()
        if one.organization == organization and one.has_full_access
    ]
    data = [
        collection_json(store, request.user, one)
        | {
            "users": [grant_json(who, how) for who, how in one.users.items()] + everywhere,
            "groups": [grant_json(who, how) for who, how in one.groups.items()],
        }
        for one in store.collections.values()
        if one.organization == organization and sees_collection(store, request.user, one)
    ]
    return {"data": data, "object": "list", "continuationToken": None}


@route("GET", "/api/organizations/<organization>/groups")
def groups(request: Request, organization: str) -> object:
    demand(request, organization, managers=True)
    found = [one for one in request.store.groups.values() if one.organization == organization]
    data = [{"id": one.id, "name": one.name, "accessAll": one.access_all} for one in found]
    return {"data": data if request.store.groups_enabled else [], "object": "list"}


@route("GET", "/api/organizations/<organization>/groups/<group>/users")
def group_members(request: Request, organization: str, group: str) -> object:
    demand(request, organization)
    found = request.store.groups.get(group)
    if found is None or found.organization != organization:
        raise err("Group could not be found!")
    return sorted(found.members)


@route("POST", "/api/organizations/<organization>/groups")
def create_group(request: Request, organization: str) -> object:
    demand(request, organization)
    if not request.store.groups_enabled:
        raise err("Group support is disabled")
    data = request.json("name", "accessAll", "collections", "users")
    group = Group(organization, data["name"], data["accessAll"], set(data["users"]))
    request.store.groups[group.id] = group
    for one, how in read_grants(request, data["collections"]).items():
        request.store.collections[one].groups[group.id] = how
    return {"id": group.id, "name": group.name, "accessAll": group.access_all, "object": "group"}
