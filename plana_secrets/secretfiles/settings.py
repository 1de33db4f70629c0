"""What the ``[files]`` table of the configuration says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SETTINGS_FILE: Final = "plana-secrets.toml"
DEFAULT_PLAIN: Final = ("**/kustomization.yaml", "**/README.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSettings:
    """``roots``: folders, or globs, posix, relative to the repository; ``.`` is all of it.

    Every file in them is encrypted or listed in ``plain``: gitignore-style globs of files
    that are meant to be readable; the last that matches wins. Secret files elsewhere are
    known by what is in them. ``keysets``: the folder of the keyset files.
    """

    roots: tuple[str, ...] = ("infra/secrets",)
    plain: tuple[str, ...] = DEFAULT_PLAIN
    keysets: str = "infra/secrets/keysets"
