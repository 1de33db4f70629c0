"""What the commands on one secret file have in common: which file, which leaf, what is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from plana_secrets.cli.context import Context
from plana_secrets.cli.hints import find_hint
from plana_secrets.errors import PlanaSecretsError, UsageError

if TYPE_CHECKING:
    from plana_secrets.document.edits import Edit
    from plana_secrets.paths import LeafPath
    from plana_secrets.secret import Secret
    from plana_secrets.secretfiles.writing.stage import StagedFile
    from plana_secrets.sops.model import Document, Item, Leaf, Structure


def find_file(context: Context, text: str, *, must_exist: bool = True) -> str:
    """The file that a person named, relative to the repository."""
    from plana_secrets.secretfiles.listing import resolve_file

    return resolve_file(context.workspace, text, context.folder, must_exist=must_exist)


def find_leaf(
    context: Context, file: str, path: str | None, *, must_exist: bool = True
) -> tuple[str, LeafPath]:
    """File and path, given as two arguments or as one reference ``file#path``."""
    from plana_secrets.paths import parse_path

    if path is None:
        file, mark, path = file.partition("#")
        if not mark:
            raise UsageError("a PATH is needed", kind="no-path")
    return find_file(context, file, must_exist=must_exist), parse_path(path)


def read_leaf(
    context: Context, document: Document, file: str, path: LeafPath
) -> tuple[Leaf, Secret, LeafPath]:
    """The leaf that ``path`` means in an opened file, its value, and where it is.

    Raises:
        UsageError: there is none.
    """
    found = document.find(path)
    if found is None:
        path = find_meant(context, file, path, document.structure.items)
        found = document.find(path)
    if found is None:
        raise no_such_path(document.structure.items, file, path)
    return *found, path


def open_file(context: Context, file: str, at: str | None) -> Document:
    """A file opened, as it is on the disk or was at a revision."""
    from plana_secrets.secretfiles.open import read_document_of

    if at is None:
        return read_document_of(context.workspace, file)
    from plana_secrets.secretfiles.past import find_at

    snapshot, name = find_at(context.workspace, file, at)
    return snapshot.open(name)


def read_sound_structure(context: Context, file: str, at: str | None = None) -> Structure:
    """The structure of a file, read without a key, with nothing wrong in it; see ``open_file``."""
    from plana_secrets.secretfiles.open import check_sound, read_structure_of

    if at is None:
        structure = read_structure_of(context.workspace, file)
    else:
        from plana_secrets.secretfiles.past import find_at
        from plana_secrets.sops.formats import format_of
        from plana_secrets.sops.reading.reader import read_structure

        snapshot, file = find_at(context.workspace, file, at)
        structure = read_structure(snapshot.read(file), format_of(file))
    check_sound(structure, file)
    return structure


def read_structure_to_change(context: Context, file: str, path: LeafPath) -> Structure:
    """The structure of a file in which nothing is in doubt but what is at ``path``."""
    from plana_secrets.errors import MalformedError
    from plana_secrets.secretfiles.open import check_sound, read_structure_of
    from plana_secrets.sops.model import Structure

    structure = read_structure_of(context.workspace, file)
    try:
        check_sound(structure, file)
    except MalformedError as error:
        from plana_secrets.secretfiles.editing.repaired import find_damage

        case, _ = find_damage(context.workspace, file, [path], error)
        return Structure(case.now.items_as_named(), structure.metadata)
    return structure


def stage_here(
    context: Context, file: str, edits: Sequence[Edit]
) -> tuple[StagedFile, tuple[LeafPath, ...], int]:
    """The file after ``edits``, also if what they replace was damaged or readable.

    Second is which values were readable, third how many comments.
    """
    from plana_secrets.errors import MalformedError
    from plana_secrets.secretfiles.writing.stage import stage_edits

    try:
        return stage_edits(context.workspace, file, edits), (), 0
    except MalformedError as error:
        from plana_secrets.secretfiles.editing.repaired import stage_edits_on_damage

        staged, case = stage_edits_on_damage(context.workspace, file, edits, error)
        return staged, case.exposed, case.exposed_comments


def tell_readable(context: Context, paths: Iterable[LeafPath], comments: int = 0) -> None:
    """What a write found in plaintext and encrypted or removed."""
    from plana_secrets.counts import counted
    from plana_secrets.paths import format_path

    spelled = [format_path(path) for path in paths]
    if spelled:
        what = "replace that value where it is used"
        if len(spelled) > 1:
            what = "replace these values where they are used"
        context.output.warn(f"readable until now: {', '.join(spelled)}; {what}")
    if comments:
        context.output.warn(f"readable until now: {counted(comments, 'comment')}")


def find_meant(context: Context, file: str, path: LeafPath, items: list[Item]) -> LeafPath:
    """``path``, or what it means where a key with dots leaves only one other reading."""
    from plana_secrets.document.kinds import kind_of
    from plana_secrets.document.meant import meant_path

    return meant_path(path, items, kind_of(context.workspace.rule_for(file).selector))


def no_such_path(items: list[Item], file: str, path: LeafPath) -> UsageError:
    """The error for a path where no value is, with the nearest that there is."""
    import shlex
    from difflib import get_close_matches

    from plana_secrets.paths import format_path
    from plana_secrets.sops.model import Leaf

    spelled = format_path(path)
    every = [format_path(item.path) for item in items if isinstance(item, Leaf)]
    if any(item.path[: len(path)] == path for item in items):
        return UsageError(
            f"{spelled} in {file} is a map or a list, not a value", kind="not-a-leaf", file=file
        )
    folded = {one.lower(): one for one in every}
    near = [folded[one] for one in get_close_matches(spelled.lower(), folded, n=1)]
    suggestion = f"; did you mean {shlex.quote(near[0])}?" if near else ""
    return UsageError(
        f"no value at {spelled} in {file}{suggestion}", kind="no-such-path", file=file
    )


def warn_of_twins(context: Context, file: str, twins: Iterable[str]) -> None:
    """Name the files that a Mac takes for ``file``."""
    from plana_secrets.secretfiles.names import shown

    for other in twins:
        context.output.warn(f"{shown(file)} and {shown(other)} are the same file on macOS")


def warn_of_ignored(context: Context, *files: str) -> None:
    """Name those of ``files`` that git would not add: no other clone would ever have them."""
    import shlex

    from plana_secrets.git.search import is_ignored

    for file in files:
        if is_ignored(context.repository, file):
            way = f"git add --force {shlex.quote(file)}"
            context.output.warn(f"git ignores {file}, so no commit will have it; next: {way}")


def warn_if_pending(context: Context) -> None:
    """Those who only read are told of a change that was interrupted, and go on."""
    from plana_secrets.secretfiles.writing.journal import pending

    workspace = context.workspace
    try:
        found = pending(workspace)
    except PlanaSecretsError as error:
        hint = find_hint(error)
        context.output.warn(f"{error.message}; {hint}" if hint else error.message)
        return
    if found:
        context.output.warn(
            f"an interrupted change is unfinished ({found.operation}); next: plana-secrets recover"
        )


ADVICE: Final = {
    "no-path": "pass it after the file, or pass both as FILE#PATH",
}
