"""What can be done about drift: commands that work as they are printed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from plana_secrets.cli.context import Context
from plana_secrets.cli.hints import find_hint
from plana_secrets.counts import counted
from plana_secrets.errors import PlanaSecretsError

if TYPE_CHECKING:
    from plana_secrets.mirror.adopt import HandEdit
    from plana_secrets.mirror.backend import Listing
    from plana_secrets.mirror.drift import Drift
    from plana_secrets.paths import LeafPath

_ADVICE = {
    "retyped": "{overwrite} creates the item again",
    "undecryptable": "{overwrite} creates the item again",
    "moved": (
        "ask an owner to move the item back to its collection, or to give the service "
        "account 'edit items' on its current one"
    ),
    "extra": "{prune} deletes the items of removed files",
}
_NOT_OURS_TO_FIX = "it does not say which file it mirrors; look at the item and delete it by hand"
_DONE_ELSEWHERE = frozenset({"list-entry", "rendered-leaf"})
"""Problems with an edit for which another command is the way."""

_FILES = 5
"""Of so many files the hand edits are looked at; they have to be decrypted for that."""


def advise(context: Context, drift: Sequence[Drift], listing: Listing) -> None:
    """The ways out: once a kind, and for each file with hand edits."""
    if context.quiet:  # nothing below is shown, and files would be opened for it
        return
    files = dict.fromkeys(one.file for one in drift if one.kind == "hand-edited" and one.file)
    for words in _ways_of_kinds(context, [one for one in drift if not _waits(one, files)]):
        context.output.talk(f"hint: {words}")
    for file in list(files)[:_FILES]:
        edited = {path for one in drift if _is_edit_of(one, file) for path in one.paths}
        for words in _ways_out(context, listing, file, edited):
            context.output.talk(f"hint: hand-edited: {words}")
    if len(files) > _FILES:
        more = counted(len(files) - _FILES, "more file")
        context.output.talk(f"hint: hand-edited: {more}; fix these and run it again")


def _is_edit_of(drift: Drift, file: str) -> bool:
    return drift.kind == "hand-edited" and drift.file == file


def _waits(drift: Drift, edited: Container[str | None]) -> bool:
    """Whether the way out of the hand edits in the same file is the one for this, too."""
    return drift.kind == "hand-edited" or (drift.kind == "extra" and drift.file in edited)


def _ways_of_kinds(context: Context, drift: Sequence[Drift]) -> Iterator[str]:
    """Each kind once, in the words for the first of it."""
    first: dict[str, Drift] = {}
    for one in drift:
        first.setdefault(one.kind.value, one)
    commands = {
        "overwrite": _overwrite(context),
        "prune": program(context, "mirror", "sync", "--prune"),
    }
    for kind, one in first.items():
        words = _ADVICE.get(kind) if one.file else _NOT_OURS_TO_FIX
        if words and not (kind == "moved" and one.reason is None):
            yield f"{kind}: {words.format(**commands)}"


def hint_at(context: Context, errors: Iterable[PlanaSecretsError]) -> None:
    """What to do about what could not be read or written: once a kind, for the first of it."""
    first: dict[str, PlanaSecretsError] = {}
    for error in errors:
        first.setdefault(error.kind, error)
    for hint in dict.fromkeys(filter(None, map(find_hint, first.values()))):
        context.output.talk(f"hint: {hint}")


def tell_left(context: Context, file: str, edits: Sequence[HandEdit], texts: Sequence[str]) -> None:
    """What ``adopt`` of a file does not take, with the next command."""
    for words in [*_ways_of_left(context, file, edits), *_ways_of_texts(context, file, texts)]:
        context.output.talk(f"hint: {words}")


def hand_edits(context: Context, listing: Listing, file: str) -> tuple[HandEdit, ...]:
    """What people changed in the items of a file, held against the working tree."""
    from plana_secrets.errors import UsageError
    from plana_secrets.mirror.adopt import plan_adoptions
    from plana_secrets.secretfiles.open import read_document_of
    from plana_secrets.secretfiles.writing.stage import preflight, refuse_owned

    def owner(path: LeafPath) -> PlanaSecretsError | None:
        try:
            refuse_owned(context.workspace, file, [path])
        except UsageError as error:
            return error
        return None

    preflight(context.workspace, file)
    document = read_document_of(context.workspace, file)
    return plan_adoptions(listing, file, document, owner)


def _ways_out(context: Context, listing: Listing, file: str, edited: Container[str]) -> list[str]:
    """``edited``: the fields that are not as the commit has them; others wait for a sync alone."""
    from plana_secrets.mirror.adopt import changed_texts

    if not os.path.lexists(context.workspace.root / file):
        drop = program(context, "mirror", "sync", "--prune", "--overwrite-edits")
        return [f"{file} is gone; {drop} deletes its item and keeps a copy of it, encrypted"]
    try:
        edits = [
            one for one in hand_edits(context, listing, file) if one.edit or one.name in edited
        ]
    except PlanaSecretsError as error:
        again = _overwrite(context)
        return [f"{file}: {error.message}; change the file, or overwrite it with {again}"]
    ways = [*_ways_of_values(context, file, edits), *_ways_of_left(context, file, edits)]
    return [*ways, *_ways_of_texts(context, file, changed_texts(listing, file))]


def _ways_of_values(context: Context, file: str, edits: Sequence[HandEdit]) -> list[str]:
    from plana_secrets.cli.terminal import is_interactive

    sound = [one for one in edits if not one.is_left]
    open_edits = [one for one in sound if one.edit]
    again = _overwrite(context)
    if len(open_edits) > 1:
        flags = () if is_interactive(context) else ("--yes",)
        keep = program(context, "mirror", "adopt", *flags, names=(file,))
        return [
            f"{file}: keep the {len(open_edits)} changes with {keep}, or overwrite with {again}"
        ]
    if not open_edits:
        return [f"{file} says the same; commit it, and sync again"] if sound else []
    (one,) = open_edits
    keep = _adopt(context, file, one)
    if one.change == "removed":
        return [_removed(file, one, keep, again)]
    return [f"{file}: keep {one.spelled} with {keep}, or overwrite it with {again}"]


def _removed(file: str, one: HandEdit, keep: str, again: str) -> str:
    gone = f"{file}: {one.spelled} was deleted in the mirror"
    return f"{gone}; {keep} removes it from the file, too, {again} writes it again"


def _ways_of_left(context: Context, file: str, edits: Sequence[HandEdit]) -> list[str]:
    again = _overwrite(context)
    ways = []
    for one in edits:
        if one.problem is not None and one.problem.kind in _DONE_ELSEWHERE:
            way = find_hint(one.problem)
            ways.append(f"{file}: {one.problem.message}; {way}, or overwrite the item with {again}")
        elif one.problem is not None:
            ways.append(
                f"{file}: {one.problem.message}; change it in a Bitwarden client, or overwrite "
                f"it with {again}"
            )
        elif one.is_newer:
            keep = _adopt(context, file, one)
            if one.change == "removed":
                ways.append(_removed(file, one, keep, again))
            else:
                ways.append(
                    f"{file}: {one.spelled} was changed in the file, too; {keep} takes the value "
                    f"of the mirror, {again} that of the file"
                )
    return ways


def _ways_of_texts(context: Context, file: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    again, what = _overwrite(context), " and the ".join(texts)
    verb, they, them = ("was", "it is", "it") if len(texts) == 1 else ("were", "they are", "them")
    changed = f"the {what} of its item {verb} changed; {they} in no file"
    return [f"{file}: {changed}, and {again} resets {them}"]


def _adopt(context: Context, file: str, one: HandEdit) -> str:
    from plana_secrets.mirror.fieldnames import typed

    return program(context, "mirror", "adopt", names=(file, typed(one.name)))


def _overwrite(context: Context) -> str:
    return program(context, "mirror", "sync", "--overwrite-edits")


def program(context: Context, *words: str, names: Sequence[str] = ()) -> str:
    """A command of this program in backticks, as it is typed into a shell."""
    mirror = ("--mirror", context.mirror) if context.mirror else ()
    mark = ("--",) if any(name.startswith("-") for name in names) else ()
    return f"`plana-secrets {shlex.join([*words, *mirror, *mark, *names])}`"
