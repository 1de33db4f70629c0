"""Items: create, import, update, trash, delete, collections."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.fakes.vaultwarden.access import (
    may_move,
    may_write,
    restrictions,
    sees_collection,
    writes_collection,
)
from tests.fakes.vaultwarden.organizations import demand_full_access
from tests.fakes.vaultwarden.shapes import KINDS, cipher_json
from tests.fakes.vaultwarden.store import (
    ADMIN,
    MANAGER,
    Cipher,
    Collection,
    new_id,
)
from tests.fakes.vaultwarden.wire import (
    FailureError,
    Request,
    answer_json,
    catcher,
    compact,
    err,
    route,
)

NOTE_LIMIT = 10_000
KEPT = ("name", "notes", "fields", "key", "passwordHistory", "reprompt")


def check_data(request: Request, data: object) -> dict[str, Any]:
    if not isinstance(data, dict) or not isinstance(data.get("name"), str) or "type" not in data:
        raise catcher(422, as_json=request.wants_json)
    return data


def fill(
    request: Request,
    cipher: Cipher,
    data: dict[str, Any],
    *,
    shared: bool = False,
    fresh: bool = False,
) -> None:
    """The whole content is replaced; what is absent becomes nothing. The type never changes."""
    store, user = request.store, request.user
    known = data.get("lastKnownRevisionDate")
    if known and not fresh and is_outdated(cipher, known):
        raise err("The client copy of this cipher is out of date. Resync the client and try again.")
    organization = data.get("organizationId")
    if cipher.organization is not None and cipher.organization != organization:
        raise err("Organization mismatch. Please resync the client before updating the cipher")
    if len(data.get("notes") or "") > NOTE_LIMIT:
        raise err(
            f"The field Notes exceeds the maximum encrypted value length of {NOTE_LIMIT} characters."
        )
    if organization is not None:
        member = store.confirmed(user, organization)
        if member is None:
            raise err("You don't have permission to add item to organization")
        if not (shared or member.has_full_access or may_write(store, user, cipher)):
            raise err("You don't have permission to add cipher directly to organization")
        cipher.organization, cipher.user = organization, None
    kind = KINDS.get(data["type"])
    if kind is None:
        raise err("Invalid type")
    if data.get(kind) is None:
        raise err("Data missing")
    content = {name: data.get(name) for name in KEPT} | {
        "type": cipher.data["type"],
        kind: data[kind],
    }
    cipher.data = content
    store.touch(cipher)


def answer_before_cut(request: Request, cipher: Cipher) -> object:
    """The answer is of what was sent. Fields that were cut off are no JSON, and read as none."""
    answer, room = cipher_json(request.store, request.user, cipher), request.store.cuts_at
    stored = json.dumps(cipher.data["fields"], separators=(",", ":"))
    if room is not None and len(stored) > room:
        cipher.data["fields"] = None
    return answer


def is_outdated(cipher: Cipher, known: str) -> bool:
    """Two seconds and more count, as whole seconds are compared; nonsense checks nothing."""
    try:
        moment = datetime.fromisoformat(known).replace(tzinfo=UTC)
    except ValueError:
        return False
    return int((cipher.updated - moment).total_seconds()) > 1


@route("POST", "/api/ciphers/create|/api/ciphers/admin")
def create(request: Request) -> object:
    """A personal item first, then its collections, then its content, as the server does."""
    store, user = request.store, request.user
    body = request.json("cipher", "collectionIds")
    data = check_data(request, body["cipher"])
    cipher = Cipher({"type": data["type"], "name": data["name"]}, user.id)
    store.ciphers[cipher.id] = cipher
    try:
        for one in body["collectionIds"]:
            collection = store.collections.get(one)
            if collection is None or collection.organization != data.get("organizationId"):
                raise err("Invalid collection ID provided")
            if not writes_collection(store, user, collection):
                raise err("No rights to modify the collection")
            cipher.collections.add(one)
        fill(request, cipher, data, shared=bool(cipher.collections), fresh=True)
    except FailureError:
        del store.ciphers[cipher.id]
        raise
    return answer_before_cut(request, cipher)


@route("POST", "/api/ciphers")
def create_personal(request: Request) -> object:
    data = check_data(request, request.json())
    cipher = Cipher({"type": data["type"], "name": data["name"]}, request.user.id)
    fill(request, cipher, data, fresh=True)
    request.store.ciphers[cipher.id] = cipher
    return cipher_json(request.store, request.user, cipher)


@route("POST", "/api/ciphers/import-organization")
def import_items(request: Request) -> object:
    store, user = request.store, request.user
    organization = request.query.get("organizationId", "")
    member = store.confirmed(user, organization)
    if member is None:
        raise catcher(401, as_json=request.wants_json)
    body = request.json("ciphers", "collections", "collectionRelationships")
    items = [check_data(request, one) for one in body["ciphers"]]
    too_long = [
        number for number, one in enumerate(items) if len(one.get("notes") or "") > NOTE_LIMIT
    ]
    if too_long:
        errors = {f"Ciphers[{number}].Notes": ["too long"] for number in too_long}
        message = "The model state is invalid."
        raise FailureError(
            answer_json({"message": message, "validationErrors": errors, "object": "error"}, 400)
        )
    ids = []
    for one in body["collections"]:
        found = store.collections.get(one.get("id") or "")
        if found is not None and found.organization == organization:
            if member.type > ADMIN and not writes_collection(store, user, found):
                raise compact("The current user isn't allowed to manage this collection")
        else:
            if member.type in {2, MANAGER} and not member.has_full_access:
                raise compact("The current user isn't allowed to create new collections")
            found = Collection(organization, one["name"], one.get("externalId"))
            store.collections[found.id] = found
        ids.append(found.id)
    made = []
    for data in items:
        cipher = Cipher({"type": data["type"], "name": data["name"]}, None)
        fill(request, cipher, data | {"organizationId": organization}, shared=bool(ids), fresh=True)
        store.ciphers[cipher.id] = cipher
        made.append(cipher)
    for relation in body["collectionRelationships"]:
        made[relation["key"]].collections.add(ids[relation["value"]])
    return None


def find(request: Request, cipher: str) -> Cipher:
    found = request.store.ciphers.get(cipher)
    if found is None:
        raise err("Cipher doesn't exist")
    return found


def find_writable(request: Request, cipher: str, refusal: str) -> Cipher:
    found = find(request, cipher)
    if not may_write(request.store, request.user, found):
        raise err(refusal)
    return found


@route("POST DELETE", "/api/ciphers/delete|/api/ciphers")
def delete_many(request: Request) -> object:
    _ = request.user
    for one in request.json("ids")["ids"]:
        find_writable(request, one, "Cipher can't be deleted by user")
        del request.store.ciphers[one]
    return None


@route("PUT", "/api/ciphers/delete")
def trash_many(request: Request) -> object:
    for one in request.json("ids")["ids"]:
        trash(request, one)
    return None


@route("PUT", "/api/ciphers/restore")
def restore_many(request: Request) -> object:
    return {"data": [restore(request, one) for one in request.json("ids")["ids"]], "object": "list"}


@route("POST", "/api/ciphers/bulk-collections")
def bulk_collections(request: Request) -> object:
    """For nobody below a manager; the mirror has no use for it."""
    raise err("Resource not found", 404)


@route("GET", "/api/ciphers/organization-details")
def every_item(request: Request) -> object:
    """All items of the organization, also those in no collection."""
    organization = request.query.get("organizationId", "")
    demand_full_access(request, organization)
    store = request.store
    every = {one.id for one in store.collections.values() if one.organization == organization}
    items = [
        cipher_json(store, request.user, one, collections=every)
        for one in store.ciphers.values()
        if one.organization == organization
    ]
    private = ("folderId", "favorite", "edit", "viewPassword", "permissions")
    shown = [{name: one[name] for name in one if name not in private} for one in items]
    return {"data": shown, "object": "list", "continuationToken": None}


@route("GET", "/api/ciphers/<cipher>|/api/ciphers/<same>/details")
def get(request: Request, cipher: str | None, same: str | None) -> object:
    found = find(request, cipher or same or "")
    if restrictions(request.store, request.user, found) is None:
        raise err("Cipher is not owned by user")
    return cipher_json(request.store, request.user, found)


@route("PUT POST", "/api/ciphers/<cipher>|/api/ciphers/<same>/admin")
def put(request: Request, cipher: str | None, same: str | None) -> object:
    _ = request.user
    data = check_data(request, request.json())
    found = find_writable(request, cipher or same or "", "Cipher is not write accessible")
    fill(request, found, data)
    return answer_before_cut(request, found)


@route("PUT", "/api/ciphers/<cipher>/delete")
def trash(request: Request, cipher: str) -> object:
    found = find_writable(request, cipher, "Cipher can't be deleted by user")
    found.deleted = datetime.now(UTC)
    request.store.touch(found)
    return None


@route("DELETE", "/api/ciphers/<cipher>")
def delete(request: Request, cipher: str) -> object:
    find_writable(request, cipher, "Cipher can't be deleted by user")
    del request.store.ciphers[cipher]
    return None


@route("POST", "/api/ciphers/<cipher>/delete")
def post_delete(request: Request, cipher: str) -> object:
    return delete(request, cipher)


@route("PUT", "/api/ciphers/<cipher>/restore")
def restore(request: Request, cipher: str) -> object:
    found = find_writable(request, cipher, "Cipher can't be restored by user")
    found.deleted = None
    request.store.touch(found)
    return cipher_json(request.store, request.user, found)


@route("PUT POST", "/api/ciphers/<cipher>/collections")
def collections(request: Request, cipher: str) -> object:
    """The date of the item's last change stays as it was."""
    store, user = request.store, request.user
    wanted = set(request.json("collectionIds")["collectionIds"])
    found = find(request, cipher)
    if not may_move(store, user, found):
        raise err("Collection cannot be changed")
    if found.organization is None:
        raise err("Cipher is not owned by an organization")
    seen = {
        one for one in found.collections if sees_collection(store, user, store.collections[one])
    }
    for one in sorted(wanted ^ seen):
        collection = store.collections.get(one)
        if collection is None or collection.organization != found.organization:
            raise err("Invalid collection ID provided")
        if not writes_collection(store, user, collection):
            raise err("No rights to modify the collection")
        (found.collections.add if one in wanted else found.collections.remove)(one)
    return cipher_json(store, user, found)


