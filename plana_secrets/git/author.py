"""In whose name a commit is written where git knows no one: a job has no settings of a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from plana_secrets.git.command import GitCommand

_SPELLED: Final = re.compile(r"([^<>\x00-\x1f\x7f]*[^<>\x00-\x20\x7f]) <([^<>\s\x00-\x1f\x7f]+)>")
_ROLES: Final = ("AUTHOR", "COMMITTER")


@dataclass(frozen=True, slots=True)
class Author:
    """``NAME <EMAIL>``, as git spells it."""

    name: str = "plana-secrets"
    email: str = "plana-secrets@localhost"

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


DEFAULT_AUTHOR: Final = Author()


def parse_author(text: str) -> Author:
    """
    Raises:
        ValueError: it is not spelled ``NAME <EMAIL>``.
    """
    match = _SPELLED.fullmatch(text)
    if match is None or not any(map(str.isalnum, match.group(1))):
        raise ValueError("expected NAME <EMAIL>")
    return Author(match.group(1).strip(), match.group(2))


def read_author(git: GitCommand) -> Author | None:
    """In whose name git would commit now; None where it knows no one."""
    done = git.look("var", "GIT_AUTHOR_IDENT")
    text = done.stdout.decode("utf-8", "replace").rpartition(">")[0] + ">"
    try:
        return parse_author(text) if done.status == 0 else None
    except ValueError:
        return None


def has_author(git: GitCommand) -> bool:
    """Whether git knows in whose name to commit: from its settings, or from the machine."""
    return not _unknown_roles(git)


def stand_in(git: GitCommand, author: Author) -> dict[str, str]:
    """The environment in which git commits as ``author`` where it knows no one itself."""
    return {
        f"GIT_{role}_{name}": text
        for role in _unknown_roles(git)
        for name, text in (("NAME", author.name), ("EMAIL", author.email))
    }


def _unknown_roles(git: GitCommand) -> list[str]:
    return [role for role in _ROLES if git.look("var", f"GIT_{role}_IDENT").status != 0]
