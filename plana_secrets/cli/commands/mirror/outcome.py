"""How ``mirror sync`` tells what it did, what it left, and what can be done about that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from plana_secrets.cli.commands.mirror import comparison
from plana_secrets.cli.commands.mirror.advice import advise, hint_at
from plana_secrets.cli.context import Context
from plana_secrets.cli.hints import find_hint

if TYPE_CHECKING:
    from plana_secrets.errors import PlanaSecretsError
    from plana_secrets.mirror.apply import Applied
    from plana_secrets.mirror.state import MirrorState


def show_rehearsal(context: Context, state: MirrorState, requests: int) -> None:
    """What would be done."""
    plan = state.plan
    deleted = sum(one.deletes is not None for one in plan.waiting)
    updated = len(plan.waiting) - deleted
    counts = _count(len(plan.create), len(plan.update) + updated, len(plan.delete) + deleted)
    if context.output.as_json:
        whole = {**comparison.state_object(state), **counts, "requests": requests, "dry_run": True}
        context.output.json_object("mirror-sync", whole)
    else:
        context.output.table(comparison.drift_rows(state.drift), ("kind", "file", "path"))
        context.output.talk(f"would be: {_in_words(counts)}")
    hint_at(context, [one.error for one in state.source.unknown])


def show(context: Context, state: MirrorState, applied: Applied, requests: int) -> None:
    """What was done, and the drift that is left."""
    output, left = context.output, applied.left
    healed = [
        one for one in state.drift if one not in state.plan.left and one.file not in applied.failed
    ]
    counts = _count(applied.created, applied.updated, applied.deleted)
    if output.as_json:
        whole = {
            **comparison.state_object(state),
            "in_sync": not left,
            "foreign": applied.listing.foreign,
            "drift": comparison.drift_objects(left),
            "healed": comparison.drift_objects(healed),
            "kept": [{"file": file, "at": at} for file, at in applied.kept],
            "failed": [
                failed_object(context, file, error) for file, error in applied.failed.items()
            ],
            **counts,
            "requests": requests,
        }
        output.json_object("mirror-sync", whole)
    else:
        if not output.quiet:
            output.table([_done_row(*row) for row in comparison.drift_rows(healed)])
        output.table([("left", *row) for row in comparison.drift_rows(left)])
        output.outcome(_in_words(counts))
    for file, at in applied.kept:
        output.talk(f"the overwritten item of {file} is kept, encrypted, at {at}")
    for file, failure in applied.failed.items():
        output.warn(f"{file} was not written: {failure.message}")
    hint_at(context, [*applied.failed.values(), *(one.error for one in state.source.unknown)])
    advise(context, left, applied.listing)


def _done_row(kind: str, file: str, path: str) -> tuple[str, str, str, str]:
    """A file that had no item yet was no drift that is healed."""
    return ("created", "new", file, path) if kind == "missing" else ("healed", kind, file, path)


def exit_of_failed(failed: Mapping[str, PlanaSecretsError]) -> int | None:
    """Of what no repetition cures first: 3 before 4, 5 and 6."""
    return min((error.exit_code for error in failed.values()), default=None)


def failed_object(context: Context, file: str, error: PlanaSecretsError) -> dict[str, str | None]:
    hint, message = find_hint(error), context.here(error.message)
    return {
        "file": file,
        "kind": error.kind,
        "message": message,
        "hint": hint and context.here(hint),
    }


def _count(created: int, updated: int, deleted: int) -> dict[str, int]:
    return {"created": created, "updated": updated, "deleted": deleted}


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items())
