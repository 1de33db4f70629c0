"""In which format sops reads and writes a file: it goes by the name alone.

Source: ``cmd/sops/formats/formats.go`` of sops 3.11.0.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from plana_secrets.errors import UsageError


class Format(StrEnum):
    """The stores of sops, by the words of its ``--input-type``."""

    YAML = "yaml"
    JSON = "json"
    DOTENV = "dotenv"
    INI = "ini"
    BINARY = "binary"


_ENDINGS: Final = {
    ".yaml": Format.YAML,
    ".yml": Format.YAML,
    ".json": Format.JSON,
    ".env": Format.DOTENV,
    ".ini": Format.INI,
}
READ_HERE: Final = frozenset({Format.YAML, Format.JSON, Format.DOTENV})
"""What is read natively."""

_WORDS: Final = {
    Format.YAML: "YAML",
    Format.JSON: "JSON",
    Format.DOTENV: "dotenv",
    Format.INI: "INI",
    Format.BINARY: "a binary file",
}
_MACS: Final = {
    Format.JSON: re.compile(rb'"mac"\s*:\s*"ENC\['),
    Format.DOTENV: re.compile(rb"(?m)^sops_mac=ENC\["),
    Format.INI: re.compile(rb"(?m)^mac *= *ENC\["),
    Format.YAML: re.compile(rb"""(?m)^[ \t]*mac:[ \t]*["']?ENC\["""),
}
"""How the MAC begins in each."""


def format_of(file: str) -> Format:
    """The format that sops takes a file of this name for."""
    return next((one for end, one in _ENDINGS.items() if file.endswith(end)), Format.BINARY)


def in_words(one: Format) -> str:
    """For a sentence: what a file of this format is."""
    return _WORDS[one]


def written_format(data: bytes) -> Format | None:
    """The format in which sops wrote ``data``, or None where it did not."""
    return next((one for one, mac in _MACS.items() if mac.search(data)), None)


def foreign_format(data: bytes, named: Format) -> str | None:
    """Why a file that sops wrote is not read by its name's format; None where it may be."""
    written = written_format(data)
    if written is None or (written is named and named in READ_HERE):
        return None
    if written is Format.JSON and named is Format.BINARY:
        return "encrypted by sops as a binary file, which is not read here"
    if written is named:
        return f"encrypted by sops as {in_words(named)}, which is not read here"
    return f"{in_words(written)} by its content, but sops reads this name as {in_words(named)}"


def require_format(file: str, wanted: Collection[Format] = (Format.YAML,)) -> Format:
    """The format of a file that is to be written; only one of ``wanted`` is.

    Raises:
        UsageError: sops would read the file as something else (kind ``not-yaml-name``).
    """
    named = format_of(file)
    if named not in wanted:
        raise UsageError(
            f"sops reads {file} as {in_words(named)}, and plana-secrets writes only YAML",
            kind="not-yaml-name",
            file=file,
        )
    return named


ADVICE: Final = {
    "not-yaml-name": (
        "use a name that ends in .yaml; `plana-secrets import` takes plain dotenv and JSON, and "
        "sops itself changes a file that it has encrypted"
    ),
}
