"""Files as login items, on a server, fake or real: one suite, inherited by both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.mirror.vaultwarden.office import Office, drift_of

PLAIN = "infra/secrets/prod/shop.yaml"
SECRET = "infra/secrets/prod/shop.secret.yaml"
OTHER = "infra/secrets/prod/other.yaml"
BROKEN = "infra/secrets/prod/few.yaml"
CONTENTS = {
    PLAIN: (
        "username: anna\npassword: first-one\nurl: https://shop.example.test\n"
        "totp: JBSWY3DPEHPK3PXP\npin: 4711\ndeep:\n    password: another\n"
    ),
    SECRET: (
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: shop\ndata:\n    username: YW5uYQ==\n"
        "    password: AAEC\nstringData:\n    password: second-one\n    host: db\n"
    ),
    OTHER: "user: anna\nsecret: third-one\n",
    BROKEN: f'username: {"long" * 250}\npassword: ""\nurl: null\n',
}
LOGINS = 'logins = ["infra/secrets/prod/**"]\n'


def set_up(office: Office, extra: str = LOGINS) -> None:
    office.configure(extra)
    office.sentinels += ["first-one", "second-one", "third-one", "JBSWY3DPEHPK3PXP", "by-hand"]
    for file, plain in CONTENTS.items():
        office.world.encrypt(file, plain)
    office.world.commit()


def login_of(office: Office, file: str) -> dict[str, str | None]:
    """The parts of the item, in clear."""
    login, read = office.hand.find(file)["login"], office.hand.read
    uris = login.get("uris") or []
    parts = {name: login.get(name) for name in ("username", "password", "totp")}
    found = {name: sealed and read(sealed) for name, sealed in parts.items()}
    return found | {"uri": " ".join(read(one["uri"]) for one in uris) or None}


def names_of(office: Office, file: str) -> list[str]:
    fields = office.hand.fields(office.hand.find(file))
    return [name for name, _ in fields if not name.startswith("plana-secrets record")]


def change_login(office: Office, file: str, **changes: Any) -> None:
    """By a person with a client: parts sealed, but what is no text as it is."""
    cipher, key = office.hand.find(file), office.company.key
    sealed = {
        name: key.seal_text(value) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    office.hand.change(file, login=cipher["login"] | sealed)


class LoginsContract:
    """A subclass gives the fixture ``office``: an empty organisation, configured."""

    def test_a_file_with_a_login_is_filled_in_by_clients_and_restored(
        self, office: Office, tmp_path: Path
    ) -> None:
        set_up(office)
        assert office.mirror("sync")["created"] == 4
        types = {file: office.hand.find(file)["type"] for file in CONTENTS}
        assert types == {PLAIN: 1, SECRET: 1, OTHER: 2, BROKEN: 1}
        assert login_of(office, PLAIN) == {
            "username": "anna", "password": "first-one", "totp": "JBSWY3DPEHPK3PXP",
            "uri": "https://shop.example.test",
        }  # fmt: skip
        assert names_of(office, PLAIN) == ["pin", "deep.password"]
        assert login_of(office, SECRET) == {
            "username": "anna", "password": "second-one", "totp": None, "uri": None,
        }  # fmt: skip
        assert names_of(office, SECRET) == ["data.password", "stringData.host"]
        assert set(login_of(office, BROKEN).values()) == {None}
        assert names_of(office, BROKEN) == ["username", "password", "url"]
        assert office.mirror("status")["in_sync"]
        assert office.run("verify", "--mirror").status == 0
        back = tmp_path / "back"
        assert office.run("mirror", "restore", "--to", str(back)).status == 0
        for file in CONTENTS:
            plain = office.world.sops("decrypt", str(back / file)).stdout
            assert plain == office.world.decrypt(file)

    def test_the_setting_converts_items_both_ways_and_respects_hand_edits(
        self, office: Office
    ) -> None:
        set_up(office, "")
        office.mirror("sync")
        office.hand.set_field(PLAIN, "password", "by-hand")
        office.hand.add_field(PLAIN, "extra", "by-hand")
        before = {file: office.hand.find(file)["id"] for file in CONTENTS}
        for extra, form in ((LOGINS, 1), ("", 2)):
            office.configure(extra)
            office.world.commit()
            planned = office.mirror("sync", "--dry-run")
            reasons = {one["reason"] for one in planned["drift"] if one["kind"] == "stale"}
            assert (planned["updated"], len(reasons)) == (3, 1)
            assert f"becomes a {'login' if form == 1 else 'note'} item" in reasons
            left = office.mirror("sync", status=1)
            assert drift_of(left) == [("hand-edited", PLAIN, ("password", "extra"))]
            ciphers = {file: office.hand.find(file) for file in CONTENTS}
            assert len(office.hand.ciphers()) == len(CONTENTS)
            assert [ciphers[file]["type"] for file in CONTENTS] == [form, form, 2, form]
            assert ciphers[OTHER]["id"] == before[OTHER]
            shown = office.shown(PLAIN)
            assert shown["extra"] == "by-hand"
            password = login_of(office, PLAIN)["password"] if form == 1 else shown["password"]
            assert password == "by-hand"
        assert office.mirror("sync", "--overwrite-edits")["in_sync"]

    def test_a_hand_edit_of_each_part_is_named_and_adopted(self, office: Office) -> None:
        set_up(office)
        office.mirror("sync")
        uris = [
            {"uri": office.company.key.seal_text(text), "match": None}
            for text in ("https://by-hand.example.test", "https://by-hand-too.example.test")
        ]
        change_login(office, PLAIN, password="by-hand", totp=None, uris=uris)
        change_login(office, SECRET, totp="by-hand")
        left = office.mirror("sync", status=1)
        assert {file: set(paths) for _, file, paths in drift_of(left)} == {
            PLAIN: {"password", "totp", "url", "url (2)"}, SECRET: {"totp"},
        }  # fmt: skip
        assert login_of(office, PLAIN)["uri"] == (
            "https://by-hand.example.test https://by-hand-too.example.test"
        )
        assert login_of(office, SECRET)["totp"] == "by-hand"
        for file in (PLAIN, SECRET):
            assert office.run("mirror", "adopt", file, "--yes").status == 0
        plain = office.world.decrypt(PLAIN)
        assert "password: by-hand\n" in plain
        assert "url: https://by-hand.example.test\n" in plain
        assert "url (2): https://by-hand-too.example.test\n" in plain
        assert "totp" not in plain
        assert "    totp: by-hand\n" in office.world.decrypt(SECRET)
        office.world.commit()
        assert office.mirror("sync")["in_sync"]
        assert login_of(office, PLAIN)["totp"] is None
        assert login_of(office, SECRET)["totp"] == "by-hand"

    def test_what_people_make_of_a_login_and_their_own_logins(self, office: Office) -> None:
        """A note, another way to match an address; what is not ours stops nothing."""
        set_up(office)
        office.mirror("sync")
        key, owner = office.company.key, office.company.owner
        cipher = office.hand.find(PLAIN)
        odd = {"username": None, "uris": [{"uri": key.seal_text("x"), "match": 5}]}
        (uri,) = cipher["login"]["uris"]
        change_login(office, PLAIN, uris=[uri | {"match": 3}])
        for changes in (
            {"type": 2, "login": None, "secureNote": {"type": 0}},
            {"fields": [], "login": odd},
        ):
            body = {"cipher": cipher | changes, "collectionIds": cipher["collectionIds"]}
            owner.call("POST", "/api/ciphers/create", body)
        seen = office.mirror("diff")
        assert [kind for kind, _, _ in drift_of(seen)][:1] == ["altered"]
        assert seen["foreign"] == 1
        owner.call("DELETE", f"/api/ciphers/{cipher['id']}")
        left = office.mirror("sync", status=1)
        assert ("retyped", PLAIN) in {(kind, file) for kind, file, _ in drift_of(left)}
        assert office.mirror("sync", "--overwrite-edits")["in_sync"]
        assert login_of(office, PLAIN)["password"] == "first-one"
        (uri,) = office.hand.find(PLAIN)["login"]["uris"]
        change_login(office, PLAIN, uris=[uri | {"match": 3}])
        assert drift_of(office.mirror("diff")) == [("altered", PLAIN, ())]
        assert office.mirror("sync")["in_sync"]

    def test_a_passkey_of_a_person_is_kept_and_stops_a_conversion(self, office: Office) -> None:
        set_up(office)
        office.mirror("sync")
        key = office.company.key
        passkey: dict[str, object] = dict.fromkeys(
            ("credentialId", "keyType", "keyAlgorithm", "keyCurve", "keyValue", "rpId", "counter",
             "discoverable"),
            key.seal_text("passkey"),
        )  # fmt: skip
        passkey["creationDate"] = "2026-11-23T10:00:00.000Z"
        change_login(office, PLAIN, fido2Credentials=[passkey])
        office.world.encrypt(PLAIN, CONTENTS[PLAIN].replace("4711", "4712"))
        office.world.commit()
        left = office.mirror("sync", status=1)
        assert (left["updated"], [kind for kind, _, _ in drift_of(left)]) == (1, ["attached"])
        (kept,) = office.hand.find(PLAIN)["login"]["fido2Credentials"]
        assert office.hand.read(kept["keyValue"]) == "passkey"
        assert kept["creationDate"] == passkey["creationDate"]
        office.configure("")
        office.world.commit()
        left = office.mirror("sync", status=6)
        assert [one["kind"] for one in left["failed"]] == ["item-has-attachment"]
        assert office.hand.find(PLAIN)["type"] == 1
