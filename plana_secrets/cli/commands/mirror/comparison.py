"""What the commands on the mirror share: opening it, the state, and how drift is shown."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plana_secrets.cli.context import Context
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.mirror.agreedfile import AgreedFile
    from plana_secrets.mirror.backend import Backend
    from plana_secrets.mirror.drift import Choices, Drift, MirrorPlan
    from plana_secrets.mirror.source import Source
    from plana_secrets.mirror.state import Look, MirrorState
    from plana_secrets.mirror.surroundings import Surroundings
    from plana_secrets.observability import Event, Observer

CHECK_HELP = "Exit with 1 if there is drift."
_NAMED = 20
NO_CACHE_HELP = "Open every file and item, also those that agreed before."
WORKTREE_HELP = "Use the files in the working tree, committed or not."


def surroundings(
    context: Context, observer: Observer | None = None, *, as_owner: bool = False
) -> Surroundings:
    from plana_secrets.mirror.surroundings import Surroundings
    from plana_secrets.places import home_folder

    return Surroundings(
        repository=context.repository,
        environment=os.environ,
        home=home_folder(os.environ),
        find_identities=lambda: context.workspace.identities,
        observer=observer or context.output.observe,
        patience=context.patience,
        owner=context.settings.repository,
        as_owner=as_owner,
    )


def known_people(context: Context) -> frozenset[str]:
    """Those who may be recipients of a mirror."""
    from plana_secrets.mirror import people
    from plana_secrets.secretfiles.snapshot import rules_in_use

    named = [one.key for one in context.settings.policy.recipients.values()]
    return people.known_people(named, () if named else rules_in_use(context.workspace))


@dataclass(frozen=True)
class Sight:
    """Files and mirror; each look is remembered, also for `plana-secrets status`."""

    context: Context
    backend: Backend
    look: Look
    agreed: AgreedFile

    def take(self) -> MirrorState:
        state = self.look.take()
        self.keep(state.plan)
        return state

    def keep(self, plan: MirrorPlan) -> None:
        """Remember what was seen last, by the plan for it."""
        self.agreed.store(lambda keyed: self.look.agree(plan, keyed))
        if not self.look.is_of_worktree:
            keep_for_status(self.context, self.backend.name, self.look.commit, len(plan.drift))


def sight(
    context: Context,
    *,
    worktree: bool = False,
    choices: Choices | None = None,
    backend: Backend | None = None,
    cached: bool = True,
) -> Sight:
    """How to look at files and mirror; ``cached``: what agreed before stays closed."""
    from plana_secrets.mirror.agreedfile import AgreedFile
    from plana_secrets.mirror.drift import Choices
    from plana_secrets.mirror.open import never_mirrored, open_backend
    from plana_secrets.mirror.source import SourceReader
    from plana_secrets.mirror.state import Look
    from plana_secrets.secretfiles.snapshot import at_commit, work_tree

    settings, around = context.settings.mirror, surroundings(context)
    workspace = context.workspace
    head = None if worktree else at_commit(workspace, workspace.repository.head())
    snapshot = head or work_tree(workspace)
    opened = backend or open_backend(settings, around)
    never = never_mirrored(settings, around)
    reader = SourceReader(snapshot, settings, never=never, owner=around.owner)
    kept = AgreedFile.of(around, opened.name, repr((settings, context.settings.files)))
    look = Look(
        snapshot,
        reader,
        opened,
        choices or Choices(),
        agreed=kept.load() if cached else None,
        keyed=kept.keyed,
    )
    return Sight(context, opened, look, kept)


def read_state(context: Context, *, worktree: bool = False, cached: bool = True) -> MirrorState:
    """Files and mirror as they are now; ``verify --mirror`` asks here, too."""
    return sight(context, worktree=worktree, cached=cached).take()


def keep_for_status(context: Context, backend: str, commit: str | None, drift: int) -> None:
    """`plana-secrets status` asks no server; it shows what was seen last."""
    from plana_secrets.mirror.lastseen import LastSeen, remember

    remember(context.repository, LastSeen(backend, drift, commit, context.now))


def state_object(state: MirrorState) -> dict[str, Any]:
    """What ``status``, ``diff`` and ``sync`` have in common under ``--json``."""
    return {
        "backend": state.backend,
        "in_sync": state.in_sync,
        "commit": state.source.head,
        "files": state.source.count,
        "unmapped": len(state.source.unmapped),
        "foreign": state.listing.foreign,
        "uncommitted": list(state.source.uncommitted),
        "drift": drift_objects(state.drift),
    }


def drift_objects(drift: Iterable[Drift]) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind.value,
            "file": one.file,
            "item": one.item,
            "paths": list(one.paths),
            "reason": one.reason,
            "id": one.id,
        }
        for one in drift
    ]


def drift_rows(drift: Iterable[Drift]) -> list[tuple[str, str, str]]:
    """Kind, file, and path or reason: one row a path."""
    rows = []
    for one in drift:
        file = one.file or f"item {one.id}"
        tails = one.paths or ("",)
        rows += [(one.kind.value, file, f"{tail} {one.reason or ''}".strip()) for tail in tails]
    return rows


def count_kinds(drift: Iterable[Drift]) -> str:
    counts = Counter(one.kind.value for one in drift)
    return ", ".join(f"{number} {kind}" for kind, number in counts.items()) or "none"


def warn_of_source(context: Context, source: Source) -> None:
    """Name what of the working tree was left out, and the files that have no place."""
    for file in source.uncommitted:
        context.output.warn(f"{file} has uncommitted changes; they are ignored")
    for file in source.unmapped[:_NAMED]:
        context.output.warn(f"{file} is not mirrored: no collection is configured for it")
    if len(source.unmapped) > _NAMED:
        more = counted(len(source.unmapped) - _NAMED, "more file")
        context.output.warn(f"{more} without a configured collection")


def exit_of_unknown(source: Source) -> int | None:
    """3 when a file is malformed, 4 when only identities are missing, else None."""
    if not source.unknown:
        return None
    return 4 if all(one.is_locked for one in source.unknown) else 3


def exit_of_check(state: MirrorState, *, check: bool) -> int:
    """A look ends with 0 whatever it sees, and under ``--check`` with what it saw."""
    if not check:
        return 0
    return exit_of_unknown(state.source) or int(not state.in_sync)


@contextmanager
def progress_observer(context: Context) -> Iterator[Observer]:
    """Shows ``mirror-progress`` as a bar on a terminal, and every event at ``-v``."""
    with ExitStack() as stack:
        yield _Bar(context, stack)


class _Bar:
    def __init__(self, context: Context, stack: ExitStack) -> None:
        self._context = context
        self._stack = stack
        self._advance: Callable[[int], None] = lambda _count: None
        self._done = 0
        self._total: int | None = None

    def __call__(self, event: Event) -> None:
        if event.name != "mirror-progress":
            self._context.output.observe(event)
            return
        done, total = int(event.facts["done"]), int(event.facts["total"])
        if total != self._total or done < self._done:
            self._stack.close()
            bar = self._context.output.progress("mirror", total)
            self._advance, self._done, self._total = self._stack.enter_context(bar), 0, total
        self._advance(done - self._done)
        self._done = done
