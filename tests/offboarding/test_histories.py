"""Random histories: the list is what the leaver's own key opens, no place more or less."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.offboarding.reference import Place, data_keys_in, reference, values_in
from tests.world import World

EVERYTHING = "creation_rules:\n    - age: {recipients}\n"
ENDS = {"yaml": "yaml", "json": "json", "env": "dotenv", "enc": "binary", "yml": "yaml"}
FOLDERS = ("infra/secrets/dev", "infra/secrets/prod", "deploy", "")
SEEDS = int(os.environ.get("PLANA_TEST_HISTORIES", "3"))


def ssh_key() -> tuple[object, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return pyrage.ssh.Identity.from_buffer(private), public


class History:
    """Things that happen to a repository, by chance. Bob is in it, or not, with two keys."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        first = pyrage.x25519.Identity.generate()
        second, public = ssh_key()
        self.keys = [first, second]
        self.spelled = [str(first.to_public()), f"{public} bob@laptop"]
        self.number = 0
        self.branches = ["main"]
        self.reads: set[int] = {0}
        self.write_rules()
        self.settings()

    def settings(self, key: int = 0) -> None:
        """Under his name there is one key today, and was another before."""
        (self.world.repo / "plana-secrets.toml").write_text(
            f'[recipients.bob]\nkey = "{self.spelled[key]}"\nkind = "staff"\n'
        )

    def write_rules(self) -> None:
        every = [str(self.world.identity.to_public()), *(self.spelled[one] for one in self.reads)]
        (self.world.repo / ".sops.yaml").write_text(
            EVERYTHING.replace("{recipients}", ",".join(every))
        )

    def files(self) -> list[Path]:
        names = self.world.git("ls-files", "-z").split("\0")
        return [
            self.world.repo / one
            for one in names
            if one
            and not one.startswith(".")
            and one != "plana-secrets.toml"
            and (self.world.repo / one).is_file()
        ]

    def create(self) -> None:
        end = self.chance.choice(list(ENDS))
        self.number += 1
        name = f"{self.chance.choice(FOLDERS)}/f{self.number}.{end}".lstrip("/")
        plain = {
            "yaml": f"password: p{self.number}\nport: 5432\nlist:\n  - a\n  - b: c{self.number}\n",
            "json": json.dumps({"password": f"p{self.number}", "deep": {"er": self.number}}),
            "dotenv": f"PASSWORD=p{self.number}\nPORT=1\n",
            "binary": f"\x00token {self.number}",
        }[ENDS[end]]
        form = ENDS[end]
        argv = (
            "--filename-override",
            name,
            "--input-type",
            form,
            "--output-type",
            "json" if form == "binary" else form,
        )
        path = self.world.repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.world.sops("encrypt", *argv, stdin=plain.encode()).stdout)

    def pick(self, *ends: str) -> Path | None:
        found = [one for one in self.files() if not ends or one.suffix[1:] in ends]
        return self.chance.choice(found) if found else None

    def change(self) -> None:
        file = self.pick("yaml", "yml", "json")
        if file:
            key = self.chance.choice(["password", "new", "token"])
            value = json.dumps(f"v{self.chance.randrange(5)}")
            self.world.sops("set", str(file), f'["{key}"]', value, check=False)

    def unset(self) -> None:
        if file := self.pick("yaml", "yml", "json"):
            self.world.sops("unset", str(file), '["password"]', check=False)

    def rename(self) -> None:
        if file := self.pick():
            self.number += 1
            target = file.parent / f"r{self.number}{file.suffix}"
            self.world.git("mv", str(file), str(target))

    def copy(self) -> None:
        if file := self.pick():
            self.number += 1
            (file.parent / f"c{self.number}{file.suffix}").write_bytes(file.read_bytes())

    def delete(self) -> None:
        if len(self.files()) > 2 and (file := self.pick()):
            file.unlink()

    def updatekeys(self) -> None:
        if file := self.pick("yaml", "yml", "json"):
            self.world.sops("updatekeys", "-y", str(file), check=False)

    def renew(self) -> None:
        if file := self.pick("yaml", "yml", "json"):
            self.world.sops("rotate", "-i", str(file), check=False)

    def readers(self) -> None:
        self.reads = self.chance.choice([set(), {0}, {1}, {0, 1}])
        self.write_rules()
        self.settings(self.chance.choice([0, 1]))

    def people(self) -> None:
        """What the commands do that change readers; each may be refused."""
        self.commit()
        words = self.chance.choice(
            [
                ["remove", "bob", "--yes"],
                ["remove", self.spelled[self.chance.choice([0, 1])]],
                ["add", "bob", self.spelled[0], "--rule=all"],
                ["replace", self.spelled[0], self.spelled[1]],
                ["replace", "bob", self.spelled[self.chance.choice([0, 1])]],
                ["apply"],
            ]
        )
        self.world.run("recipients", *words)

    def move(self) -> None:
        """A file or a value to another place, by our own command."""
        if file := self.pick("yaml", "yml", "json"):
            self.number += 1
            name = str(file.relative_to(self.world.repo))
            target = f"{self.chance.choice(FOLDERS)}/m{self.number}{file.suffix}".lstrip("/")
            if self.chance.random() < 0.5 and (other := self.pick("yaml", "yml", "json")):
                name, target = f"{name}#password", f"{other.relative_to(self.world.repo)}#moved"
            self.world.run("mv", name, target)

    def branch(self) -> None:
        name = f"b{len(self.branches)}"
        self.world.git("checkout", "-q", "-b", name)
        self.branches.append(name)

    def switch(self) -> None:
        self.commit()
        self.world.git("checkout", "-q", self.chance.choice(self.branches))

    def merge(self) -> None:
        other = self.chance.choice(self.branches)
        self.world.command("git", "merge", "-q", "-X", "ours", other, check=False)
        self.world.command("git", "add", "-A", check=False)

    def tag(self) -> None:
        self.number += 1
        self.world.git("checkout", "-q", "--detach")
        self.create()
        self.commit()
        self.world.git("tag", f"t{self.number}")
        self.world.git("checkout", "-q", self.branches[-1])

    def stash(self) -> None:
        self.create()
        self.change()
        self.world.command("git", "stash", "-q", "-u", check=False)

    def commit(self) -> None:
        self.world.git("add", "-A")
        self.world.command("git", "commit", "-q", "-m", "x", check=False)

    def go(self, steps: int) -> None:
        for _ in range(3):
            self.create()
        self.commit()
        deeds: list[Callable[[], None]] = [
            self.create, self.change, self.change, self.unset, self.rename, self.copy,
            self.delete, self.updatekeys, self.renew, self.readers, self.branch, self.switch,
            self.merge, self.tag, self.stash, self.people, self.people, self.move, self.move,
        ]  # fmt: skip
        for _ in range(steps):
            deed = self.chance.choice(deeds)
            deed()
            if self.chance.random() < 0.7 or deed in (self.branch, self.switch, self.merge):
                self.commit()
        self.commit()
        self.settings(1)
        self.commit()
        self.settings(0)
        self.commit()


