"""With which arguments every command of the program is tried in a clone full of traps.

A command that is new in the program's table has to be entered here, or in ``LEFT_OUT``
with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from plana_secrets.cli.lazy import LazyGroup, load_command
from plana_secrets.cli.main import program
from tests.hostile.clone import KEYSET, MAIL, PLAIN
from tests.hostile.filetraps import PROD

STRANGER = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
"""The same in every run: it is part of the names of tests."""


class Effect(Enum):
    """What a command may change."""

    LOOKS = "nothing"
    WRITES = "files of the checkout"
    COMMITS = "the branch: what a person configured in .git for that counts"


@dataclass(frozen=True)
class Try:
    """``prints``: it is asked for a value."""

    argv: tuple[str, ...]
    effect: Effect = Effect.LOOKS
    prints: bool = False
    stdin: str = ""

    def __str__(self) -> str:
        return " ".join(self.argv)


def looks(*argv: str, prints: bool = False) -> Try:
    return Try(argv, prints=prints)


def writes(*argv: str, stdin: str = "") -> Try:
    return Try(argv, Effect.WRITES, stdin=stdin)


def commits(*argv: str) -> Try:
    return Try(argv, Effect.COMMITS)


TRIES: dict[str, tuple[Try, ...]] = {
    "find": (Try(("find", "--stdin"), stdin="hunter2hunter2"),),
    "mv": (
        writes("mv", f"{PROD}/linked.yaml", f"{PROD}/other.yaml"),
        writes("mv", f"{MAIL}#password", f"{PROD}/moved.yaml#moved"),
    ),
    "ls": (looks("ls", "--path", "*a*"), looks("ls"), looks("ls", MAIL), looks("ls", "--json")),
    "show": (looks("show", MAIL), looks("show", KEYSET), looks("show", f"{PROD}/linked.yaml")),
    "get": (
        looks("get", MAIL, "password", prints=True),
        looks("get", f"{PROD}/pipe.yaml", "a"),
        looks("get", MAIL, "password", "--at", "HEAD", prints=True),
    ),
    "set": (
        writes("set", MAIL, "token", "--generate", "hex:32"),
        writes("set", f"{PROD}/linked.yaml", "password", "--stdin", stdin=PLAIN),
        writes("set", "infra/secrets/elsewhere/plain.yaml", "password", "--stdin", stdin=PLAIN),
    ),
    "unset": (writes("unset", MAIL, "port", "--yes"),),
    "edit": (writes("edit", MAIL),),
    "new": (
        writes("new", f"{PROD}/fresh.yaml"),
        writes("new", "infra/secrets/elsewhere/fresh.yaml"),
        writes("new", f"{PROD}/dangling.yaml"),
    ),
    "repair": (
        writes("repair", MAIL),
        writes("repair", f"{PROD}/linked.yaml", "--all", "--from-git"),
        writes("repair", f"{PROD}/plain.yaml", "--all", "--keep"),
    ),
    "resolve": (
        looks("resolve"),
        writes("resolve", MAIL, "--all", "--ours"),
        writes("resolve", f"{PROD}/linked.yaml", "--all", "--theirs"),
    ),
    "encrypt": (
        writes("encrypt", f"{PROD}/plain.yaml"),
        writes("encrypt", "infra/secrets/elsewhere/plain.yaml"),
    ),
    "export": (
        looks("export", MAIL, "--format", "json", prints=True),
        looks("export", MAIL, "--format", "dotenv", "--output", f"{PROD}/out.env"),
    ),
    "import": (
        writes("import", "--stdin", MAIL, "--format", "dotenv", stdin=f"TOKEN='{PLAIN}'\n"),
        writes("import", "--stdin", f"{PROD}/linked.yaml", "--format", "json", stdin='{"a": "b"}'),
    ),
    "log": (looks("log", MAIL), looks("log", MAIL, "password", "--json")),
    "diff": (
        looks("diff"),
        looks("diff", "HEAD^", "--format", "markdown"),
        looks("diff", "--json"),
    ),
    "run": (looks("run", "--env", f"X={MAIL}#password", "--", "/bin/true"),),
    "offboard": (
        looks("offboard", "eve", "--status"),
        writes("offboard", STRANGER),
    ),
    "recipients list": (
        looks("recipients", "list"),
        looks("recipients", "list", "--files", "--json"),
    ),
    "recipients add": (writes("recipients", "add", "eve", STRANGER, "--rule", "all"),),
    "recipients request": (looks("recipients", "request", "eve"),),
    "recipients replace": (writes("recipients", "replace", "eve", STRANGER, "--lost"),),
    "recipients remove": (writes("recipients", "remove", "eve"),),
    "recipients apply": (
        looks("recipients", "apply", "--dry-run"),
        writes("recipients", "apply"),
        writes("recipients", "apply", f"{PROD}/linked.yaml"),
    ),
    "rotate list": (looks("rotate", "list"),),
    "rotate plan": (looks("rotate", "plan", "a/jwt"),),
    "rotate init": (commits("rotate", "init", "b/jwt", "--fresh", "--commit"),),
    "rotate run": (
        looks("rotate", "run", "--due", "--dry-run"),
        writes("rotate", "run", "a/api", "publish"),
        commits("rotate", "run", "--due", "--commit"),
    ),
    "rotate confirm": (commits("rotate", "confirm", "a/api", "partner", "--commit"),),
    "rotate redate": (commits("rotate", "redate", "a/jwt", "--commit"),),
    "mirror init": (
        writes("mirror", "init", "vaultwarden", "--url", "https://127.0.0.1:9", "--no-input"),
    ),
    "mirror status": (looks("mirror", "status"),),
    "mirror diff": (looks("mirror", "diff"),),
    "mirror audit": (looks("mirror", "audit"),),
    "mirror sync": (
        looks("mirror", "sync", "--dry-run"),
        writes("mirror", "sync"),
        writes("mirror", "sync", "--worktree", "--overwrite-edits"),
    ),
    "mirror adopt": (writes("mirror", "adopt", MAIL, "password"),),
    "mirror restore": (writes("mirror", "restore", "--to", "restored"),),
    "explain": (looks("explain"), looks("explain", "not-encrypted")),
    "verify": (
        looks("verify"),
        looks("verify", "--strict", "--level", "L3", "--mirror", "--json"),
        looks("verify", "--propose-accepts"),
        looks("verify", "--staged"),
        looks("verify", "--range", "auto"),
    ),
    "init": (writes("init", "--dry-run"), writes("init", "--single", "--yes", "--no-input")),
    "doctor": (looks("doctor"),),
    "hook install": (writes("hook", "install"), writes("hook", "install", "--pre-receive")),
    "hook uninstall": (writes("hook", "uninstall"),),
    "hook run": (
        looks("hook", "run", "pre-commit"),
        Try(("hook", "run", "pre-push"), stdin=f"HEAD {'1' * 40} refs/heads/x {'0' * 40}\n"),
    ),
    "hook merge": (
        writes("hook", "merge", MAIL, MAIL, MAIL, MAIL),
        writes("hook", "merge", f"{PROD}/linked.yaml", f"{PROD}/pipe.yaml", MAIL, MAIL),
    ),
    "status": (looks("status"), looks("status", "--json")),
    "recover": (writes("recover"), writes("recover", "--discard")),
    "identity show": (looks("identity", "show"),),
    "identity key": (looks("identity", "key"),),
    "login": (looks("login", "--no-input"),),
    "logout": (looks("logout", "--no-input"),),
}

LEFT_OUT = {
    "demo": "works in a repository that it makes itself",
    "completion": "reads nothing",
    "identity new": "works on key files, not in a repository",
    "identity export": "works on key files, not in a repository",
    "identity import": "works on key files, not in a repository",
}


def command_names() -> Iterator[str]:
    """Every command of the program's own table, with the groups before it."""

    def walk(group: LazyGroup, words: tuple[str, ...]) -> Iterator[str]:
        for section in group.table.values():
            for name, (target, _help) in section.items():
                command = load_command(target)
                if isinstance(command, LazyGroup):
                    yield from walk(command, (*words, name))
                else:
                    yield " ".join((*words, name))

    assert isinstance(program, LazyGroup)
    return walk(program, ())
