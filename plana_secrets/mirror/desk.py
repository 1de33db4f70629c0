"""What a backend and the command line say to each other about accounts and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from plana_secrets.secret import Secret
from plana_secrets.sops.model import Severity


class Desk(Protocol):
    """The person at the terminal."""

    def ask(self, prompt: str) -> str: ...

    def ask_secret(self, prompt: str) -> Secret: ...

    def talk(self, words: str) -> None: ...

    def warn(self, words: str) -> None: ...


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What ``login`` was told; None: find it or ask."""

    url: str | None
    email: str | None
    api_key: bool
    ca_file: str | None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """``facts`` for ``--json``, ``words`` for people."""

    facts: Mapping[str, Any]
    words: str


ITEMS_NOT_SEEN: Final = "items-not-seen"
"""The check of a note that says: this account cannot look for misplaced items."""


@dataclass(frozen=True, slots=True)
class AccessFinding:
    """One who may write, or an item that is not where it is to be.

    ``who``: a member's address, a group's name, or the item's file. ``collection`` is None
    where it holds for all of them. ``item``: the item's id. ``fix``: what to do about it.
    """

    severity: Severity
    check: str
    who: str
    collection: str | None
    message: str
    item: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class SetupOption:
    """An option of ``mirror init`` for one backend.

    ``pairs``: values are ``KEY=VALUE``, as ``metavar`` spells it; ``is_list``: repeatable.
    ``field``: of the table, where it is not called like the option.
    """

    name: str
    metavar: str
    help: str
    is_required: bool = False
    is_list: bool = False
    pairs: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """What ``mirror init`` found: the table to write, and ``facts`` for ``--json``.

    ``words``: what is true once the table is written.
    """

    table: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SetupRequest:
    """``values`` by the name of their option; ``roots`` of the secret files.

    ``present``: the table as the settings have it. What it says is in ``values``, too.
    """

    values: Mapping[str, Any]
    roots: Sequence[str]
    present: Mapping[str, Any] = field(default_factory=dict)