def today(world: World) -> dict[Place, bytes]:
    """Place -> value of everything at HEAD that we can open."""
    found: dict[Place, bytes] = {}
    for line in world.git("ls-tree", "-r", "-z", "HEAD").split("\0"):
        facts, _, name = line.partition("\t")
        if facts.startswith("100"):
            content = world.git("cat-file", "blob", facts.split(" ")[2])
            own = list(data_keys_in(content, [world.identity]))
            for path, value in values_in(content, own).items():
                found[name, path] = value
    return found


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_history(world: World, seed: int) -> None:
    history = History(world, seed)
    history.go(30)
    done = world.run("offboard", "bob", "--status", "--json")
    facts = json.loads(done.stdout)
    found = {(one["file"], one["path"]): one for one in facts["values"]}
    known, now = reference(world, history.keys), today(world)
    assert set(found) == set(known)
    for place, one in found.items():
        if place in now and place in known:
            assert one["status"] == "open" or now[place] not in known[place], place
        if one["status"] == "rotated":
            same = [other for other, value in now.items() if value in known[place]]
            texts = [one for one in same if not str(now[one]).strip("b'").isdecimal()]
            assert [other for other in texts if found.get(other, one)["status"] != "open"] == []
    assert done.status == int(bool(facts["open"] or facts["still_reads"]))
