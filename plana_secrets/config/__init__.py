"""``plana-secrets.toml`` to typed settings; the only reader of it.

Unknown fields are errors with their path. Everything is relative to the repository.
No option holds a command to run or a secret value. The settings types belong to the
packages that use them; ``schema`` says what the file may contain, and is loaded only
where there is one. What a reference, a glob, a recipient or a duration is not is said
here, by the readers in `fields`, with its place, and not by its users. ``toml`` parses the
text, ``version`` compares `required_version`; ``committed`` are the settings of a commit.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plana_secrets import limits
from plana_secrets.errors import FailedError, MissingFileError
from plana_secrets.git.author import DEFAULT_AUTHOR, Author
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.secretfiles.settings import SETTINGS_FILE, FilesSettings
from plana_secrets.storage import read_regular_file
from plana_secrets.verify.policy import Policy
from plana_secrets.verify.policychange import Demanded

if TYPE_CHECKING:
    from plana_secrets.git.trees import Tree
    from plana_secrets.rotation.policy import KeysetPolicy

FILE_NAME: Final = SETTINGS_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the file says, with its defaults. ``repository``: its id, of any form."""

    repository: str | None = None
    files: FilesSettings = field(default_factory=FilesSettings)
    branch: str | None = None
    remote: str | None = None
    author: Author = DEFAULT_AUTHOR
    policy: Policy = field(default_factory=Policy)
    mirror: MirrorSettings = field(default_factory=MirrorSettings)
    keysets: tuple[KeysetPolicy, ...] = ()

    @property
    def demanded(self) -> Demanded:
        """What of it `verify` judges a change by."""
        names = tuple(one.name for one in self.keysets)
        return Demanded(self.policy, self.files, self.branch, self.remote, names)


def load_settings(root: Path) -> Settings:
    """The settings of the repository at ``root``; the defaults where it has no file.

    Raises:
        UsageError: the file is malformed (kind ``bad-config``, the message names the
            field) or asks for another version of the tool (kind ``version``).
    """
    path = root / FILE_NAME
    if not os.path.lexists(path):
        return Settings()
    from plana_secrets.config.schema import parse_settings

    with _no_settings():
        content = read_regular_file(path, limit=limits.SETTINGS_FILE, name=FILE_NAME)
    return parse_settings(content)


def settings_in(tree: Tree) -> Settings:
    """The settings as they are in the work tree, in the index or at a commit.

    Raises:
        UsageError: as ``load_settings`` does.
        FailedError: the file cannot be read.
    """
    try:
        with _no_settings():
            content = tree.read(FILE_NAME, limit=limits.SETTINGS_FILE)
    except MissingFileError:
        return Settings()
    from plana_secrets.config.schema import parse_settings

    return parse_settings(content)


@contextlib.contextmanager
def _no_settings() -> Iterator[None]:
    """What is too large, or no file, is as wrong as what is not TOML."""
    try:
        yield
    except FailedError as error:
        if error.kind not in _NO_SETTINGS:
            raise
        from plana_secrets.fields.place import TOP

        raise TOP.fault(_NO_SETTINGS[error.kind]) from None


_NO_SETTINGS: Final = {
    "too-large": f"larger than {limits.in_words(limits.SETTINGS_FILE)}",
    "not-a-regular-file": "a symlink or not a regular file",
    "symlink": "a symlink or not a regular file",
}
"""The kinds of error that are about the file itself."""
