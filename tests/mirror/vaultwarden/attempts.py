"""Every way in which a member may try to write to an item of the mirror."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fakes.people import Company, RefusedError


def writing_attempts(company: Company, cipher: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """What staff tried, and whether the server let them."""
    for method, path, body in requests_of_staff(company, cipher):
        try:
            company.staff.call(method, path, body)
        except RefusedError as error:
            assert error.status in {400, 401, 404}, (method, path, error)  # noqa: PT017
            yield f"{method} {path}", False
        else:
            yield f"{method} {path}", True


def requests_of_staff(company: Company, cipher: dict[str, Any]) -> list[tuple[str, str, object]]:
    """Method, path and body of each way to write."""
    base, one = f"/api/ciphers/{cipher['id']}", {"ids": [cipher["id"]]}
    places = {name: [company.collections[name]] for name in ("prod", "dev", "other")}
    share = {"cipher": cipher, "collectionIds": places["prod"]}
    bulk = {
        "organizationId": company.id,
        "cipherIds": [cipher["id"]],
        "collectionIds": places["dev"],
        "removeCollections": False,
    }
    imported = {
        "ciphers": [cipher],
        "collections": [
            {"id": places["prod"][0], "name": cipher["name"], "groups": [], "users": []}
        ],
        "collectionRelationships": [{"key": 0, "value": 0}],
    }
    new_collection = imported | {
        "collections": [{"id": None, "name": cipher["name"], "groups": [], "users": []}]
    }
    attachment = {"key": "2.a|b|c", "fileName": "2.a|b|c", "fileSize": 1}
    return [
        ("PUT", base, cipher),
        ("POST", base, cipher),
        ("PUT", f"{base}/admin", cipher),
        ("PUT", f"{base}/delete", None),
        ("DELETE", base, None),
        ("POST", f"{base}/delete", None),
        ("PUT", f"{base}/restore", None),
        ("PUT", "/api/ciphers/delete", one),
        ("POST", "/api/ciphers/delete", one),
        ("DELETE", "/api/ciphers", one),
        ("PUT", "/api/ciphers/restore", one),
        ("PUT", f"{base}/collections", {"collectionIds": places["dev"]}),
        ("PUT", f"{base}/collections_v2", {"collectionIds": []}),
        ("PUT", f"{base}/collections_v2", {"collectionIds": places["other"]}),
        ("POST", "/api/ciphers/bulk-collections", bulk),
        ("POST", f"{base}/attachment/v2", attachment),
        ("POST", "/api/ciphers/create", share),
        ("PUT", f"{base}/share", share),
        ("POST", f"/api/ciphers/import-organization?organizationId={company.id}", imported),
        ("POST", f"/api/ciphers/import-organization?organizationId={company.id}", new_collection),
    ]
