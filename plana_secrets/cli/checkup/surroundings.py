"""What is around the secret files: the editor, git's settings and hooks, what is deployed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from plana_secrets.cli.checkup.result import Result, from_error
from plana_secrets.counts import counted
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.sops.model import Severity

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context
    from plana_secrets.git.repository import Repository

_HOOKS = ("pre-commit", "commit-msg", "pre-push", "prepare-commit-msg")
_FRAMEWORK = ".pre-commit-config.yaml"


def check_surroundings(context: Context) -> Iterator[Result]:
    yield from _check_editor()
    try:
        repository = context.repository
    except PlanaSecretsError:
        return  # said by the check of the repository
    yield _check_author(repository)
    yield from _check_hooks(repository)
    yield from _check_our_hooks(repository)
    yield from check_configured(context)


def check_configured(context: Context) -> Iterator[Result]:
    """The settings, and what is deployed by them."""
    try:
        context.repository  # noqa: B018 - said by the check of the repository
    except PlanaSecretsError:
        return
    try:
        yield from _check_settings(context)
        yield from _check_driver(context)
        yield from _check_signing(context)
        yield from _check_deployed(context)
    except PlanaSecretsError as error:
        if error.kind not in {"bad-config", "version"}:  # said by the check of the repository
            yield from_error("settings", error, Severity.ERROR)


def _check_editor() -> Iterator[Result]:
    from plana_secrets.cli.editor import choose_editor

    try:
        editor = choose_editor(os.environ)
    except PlanaSecretsError as error:
        yield from_error("editor", error, Severity.WARNING)
        return
    if shutil.which(editor.argv[0]) is None:
        yield Result(
            "editor",
            f"the editor {editor.name} is not installed",
            Severity.NOTE,
            "set EDITOR to an editor that is, for `plana-secrets edit`",
        )
    elif editor.wait_option:
        yield Result(
            "editor",
            f"the editor {editor.name} may return before anything is edited",
            Severity.WARNING,
            f"set EDITOR='{editor.argv[0]} {editor.wait_option}'",
        )
    else:
        yield Result("editor", f"editor {editor.name}")


def _check_author(repository: Repository) -> Result:
    from plana_secrets.git.author import has_author

    if has_author(repository.command):
        return Result("git-identity", "git has a name to commit with")
    return Result(
        "git-identity",
        "git has no name to commit with; a rotation commits as git.author",
        Severity.NOTE,
        "git config --global user.name NAME && git config --global user.email EMAIL",
    )


def _check_signing(context: Context) -> Iterator[Result]:
    """Where commits have to be signed, git has to be told to sign them."""
    file = context.settings.policy.allowed_signers
    if file is None:
        return
    git = context.repository.command
    signs = git.line("config", "--type=bool", "commit.gpgSign") == "true"
    if signs and git.line("config", "gpg.format") == "ssh":
        yield Result("signing", f"git signs your commits with SSH, as {file} demands")
    else:
        yield Result(
            "signing",
            f"{file} says who may change secrets, but git does not sign your commits with SSH",
            Severity.WARNING,
            "git config gpg.format ssh && git config commit.gpgSign true; set user.signingKey, too",
        )


def _check_driver(context: Context) -> Iterator[Result]:
    """git falls back to a merge of text without a word if attributes name a driver it lacks."""
    from plana_secrets.scaffold.hooks.mergedriver import can_run, configured_driver, not_driven
    from plana_secrets.secretfiles.listing import select_secret_files

    files = select_secret_files(context.settings.files, context.repository.tracked_files())
    by_text = not_driven(context.repository, files)
    is_named, driver = len(by_text) < len(files), configured_driver(context.repository)
    if is_named and driver is None:
        message = "attributes name the merge driver, but this clone has none: git merges as text"
        yield Result("merge", message, Severity.WARNING, "plana-secrets hook install --merge")
    elif driver is not None and not can_run(driver):
        message = "the merge driver cannot run: its program is gone"
        yield Result("merge", message, Severity.WARNING, "plana-secrets hook install --merge")
    elif driver is not None and by_text:
        message = f"no attribute names the merge driver for {counted(len(by_text), 'secret file')}"
        fix = "plana-secrets hook install --merge --attributes"
        yield Result("merge", message, Severity.WARNING, fix)
    elif driver is not None:
        yield Result("merge", "git merges secret files by value")


def _check_hooks(repository: Repository) -> Iterator[Result]:
    """git says nothing of a hook that it does not run."""
    from plana_secrets.git.hooks import hook_folder

    used = hook_folder(repository)
    folder = used.path
    installed = [name for name in _HOOKS if (folder / name).is_file()]
    running = [name for name in installed if os.access(folder / name, os.X_OK)]
    for name in sorted(set(installed) - set(running)):
        yield Result(
            "hook",
            f"git ignores the hook {folder / name}: it is not executable",
            Severity.WARNING,
            f"chmod +x {folder / name}",
        )
    if running:
        yield Result("hook", f"git runs {', '.join(running)} from {folder}")
    if used.scope and not folder.is_dir():
        yield Result(
            "hook",
            f"git runs no hook: core.hooksPath is {folder}, and there is no such folder",
            Severity.WARNING,
            f"git config --{used.scope} --unset core.hooksPath",
        )
    if (repository.root / _FRAMEWORK).is_file() and "pre-commit" not in installed:
        yield Result(
            "hook",
            f"the hooks of {_FRAMEWORK} are not installed in this clone",
            Severity.NOTE,
            "pre-commit install",
        )


def _check_our_hooks(repository: Repository) -> Iterator[Result]:
    """Those of `hook install` that no longer do what they were installed for."""
    from plana_secrets.scaffold.hooks.githooks import find_installed

    for one in find_installed(repository):
        if one.problem:
            yield Result("hook", f"the hook {one.place}: {one.problem}", Severity.WARNING, one.fix)


def _check_settings(context: Context) -> Iterator[Result]:
    from plana_secrets import config

    settings = context.settings  # first, as they may be left out of the checkout
    schema = Path(config.__file__).with_name("plana-secrets.schema.json")
    if not os.path.lexists(context.repository.root / config.FILE_NAME):
        message = f"no {config.FILE_NAME}: the defaults are used"
        yield Result("settings", message, Severity.NOTE, "plana-secrets init")
        return
    count = counted(len(settings.keysets), "keyset")
    yield Result("settings", f"{config.FILE_NAME} with {count} (schema for editors: {schema})")
    waiting = [*context.in_force.ignored, *sorted(context.in_force.new)]
    if waiting:
        yield Result(
            "settings",
            f"not committed, and not in force for a rotation: {', '.join(waiting)}",
            Severity.NOTE,
            f"commit {config.FILE_NAME}",
        )


def _check_deployed(context: Context) -> Iterator[Result]:
    """What a rotation pushes to, and where a move counts as landed."""
    repository, branch = context.workspace.repository, context.branch
    remote = repository.remote()
    if remote is None and repository.has_remote():
        yield Result(
            "remote",
            "there are several remotes, and none is configured as the deployed one",
            Severity.WARNING if context.settings.keysets else Severity.NOTE,
            'set it in plana-secrets.toml, and commit that: [git] remote = "NAME"',
        )
        return
    if branch is None:
        yield Result(
            "branch",
            "the deployed branch is not known",
            Severity.WARNING if context.settings.keysets else Severity.NOTE,
            'set it in plana-secrets.toml, and commit that: [git] branch = "NAME"',
        )
        return
    here = repository.branch() or "a detached HEAD"
    place = f"{branch} of {remote}" if remote else f"{branch} (there is no remote)"
    if remote and repository.resolve(f"refs/remotes/{remote}/{branch}") is None:
        yield Result(
            "branch",
            f"{place} is deployed, and this clone has never fetched it",
            Severity.NOTE,
            f"git fetch {remote} {branch}; if there is no such branch, change git.branch in "
            "plana-secrets.toml, or push it",
        )
        return
    yield Result("branch", f"{place} is deployed; you are on {here}")
