"""A repository with a history, keysets and a mirror, in which every variant is built."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyrage

from plana_secrets.mirror.drift import Choices
from plana_secrets.mirror.open import never_mirrored, open_backend
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.mirror.source import SourceReader
from plana_secrets.mirror.state import Look
from plana_secrets.mirror.surroundings import Surroundings
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.verify.checks.mirror import Compared, compared
from plana_secrets.verify.ranges.pushes import Update
from tests.verify.inprocess import workspace_of, write
from tests.world import DEFAULT_RULES, World

if TYPE_CHECKING:
    from tests.attacks.variant import Variant

PLAIN, PROD, MANIFEST = (
    "infra/secrets/dev/app.yaml",
    "infra/secrets/prod/app.yaml",
    "infra/secrets/dev/app.secret.yaml",
)
KEYSET = "infra/secrets/keysets/app.yaml"
SHOP, PROVIDER, CALLER = (
    "infra/secrets/keysets/shop.yaml",
    "infra/secrets/prod/provider.yaml",
    "infra/secrets/prod/caller.yaml",
)
NEW, MORE_MANIFEST = "infra/secrets/dev/new.yaml", "infra/secrets/dev/new.secret.yaml"
MORE = "more/other.yaml"
RULES, SETTINGS, MIRROR = ".sops.yaml", "plana-secrets.toml", "mirror.json.age"
_OWN_REFS = {"refs/heads/main", "refs/tags/base", "refs/tags/start"}
SECRET_WORDS = ("correct-horse", "hunter2")
"""What no finding may repeat."""

SOURCES = {
    PLAIN: """\
# a comment
db:
    user: admin
    password: correct-horse
    # inside
    port: 5432
    ok: true
names:
    - a
    - b
digits: "123"
flag: "True"
last: value
""",
    PROD: "user: admin\npassword: correct-horse\n",
    MANIFEST: """\
apiVersion: v1
kind: Secret
metadata:
    name: app
    namespace: prod
    labels:
        app.kubernetes.io/name: app
type: Opaque
stringData:
    PASSWORD: correct-horse
    PIN: "1234"
data:
    TOKEN: aGVsbG8=
""",
    KEYSET: f"""\
schema: plana-secrets/keyset/1
name: app
kind: api-key
version: 3
active: k7f3a9b2c
rotation_id: r0123456789abcdef
keys:
    k7f3a9b2c:
        status: active
        since: "2026-11-20T10:00:00Z"
        value: {"A" * 43}
""",
}
BLANKS = 'user: admin\nnothing: null\nblank: ""\nnone: {}\n'
WORKFLOW = ".forgejo/workflows/secrets.yml"
STEPS = """\
on: [pull_request]
jobs:
  verify:
    steps:
      - run: pipx install plana-secrets
      - run: plana-secrets verify --range auto
"""
TERMS = """\
[files]
roots = ["infra/secrets", "more"]
plain = ["**/README.md", "**/kustomization.yaml"]

[policy]
min_recipients = 2
required = ["me"]
named = true

[recipients.me]
key = "{me}"
kind = "staff"

[recipients.job]
key = "{job}"
kind = "job"

[mirror]
backend = "local"
[mirror.local]
path = "mirror.json.age"

[keysets."app"]
kind = "api-key"
accepted = []

