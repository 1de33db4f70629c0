"""The commands that we print work in the folder in which the person is."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from plana_secrets.cli.context import Context
from plana_secrets.cli.here import Here
from plana_secrets.cli.hints import find_hint
from plana_secrets.cli.lazy import LazyGroup
from plana_secrets.cli.main import COMMANDS, program
from plana_secrets.errors import UsageError
from plana_secrets.verify.catalogue import CHECKS
from tests.cli.kinds import modules
from tests.cli.test_hints import ADVICE
from tests.world import World

FILE = "infra/secrets/dev/a.yaml"
ELSEWHERE = Here(Path("../my repo"), Path("key.txt"), Path("/x/my repo"), Path("/x/here"))
OPTIONS = ["--repo", "../my repo", "--identity-file", "key.txt"]
TEXTS = {**ADVICE, **{f"check-{check.id}": check.fix for check in CHECKS.values()}}
PRINTED = re.compile(r"`((?:plana-secrets|git) [a-z][^`]*)`")


def given(words: list[str]) -> tuple[str | None, str | None]:
    """The repository and the identity file that our program takes from a command."""
    context = click.Context(program, resilient_parsing=True)
    found, rest, _ = program.make_parser(context).parse_args(args=words[1:])
    name, command, _ = program.resolve_command(context, rest)
    assert name
    assert isinstance(command, click.Command | LazyGroup)
    return found.get("shared_repo"), found.get("shared_identity_file")


def test_every_printed_command_carries_the_repository_that_was_named() -> None:
    texts = [text for text in TEXTS.values() if PRINTED.search(text)]
    assert len(texts) > 100
    for before in texts:
        after = ELSEWHERE.commands_in(before)
        assert len(re.findall("--repo|-C ", after)) >= len(PRINTED.findall(before))
        for command in PRINTED.findall(after):
            assert command.startswith("git --"), command
        for command in re.findall(r"`(plana-secrets [^`]*)`", after):
            words = shlex.split(re.sub(r"\{[a-z_]+\}", "X", command))
            makes_keys = re.search("identity (new|import)", command)
            assert given(words) == ("../my repo", None if makes_keys else "key.txt")
        assert ELSEWHERE.commands_in(after) == after


@pytest.mark.parametrize(
    "text",
    [
        "it is done; next: plana-secrets recover",
        "next:\n  plana-secrets recover",
        "plana-secrets recover",
        "a#b  (plana-secrets recover)",
        "next: git add x && git commit && plana-secrets recover",
    ],
)
def test_a_command_is_found_without_backticks_too(text: str) -> None:
    after = ELSEWHERE.commands_in(text)
    assert f"plana-secrets {shlex.join(OPTIONS)} recover" in after
    assert after.count("git -C") == text.count("git ")


def test_in_its_folder_nothing_is_added() -> None:
    here = Here(None, None, Path("/x/repo"), Path("/x/repo"))
    for text in TEXTS.values():
        assert here.commands_in(text) == text


def test_the_name_of_the_program_in_a_sentence_is_no_command() -> None:
    for text in (
        "sops and plana-secrets find it; install plana-secrets again; a git repository",
        "git never had the file unencrypted (git looks at names)",
    ):
        assert ELSEWHERE.commands_in(text) == text


def test_in_a_subfolder_only_a_command_of_files_needs_the_root() -> None:
    here = Here(None, None, Path("/x/repo"), Path("/x/repo/a/b"))
    text = "next: git status; or `git checkout HEAD -- c`, `git push`, `plana-secrets verify`"
    assert here.commands_in(text) == text.replace("git checkout", "git -C ../.. checkout")


def test_no_text_of_ours_has_a_command_that_would_not_be_found() -> None:
    names = "|".join(name for section in COMMANDS.values() for name in section)
    command = re.compile(rf"plana-secrets (?={names}\b)")
    left = {
        module
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if command.search(node.value) and command.search(ELSEWHERE.commands_in(node.value))
    }
    assert left == {f"plana_secrets.{name}" for name in ONLY_WORDS}


ONLY_WORDS = {
    "age.keyring_store", "cli.commands.demo", "cli.commands.identity", "mirror.wording",
    "scaffold.hooks.script", "scaffold.scanners", "verify.catalogue.examples.commits", "verify.catalogue.examples.content",
    "verify.report.markdown",
}  # fmt: skip
"""Modules with the name of the program in a sentence, a file or a help text."""


@pytest.mark.parametrize("folder", ["other", "repo/infra/secrets"])
def test_a_pasted_hint_works_from_elsewhere(world: World, folder: str) -> None:
    world.encrypt(FILE, "a: one\n")
    world.commit()
    (world.folder / "other").mkdir()
    cwd = world.folder / folder
    options = ["--repo", "../repo"] if folder == "other" else []
    (world.repo / FILE).unlink()
    failed = world.run(*options, "get", FILE, "a", "--json", folder=cwd)
    hint = json.loads(failed.stdout)["hint"]
    assert hint in failed.stderr
    for command in re.findall(r"`([^`]*)`", hint):
        words = shlex.split(command)
        if words[0] == "git":
            subprocess.run(words, cwd=cwd, env=world.environment, check=True)
        else:
            assert world.run(*words[1:], folder=cwd).status == 0
    assert world.run(*options, "get", FILE, "a", folder=cwd).stdout == "one"


def test_status_doctor_and_verify_name_the_repository(world: World) -> None:
    world.encrypt(FILE, "a: one\n")
    world.commit()
    (world.repo / FILE).write_text("a: one\n")
    (world.folder / "other").mkdir()
    cwd, options = world.folder / "other", ("--repo", "../repo")
    for argv in (("status",), ("doctor",), ("verify",), ("verify", "--json"), ("doctor", "--json")):
        done = world.run(*argv, *options, folder=cwd)
        ways = re.findall(r"(?:next|fix\"?|more): .*plana-secrets (\S+) .*", done.stdout)
        assert set(ways) == {"--repo"}, (argv, done.stdout)


def test_a_hook_knows_the_folder_of_the_person(world: World) -> None:
    world.encrypt(FILE, "a: one\n")
    world.run("hook", "install")
    world.commit()
    staged = world.repo / "infra/secrets/dev/b.yaml"
    staged.write_text("b: hunter2\n")
    world.git("add", "-A")
    world.run("encrypt", "infra/secrets/dev/b.yaml")
    argv = ["git", "commit", "-qm", "x"]
    done = subprocess.run(
        argv, cwd=staged.parent, env=world.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    said = done.stdout + done.stderr
    (command,) = re.findall(r"`(git -C [^`]* add [^`]*)`", said)
    subprocess.run(shlex.split(command), cwd=staged.parent, env=world.environment, check=True)
    subprocess.run(argv, cwd=staged.parent, env=world.environment, check=True)


def test_a_working_directory_that_was_removed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", gone)
    context = Context()
    assert context.here("see `git log`") == "see `git log`"
    with pytest.raises(UsageError) as caught:
        _ = context.repository
    assert (caught.value.kind, find_hint(caught.value) is not None) == ("no-folder", True)
