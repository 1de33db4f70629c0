"""What the MAC of sops does not cover, with the real sops; and what verify says of it.

sops hashes the values in their order. Names, comments and what has no value are not in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from plana_secrets.verify.check import Level
from tests.verify.inprocess import verify
from tests.world import World

FILE = "infra/secrets/prod/app.secret.yaml"
MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
    namespace: prod
stringData:
    # about the password
    password: pa55
    user: admin
"""


def renamed(text: str) -> str:
    return text.replace("    namespace: prod", "    generateName: prod")


def moved_between_values(text: str) -> str:
    """Readable values are hashed one after the other, with nothing between them."""
    return text.replace("    name: app\n    namespace: prod", "    name: ap\n    namespace: pprod")


def with_comment(text: str) -> str:
    return text.replace("metadata:\n", "# rotate me: hunter2\nmetadata:\n")


def without_comment(text: str) -> str:
    return re.sub(r"    #ENC\[.*\n", "", text)


def with_null(text: str) -> str:
    return text.replace("stringData:\n", "stringData:\n    added: null\n")


def with_empty(text: str) -> str:
    return text.replace("stringData:\n", 'stringData:\n    added: ""\n')


def with_map(text: str) -> str:
    return text.replace("stringData:\n", "stringData:\n    added: {}\n")


def with_readable_empty(text: str) -> str:
    return text.replace("    namespace: prod\n", '    namespace: prod\n    uid: ""\n')


UNCOVERED = [
    (renamed, "error"),
    (moved_between_values, None),
    (with_comment, "note"),
    (without_comment, None),
    (with_null, "warning"),
    (with_empty, "warning"),
    (with_map, "error"),
    (with_readable_empty, "error"),
]


@pytest.mark.parametrize(("change", "severity"), UNCOVERED)
def test_what_the_mac_does_not_cover(
    world: World, change: Callable[[str], str], severity: str | None
) -> None:
    """``severity``: of the worst finding; None: nothing can be seen in the file alone."""
    path = world.encrypt(FILE, MANIFEST)
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before
    world.commit()
    assert world.sops("decrypt", FILE).status == 0
    report = verify(world, level=Level.L3)
    found = {str(one.severity) for one in report.findings}
    worst = next((one for one in ("error", "warning", "note") if one in found), None)
    assert worst == severity, report.findings


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    namespace: prod", "    namespace: prud"),
        ("    namespace: prod\n", ""),
        ("    password: ENC", "    passwort: ENC"),
    ],
)
def test_what_it_covers_is_seen(world: World, old: str, new: str) -> None:
    path = world.encrypt(FILE, MANIFEST)
    path.write_text(path.read_text().replace(old, new))
    world.commit()
    assert world.sops("decrypt", FILE, check=False).status != 0
    report = verify(world, level=Level.L3)
    assert {"mac-mismatch", "undecryptable"} & {one.check for one in report.findings}
