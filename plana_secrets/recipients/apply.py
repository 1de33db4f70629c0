"""Files that are to get the recipients of their rules, in one journalled change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal

from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
)
from plana_secrets.recipients.plan import Demand, ReaderPlan, check_allowed, plan_readers
from plana_secrets.secretfiles.formers import find_formers
from plana_secrets.secretfiles.open import check_sound, open_bytes, read_bytes_of
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import check_options
from plana_secrets.secretfiles.writing.rewrap import stage_recipients
from plana_secrets.secretfiles.writing.stage import StagedFile, preflight
from plana_secrets.secretfiles.writing.writer import write_files
from plana_secrets.sops.formats import READ_HERE, format_of
from plana_secrets.sops.model import Structure
from plana_secrets.sops.reading.reader import read_structure


@dataclass(frozen=True, slots=True)
class Survey:
    """``plans``: the files that differ. ``skipped``: those that cannot be changed, with why."""

    plans: tuple[ReaderPlan, ...]
    skipped: tuple[tuple[str, PlanaSecretsError], ...] = ()


def survey(
    workspace: Workspace,
    files: Sequence[str],
    demand: Demand,
    *,
    skip: Literal["none", "some", "all"],
) -> Survey:
    """What is to change of ``files``; each that is, was opened.

    ``skip``: which of those that cannot be changed are left out, while the others go on: all of
    them, or some, that are never changed here, such as a link or an INI file.

    Raises:
        PlanaSecretsError: a file cannot be changed safely; see ``stage_recipients`` and
            ``plan.check_allowed``.
    """
    formers = _formers(workspace, files)
    plans: list[ReaderPlan] = []
    skipped: list[tuple[str, PlanaSecretsError]] = []
    for file in files:
        try:
            plan = _plan(workspace, file, demand, formers.get(file, ()))
        except PlanaSecretsError as error:
            is_never = error.kind in _NEVER_CHANGED and skip != "none"
            if not (is_never or (skip == "all" and _is_of_one_file(error))):
                raise
            skipped.append((file, error))
        else:
            if plan.is_change:
                plans.append(plan)
    return Survey(tuple(plans), tuple(skipped))


_NEVER_CHANGED = frozenset({"not-yaml-name", "symlink"})
"""Files that only sops itself, or a person, can change."""


def _is_of_one_file(error: PlanaSecretsError) -> bool:
    """Whether it is no reason to stop the others."""
    return isinstance(error, CredentialError | MalformedError) or error.kind == "no-rule"


def _formers(workspace: Workspace, files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The former readers of each file, as far as the history here goes."""
    try:
        found = find_formers(workspace, files, work_tree(workspace).contents)
    except FailedError:
        if not workspace.repository.is_partial():
            raise
        return {}
    return {file: former.readers for file, former in found.items()}


def _plan(workspace: Workspace, file: str, demand: Demand, former: tuple[str, ...]) -> ReaderPlan:
    rule = preflight(workspace, file, READ_HERE)
    data = read_bytes_of(workspace, file)
    metadata = check_options(_sound(data, file), rule, file)
    plan = plan_readers(file, metadata, rule, former)
    if plan.is_change:
        check_allowed(plan, rule, demand, frozenset(workspace.identities.complete().recipients()))
        open_bytes(data, file, workspace.identities)
    return plan


def _sound(data: bytes, file: str) -> Structure:
    structure = read_structure(data, format_of(file))
    check_sound(structure, file)
    return structure


def apply_plans(
    workspace: Workspace, plans: Sequence[ReaderPlan], tell: Callable[[], None]
) -> None:
    """Every file or none. Called inside ``writing``; ``tell`` is called after each file.

    Raises:
        PlanaSecretsError: see ``stage_recipients`` and ``write_files``.
    """
    write_files(workspace, list(stage_plans(workspace, plans, tell)), operation="recipients apply")


def stage_plans(
    workspace: Workspace, plans: Sequence[ReaderPlan], tell: Callable[[], None]
) -> Iterator[StagedFile]:
    """Each file as it is to be, in order; ``tell`` is called after each.

    Most of the time is that of sops, so several files are in work at once. After an error no
    further one is begun.
    """
    workers = min(os.cpu_count() or 1, len(plans), _MOST_WORKERS)
    if workers < 2:
        for plan in plans:
            yield _stage(workspace, plan)
            tell()
        return
    # found once, before several threads ask
    workspace.identities.complete(), workspace.sops, workspace.rule_book
    pool = ThreadPoolExecutor(workers)
    try:
        for staged in pool.map(lambda plan: _stage(workspace, plan), plans):
            yield staged
            tell()
    finally:
        pool.shutdown(cancel_futures=True)


def _stage(workspace: Workspace, plan: ReaderPlan) -> StagedFile:
    return stage_recipients(workspace, plan.file, new_data_key=plan.new_data_key)


_MOST_WORKERS: Final = 8
