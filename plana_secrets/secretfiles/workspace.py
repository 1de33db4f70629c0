"""A repository with its rules, identities and programs, each found when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plana_secrets import limits
from plana_secrets.errors import FailedError, MissingFileError
from plana_secrets.git.repository import Repository
from plana_secrets.locks import NO_PATIENCE, Patience
from plana_secrets.observability import Observer, silent
from plana_secrets.paths import LeafPath
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.sops.model import RULES_FILE
from plana_secrets.storage import read_regular_file

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities
    from plana_secrets.sops.program.binary import Sops
    from plana_secrets.sops.rules.rulesfile import CreationRule, Rules

__all__ = ["RULES_FILE", "Workspace"]


NO_RULES: Final = f"no {RULES_FILE} at the root"


def _never(_file: str, _path: LeafPath) -> str | None:
    return None


class NoRulesError(FailedError):
    """There is no ``.sops.yaml`` at the root."""

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

    @property
    def root(self) -> Path:
        return self.repository.root

    @property
    def rules_path(self) -> Path:
        return self.root / RULES_FILE

    @cached_property
    def rules(self) -> Rules:
        """The creation rules of the work tree.

        Raises:
            NoRulesError: there is no ``.sops.yaml``.
            MalformedError: it cannot be read as one.
        """
        try:
            content = read_regular_file(self.rules_path, limit=limits.RULES_FILE)
        except MissingFileError:
            raise NoRulesError(NO_RULES) from None
        from plana_secrets.sops.rules.rulesfile import (
            parse_rules,  # most reading commands need no rules
        )

        return parse_rules(content)

    def rule_for(self, file: str) -> CreationRule:
        """The creation rule by which sops would encrypt ``file``, if it is safe to use.

        Raises:
            UsageError: no rule matches (kind ``no-rule``).
            MalformedError: the rule must not be used (kinds ``bad-rules``, ``bad-rule``):
                sops answers an invalid selector with plaintext.
        """
        return self.rules.usable_rule_for(file)

    @cached_property
    def identities(self) -> Identities:
        return self._find_identities()

    @cached_property
    def sops(self) -> Sops:
        return self._find_sops()


ADVICE: Final = {
    "no-rules": "create one with `plana-secrets init`",
}
