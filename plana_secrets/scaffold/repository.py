"""Setting a repository up: what is there already, and the two files to write.

Pure but for ``survey``, which only reads. In a repository that holds SOPS files already
no rule and no secret file is touched: what is proposed is ``plana-secrets.toml`` alone,
and it describes the files as they are.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.config import FILE_NAME as CONFIG_FILE
from plana_secrets.config import Settings
from plana_secrets.errors import UsageError
from plana_secrets.scaffold.proposal import propose
from plana_secrets.scaffold.tomledit import add_at_the_top, add_to_list, toml_list
from plana_secrets.secretfiles.discovery import is_exempt, is_rules_file
from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.listing import is_of_others, is_under_roots
from plana_secrets.secretfiles.names import require_in_checkout
from plana_secrets.secretfiles.settings import DEFAULT_PLAIN, FilesSettings
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import READ_HERE, format_of
from plana_secrets.sops.model import RULES_FILE, Severity
from plana_secrets.sops.rules.rulesfile import Rules
from plana_secrets.storage import not_regular
from plana_secrets.verify.beside import check_beside, look_beside

DEFAULT_ROOT: Final = "infra/secrets"


@dataclass(frozen=True, slots=True)
class Survey:
    """What git knows. ``secret_files``: SOPS files that we manage; ``other_sops``: those we do not.

    ``others``: the other files, without those that ``verify`` finds something wrong with.
    """

    has_rules: bool
    has_config: bool
    secret_files: tuple[str, ...]
    other_sops: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def is_used(self) -> bool:
        """Whether there is something already that set-up must not touch."""
        return self.has_rules or bool(self.secret_files)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write, relative to the repository. ``old``: what is there; empty for nothing."""

    name: str
    content: str
    old: str = ""

    def as_diff(self) -> str:
        """The file as a unified diff against what is there."""
        before, after = (one.splitlines(keepends=True) for one in (self.old, self.content))
        name = f"a/{self.name}" if self.old else "/dev/null"
        return "".join(difflib.unified_diff(before, after, name, f"b/{self.name}"))


def survey(workspace: Workspace) -> Survey:
    """Look at every file that git tracks or would add, whatever the settings say.

    Raises:
        FailedError: what has the name of our settings or of the rules is no file.
        UsageError: the commit has one of them, and it is not here (kind ``removed-file``, or
            ``not-checked-out`` where a sparse checkout leaves it out).
    """
    for name in (CONFIG_FILE, RULES_FILE):
        _check_place(workspace, name)
    snapshot = work_tree(workspace).under(FilesSettings(roots=()))
    secret = [one for one in snapshot.scattered if format_of(one) in READ_HERE]
    beside = look_beside(snapshot)
    wrong = {
        one.file
        for one in check_beside(snapshot, beside.others, whole=True)
        if one.severity is not Severity.NOTE
    }
    entries = snapshot.tree.listing().entries
    return Survey(
        has_rules=any(map(is_rules_file, entries)),
        has_config=(workspace.root / CONFIG_FILE).is_file(),
        secret_files=tuple(secret),
        other_sops=tuple(one for one in snapshot.scattered if one not in set(secret)),
        others=tuple(
            one
            for one in beside.others
            if one not in wrong and not is_of_others(one) and not _is_readable_by_default(one)
        ),
    )


def _check_place(workspace: Workspace, name: str) -> None:
    place, repository = workspace.root / name, workspace.repository
    if os.path.lexists(place):
        if place.is_symlink() or not place.is_file():
            raise not_regular(name)
        return
    require_in_checkout(repository, name)
    head = repository.head()
    if head and repository.list_entries(head, under=[name]):
        message = f"{name} was removed here, and the last commit has it"
        raise UsageError(message, kind="removed-file", file=name)


