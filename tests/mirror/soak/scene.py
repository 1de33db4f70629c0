"""Who there is: a company, two repositories that share its collections, and their clones."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage

from plana_secrets.paths import format_path
from tests.fakes.people import Company
from tests.fakes.vaultwarden import Relay
from tests.mirror.vaultwarden.office import Office
from tests.world import Result, World

SENTINEL = "s3nt1nel"
"""In every value of every file and every hand edit."""

COLLECTIONS = ("prod", "dev")

_SETTINGS = """\
repository = "{repository}"

[mirror]
backend = "vaultwarden"

[mirror.vaultwarden]
url = "{url}"
organization = "{organization}"
collections = {{ {collections} }}
"""

Document = dict[str, Any]


class Violation(AssertionError):  # noqa: N818 - what a judge finds
    """A promise that was not kept."""


@dataclass
class Repository:
    """What the remote's branch says, kept beside it by the steps.

    ``mapping``: the collection of each folder; a folder that is not in it is not mirrored.
    """

    name: str
    remote: Path
    clones: list[Clone] = field(default_factory=list)
    files: dict[str, Document] = field(default_factory=dict)
    mapping: dict[str, str] = field(default_factory=lambda: {one: one for one in COLLECTIONS})

    def collection_of(self, file: str) -> str | None:
        return self.mapping.get(file.split("/")[2])

    def mirrored(self) -> dict[str, dict[str, str]]:
        """File to path to text, of every file that is to be in the mirror."""
        return {
            file: dict(flatten(document))
            for file, document in self.files.items()
            if self.collection_of(file)
        }


@dataclass
class Clone:
    """A work tree of ``repository``, with a state folder of its own."""

    repository: Repository
    office: Office

    @property
    def world(self) -> World:
        return self.office.world

    def pull(self) -> None:
        self.world.git("fetch", "-q", "origin")
        self.world.git("reset", "-q", "--hard", "origin/main")

    def push(self, message: str) -> None:
        self.world.git("add", "-A")
        self.world.git("commit", "-q", "--allow-empty", "-m", message)
        self.world.git("push", "-q", "origin", "HEAD:main")

    def write(self, file: str, document: Document) -> None:
        """Into the file and into what is known of it."""
        self.world.encrypt(file, json.dumps(document, ensure_ascii=False))
        self.repository.files[file] = document

    def kept(self) -> Iterator[str]:
        """What the program kept of overwritten items."""
        for path in sorted((self.world.folder / "state").rglob("kept/*.age")):
            yield from texts_in(
                json.loads(pyrage.decrypt(path.read_bytes(), [self.world.identity]))
            )


class Scene:
    """``line``: the way from the program to the server."""

    def __init__(self, folder: Path, company: Company, line: Relay, chance: random.Random) -> None:
        self.folder = folder
        self.company = company
        self.line = line
        self.random = chance
        self._numbers = 0
        self.first, self.second = self._repository("first"), self._repository("second")
        self._clone(self.first, "first-again")
        self.owner_credentials = self._credentials_of_owner()

    @property
    def repositories(self) -> tuple[Repository, Repository]:
        return self.first, self.second

    @property
    def clones(self) -> list[Clone]:
        return [*self.first.clones, *self.second.clones]

    def value(self) -> str:
        """A text that was never used before."""
        self._numbers += 1
        tail = self.random.choice(["", "", " with blanks ", "\nand lines\n", " ß🔑", "=" * 300])
        return f"{SENTINEL}-{self._numbers}{tail}"

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def run(self, clone: Clone, *argv: str, owner: bool = False) -> Result:
        """The program; no value may be in what it says."""
        env = {"PLANA_SECRETS_VAULTWARDEN_CREDENTIALS": self.owner_credentials} if owner else {}
        result = clone.world.run(*argv, env=clone.office.environment | env)
        self.check_silence(argv, result)
        return result

    def check_silence(self, argv: tuple[str, ...], result: Result) -> None:
        words = [SENTINEL, self.company.service.password, self.company.owner.password]
        if any(word in result.stdout + result.stderr for word in words):
            raise Violation(f"a value is in the output of {argv}")
        if result.status == 70 or "Traceback" in result.stderr:
            raise Violation(f"a bug of ours: {argv} {result}")

    def _repository(self, name: str) -> Repository:
        repository = Repository(name, self.folder / f"{name}.git")
        clone = self._clone(repository, name)
        clone.world.command("git", "init", "-q", "--bare", "-b", "main", str(repository.remote))
        self.write_settings(clone)
        clone.push("settings")
        clone.pull()
        return repository

    def _clone(self, repository: Repository, name: str) -> Clone:
        folder = self.folder / name
        folder.mkdir()
        identities = [one.world.identity for one in repository.clones[:1]]
        world = World(folder, *identities)
        world.git("remote", "add", "origin", str(repository.remote))
        office = Office(world, self.company)
        office.write_credentials(url=self.line.url)
        clone = Clone(repository, office)
        if repository.clones:
            clone.pull()
        repository.clones.append(clone)
        return clone

    def write_settings(self, clone: Clone) -> None:
        mapping = clone.repository.mapping.items()
        rows = ", ".join(f'"infra/secrets/{one}/**" = "{word}"' for one, word in mapping)
        (clone.world.repo / "plana-secrets.toml").write_text(
            _SETTINGS.format(
                repository=f"r-{clone.repository.name}",
                url=self.line.url,
                organization=self.company.id,
                collections=rows,
            )
        )

    def _credentials_of_owner(self) -> str:
        office = self.first.clones[0].office
        names = {"credentials": Path(office.credentials).read_text()}
        office.write_credentials(self.company.owner, url=self.line.url)
        path = self.folder / "owner.yaml"
        Path(office.credentials).rename(path)
        Path(office.credentials).write_text(names["credentials"])
        Path(office.credentials).chmod(0o600)
        return str(path)


def flatten(document: Document, prefix: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """Each leaf of maps and texts, by its path as it is spelled."""
    for key, value in document.items():
        if isinstance(value, dict):
            yield from flatten(value, (*prefix, key))
        else:
            yield format_path((*prefix, key)), value


def texts_in(content: Any) -> Iterator[str]:
    """Every text in something that was JSON."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for one in content.values() if isinstance(content, dict) else content:
            yield from texts_in(one)
