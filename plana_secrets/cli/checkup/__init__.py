"""What `doctor` looks at: each thing once, with how to fix it.

``machine`` | ``keys`` | ``repository`` | ``surroundings``
    The tools, the identities, the repository, and what is around the secret files: the
    editor, git's settings and hooks, what is deployed.
``mirror``
    Where the mirror is, and by which credentials.
``job``
    What a job needs: a clone it can write to, an author, state, a remote that takes a push.
``result``
    What one look gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from plana_secrets.cli.checkup import job, keys, machine, mirror, repository, surroundings
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


_OF_A_JOB: tuple[Callable[[Context], Iterator[Result]], ...] = (
    machine.check_machine,
    repository.check_repository,
    surroundings.check_configured,
    mirror.check_mirror,
    job.check_job,
)


def run_checkup(context: Context, *, for_job: bool = False) -> list[Result]:
    """Every result, the good ones too. Nothing is changed, nothing is decrypted.

    ``for_job``: what a job needs, the remote included; not what only a person does.
    """
    checks = _OF_A_JOB if for_job else _CHECKS
    return [result for check in checks for result in check(context)]
