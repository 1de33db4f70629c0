"""The clone in which traps are set, and the folder outside of it that must not change."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.world import World

VALUE = "s3ntinel-5f1d7c2e"
"""In encrypted files: only ``get`` may print it."""
PLAIN = "hunter2-5f1d7c2e"
"""In files that should be encrypted: nothing may print it."""

SETTINGS = """\
[policy]
min_recipients = 1
[git]
branch = "main"
[mirror]
backend = "local"
[mirror.local]
path = "mirror.json.age"
[keysets."a/jwt"]
kind = "jwt-hs256"
targets = ['infra/secrets/prod/a.secret.yaml#stringData["jwt.json"]']
max_token_lifetime = "15m"
rollout = "30m"
skew = "60s"
[keysets."a/api"]
kind = "api-key"
accepted = ["infra/secrets/prod/a.secret.yaml#stringData.KEYS"]
callers = ["infra/secrets/prod/b.secret.yaml#stringData.KEY"]
external_callers = ["partner"]
rollout = "30m"
drain = "1h"
[keysets."b/jwt"]
kind = "jwt-hs256"
targets = ['infra/secrets/prod/b.secret.yaml#stringData["jwt.json"]']
"""
MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: {name}
stringData:
    OTHER: {value}
"""
MAIL = "infra/secrets/prod/mail.yaml"
KEYSET = "infra/secrets/keysets/a/jwt.yaml"
OTHER_KEYSET = "infra/secrets/keysets/a/api.yaml"


@dataclass
class Clone:
    """``environment`` is what a run gets beside that of the world."""

    world: World
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outside.mkdir()
        self.write_outside("victim.yaml", "password: precious\n")
        self.write_outside("folder/plain.yaml", f"password: {PLAIN}\n")
        self.program.write_text(f'#!/bin/sh\necho "$0 $*" >>"{self.ran}"\nexit 1\n')
        self.program.chmod(0o755)

    @property
    def repo(self) -> Path:
        return self.world.repo

    @property
    def outside(self) -> Path:
        """Nothing in here may change."""
        return self.world.folder / "outside"

    @property
    def program(self) -> Path:
        """What every trap wants to start; it writes into ``ran``."""
        return self.world.folder / "foreign-program"

    @property
    def ran(self) -> Path:
        return self.world.folder / "ran"

    def write(self, file: str, content: str | bytes) -> Path:
        path = self.repo / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write_outside(self, file: str, content: str) -> Path:
        path = self.outside / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def link(self, file: str, target: str | Path) -> None:
        path = self.repo / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def place_program(self, file: str) -> None:
        """A copy of the foreign program."""
        path = self.repo / file
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.program, path)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.repo / file
        text = path.read_text()
        assert old in text, (file, old)
        path.write_text(text.replace(old, new, 1))

    def state_outside(self) -> dict[str, str]:
        """Names and contents of everything in ``outside``."""
        return {
            str(path.relative_to(self.outside)): (
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            )
            for path in sorted(self.outside.rglob("*"))
        }

    def folders(self) -> list[str]:
        """Every folder of the checkout below the top, without those that are too deep."""
        found = []
        for place, names, _files in os.walk(self.repo):
            names[:] = [name for name in names if name != ".git" and len(place) < 1000]
            found += [str(Path(place, name).relative_to(self.repo)) for name in names]
        return sorted(found)


def make_base(folder: Path) -> World:
    """Secret files of every kind, keysets that have begun, a mirror that agrees."""
    world = World(folder)
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.encrypt(MAIL, f"password: {VALUE}\nuser: alpha\nport: 25\n")
    for name in ("a", "b"):
        file = f"infra/secrets/prod/{name}.secret.yaml"
        world.encrypt(file, MANIFEST.format(name=name, value=VALUE))
    world.commit("base")
    for argv in (
        ["rotate", "init", "a/jwt", "--fresh", "--commit"],
        ["rotate", "init", "a/api", "--fresh", "--commit"],
        ["mirror", "sync"],
    ):
        done = world.run(*argv)
        assert done.status == 0, (argv, done)
    world.commit("mirror")
    world.git("gc", "-q", "--prune=now")
    return world


def copy_base(base: World, folder: Path) -> Clone:
    """A clone without traps: the same identity, a home and a place in memory of its own."""
    world = World(folder, identity=base.identity)
    shutil.copytree(base.repo, world.repo, symlinks=True, dirs_exist_ok=True)
    world.git("reset", "-q", "--hard")
    return Clone(world)
