"""Setting a repository up: what is there already, and the two files to write.

Pure but for ``survey``, which only reads. In a repository that holds SOPS files already
no rule and no secret file is touched: what is proposed is ``plana-secrets.toml`` alone,
and it describes the files as they are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from plana_secrets.config import FILE_NAME as CONFIG_FILE
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.git.repository import Repository
from plana_secrets.git.search import files_containing
from plana_secrets.sops.formats import READ_HERE, format_of
from plana_secrets.sops.model import RULES_FILE
from plana_secrets.sops.rules.rulesfile import Rules

DEFAULT_ROOT: Final = "infra/secrets"
_MARK: Final = "ENC[AES256_GCM,"


@dataclass(frozen=True, slots=True)
class Survey:
    """What git knows. ``secret_files``: SOPS files that we manage; ``other_sops``: those we do not.

    ``neighbours``: the other tracked files in the folders of the secret files.
    """

    has_rules: bool
    has_config: bool
    secret_files: tuple[str, ...]
    other_sops: tuple[str, ...]
    neighbours: tuple[str, ...]

    @property
    def is_used(self) -> bool:
        """Whether there is something already that set-up must not touch."""
        return self.has_rules or bool(self.secret_files)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A new file, relative to the repository."""

    name: str
    content: str

    def as_diff(self) -> str:
        """The file as a unified diff against nothing."""
        lines = self.content.splitlines(keepends=True)
        return "".join(difflib.unified_diff([], lines, "/dev/null", f"b/{self.name}"))


def survey(repository: Repository) -> Survey:
    """Look at every tracked file that holds a SOPS value."""
    holding = files_containing(repository, [_MARK])
    secret = [file for file in holding if format_of(file) in READ_HERE]
    folders = {str(PurePosixPath(file).parent) for file in secret}
    neighbours = [
        file
        for file in repository.tracked_files()
        if str(PurePosixPath(file).parent) in folders and file not in set(holding)
    ]
    return Survey(
        has_rules=(repository.root / RULES_FILE).is_file(),
        has_config=(repository.root / CONFIG_FILE).is_file(),
        secret_files=tuple(secret),
        other_sops=tuple(file for file in holding if file not in set(secret)),
        neighbours=tuple(neighbours),
    )


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


def plan_config(recipients: Sequence[str], recovery: str | None) -> PlannedFile:
    """``plana-secrets.toml`` for a new repository."""
    minimum = min(2, len(recipients))
    text = f'required_version = ">=0.1"\n\n[files]\nroots = ["{DEFAULT_ROOT}"]\n'
    text += f"\n[policy]\nmin_recipients = {minimum}\n"
    if recovery:
        text += 'required = ["recovery"]\n'
        text += f'\n[recipients.recovery]\nkey = "{recovery}"\nkind = "recovery"\n'
    return PlannedFile(CONFIG_FILE, text)


def plan_config_for_used(found: Survey, rules: Iterable[Rules]) -> PlannedFile:
    """``plana-secrets.toml`` that describes the files as they are today."""
    roots = find_roots(found.secret_files) or (DEFAULT_ROOT,)
    readable = [file for file in found.neighbours if not _is_readable_by_default(file)]
    plain = ["**/kustomization.yaml", "**/README.md", *readable]
    others = sorted(
        {
            rule.selector.pattern
            for one in rules
            for rule in one.creation_rules
            if rule.selector.option == "encrypted_regex"
            and kind_of(rule.selector) is FileKind.OTHER
        }
    )
    text = 'required_version = ">=0.1"\n\n[files]\n'
    text += f"roots = {_toml_list(roots)}\n"
    text += f"plain = {_toml_list(plain)}   # meant to be readable; remove any that are not\n"
    text += "\n[policy]\nmin_recipients = 1\n"
    if others:
        text += f"selectors = {_toml_list(others)}   # in use in {RULES_FILE} today\n"
    return PlannedFile(CONFIG_FILE, text)


def find_roots(files: Sequence[str]) -> tuple[str, ...]:
    """The fewest folders that hold all ``files`` without reaching up to the top of the repository.

    A folder inside another that is needed anyway is left out; files at the very top have
    no folder, and are left to the person.
    """
    folders = sorted({str(PurePosixPath(file).parent) for file in files} - {"."})
    if folders and all(f"{folder}/".startswith(f"{DEFAULT_ROOT}/") for folder in folders):
        return (DEFAULT_ROOT,)
    return tuple(
        folder
        for folder in folders
        if not any(folder.startswith(f"{other}/") for other in folders if other != folder)
    )


def _is_readable_by_default(file: str) -> bool:
    return PurePosixPath(file).name in {"kustomization.yaml", "README.md", RULES_FILE}


def _toml_list(texts: Sequence[str]) -> str:
    quoted = [_toml_text(text) for text in texts]
    if sum(map(len, quoted)) < 80:
        return f"[{', '.join(quoted)}]"
    return "[\n" + "".join(f"    {one},\n" for one in quoted) + "]"


def _toml_text(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, but for the surrogates."""
    import json

    return json.dumps(text, ensure_ascii=False)
