"""A repository whose mirror is a Vaultwarden: the program as its users run it."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import dataclass
from typing import Any

import pyrage

from tests.fakes.people import Company, Person
from tests.fakes.vaultwarden import FakeVaultwarden
from tests.fakes.vaultwarden.wire import Request
from tests.mirror.vaultwarden.place import OwnersHand
from tests.world import PROGRAM, Result, World

CREDENTIALS = "credentials.yaml"


@dataclass
class Office:
    """``sentinels``: texts that no output may ever hold."""

    world: World
    company: Company

    def __post_init__(self) -> None:
        self.hand = OwnersHand(self.company)
        self.sentinels = [self.company.service.password]

    @property
    def credentials(self) -> str:
        return str(self.world.folder / CREDENTIALS)

    def configure(self, extra: str = "") -> None:
        (self.world.repo / "plana-secrets.toml").write_text(
            f'[mirror]\nbackend = "vaultwarden"\n[mirror.vaultwarden]\nurl = "{self.company.url}"\n'
            f'organization = "{self.company.id}"\n'
            'collections = { "infra/secrets/prod/**" = "prod", "infra/secrets/dev/**" = "dev" }\n'
            f"{extra}"
        )

    def write_credentials(self, person: Person | None = None, **changes: str) -> None:
        person = person or self.company.service
        client_id, client_secret = person.api_key()
        content = {
            "url": self.company.url,
            "email": person.email,
            "master_password": person.password,
            "client_id": client_id,
            "client_secret": client_secret,
        } | changes
        self.sentinels += [content["client_secret"], content["master_password"]]
        path = self.world.folder / CREDENTIALS
        path.write_text("".join(f'{name}: "{text}"\n' for name, text in content.items()))
        path.chmod(0o600)

    def through(self, url: str) -> None:
        """The program reaches the server by another way, with credentials for that address."""
        settings = self.world.repo / "plana-secrets.toml"
        settings.write_text(settings.read_text().replace(self.company.url, url))
        self.write_credentials(url=url)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PLANA_SECRETS_VAULTWARDEN_CREDENTIALS": self.credentials,
            "XDG_STATE_HOME": str(self.world.folder / "state"),
        }

    def run(self, *argv: str, env: dict[str, str] | None = None) -> Result:
        result = self.world.run(*argv, env=self.environment | (env or {}))
        self.check_silence(result)
        return result

    def mirror(self, *argv: str, status: int = 0) -> dict[str, Any]:
        """A mirror command with --json; its object."""
        result = self.run("mirror", *argv, "--json", "-vv")
        assert result.status == status, result
        content = json.loads(result.stdout)
        assert isinstance(content, dict)
        return content

    def check_silence(self, result: Result) -> None:
        """No value, no password, no token in any output."""
        tokens = [one for one in self.company_tokens() if one]
        for sentinel in [*self.sentinels, *tokens]:
            assert sentinel not in result.stdout + result.stderr

    def company_tokens(self) -> list[str]:
        state = self.world.folder / "state" / "plana-secrets"
        return [
            json.loads(path.read_text()).get("access_token", "")
            for path in state.glob("vaultwarden-*.json")
        ]

    def add_files(self, count: int, *, folder: str = "prod", value: str = "v") -> list[str]:
        """So many plain maps; not committed yet."""
        if len(value) > 6:
            self.sentinels.append(value)
        files = [f"infra/secrets/{folder}/file{number}.yaml" for number in range(count)]
        for number, file in enumerate(files):
            self.world.encrypt(
                file, f"user: {value}-{number}\ndb:\n    password: {value}-{number}\n"
            )
        return files

    def stranger(self) -> str:
        """The identity file of somebody who can read none of the files."""
        path = self.world.folder / "stranger.txt"
        path.write_text(f"{pyrage.x25519.Identity.generate()}\n")
        path.chmod(0o600)
        return str(path)

    def shown(self, file: str) -> dict[str, str]:
        return dict(self.hand.fields(self.hand.find(file)))


def drift_of(content: dict[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one["kind"], one["file"], tuple(one["paths"])) for one in content["drift"]]


def kill_at(office: Office, server: FakeVaultwarden, number: int) -> bool:
    """Start a sync and kill it once its n-th request is served; whether it got that far.

    To be killed before a request is served leaves what the request before it left.
    """
    count = 0
    child: list[subprocess.Popen[bytes]] = []

    def shoot(request: Request) -> None:
        nonlocal count
        count += 1
        if count == number:
            child[0].send_signal(signal.SIGKILL)
            child[0].wait()

    with server.paused():
        server.after = shoot
        child.append(
            subprocess.Popen(
                [*PROGRAM, "mirror", "sync"],
                cwd=office.world.repo,
                env=office.world.environment | office.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
    child[0].wait()
    server.after = lambda _: None
    return child[0].returncode == -signal.SIGKILL
