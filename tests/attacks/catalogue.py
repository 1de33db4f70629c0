"""All variants, and those that nothing but a signature tells from honest work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks import (
    access,
    colleagues,
    content,
    history,
    metadata,
    mirrors,
    places,
    pushes,
    rules,
    yamlforms,
)
from tests.attacks.changes import sub
from tests.attacks.ground import MANIFEST, NEW, PLAIN, PROD, SETTINGS, SOURCES, Ground
from tests.attacks.variant import Look, Variant


def _undecidable(
    source: str, name: str, build: Callable[[Ground], object], why: str, file: str = PLAIN
) -> Variant:
    def whole(ground: Ground) -> None:
        build(ground)
        ground.commit()

    return Variant(name, source, Look.RANGE, None, whole, file, why=why)


_READER = "anyone who has the public recipients can write it; only a signature says who did"
UNDECIDABLE: Sequence[Variant] = (
    _undecidable("A15", "a whole file by the public recipients alone", lambda ground: ground.world.encrypt(PROD, SOURCES[PROD].replace("admin", "eve")), _READER, PROD),
    _undecidable("A15", "a manifest by the public recipients alone", lambda ground: ground.world.encrypt(MANIFEST, SOURCES[MANIFEST].replace("app", "eve")), _READER, MANIFEST),
    _undecidable("A15", "a new file of a stranger", lambda ground: ground.write(NEW, ground.spare["new"]), _READER, NEW),
    _undecidable("I11", "a value set by a reader who has left, with a data key that stayed", lambda ground: ground.world.sops("set", PLAIN, '["last"]', '"eve"'), "it is what every reader writes; a new data key when a reader leaves keeps them out"),
)  # fmt: skip

SIGNERS = ".git-allowed-signers"


def _signers_first(ground: Ground) -> None:
    """A base that says who may change secrets; no commit that follows is signed."""
    key = Ed25519PrivateKey.generate().public_key()
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    ground.write(SIGNERS, f'alice@example.com namespaces="git" {line}\n')
    settings = f'[git]\nallowed_signers = "{SIGNERS}"\n{ground.read(SETTINGS)}'
    ground.start_from(SETTINGS, settings)


def _unsigned(one: Variant) -> Variant:
    """What nothing else can tell, where the settings demand signatures."""

    def build(ground: Ground) -> None:
        _signers_first(ground)
        one.build(ground)

    name = f"{one.name}, where commits are signed"
    return Variant(name, one.source, Look.RANGE, "commit-unsigned", build, one.file)


def _no_signers(ground: Ground) -> None:
    _signers_first(ground)
    ground.change(SETTINGS, sub(r"\[git\]\n.*\n", ""))


SIGNED = (
    *map(_unsigned, UNDECIDABLE),
    history.ranged(
        "A38", "signatures no longer demanded", "policy-weakened", _no_signers, SETTINGS
    ),
)
ALL: Sequence[Variant] = (
    *content.ROWS, *metadata.ROWS, *yamlforms.ROWS, *places.ROWS, *rules.ROWS,
    *history.ROWS, *access.ROWS, *mirrors.ROWS, *SIGNED, *pushes.ROWS, *colleagues.ROWS,
)  # fmt: skip
