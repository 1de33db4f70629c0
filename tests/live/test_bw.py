"""The official client beside us, over TLS with an authority of our own."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.fakes.people import Company
from tests.fakes.tls import make_certificates
from tests.live.bw import Bw
from tests.live.conftest import REASON
from tests.live.server import EXECUTABLE, RealServer
from tests.mirror.vaultwarden.office import Office, drift_of
from tests.world import World

VALUE = "s3nt1nel-value"
SHOP = "infra/secrets/prod/shop.yaml"
LOGIN = f"""\
username: anna
password: {VALUE}
url: https://shop.test
totp: JBSWY3DPEHPK3PXP
"""


def test_staff_read_with_bw_and_cannot_write_and_an_edit_by_bw_is_adopted(
    world: World, tmp_path: Path
) -> None:
    if not EXECUTABLE:
        pytest.skip(REASON)
    ca_file, certificate = make_certificates(tmp_path)
    staff_bw, owner_bw = Bw(tmp_path / "staff", ca_file), Bw(tmp_path / "owner", ca_file)
    server = RealServer(tmp_path / "server", tls=certificate)
    try:
        office = Office(world, Company(server.url, ca_file=str(ca_file)))
        office.configure('ca_file = "../ca.pem"\nlogins = ["infra/secrets/prod/**"]\n')
        office.write_credentials()
        file, other = office.add_files(2, value=VALUE)
        office.world.encrypt(SHOP, LOGIN)
        office.world.commit()
        assert office.mirror("sync")["created"] == 3

        staff_bw.login(server.url, office.company.staff)
        items = {one["name"]: one for one in staff_bw.items()}
        assert set(items) == {"file0 (prod)", "file1 (prod)", "shop (prod)"}
        shop = items["shop (prod)"]
        for part, text in (("username", "anna"), ("password", VALUE), ("uri", "https://shop.test")):
            assert staff_bw.run("get", part, shop["id"]).stdout == text
        assert len(staff_bw.run("get", "totp", shop["id"]).stdout) == 6
        fields = {one["name"]: one for one in items["file0 (prod)"]["fields"]}
        assert (fields["db.password"]["value"], fields["db.password"]["type"]) == (f"{VALUE}-0", 1)
        item = items["file0 (prod)"]
        encoded = base64.b64encode(json.dumps(item | {"notes": "x"}).encode()).decode()
        for refused in (
            staff_bw.run("edit", "item", item["id"], stdin=encoded),
            staff_bw.run("delete", "item", item["id"]),
            staff_bw.run("delete", "item", item["id"], "--permanent"),
        ):
            assert refused.returncode != 0
            assert "permission" in refused.stderr

        owner_bw.login(server.url, office.company.owner)
        for one in item["fields"]:
            if one["name"] == "db.password":
                one["value"] = "typed at night"
        encoded = base64.b64encode(json.dumps(item).encode()).decode()
        edited = owner_bw.run("edit", "item", item["id"], stdin=encoded)
        assert edited.returncode == 0, edited.stderr
        shop["login"] |= {"password": "typed at night", "totp": None}
        encoded = base64.b64encode(json.dumps(shop).encode()).decode()
        edited = owner_bw.run("edit", "item", shop["id"], stdin=encoded)
        assert edited.returncode == 0, edited.stderr
        office.sentinels.append("typed at night")
        assert drift_of(office.mirror("diff")) == [
            ("hand-edited", file, ("db.password",)), ("hand-edited", SHOP, ("password", "totp")),
        ]  # fmt: skip
        assert office.run("mirror", "adopt", file, "db.password").status == 0
        assert office.run("mirror", "adopt", SHOP, "--yes").status == 0
        assert office.world.decrypt(SHOP) == (
            "username: anna\npassword: typed at night\nurl: https://shop.test\n"
        )
        office.world.commit()
        assert office.mirror("sync")["in_sync"]
        assert office.hand.find(file)["passwordHistory"] == []
        assert office.shown(other)["user"] == f"{VALUE}-1"
    finally:
        server.stop()