def plan_rules(
    recipients: Sequence[str],
    roots: Sequence[str] = (DEFAULT_ROOT,),
    keysets: str = f"{DEFAULT_ROOT}/keysets",
) -> PlannedFile:
    """``.sops.yaml`` for the three kinds of files, encrypted to ``recipients``."""
    root = re.escape(roots[0]) if len(roots) == 1 else f"({'|'.join(map(re.escape, roots))})"
    age = "".join(f"        {one},\n" for one in recipients).rstrip(",\n")
    rules = [
        (
            "keyset files: names and states readable, values encrypted",
            f"{re.escape(keysets)}/.*",
            "^value$",
        ),
        ("Kubernetes Secret manifests", f"{root}/.*\\.secret", "^(data|stringData)$"),
        ("everything else: plain maps, every value encrypted", f"{root}/.*", None),
    ]
    text = "creation_rules:\n"
    for comment, name, selector in rules:
        text += f"    # {comment}\n    - path_regex: ^{name}\\.yaml$\n"
        if selector:
            text += f"      encrypted_regex: {selector}\n"
        text += f"      age: >-\n{age}\n"
    return PlannedFile(RULES_FILE, text)


def new_repository_id() -> str:
    """An id that tells this repository from every other one; its copies share it."""
    return f"r-{secrets.token_hex(8)}"


def plan_config(
    recipients: Sequence[str], recovery: str | None, repository_id: str, founder: str | None
) -> PlannedFile:
    """``plana-secrets.toml`` for a new repository; ``founder``: the name of the first recipient."""
    minimum = min(2, len(recipients))
    text = f'required_version = ">=0.1"\nrepository = "{repository_id}"\n'
    text += f'\n[files]\nroots = ["{DEFAULT_ROOT}"]\n'
    text += f"\n[policy]\nmin_recipients = {minimum}\n"
    if recovery:
        text += 'required = ["recovery"]\n'
        text += f'\n[recipients.recovery]\nkey = "{recovery}"\nkind = "recovery"\n'
    if founder:
        text += f'\n[recipients.{founder}]\nkey = "{recipients[0]}"\nkind = "staff"\n'
    return PlannedFile(CONFIG_FILE, text)


def plan_config_for_used(found: Survey, rules: Iterable[Rules], repository_id: str) -> PlannedFile:
    """``plana-secrets.toml`` that describes the files as they are today."""
    proposed = propose((*found.secret_files, *found.other_sops), found.others, rules)
    text = f'required_version = ">=0.1"\nrepository = "{repository_id}"\n\n[files]\n'
    text += f"roots = {toml_list(proposed.roots)}"
    text += "\n" if proposed.roots else "   # secret files are found by what is in them\n"
    text += f"plain = {toml_list((*DEFAULT_PLAIN, *proposed.plain))}"
    text += "   # meant to be readable; remove any that are not\n" if proposed.plain else "\n"
    text += "\n[policy]\nmin_recipients = 1\n"
    if proposed.selectors:
        text += f"selectors = {toml_list(proposed.selectors)}   # in use in {RULES_FILE} today\n"
    return PlannedFile(CONFIG_FILE, text)


def plan_config_update(
    found: Survey, rules: Iterable[Rules], content: str, settings: Settings, repository_id: str
) -> PlannedFile | None:
    """The settings with what has come since they were written; None where nothing has.

    Raises:
        UsageError: the file is written so that it cannot be added to (kind ``config-by-hand``).
    """
    roots = settings.files.roots
    outside = [one for one in found.secret_files if not is_under_roots(settings.files, one)]
    others = [one for one in found.others if not is_exempt(settings.files, one)]
    proposed = propose(outside, others, rules)
    new = {
        ("files", "roots"): ([one for one in proposed.roots if one not in roots], roots),
        ("files", "plain"): (
            [one for one in proposed.plain if one not in settings.files.plain],
            settings.files.plain,
        ),
        ("policy", "selectors"): (
            [one for one in proposed.selectors if one not in settings.policy.selectors],
            (),
        ),
    }
    text = content
    for (table, key), (added, default) in new.items():
        edited = add_to_list(text, table, key, added, default) if added else text
        if edited is None:
            raise UsageError(
                f"{CONFIG_FILE} cannot be added to: {table}.{key} needs {', '.join(added)}",
                kind="config-by-hand",
            )
        text = edited
    if settings.repository is None:
        text = add_at_the_top(text, f'repository = "{repository_id}"')
    return PlannedFile(CONFIG_FILE, text, content) if text != content else None


def _is_readable_by_default(file: str) -> bool:
    return glob_match(DEFAULT_PLAIN, file)


ADVICE: Final = {
    "config-by-hand": "add it in plana-secrets.toml by hand",
    "removed-file": "bring it back with `git checkout HEAD -- {file}`, or commit the removal first",
}
