"""The advice of an error works: each that names a command is followed in its situation."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Stage
from plana_secrets.storage import digest_of
from tests.cli.test_hints import ADVICE
from tests.secretfiles.conftest import make_workspace
from tests.world import DEFAULT_RULES, World

DEV = "infra/secrets/dev"
FILE = f"{DEV}/a.yaml"
APP = f"{DEV}/app.secret.yaml"
MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: app\nstringData:\n    JWT: one\n"
KEYSET = f"""\
[keysets.app]
kind = "jwt-hs256"
targets = ["{APP}#stringData.JWT"]
reload = "file"
max_token_lifetime = "15m"
"""
SET = ("set", FILE, "a", "--stdin")
INVALID = {"EDITOR": 'sh -c \'echo "a: [" >"$1"\' -'}
VALID = {"EDITOR": 'sh -c \'echo "a: new" >"$1"\' -'}


def put(world: World, name: str, text: str) -> None:
    path = world.repo / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def sound(world: World) -> None:
    world.encrypt(FILE, "a: one\nb: two\n")
    world.commit()


def changed(pattern: str, by: str) -> Callable[[World], None]:
    def make(world: World) -> None:
        sound(world)
        text = (world.repo / FILE).read_text()
        broken = re.sub(pattern, by, text, count=1, flags=re.MULTILINE)
        assert broken != text
        put(world, FILE, broken)

    return make


def nested(world: World) -> None:
    world.encrypt(FILE, "a:\n    b: c\n")


def later(world: World) -> None:
    world.commit("before the file")
    sound(world)


def plain(world: World) -> None:
    put(world, FILE, "a: one\n")


def touched(world: World) -> None:
    put(world, FILE, "")


def emptied(world: World) -> None:
    sound(world)
    touched(world)


def other_rule(more: str) -> Callable[[World], None]:
    def make(world: World) -> None:
        rules = DEFAULT_RULES
        world.write_rules(re.sub(r"(?m)(age: .*)\Z", rf"\1\n{more}", rules.rstrip()))
        sound(world)
        world.write_rules(rules)

    return make


def one_more_reader(world: World) -> None:
    import pyrage

    sound(world)
    world.others.append(pyrage.x25519.Identity.generate())
    world.write_rules(DEFAULT_RULES)


def without_rules(world: World) -> None:
    (world.repo / ".sops.yaml").unlink()


def broken_beyond_git(world: World) -> None:
    world.encrypt(FILE, "a: one\nb: two\n")
    text = (world.repo / FILE).read_text()
    put(world, FILE, re.sub(r"(?m)^b: .*\n", "", text))


def interrupted(world: World) -> None:
    sound(world)
    other = f"{DEV}/b.yaml"
    world.encrypt(other, "a: one\n")
    after = (world.repo / other).read_bytes()
    before = (world.repo / FILE).read_bytes()
    journal = Journal(make_workspace(world).repository)
    file = IntendedFile(FILE, digest_of(before), digest_of(after))
    journal.begin(Intent("set", str(world.repo), (file,)), [after])
    journal.advance(Stage.REPLACING)


def damaged_journal(world: World) -> None:
    interrupted(world)
    (records,) = (world.repo / ".git/plana-secrets").rglob("records")
    records.write_bytes(b"{\n" + records.read_bytes())


def kept_edit(world: World) -> None:
    sound(world)
    assert world.run("edit", FILE, env=INVALID).status == 3


def keyset_without_file(world: World) -> None:
    world.encrypt(APP, MANIFEST.replace("JWT", "OTHER"))
    put(world, "plana-secrets.toml", KEYSET)
    world.commit()


def keyset_without_target(world: World) -> None:
    put(world, "plana-secrets.toml", KEYSET)
    world.commit()


def sparse(world: World) -> None:
    sound(world)
    put(world, "docs/x", "x")
    world.commit()
    world.git("sparse-checkout", "set", "--no-cone", "/docs/", "/.sops.yaml")


def without_settings(world: World) -> None:
    put(world, "plana-secrets.toml", "")
    sound(world)
    (world.repo / "plana-secrets.toml").unlink()


def rules_left_out(world: World) -> None:
    sound(world)
    world.git("sparse-checkout", "set", "--no-cone", "/infra/")


def without_hooks(world: World) -> None:
    world.git("config", "--global", "core.hooksPath", "/dev/null")


@dataclass(frozen=True)
class Case:
    """``fails`` ends with an error of this kind. ``words``: what stands for FILE and the like.

    ``again``: whether ``fails`` works afterwards. ``follow``: which of the commands is meant.
    ``more``: options that a person adds. ``status``: how the advised command may end.
    """

    make: Callable[[World], None]
    fails: tuple[str, ...]
    words: dict[str, str] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    again: bool = True
    follow: int = 0
    status: tuple[int, ...] = (0,)
    env: dict[str, str] = field(default_factory=dict)


NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
LOST = {**NO_KEYRING, "SOPS_AGE_KEY_FILE": ""}

CASES = {
    "empty-file": Case(emptied, SET, more=("--all", "--from-git")),
    "never-filled": Case(touched, ("repair", FILE), again=False),
    "no-values": Case(touched, ("encrypt", FILE), again=False),
    "file-exists": Case(sound, ("new", FILE), again=False),
    "already-encrypted": Case(sound, ("encrypt", FILE), again=False, env=VALID),
    "carriage-return": Case(
        changed("\n", "\r\n"), ("get", FILE, "a"), more=("--all", "--from-git")
    ),
    "defects": Case(changed("^a: ", "more: x\na: "), SET, status=(1,), again=False),
    "mac-mismatch": Case(changed("^b: .*\n", ""), SET, more=("--all", "--from-git")),
    "not-decryptable": Case(changed("^a: ENC", "aa: ENC"), SET, more=("--all", "--keep")),
    "metadata-gone": Case(
        changed(r"^sops:\n(.*\n)*", ""), ("get", FILE, "a"), more=("--all", "--keep")
    ),
    "not-encrypted": Case(plain, SET),
    "undecided": Case(changed("^b: .*\n", ""), ("repair", FILE)),
    "no-sound-version": Case(broken_beyond_git, ("repair", FILE, "--all", "--from-git")),
    "selector-differs": Case(other_rule("      encrypted_regex: ^a$"), SET),
    "options-differ": Case(other_rule("      mac_only_encrypted: true"), SET),
    "recipients-differ": Case(one_more_reader, SET),
    "no-rule": Case(sound, ("new", "other/a.yaml"), again=False),
    "no-rules": Case(without_rules, ("new", FILE), more=("--yes", "--single"), env=NO_KEYRING),
    "no-kept-edit": Case(sound, ("edit", FILE, "--continue"), again=False, env=VALID),
    "edit-kept": Case(kept_edit, ("edit", FILE), follow=1, env=VALID),
    "damaged-journal": Case(damaged_journal, SET),
    "not-initialised": Case(
        keyset_without_file, ("rotate", "run", "app"), more=("--commit",), again=False
    ),
    "target-missing": Case(
        keyset_without_target, ("rotate", "init", "app", "--fresh"), again=False
    ),
    "no-such-file": Case(sound, ("get", f"{DEV}/no.yaml", "a"), again=False),
    "not-a-regular-file": Case(sound, ("get", DEV, "a"), again=False),
    "no-such-path": Case(sound, ("get", FILE, "no"), again=False),
    "bad-push": Case(sound, ("hook", "run", "pre-push"), again=False),
    "no-such-check": Case(sound, ("explain", "no"), again=False),
    "bad-edit": Case(sound, ("set", FILE, "a.b", "--stdin"), again=False),
    "not-a-leaf": Case(nested, SET, again=False),
    "no-hook-folder": Case(without_hooks, ("hook", "install", "--pre-commit")),
    "removed-file": Case(without_settings, ("init", "--yes")),
    "rules-left-out": Case(rules_left_out, SET),
    "not-checked-out": Case(sparse, ("get", FILE, "a")),
    "pending": Case(interrupted, ("verify",)),
    "no-history": Case(plain, ("log", FILE), again=False),
    "not-at-revision": Case(later, ("get", FILE, "a", "--at", "HEAD~1"), again=False),
}
"""One situation for each advice with a command that needs no server and no other machine."""

MIRROR = "the tests of the mirror and its backends"
ROTATION = "the tests of rotation"
ELSEWHERE = "a server, a desktop, another user or another machine is needed"
PERSON = "a person does something first"
REASONS = {
    MIRROR: (
        "adopt-missing", "another-key", "another-repository", "unnamed-repository", "api-key-refused", "bad-record", "credentials-elsewhere",
        "credentials-exposed", "credentials-unbound", "empty-mirror", "login-expired",
        "login-outdated", "login-refused", "login-unreadable", "malformed-mirror",
        "mirror-not-as-written", "no-key", "no-login", "no-mirror", "no-organization", "no-server",
        "no-token", "not-a-member", "not-an-owner", "not-allowed", "not-in-file", "not-in-mirror", "nothing-to-adopt", "list-entry", "older-than-mirror", "sso-only",
        "token-only", "token-refused", "totp-required", "two-factor-unsupported", "wrong-master-password",
    ),
    ROTATION: (
        "adopted-path", "adopted-still-read", "clock-backwards", "keyset-file", "keyset-name", "keyset-schema",
        "not-adopted", "not-as-deployed", "not-landed", "nothing-to-redate", "partial-history",
        "push-not-kept", "push-unknown", "removed-still-read", "rendered-leaf", "rotate-what",
        "set-back", "target-differs", "target-unreadable", "too-early", "too-many-keys",
        "unconfirmed", "unpushed-work", "wrong-phase",
    ),
    ELSEWHERE: (
        "demo", "encrypt-failed", "exhausted", "foreign-state-folder", "git-failed", "git-missing-object",
        "git-no-author", "git-pruned", "git-unsigned", "hook-refused", "keyring-failed",
        "keyring-locked", "lfs-pointer", "no-default-branch", "no-event-commit", "no-keyring", "no-libyaml", "no-post-quantum", "no-remote",
        "no-state-folder", "program-missing", "push-refused", "sops-crashed", "sops-editor", "sops-failed",
        "shallow-range", "deep-tag", "deployed-branch", "textconv-notes", "sops-not-executable", "sops-unreadable", "unknown-remote", "unreadable-file",
        "unsafe-repository",
    ),
    PERSON: (
        "ambiguous-path", "bad-age-file", "bad-config", "bad-event", "bad-file-name", "bad-identity-file",
        "bad-items", "bad-kept-edit", "bad-kept-merge", "cannot-be-taken", "no-such-conflict", "nothing-to-resolve", "bad-manifest", "bad-pattern", "bad-rule", "bad-rules", "bad-selector",
        "bad-type", "beyond-repair", "blocked", "identity-exists", "identity-not-created",
        "identity-under-passphrase", "import-encrypted", "logged", "lost-content", "merge-open", "merge-conflict", "changed-since-merge",
        "missing-file", "missing-key-file", "no-identity", "no-identity-fits", "no-repository", "no-such-revision",
        "not-base64", "not-encryptable", "not-exportable", "nothing-checked", "not-yaml-name", "read-back", "readable-path",
        "revoked-value", "too-long-for-a-program", "rules-exist", "rules-not-editable", "same-path-changed", "settings-by-hand",
        "already-recipient", "name-taken", "not-named", "no-such-hook", "no-such-person", "no-such-rule",
        "twin-name", "unmerged", "bad-tick-off", "data-differs", "no-match", "path-taken", "no-such-leaver", "not-in-list", "partial-past",
    ),
}  # fmt: skip
"""Where an advice is tried otherwise, or why it is not."""

_COMMAND = re.compile(r"`((?:plana-secrets|git) [^`]*)`")


def test_every_advice_with_a_command_is_followed_or_says_why_not() -> None:
    with_command = {kind for kind, text in ADVICE.items() if _COMMAND.search(text)}
    left_out = {kind for kinds in REASONS.values() for kind in kinds}
    assert with_command - left_out - set(CASES) == set()
    assert set(CASES) - with_command == set()
    assert left_out & set(CASES) == set()
    assert left_out - set(ADVICE) == set()


@pytest.mark.long
@pytest.mark.parametrize("kind", CASES)
def test_the_advice_works_in_its_situation(world: World, kind: str) -> None:
    case = CASES[kind]
    case.make(world)
    failed = world.run(*case.fails, "--json", stdin=b"value", env=case.env)
    error = json.loads(failed.stdout)
    assert error["kind"] == kind
    found = _COMMAND.findall(error["hint"])[case.follow]
    for word, meant in case.words.items():
        found = re.sub(rf"\b{word}\b", meant, found)
    program, *argv = shlex.split(found)
    if program == "git":
        world.git(*argv)
    else:
        done = world.run(*argv, *case.more, stdin=b"value", env=case.env)
        assert done.status in case.status, (argv, done)
    if case.again:
        done = world.run(*case.fails, stdin=b"value", env=case.env)
        assert done.status in {0, 1}, done
