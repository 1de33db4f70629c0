"""The commands over a mirror in Bitwarden Secrets Manager, from files to secrets and back."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest

from tests.fakes.bitwarden_sm import Fault
from tests.mirror.bitwarden_sm.place import BitwardenPlace
from tests.world import Result, World

VALUE = "SENTINEL-of-a-value"


class Shop:
    """A repository whose files are mirrored into the project prod."""

    def __init__(self, world: World, place: BitwardenPlace) -> None:
        self.world = world
        self.place = place
        self.credentials = world.folder / "token.yaml"
        token = place.token.reveal_text()
        self.credentials.write_text(f'access_token: "{token}"\n')
        self.credentials.chmod(stat.S_IRUSR | stat.S_IWUSR)
        (world.repo / "ca.pem").write_bytes(place.server.ca_file.read_bytes())
        self.configure('{ "infra/secrets/**" = "prod" }')

    def configure(self, projects: str) -> None:
        server = self.place.server
        (self.world.repo / "plana-secrets.toml").write_text(
            f"""\
[mirror]
backend = "bitwarden-sm"

[mirror.bitwarden-sm]
api_url = "{server.api_url}"
identity_url = "{server.identity_url}"
organization = "{server.store.organization}"
projects = {projects}
ca_file = "ca.pem"
"""
        )

    def add(self, name: str, text: str) -> str:
        file = f"infra/secrets/prod/{name}"
        self.world.encrypt(file, text)
        return file

    def run(self, *argv: str, status: int = 0) -> Result:
        done = self.world.run(
            *argv, env={"PLANA_SECRETS_BITWARDEN_SM_CREDENTIALS": str(self.credentials)}
        )
        assert done.status == status, done
        shown = done.stdout + done.stderr
        assert self.place.token.reveal_text() not in shown
        assert "SENTINEL" not in shown
        assert "eyJ" not in shown
        return done

    def values(self) -> dict[str, str]:
        """The leaves as the administrator sees them, without the SDK."""
        found = {one["key"]: one["value"] for one in self.place.administrator.secrets()}
        return {key: value for key, value in found.items() if "#" in key}


@pytest.fixture
def shop(world: World, place: BitwardenPlace) -> Shop:
    return Shop(world, place)


def test_twenty_files_arrive_and_a_second_run_writes_nothing(shop: Shop) -> None:
    for number in range(20):
        shop.add(f"f{number:02}.yaml", f"db:\n  password: {VALUE}-{number}\n  port: {number}\n")
    shop.world.commit()
    shop.run("mirror", "sync")
    expected = {
        f"infra/secrets/prod/f{number:02}.yaml#db.{name}": value
        for number in range(20)
        for name, value in (("password", f"{VALUE}-{number}"), ("port", str(number)))
    }
    assert shop.values() == expected
    shop.place.server.seen.clear()
    shop.run("mirror", "sync")
    shop.run("mirror", "status", "--check")
    shop.run("verify", "--mirror")
    assert {one.split(" ")[0] for one in shop.place.server.seen if "connect" not in one} == {"GET"}


@pytest.mark.long
def test_drift_is_named_healed_adopted_and_restored(shop: Shop) -> None:
    file = shop.add("a.yaml", f"user: anna\npassword: {VALUE}\nport: 5432\n")
    shop.world.commit()
    shop.run("mirror", "sync")
    shop.place.hand.set_field(file, "user", "SENTINEL typed in the web app")
    shop.place.hand.remove_field(file, "port")
    drift = json.loads(shop.run("mirror", "diff", "--json").stdout)["drift"]
    assert [(one["kind"], one["paths"]) for one in drift] == [("hand-edited", ["user", "port"])]
    shop.run("mirror", "adopt", file, "user")
    assert "SENTINEL typed" in shop.world.decrypt(file)
    shop.world.commit()
    shop.run("mirror", "sync", "--overwrite-edits")
    shop.run("mirror", "diff", "--check")
    shop.run("mirror", "restore", "--to", "restored")
    restored = next((shop.world.repo / "restored").rglob("a.yaml"))
    plain = shop.world.decrypt(restored.relative_to(shop.world.repo).as_posix())
    assert f"password: {VALUE}" in plain
    assert "port: 5432" in plain


def test_what_it_cannot_hold_is_one_finding_a_leaf_and_the_rest_goes_on(shop: Shop) -> None:
    long = "k" * 480
    shop.add("a.yaml", f'good: x\nempty: ""\nblank: "  "\n{long}: y\nbig: {"z" * 25_001}\n')
    shop.add("b.yaml", "also: good\n")
    shop.world.commit()
    done = shop.run("mirror", "sync", "--json", status=1)
    drift = json.loads(done.stdout)["drift"]
    unsupported = [one for one in drift if one["kind"] == "unsupported"]
    assert [one["paths"] for one in unsupported] == [["empty"], ["blank"], [long], ["big"]]
    assert shop.values() == {
        "infra/secrets/prod/a.yaml#good": "x",
        "infra/secrets/prod/b.yaml#also": "good",
    }


@pytest.mark.long
def test_no_output_of_a_failure_holds_what_the_server_said(shop: Shop) -> None:
    shop.add("a.yaml", f"password: {VALUE}\n")
    shop.world.commit()
    shop.place.server.before = lambda _method, path: (
        Fault(500, b"SENTINEL eyJhbGciOi") if path.startswith("/api") else None
    )
    for argv in (["-vv", "mirror", "sync"], ["mirror", "sync", "--json"], ["mirror", "status"]):
        shop.run(*argv, status=5)


def test_credentials_for_another_server_are_not_sent(shop: Shop) -> None:
    shop.add("a.yaml", "x: y\n")
    settings = shop.world.repo / "plana-secrets.toml"
    text = settings.read_text().replace(shop.place.server.url, "https://bitwarden.example.test")
    settings.write_text(text)
    shop.world.commit()
    done = shop.run("mirror", "sync", status=4)
    assert "identity_url: https://bitwarden.example.test/identity" in done.stderr
    assert shop.place.server.seen == []


@pytest.mark.long
def test_credentials_that_others_can_read_are_refused(shop: Shop) -> None:
    shop.add("a.yaml", "x: y\n")
    shop.world.commit()
    shop.credentials.chmod(0o644)
    shop.run("mirror", "sync", status=4)
    assert shop.place.server.seen == []


@pytest.mark.long
def test_a_sops_file_may_hold_the_token(shop: Shop) -> None:
    file = "infra/secrets/prod/token.yaml"
    shop.world.encrypt(file, shop.credentials.read_text())
    shop.add("a.yaml", "x: y\n")
    shop.world.commit()
    shop.credentials = shop.world.repo / file
    shop.run("mirror", "sync")
    assert shop.values() == {"infra/secrets/prod/a.yaml#x": "y"}


@pytest.mark.long
def test_doctor_says_where_it_is_and_whose_licence_it_has(shop: Shop) -> None:
    shop.add("a.yaml", "x: y\n")
    shop.world.commit()
    done = shop.world.run(
        "doctor", env={"PLANA_SECRETS_BITWARDEN_SM_CREDENTIALS": str(shop.credentials)}
    )
    assert "bitwarden-sdk has a proprietary licence" in done.stdout + done.stderr


def test_a_project_that_the_account_does_not_see_is_named_with_those_it_does(shop: Shop) -> None:
    shop.add("a.yaml", "x: y\n")
    shop.configure('{ "infra/secrets/**" = "produce" }')
    shop.world.commit()
    done = shop.run("mirror", "sync", status=2)
    assert "sees no project 'produce'; it sees: 'dev', 'prod'" in done.stderr


def test_init_writes_the_table_for_a_credentials_file(shop: Shop) -> None:
    server = shop.place.server
    (shop.world.repo / "plana-secrets.toml").unlink()
    shop.add("a.yaml", "x: y\n")
    shop.world.commit()
    shop.run(
        "mirror",
        "init",
        "bitwarden-sm",
        *("--organization", server.store.organization),
        *("--api-url", server.api_url, "--identity-url", server.identity_url),
        *("--ca-file", "ca.pem", "--project", "infra/secrets/prod/**=prod"),
    )
    shop.world.commit()
    shop.run("mirror", "sync")
    assert shop.values() == {"infra/secrets/prod/a.yaml#x": "y"}


NO_SDK = """
import importlib.machinery, sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("bitwarden_sdk", "bitwarden_py"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
"""


def test_without_the_extra_one_sentence_says_how_to_install_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Path("plana_secrets/mirror/backends/bitwarden_sm/worker.py").resolve()
    without = shop.world.folder / "worker.py"
    without.write_text(
        NO_SDK + worker.read_text().replace("from __future__ import annotations", "")
    )
    from plana_secrets.mirror.backends.bitwarden_sm import client

    monkeypatch.setattr(client, "_WORKER", without)
    from plana_secrets.errors import UsageError

    with pytest.raises(UsageError) as caught:
        shop.place.client(deadline=20.0).list_projects()
    assert caught.value.kind == "no-sdk"
    from plana_secrets.cli.hints import find_hint

    assert "pip install 'plana-secrets[bitwarden-sm]'" in str(find_hint(caught.value))


@pytest.mark.long
def test_no_other_command_loads_the_sdk(shop: Shop) -> None:
    shop.add("a.yaml", "x: y\n")
    shop.world.commit()
    probe = (
        "import sys\n"
        "from plana_secrets.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not {'bitwarden_sdk', 'bitwarden_py'} & set(sys.modules)\n"
    )
    for argv in (["--help"], ["mirror", "--help"], ["verify"], ["ls"], ["mirror", "sync"]):
        done = subprocess.run(
            [sys.executable, "-c", probe, *argv],
            cwd=shop.world.repo,
            env=shop.world.environment
            | {"PLANA_SECRETS_BITWARDEN_SM_CREDENTIALS": str(shop.credentials)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (argv, done.stderr)


def test_the_default_install_brings_nothing_proprietary() -> None:
    needed = [one for one in requires("plana-secrets") or () if "extra ==" not in one]
    assert not any("bitwarden" in one for one in needed)
    extra = [one for one in requires("plana-secrets") or () if "bitwarden-sdk" in one]
    assert extra == ["bitwarden-sdk>=2.1; extra == 'bitwarden-sm'"]
    licence = distribution("bitwarden-sdk").metadata.get("License-File")
    assert licence is not None
