"""A repository with its rules, identities and programs, each found when it is needed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from plana_secrets import limits
from plana_secrets.errors import FailedError
from plana_secrets.git.repository import Repository
from plana_secrets.locks import NO_PATIENCE, Patience
from plana_secrets.observability import Observer, silent
from plana_secrets.paths import LeafPath
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.sops.model import IGNORED_RULES_FILE, RULES_FILE
from plana_secrets.storage import path_below, read_regular_file

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities
    from plana_secrets.sops.program.binary import Sops
    from plana_secrets.sops.rules.creationrule import CreationRule
    from plana_secrets.sops.rules.rulebook import RuleBook
    from plana_secrets.sops.rules.rulesfile import Rules

__all__ = ["RULES_FILE", "Workspace"]


NO_RULES: Final = f"no {RULES_FILE} at the root"


def _never(_file: str, _path: LeafPath) -> str | None:
    return None


class NoRulesError(FailedError):
    """There is no ``.sops.yaml`` at the root, or none above a file."""

    default_kind = "no-rules"


class Workspace:
    """What the work on secret files needs. The command line creates it, once a run.

    ``owned_leaf``: the name of the keyset that renders a leaf, or None; such a leaf is
    changed by a rotation only. ``patience``: for another run that writes.
    """

    def __init__(
        self,
        *,
        repository: Repository,
        settings: FilesSettings,
        find_identities: Callable[[], Identities],
        find_sops: Callable[[], Sops],
        owned_leaf: Callable[[str, LeafPath], str | None] = _never,
        observer: Observer = silent,
        patience: Patience = NO_PATIENCE,
    ) -> None:
        self.repository = repository
        self.settings = settings
        self.owned_leaf = owned_leaf
        self.observer = observer
        self.patience = patience
        self._find_identities = find_identities
        self._find_sops = find_sops
        self.rules_to_be: Mapping[str, bytes] = {}

    def under_rules(self, content: bytes, name: str = RULES_FILE) -> Workspace:
        """The same, as if ``content`` were in the rules file ``name``."""
        other = copy.copy(self)
        other.__dict__.pop("rule_book", None)
        other.rules_to_be = {**self.rules_to_be, name: content}
        return other

    @property
    def root(self) -> Path:
        return self.repository.root

    def no_rules(self, message: str, folder: str = "") -> NoRulesError:
        """The error. People expect ``.sops.yml`` to work, and sops does not look at it."""
        from plana_secrets.git.trees import WorkTree

        absent = WorkTree(self.repository).listing().absent
        for place in (folder, *map(str, PurePosixPath(folder).parents)):
            rules = (PurePosixPath(place) / RULES_FILE).as_posix()
            if rules in absent:
                message = f"{message}; {rules} is not in this sparse checkout"
                return NoRulesError(message, kind="rules-left-out", file=rules)
            if (self.root / place / IGNORED_RULES_FILE).is_file():
                name = (PurePosixPath(place) / IGNORED_RULES_FILE).as_posix()
                return NoRulesError(f"{message}; sops ignores {name}", kind="rules-ignored")
        return NoRulesError(message)

    @cached_property
    def rule_book(self) -> RuleBook:
        """Every rules file of the work tree, each read when it is needed."""
        from plana_secrets.sops.rules.rulebook import RuleBook

        return RuleBook(self._read_rules)

    def _read_rules(self, names: Iterable[str]) -> dict[str, bytes | FailedError]:
        found: dict[str, bytes | FailedError] = {}
        for name in names:
            try:
                found[name] = self.read_rules(name)
            except FailedError as error:
                found[name] = error
        return found

    def read_rules(self, name: str) -> bytes:
        """The content of a rules file.

        Raises:
            FailedError: it cannot be read.
        """
        if name in self.rules_to_be:
            return self.rules_to_be[name]
        return read_regular_file(path_below(self.root, name), limit=limits.RULES_FILE, name=name)

    def rules_for(self, file: str) -> Rules:
        """The nearest ``.sops.yaml`` above ``file``.

        Raises:
            NoRulesError: there is none.
        """
        found = self.rule_book.rules_for(file)
        if found is None:
            folder = file.rpartition("/")[0]
            raise self.no_rules(f"no {RULES_FILE} above {file}", folder)
        return found

    def config_for(self, file: str) -> Path:
        """The rules file by which sops is to encrypt ``file``; raises as ``rules_for``."""
        return self.root / self.rules_for(file).file

    def rule_for(self, file: str) -> CreationRule:
        """The creation rule by which sops would encrypt ``file``, if it is safe to use.

        Raises:
            UsageError: no rule matches (kind ``no-rule``).
            MalformedError: the rule must not be used (kinds ``bad-rules``, ``bad-rule``):
                sops answers an invalid selector with plaintext.
        """
        return self.rules_for(file).usable_rule_for(file)

    @cached_property
    def identities(self) -> Identities:
        return self._find_identities()

    @cached_property
    def sops(self) -> Sops:
        return self._find_sops()


ADVICE: Final = {
    "no-rules": (
        "create one with `plana-secrets init`; if there are secret files already, bring theirs "
        "back with `git checkout HEAD -- .sops.yaml`, or write it"
    ),
    "rules-left-out": "`git sparse-checkout add /{file}`, or `git sparse-checkout disable`",
    "rules-ignored": "rename it to .sops.yaml",
}
