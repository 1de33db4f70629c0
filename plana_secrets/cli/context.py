"""What a command is given: the shared options, and the world behind them, created on demand.

Nothing here is created before it is needed: ``--help`` and completion pay for nothing,
and a command that needs no identity never asks the keyring.
"""

from __future__ import annotations

import os
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.output import Output
from plana_secrets.errors import PlanaSecretsError, UsageError
from plana_secrets.observability import NEW_DATA_KEY

DEFAULT_WAIT: Final = 10
"""Seconds that a command waits for another run that writes."""

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plana_secrets.age.identities import Identities
    from plana_secrets.config import Settings
    from plana_secrets.config.committed import InForce
    from plana_secrets.git.repository import Repository
    from plana_secrets.locks import Holder, Patience
    from plana_secrets.observability import Event
    from plana_secrets.paths import LeafPath
    from plana_secrets.secretfiles.workspace import Workspace
    from plana_secrets.sops.program.binary import Sops


@dataclass
class Context:
    """One run of the program. The first fields are the shared options."""

    repo: Path | None = None
    identity_file: Path | None = None
    json: bool = False
    no_input: bool = False
    color: str = "auto"
    quiet: bool = False
    verbosity: int = 0
    wait: int = DEFAULT_WAIT
    mirror: str | None = None
    """The one of several mirrors that is meant."""

    @cached_property
    def output(self) -> Output:
        return Output(
            json=self.json,
            color=self.color,
            quiet=self.quiet,
            verbosity=self.verbosity,
            here=self.here,
        )

    def here(self, text: str) -> str:
        """``text``, with the commands in it as they work where the person is."""
        from plana_secrets.cli.here import Here

        known = self.__dict__.get("repository")  # a hint opens nothing
        root = known.root if known else None
        try:
            here = self.folder
        except PlanaSecretsError:
            return text
        # git starts a hook at the root, and says where its person is
        folder = here / os.environ.get("GIT_PREFIX", "")
        return Here(self.repo, self.identity_file, root, folder).commands_in(text)

    @property
    def folder(self) -> Path:
        """Where file arguments are looked up first: the working directory.

        Raises:
            UsageError: it was removed, as by a `git checkout` (kind ``no-folder``).
        """
        from pathlib import Path

        try:
            return Path.cwd()
        except OSError:
            raise UsageError("the working directory is gone", kind="no-folder") from None

    @cached_property
    def now(self) -> datetime:
        """The time of this run."""
        return self.read_clock()

    @staticmethod
    def read_clock() -> datetime:
        """The time at this moment; the only place that reads the clock."""
        return datetime.now(UTC)  # noqa: TID251 - here it is read, and handed down from here

    @cached_property
    def repository(self) -> Repository:
        from plana_secrets.git.repository import Repository

        return Repository.open(self.repo or self.folder)

    @cached_property
    def settings(self) -> Settings:
        from plana_secrets.config import FILE_NAME, load_settings

        root = self.repository.root
        if not os.path.lexists(root / FILE_NAME):
            from plana_secrets.secretfiles.names import require_in_checkout

            require_in_checkout(self.repository, FILE_NAME)
        return load_settings(root)

    def with_mirror(self, name: str, output: Output | None = None) -> Context:
        """The same run, with one of several mirrors in use."""
        narrowed = copy(self)
        mirror = self.settings.mirror.narrowed(name)
        narrowed.settings = replace(self.settings, mirror=mirror)
        narrowed.output = output or self.output
        narrowed.mirror = name if len(self.settings.mirror.backend) > 1 else None
        return narrowed

    @cached_property
    def branch(self) -> str | None:
        """The branch that is deployed: configured, else the remote's default."""
        return self.settings.branch or self.workspace.repository.default_branch()

    @cached_property
    def in_force(self) -> InForce:
        """The settings by which keysets move."""
        from plana_secrets.config.committed import settings_in_force

        return settings_in_force(self.repository, self.settings)

    @cached_property
    def workspace(self) -> Workspace:
        return self.workspace_for(self.settings.remote)

    @cached_property
    def keyless_workspace(self) -> Workspace:
        """The same without any identity: none is looked for, and no keyring is asked."""
        from plana_secrets.age.identities import Identities

        return self.workspace_for(self.settings.remote, find_identities=lambda: Identities(()))

    def workspace_for(
        self, remote: str | None, *, find_identities: Callable[[], Identities] | None = None
    ) -> Workspace:
        """The workspace, where ``remote`` is the one that is deployed."""
        from plana_secrets.secretfiles.workspace import Workspace

        author = self.settings.author
        return Workspace(
            repository=replace(self.repository, deployed_remote=remote, author=author),
            settings=self.settings.files,
            find_identities=find_identities or self.find_identities,
            find_sops=self.find_sops,
            owned_leaf=self._find_owner,
            observer=self._observe,
            patience=self.patience,
        )

    def _observe(self, event: Event) -> None:
        """Steps are told at ``-v``; what changes more than was asked for, always."""
        self.output.observe(event)
        if event.name == NEW_DATA_KEY:
            from plana_secrets.recipients.names import Names

            named = self.settings.policy.recipients
            names = Names({name: entry.key for name, entry in named.items()})
            readers = names.shown(str(event.facts["former"]).split(" "))
            self.output.talk(
                f"new data key for {event.facts['file']}: with an older version of it, "
                f"{readers} could still open it"
            )

    @property
    def patience(self) -> Patience:
        """For another run that writes; a person is told what is waited for."""
        from plana_secrets.locks import Patience

        def tell(holder: Holder | None) -> None:
            self.output.talk(f"waiting for another run{f': {holder}' if holder else ''}")

        return Patience(self.wait, tell)

    def find_identities(self) -> Identities:
        """The identities at hand; none found is an empty set, not an error."""
        from plana_secrets.age.sources import IdentitySources, find_identities
        from plana_secrets.places import home_folder

        home = home_folder(os.environ)
        return find_identities(IdentitySources(self.identity_file, os.environ, home))

    def find_sops(self) -> Sops:
        from plana_secrets.sops.program.locate import find_sops

        return find_sops(os.environ, repository=self.repository.root)

    def _find_owner(self, file: str, path: LeafPath) -> str | None:
        """The keyset that renders this leaf, if one does."""
        from plana_secrets.paths import format_path
        from plana_secrets.rotation.targets import rendered_references

        owners = rendered_references(self.settings.keysets)
        return owners.get(f"{file}#{format_path(path)}")


pass_context = click.make_pass_decorator(Context)
"""Gives a command function the ``Context`` as its first argument."""

ADVICE: Final = {
    "no-folder": "change to a folder that exists, as with `cd ~`",
}
