"""What `doctor` looks at: each thing once, with how to fix it.

``machine`` | ``keys`` | ``repository`` | ``surroundings``
    The tools, the identities, the repository, and what is around the secret files: the
    editor, git's settings and hooks, what is deployed.
``mirror``
    Where the mirror is, and by which credentials.
``result``
    What one look gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from plana_secrets.cli.checkup import keys, machine, mirror, repository, surroundings
from plana_secrets.cli.checkup.result import Result

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context

_CHECKS: tuple[Callable[[Context], Iterator[Result]], ...] = (
    machine.check_machine,
    keys.check_keys,
    repository.check_repository,
    mirror.check_mirror,
    surroundings.check_surroundings,
)


def run_checkup(context: Context) -> list[Result]:
    """Every result, the good ones too. Nothing is changed, nothing is decrypted."""
    return [result for check in _CHECKS for result in check(context)]
