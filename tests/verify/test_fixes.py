"""Every fix that is a command works: the check in its situation, its fix, and verify again."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from plana_secrets.verify.catalogue import CHECKS
from tests.docs.reference import ROOT
from tests.world import DEFAULT_RULES, World

FILE = "infra/secrets/dev/a.yaml"
APP = "infra/secrets/dev/app.secret.yaml"
MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: app\nstringData:\n    a: one\n"
KEYSET = '[keysets.app]\nkind = "jwt-hs256"\ntargets = ["' + APP + '#stringData.JWT"]\n'
_PROGRAM_COMMAND = re.compile(r"`plana-secrets ([^`]+)`")


def file_of(world: World, plain: str = "a: one\nb: two\n") -> None:
    world.encrypt(FILE, plain)
    world.commit()


def changed(pattern: str, by: str) -> Callable[[World], None]:
    """A sound file, and then a change by hand."""

    def make(world: World) -> None:
        file_of(world)
        path = world.repo / FILE
        text = re.sub(rf"(?m){pattern}", by, path.read_text(), count=1)
        assert text != path.read_text()
        path.write_text(text)

    return make


def conflict(world: World) -> None:
    """Two branches that gave one value another one, merged by a git without our driver."""
    file_of(world)
    for branch, value in (("other", "three"), ("main", "two")):
        if branch != "main":
            world.git("switch", "-q", "-c", branch)
        world.run("set", FILE, "a", "--stdin", stdin=value.encode())
        world.commit(branch)
        world.git("switch", "-q", "main")
    world.command("git", "merge", "-q", "other", check=False)


def of_rules(options: str, plain: str = "a: one\nb: two\n") -> Callable[[World], None]:
    """A file that was written by other rules."""

    def make(world: World) -> None:
        world.write_rules("creation_rules:\n  - age: {recipients}\n" + options)
        file_of(world, plain)
        world.write_rules(DEFAULT_RULES)

    return make


def mac_only_rule(world: World) -> None:
    world.write_rules("creation_rules:\n  - age: {recipients}\n    mac_only_encrypted: true\n")
    file_of(world)


def plain_file(file: str, text: str) -> Callable[[World], None]:
    def make(world: World) -> None:
        file_of(world)
        (world.repo / file).write_text(text)

    return make


def emptied(world: World) -> None:
    file_of(world)
    (world.repo / FILE).write_text("")


def settings(world: World, text: str) -> None:
    (world.repo / "plana-secrets.toml").write_text(text)


def keyset(world: World) -> None:
    world.encrypt(APP, MANIFEST)
    settings(world, KEYSET)
    world.commit()
    assert world.run("rotate", "init", "app", "--fresh", "--commit").status == 0


def target_changed(world: World) -> None:
    keyset(world)
    world.sops("set", APP, '["stringData"]["JWT"]', '"by hand"')


def drifted(world: World) -> None:
    file_of(world)
    settings(world, '[mirror]\nbackend = "local"\n')
    world.commit()


def no_base64(world: World) -> None:
    world.encrypt(APP, MANIFEST.replace("stringData", "data").replace("one", "no base64!"))
    world.commit()


def placeholder(world: World) -> None:
    file_of(world, "a: changeme\n")


def key_name(world: World) -> None:
    file_of(world, "a: one\n'b=two': three\n")


@dataclass(frozen=True)
class Case:
    """``place``: what FILE and PATH (or NAME) in the fix stand for."""

    make: Callable[[World], None]
    file: str = FILE
    path: str = ""
    stdin: bytes = b""
    more: tuple[str, ...] = ()


GIT = ("--all", "--from-git")
CASES = {
    "yaml": Case(changed("^a: ", "a: again\na: "), more=GIT),
    "merge-conflict": Case(conflict, more=("--all", "--ours")),
    "not-sops": Case(plain_file("infra/secrets/dev/b.yaml", "x: y\n"), "infra/secrets/dev/b.yaml"),
    "not-a-secret-file": Case(emptied, more=GIT),
    "not-encrypted": Case(changed("^a: .*", "a: by-hand"), more=GIT),
    "not-canonical": Case(changed("^a: (.*)", r"a: \1 more"), more=GIT),
    "plain-comment": Case(changed("^a: ", "# a comment\na: "), more=("--all", "--keep")),
    "value-in-key-name": Case(key_name, path='["b=two"]'),
    "metadata": Case(changed("^sops:$", "sops:\n    more: x")),
    "mac-only": Case(of_rules("    mac_only_encrypted: true\n")),
    "rules-mac-only": Case(mac_only_rule, ".sops.yaml"),
    "stanza": Case(changed("recipient: age1.*", "recipient: " + "age1" + "q" * 58), more=GIT),
    "undecryptable": Case(changed("^a: ENC", "aa: ENC"), more=GIT),
    "unencrypted-suffix": Case(of_rules("", "a: one\nb_unencrypted: two\n")),
    "placeholder-value": Case(placeholder, path="a", stdin=b"a value"),
    "data-not-base64": Case(no_base64, APP, "data.a", b"now it is"),
    "mac-mismatch": Case(changed("^b: .*\n", ""), more=GIT),
    "selector-differs": Case(of_rules("    encrypted_regex: ^a$\n")),
    "target-differs": Case(target_changed, APP, "app"),
    "plaintext-secret": Case(plain_file(APP, MANIFEST), APP),
    "mirror-drift": Case(drifted),
}
"""One situation for each fix that names a command of ours which can be pasted."""

WORDS = {
    "stray-ciphertext": "as not-encrypted, for a readable field of a manifest",
    "ambiguous-scalar": "a person quotes it first",
    "future-lastmodified": "a clock is set first",
    "twin-keys": "edit asks a person",
    "kubernetes-name": "edit asks a person",
    "value-of-type": "as data-not-base64",
    "flux-not-decrypted": "edit asks a person",
    "flux-substitution": "edit asks a person",
    "target-immutable": "edit asks a person",
    "target-foreign": "edit asks a person",
    "manifest-data": "which of two values is meant is a person's to choose",
    "key-service": "the rules are changed first",
    "destroyed-copy": "what reads it is moved first",
    "key-copied": "what reads it is moved first",
    "reader-removed": "in tests/rotation/test_readers.py",
    "since-in-future": "in tests/rotation/test_redate.py",
    "rotation-overdue": "in tests/rotation/test_apply.py",
    "rules-missing": "in tests/cli/commands/test_init.py",
    "recipients-differ": "in tests/recipients",
    "former-reader": "in tests/verify/checks/test_formers.py",
    "too-few-recipients": "the rules are changed first",
    "required-recipient": "the rules are changed first",
    "demo-recipient": "the rules are changed first",
    "classic-recipient": "in tests/cli/commands/recipients/test_replace.py",
    "recipient-added": "in tests/cli/commands/recipients/test_replace.py",
    "private-identity": "the rules are changed first",
    "plaintext-dotenv": "the file to import into is a person's to choose",
    **dict.fromkeys(
        (
            "rolled-back",
            "moved-value",
            "changed-without-sops",
            "reshaped-value",
            "recipient-removed",
            "merge-dropped",
        ),
        "of a commit, whose finding stays; in tests/verify/ranges",
    ),
    "copied-file": "values are a person's to choose",
}
"""Fixes with a command that is not tried here, and why."""


def command_of(check: str) -> list[str] | None:
    """The first command of ours in a fix."""
    found = _PROGRAM_COMMAND.search(CHECKS[check].fix)
    return shlex.split(found[1]) if found else None


def test_every_fix_with_a_command_is_tried_or_says_why_not() -> None:
    with_command = {check for check in CHECKS if command_of(check)}
    assert with_command - set(CASES) - set(WORDS) == set()
    assert set(CASES) - with_command == set()
    assert set(WORDS) - set(CHECKS) == set()


def checks_of(world: World) -> set[str]:
    done = world.run("verify", "--mirror" if has_mirror(world) else "--strict", "--json")
    return {one["check"] for one in json.loads(done.stdout)["findings"]}


def has_mirror(world: World) -> bool:
    path = world.repo / "plana-secrets.toml"
    return path.exists() and "[mirror]" in path.read_text()


@pytest.mark.long
@pytest.mark.parametrize("check", CASES)
def test_the_fix_works_in_its_situation(world: World, check: str) -> None:
    case = CASES[check]
    case.make(world)
    assert check in checks_of(world)
    for argv in commands_of(check, case):
        done = world.run(*argv, stdin=case.stdin)
        assert done.status in {0, 1} if "diff" in argv else done.status == 0, (argv, done)
    assert check not in checks_of(world)


def commands_of(check: str, case: Case) -> list[list[str]]:
    """All commands of the mirror's fix; of others the first, as a person would paste it."""
    places = {"FILE": case.file, "PATH": case.path, "NAME": case.path}
    written = (shlex.split(one) for one in spelled(check, case).split(" && "))
    return [[places.get(word, word) for word in argv[1:]] for argv in written]


def spelled(check: str, case: Case) -> str:
    """The commands as the table of the documentation has them."""
    if check == "mirror-drift":
        return "plana-secrets mirror diff && plana-secrets mirror sync"
    argv = command_of(check) or []
    more = () if "--all" in argv else case.more
    return " ".join(
        ["plana-secrets", *argv, *more, *(("--stdin",) if case.stdin else ())],
    )


def test_the_table_of_the_documentation_has_each_of_them() -> None:
    text = (ROOT / "docs" / "verify.md").read_text()
    rows = re.findall(r"(?m)^\| `([a-z0-9-]+)` \| [^|]+ \| `([^`]+)` \|$", text)
    assert rows == [(check, spelled(check, case)) for check, case in CASES.items()]
