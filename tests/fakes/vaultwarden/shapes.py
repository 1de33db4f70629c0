"""What a vault looks like to one of its members: sync, and the shapes in it."""

from __future__ import annotations

from typing import Any

from tests.fakes.vaultwarden.access import restrictions, sees_collection, writes_collection
from tests.fakes.vaultwarden.accounts import profile_of
from tests.fakes.vaultwarden.store import Cipher, Collection, Store, User, format_date
from tests.fakes.vaultwarden.wire import Request, route

KINDS = {1: "login", 2: "secureNote", 3: "card", 4: "identity", 5: "sshKey"}


@route("GET", "/api/sync")
def sync(request: Request) -> object:
    store, user = request.store, request.user
    seen = [one for one in store.collections.values() if sees_collection(store, user, one)]
    return {
        "profile": profile_of(store, user),
        "folders": [],
        "collections": [collection_json(store, user, one) for one in seen],
        "policies": [],
        "ciphers": [
            cipher_json(store, user, one, collections={found.id for found in seen})
            for one in store.ciphers.values()
            if restrictions(store, user, one) is not None
        ],
        "domains": None,
        "sends": [],
        "userDecryption": {
            "masterPasswordUnlock": {
                "kdf": {
                    "kdfType": user.kdf,
                    "iterations": user.iterations,
                    "memory": user.memory,
                    "parallelism": user.parallelism,
                },
                "masterKeyWrappedUserKey": user.key,
                "salt": user.email,
            }
        },
        "object": "sync",
    }


def collection_json(store: Store, user: User, collection: Collection) -> dict[str, Any]:
    member = store.confirmed(user, collection.organization)
    grant = collection.users.get(member.id) if member and not member.has_full_access else None
    return {
        "id": collection.id,
        "organizationId": collection.organization,
        "name": collection.name,
        "externalId": collection.external_id,
        "readOnly": bool(grant and grant.read_only),
        "hidePasswords": bool(grant and grant.hide_passwords),
        "manage": bool(member and member.has_full_access) or bool(grant and grant.manage),
        "type": 0,
        "object": "collectionDetails",
    }


def cipher_json(
    store: Store, user: User, cipher: Cipher, *, collections: set[str] | None = None
) -> dict[str, Any]:
    grant = restrictions(store, user, cipher)
    if collections is None:
        shown = {
            one
            for one in cipher.collections
            if writes_collection(store, user, store.collections[one])
        }
    else:
        shown = cipher.collections & collections
    kind = cipher.data["type"]
    return {
        "object": "cipherDetails",
        "id": cipher.id,
        "type": kind,
        "creationDate": format_date(cipher.created),
        "revisionDate": format_date(cipher.updated),
        "deletedDate": format_date(cipher.deleted) if cipher.deleted else None,
        "reprompt": cipher.data.get("reprompt") or 0,
        "organizationId": cipher.organization,
        "key": cipher.data.get("key"),
        "attachments": cipher.attachments or None,
        "collectionIds": sorted(shown),
        "name": cipher.data["name"],
        "notes": cipher.data.get("notes"),
        "fields": cipher.data.get("fields") or [],
        "passwordHistory": cipher.data.get("passwordHistory") or [],
        "folderId": cipher.marks.get(user.id, (False, None))[1],
        "favorite": cipher.marks.get(user.id, (False, None))[0],
        "edit": bool(grant and not grant.read_only),
        "viewPassword": bool(grant and not grant.hide_passwords),
        "permissions": {
            "delete": bool(grant and not grant.read_only),
            "restore": bool(grant and not grant.read_only),
        },
        **dict.fromkeys(KINDS.values()),
        KINDS[kind]: cipher.data.get(KINDS[kind]) or ({"type": 0} if kind == 2 else {}),
    }
