"""A file, every way in which it is broken, and its repair."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from plana_secrets.document.repair import Repair, Side, plan_repair
from plana_secrets.paths import format_path, parse_path
from plana_secrets.secretfiles.editing.repaired import stage_repair
from plana_secrets.secretfiles.editing.repairing import Case, examine
from plana_secrets.secretfiles.open import read_document_of
from plana_secrets.secretfiles.writing.writer import write_files, writing
from tests.secretfiles.conftest import make_workspace
from tests.world import World

FILE = "infra/secrets/dev/a.yaml"
PLAIN = """\
a: one
b: two
db:
    user: joe
    password: pw
list:
    - x
    - y
# a note
c: three
"""
VALUES = {
    "a": "one",
    "b": "two",
    "db.user": "joe",
    "db.password": "pw",
    "list[0]": "x",
    "list[1]": "y",
    "c": "three",
}
Break = Callable[[str], str]


def swap(text: str) -> str:
    one, other = (re.search(rf"(?m)^{key}: (.*)$", text) for key in "ab")
    assert one is not None
    assert other is not None
    changed = text.replace(one[0], f"a: {other[1]}", 1)
    return changed.replace(other[0], f"b: {one[1]}", 1)


def sub(pattern: str, by: str) -> Break:
    return lambda text: re.sub(rf"(?m){pattern}", by, text, count=1)


OTHER = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

# how it was broken -> (the change, what was readable then)
WAYS: dict[str, tuple[Break, list[str]]] = {
    "a value added by hand": (lambda text: f"new: hunter2\n{text}", ["new"]),
    "a value replaced by hand": (sub("^a: .*", "a: hunter2"), ["a"]),
    "a nested value replaced": (sub("^    user: .*", "    user: hunter2"), ["db.user"]),
    "an entry of a list replaced": (sub("^    - ENC.*", "    - hunter2"), ["list[0]"]),
    "a key renamed": (sub("^a: ENC", "aa: ENC"), []),
    "a key removed": (sub("^b: .*\n", ""), []),
    "an entry of a list removed": (sub("^    - ENC.*\n", ""), []),
    "two values swapped": (swap, []),
    "a value moved into a map": (sub("^b: (.*)\ndb:", r"db:\n    b: \1"), []),
    "a ciphertext cut": (sub(r"^c: ENC\[AES256_GCM,data:....", "c: ENC[AES256_GCM,data:"), []),
    "a ciphertext of nothing": (sub("^c: .*", "c: ENC[x]"), []),
    "another type word": (sub(r"^c: (.*)type:str\]", r"c: \1type:int]"), []),
    "text behind a ciphertext": (sub("^c: (.*)$", r"c: \1 and more"), []),
    "a key twice": (lambda text: f"a: again\n{text}", ["a"]),
    "an unknown field of the sops block": (sub("^sops:$", "sops:\n    extra: x"), []),
    "a comment in the sops block": (sub("^sops:$", "sops:\n    # was: hunter2"), []),
    "no MAC": (sub("^    mac: .*\n", ""), []),
    "a MAC of another file": (sub("^    lastmodified: .*", '    lastmodified: "2020-01-01T00:00:00Z"'), []),
    "another label": (sub("recipient: age1.*", f"recipient: {OTHER}"), []),
    "no sops block": (lambda text: text.partition("\nsops:")[0] + "\n", []),
    "line ends of Windows": (lambda text: text.replace("\n", "\r\n"), []),
    "a byte order mark": (lambda text: f"\ufeff{text}", []),
    "a comment decrypted": (sub("^#ENC.*", "# a note"), []),
    "a committed conflict": (
        sub("^b: (.*)$", r"<<<<<<< HEAD\nb: \1\n=======\nb: \1\n>>>>>>> topic"), []
    ),
    "only the first half": (lambda text: text[: text.index("db:")], []),
    "nothing": (lambda text: "", []),
}  # fmt: skip


def damage(world: World, change: Break) -> None:
    path = world.repo / FILE
    before = path.read_text()
    path.write_bytes(change(before).encode())
    assert path.read_bytes() != before.encode()


def values(world: World) -> dict[str, str]:
    document = read_document_of(make_workspace(world), FILE)
    return {format_path(leaf.path): value.reveal_text() for leaf, value in document.entries()}


def plan(case: Case, rest: Side | None = None, **choices: Side) -> Repair:
    return plan_repair(case.now, case.then, {parse_path(k): v for k, v in choices.items()}, rest)


def apply(world: World, case: Case, repair: Repair) -> None:
    workspace = make_workspace(world)
    with writing(workspace, "repair"):
        write_files(workspace, [stage_repair(workspace, case, repair)], operation="repair")


def examined(world: World) -> Case:
    case = examine(make_workspace(world), FILE)
    assert case is not None
    return case


def wait_for_the_next_second() -> None:
    """In one second sops writes the same MAC for other comments or keys, as a hand would leave it."""
    time.sleep(1)
