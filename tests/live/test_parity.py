"""The fake answers as the real server does: the same status, the same sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.people import Company, Person
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.mirror.contract import make_item
from tests.mirror.vaultwarden.attempts import requests_of_staff
from tests.mirror.vaultwarden.place import VaultwardenPlace

FILE = "infra/secrets/prod/a.yaml"


def answer_to(person: Person, method: str, path: str, body: object) -> tuple[int, str]:
    """Status and sentence; times and numbers in it do not count."""
    answer = person.raw(method, path, body)
    try:
        content = json.loads(answer.data or b"null")
    except ValueError:
        return answer.status, "not JSON"
    if not isinstance(content, dict) or answer.status == 200:
        return answer.status, ""
    error = content.get("error")
    text = content.get("message") or (error or {}).get("reason", "")
    return answer.status, re.sub(r"[0-9]+", "#", str(text))


def probes(place: VaultwardenPlace) -> Iterator[tuple[str, Person, str, str, object]]:
    company = place.company
    owner, service, staff = company.owner, company.service, company.staff
    place.hand.clear()
    place.open().create_items([make_item(FILE, {"a": "1"}, collection="prod")])
    cipher = place.hand.find(FILE)
    base, org = f"/api/ciphers/{cipher['id']}", f"/api/organizations/{company.id}"
    for method, path, body in requests_of_staff(company, cipher):
        yield f"staff {method} {path}", staff, method, path, body
    for name, person in [("service", service), ("staff", staff)]:
        for path in (
            "users/mini-details",
            "collections/details",
            "groups",
            "users?includeGroups=true",
        ):
            yield f"{name} GET {path}", person, "GET", f"{org}/{path}", None
    old = cipher | {"lastKnownRevisionDate": "2020-01-01T00:00:00.000000Z"}
    yield "an old date", service, "PUT", base, old
    yield "no date at all", service, "PUT", base, cipher | {"lastKnownRevisionDate": "nonsense"}
    yield "a long note", service, "PUT", base, cipher | {"notes": "2." + "x" * 10_000}
    yield "another organisation", service, "PUT", base, cipher | {"organizationId": None}
    yield "no content", service, "PUT", base, cipher | {"secureNote": None}
    yield "an unknown type", service, "PUT", base, cipher | {"type": 9}
    yield "a field missing", service, "PUT", base, {"type": 2}
    yield "an item that is not there", service, "PUT", f"{base[:-4]}0000", cipher
    create = {"cipher": cipher, "collectionIds": ["0000"]}
    yield "an unknown collection", service, "POST", "/api/ciphers/create", create
    yield "no collection", service, "POST", "/api/ciphers/create", create | {"collectionIds": []}
    member = {
        "emails": [staff.email],
        "type": 2,
        "groups": [],
        "collections": [],
        "permissions": {},
    }
    yield "a member twice", owner, "POST", f"{org}/users/invite", member
    yield "an invitation by staff", staff, "POST", f"{org}/users/invite", member
    yield "into the trash", service, "PUT", f"{base}/delete", None
    yield "an old date in the trash", service, "PUT", base, old
    yield "out of the trash", service, "PUT", f"{base}/restore", None
    some = {"ids": [cipher["id"]]}
    yield "some into the trash", service, "PUT", "/api/ciphers/delete", some
    yield "into the trash twice", service, "PUT", "/api/ciphers/delete", some
    yield "others into the trash", staff, "PUT", "/api/ciphers/delete", some
    yield "no date in the trash", service, "PUT", base, cipher
    yield "gone", service, "DELETE", base, None
    yield "gone twice", service, "DELETE", base, None


def answers(place: VaultwardenPlace) -> list[tuple[str, tuple[int, str]]]:
    ids: dict[str, str] = {}

    def named(text: str) -> str:
        return re.sub(
            r"[0-9a-f-]{36}", lambda match: ids.setdefault(match.group(), f"id{len(ids)}"), text
        )

    found: list[Any] = []
    for name, person, method, path, body in probes(place):
        status, text = answer_to(person, method, path, body)
        found.append((named(name), (status, re.sub(r"\S+@\S+", "@", text))))
    return found


def test_the_fake_answers_as_the_real_server(company: Company, tmp_path: Path) -> None:
    fake = FakeVaultwarden()
    try:
        theirs = answers(VaultwardenPlace(company, tmp_path / "real"))
        ours = answers(VaultwardenPlace(Company(fake.url), tmp_path / "fake"))
    finally:
        fake.stop()
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.parametrize(
    "path", ["/api/version", "/api/sync", "/api/nowhere", "/api/accounts/profile"]
)
def test_strangers_are_answered_alike(company: Company, path: str) -> None:
    fake = FakeVaultwarden()
    try:
        statuses = [
            Person(url, "nobody@example.test").raw("GET", path).status
            for url in (company.url, fake.url)
        ]
    finally:
        fake.stop()
    assert statuses[0] == statuses[1]
