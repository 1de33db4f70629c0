"""What the ``[files]`` table of the configuration says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SETTINGS_FILE: Final = "plana-secrets.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSettings:
    """``roots``: folders of secret files, posix, relative to the repository.

    ``plain``: gitignore-style globs of files in there that are meant to be readable;
    the last that matches wins. ``keysets``: the folder of the keyset files.
    """

    roots: tuple[str, ...] = ("infra/secrets",)
    plain: tuple[str, ...] = ("**/kustomization.yaml", "**/README.md")
    keysets: str = "infra/secrets/keysets"