@route("PUT", "/api/ciphers/<cipher>/collections_v2")
def collections_v2(request: Request, cipher: str) -> object:
    changed = collections(request, cipher)
    return {"object": "optionalCipherDetails", "unavailable": False, "cipher": changed}


@route("PUT POST", "/api/ciphers/<cipher>/share")
def share(request: Request, cipher: str) -> object:
    _ = request.user
    body = request.json("cipher", "collectionIds")
    found = find_writable(request, cipher, "Cipher is not write accessible")
    fill(request, found, check_data(request, body["cipher"]))
    return cipher_json(request.store, request.user, found)


@route("POST", "/api/ciphers/<cipher>/attachment/v2")
def attach(request: Request, cipher: str) -> object:
    data = request.json("key", "fileName", "fileSize")
    found = find_writable(request, cipher, "Cipher is not write accessible")
    found.attachments.append(
        {"id": "a1", "fileName": data["fileName"], "key": data["key"], "size": "1"}
    )
    return {"attachmentId": "a1", "object": "attachment-fileUpload", "fileUploadType": 0}


@route("PUT POST", "/api/ciphers/<cipher>/partial")
def partial(request: Request, cipher: str) -> object:
    found = find(request, cipher)
    if restrictions(request.store, request.user, found) is None:
        raise err("Cipher does not exist")
    data = request.json("favorite")
    found.marks[request.user.id] = bool(data["favorite"]), data.get("folderId")
    return cipher_json(request.store, request.user, found)


@route("GET", "/api/accounts/revision-date")
def revision_date(request: Request) -> object:
    _ = request.user
    return 1


@route("POST", "/api/folders")
def folder(request: Request) -> object:
    _ = request.user
    return {"id": new_id(), "name": request.json("name")["name"], "object": "folder"}