[keysets."shop"]
kind = "api-key"
accepted = ["infra/secrets/prod/provider.yaml#accepted"]
callers = ["infra/secrets/prod/caller.yaml#key"]
max_age = "100d"
"""
OPEN_MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: hunter2\n"


@dataclass
class Ground:
    """``texts``: what the files say at the base; ``older``: what PLAIN said before it.

    ``spare``: ciphertexts that are in no file of the base, by their words. ``same_key``: a file
    with other values and the data key of PLAIN. ``updates``: what a push moves, if it is more than
    the branch.
    """

    world: World
    texts: dict[str, str]
    older: str
    spare: dict[str, str]
    same_key: str
    updates: list[Update] = field(default_factory=list)
    _others: list[pyrage.x25519.Identity] = field(init=False)

    def __post_init__(self) -> None:
        self._others = list(self.world.others)

    @property
    def me(self) -> str:
        return str(self.world.identity.to_public())

    def path(self, file: str) -> Path:
        return self.world.repo / file

    def read(self, file: str) -> str:
        return self.path(file).read_bytes().decode("utf-8", "surrogateescape")

    def write(self, file: str, content: str | bytes) -> None:
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
        write(self.world, file, data)

    def change(self, file: str, how: Callable[[str], str]) -> None:
        old = self.read(file)
        new = how(old)
        assert new != old, file
        self.write(file, new)

    def secret_files(self) -> list[str]:
        return [*self.texts, MORE]

    def remove(self, *files: str) -> None:
        for file in files:
            self.path(file).unlink()

    def commit(self) -> None:
        self.world.commit()

    def stage(self, file: str, content: str) -> None:
        """Into the index alone; the work tree keeps what it has."""
        path = self.path(file)
        kept = path.read_bytes() if path.exists() else None
        self.write(file, content)
        self.world.git("add", "-f", "--", file)
        if kept is None:
            path.unlink()
        else:
            path.write_bytes(kept)

    def start_from(self, file: str, content: str) -> None:
        """Let the base have this, too."""
        self.write(file, content)
        self.commit()
        self.world.git("tag", "-f", "base")

    def add_reader(self) -> str:
        """A stranger among the recipients of the rules; their recipient."""
        rules = self.read(RULES)
        self.world.others.append(pyrage.x25519.Identity.generate())
        added = str(self.world.others[-1].to_public())
        self.write(RULES, rules.replace(f"age: {self.me}", f"age: {added},{self.me}"))
        return added

    def edit_mirror(self, how: Callable[[list[dict[str, object]]], object]) -> None:
        """As a hand would: decrypted, changed, encrypted again."""
        identity = self.world.identity
        content = json.loads(pyrage.decrypt(self.path(MIRROR).read_bytes(), [identity]))
        how(content["items"])
        sealed = pyrage.encrypt(json.dumps(content).encode(), [identity.to_public()])
        self.path(MIRROR).write_bytes(sealed)

    def drift(self, settings: MirrorSettings) -> Compared:
        workspace = workspace_of(self.world)
        around = Surroundings(
            repository=workspace.repository,
            environment={"PATH": os.environ["PATH"]},
            home=self.world.home,
            find_identities=lambda: workspace.identities,
        )
        snapshot = work_tree(workspace)
        reader = SourceReader(snapshot, settings, never=never_mirrored(settings, around))
        look = Look(snapshot, reader, open_backend(settings, around), Choices())
        return compared(look.take().drift)

    def reset(self) -> None:
        """Back to the base, whatever was built."""
        self.world.others[:] = self._others
        self.world.git("checkout", "-q", "-f", "main")
        self.world.git("reset", "-q", "--hard", "start")
        self.world.git("clean", "-qffdx")
        self.world.git("tag", "-f", "base", "start")
        self.updates.clear()
        for ref in self.world.git("for-each-ref", "--format=%(refname)").split():
            if ref not in _OWN_REFS:
                self.world.git("update-ref", "-d", ref)

    def push(self, ref: str, new: str | None = "HEAD", old: str | None = None) -> None:
        """Let a push move a ref, from one object to another."""
        ids = [one and self.world.git("rev-parse", "--verify", one).strip() for one in (old, new)]
        self.updates.append(Update(ref, *ids))

    @contextmanager
    def built(self, variant: Variant) -> Iterator[None]:
        """With what the variant brings, and back to the base."""
        variant.build(self)
        try:
            yield
        finally:
            if variant.change is None or variant.look.name in {"RANGE", "PUSH"}:
                self.reset()
            else:
                self.write(variant.file, self.texts[variant.file])


def make_ground(folder: Path) -> Ground:
    """Files of each kind by the real sops, two readers, an older version, a mirror that agrees."""
    world = World(folder, others=[pyrage.x25519.Identity.generate()])
    me, job = (str(one.to_public()) for one in [world.identity, *world.others])
    write(world, SETTINGS, TERMS.format(me=me, job=job))
    write(world, WORKFLOW, STEPS)
    world.write_rules(
        DEFAULT_RULES.replace("^infra/secrets/.*\\.yaml$", "^(?:infra/secrets|more)/.*\\.yaml$")
    )
    world.encrypt(MORE, "other: x\n")
    older = world.encrypt(PLAIN, SOURCES[PLAIN].replace("correct-horse", "the first")).read_text()
    spare = {"older": older}
    for words, plain in {"blanks": BLANKS, "new": "token: hunter2\n", "next": "other: x\n"}.items():
        spare[words] = world.encrypt(NEW, plain).read_text()
    rules = (world.repo / RULES).read_text()
    (world.repo / RULES).write_text(
        rules.replace("      age", "      mac_only_encrypted: true\n      age")
    )
    spare["mac-only"] = world.encrypt(MORE_MANIFEST, SOURCES[MANIFEST]).read_text()
    (world.repo / MORE_MANIFEST).unlink()
    (world.repo / RULES).write_text(rules)
    (world.repo / NEW).unlink()
    world.commit("the first version")
    for file, source in SOURCES.items():
        world.encrypt(file, source)
    for file in (PROVIDER, CALLER):
        world.encrypt(file, "other: x\n")
    world.commit("the base")
    same_key = _with_same_key(world)
    for argv in (["rotate", "init", "shop", "--fresh", "--commit"], ["mirror", "sync"]):
        done = world.run(*argv)
        assert done.status == 0, (argv, done)
    world.commit("a mirror")
    world.git("tag", "start")
    world.git("tag", "base")
    texts = {file: (world.repo / file).read_text() for file in [*SOURCES, PROVIDER, CALLER, SHOP]}
    return Ground(world, texts, older, spare, same_key)


def _with_same_key(world: World) -> str:
    """What a person gets who copies a file and gives every value in the copy a new one."""
    copy = world.repo / NEW
    copy.write_text((world.repo / PROD).read_text())
    for key in ("user", "password"):
        world.sops("set", NEW, f'["{key}"]', '"another"')
    text = copy.read_text()
    copy.unlink()
    return text
