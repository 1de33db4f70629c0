"""One edit, from the editor to the file: checked, merged, written, or kept for later.

No lock is held while a person edits. What was typed is lost only at the person's word:
when it cannot be written, or the run is ended from outside, it is kept in the git dir,
encrypted to the person.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from plana_secrets import memory
from plana_secrets.cli.astyped import tell_as_typed
from plana_secrets.cli.context import Context
from plana_secrets.cli.draft import Draft
from plana_secrets.cli.failure import Terminated
from plana_secrets.cli.hints import find_hint
from plana_secrets.cli.output import safe_line
from plana_secrets.cli.repairing import repair_first
from plana_secrets.cli.terminal import ask_line, is_interactive
from plana_secrets.document.astyped import Typed
from plana_secrets.document.edits import Content, changed_paths
from plana_secrets.document.merge import COMMENTS, Side
from plana_secrets.errors import ConflictError, FailedError, PlanaSecretsError, UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.editing import kept
from plana_secrets.secretfiles.editing.revise import (
    Conflict,
    Opened,
    open_text,
    opened_from,
    stage_revision,
)
from plana_secrets.secretfiles.writing.judge import describe
from plana_secrets.secretfiles.writing.stage import StagedFile
from plana_secrets.secretfiles.writing.writer import write_files, writing


class EditSession:
    """The edit of one file by one person. ``prefer``: who wins a conflict; None: ask.

    ``typed``: new scalars have the type that YAML gives them.
    """

    def __init__(
        self, context: Context, file: str, *, prefer: Side | None, typed: bool, dry_run: bool
    ) -> None:
        self._context = context
        self._workspace = context.workspace
        self._output = context.output
        self._file = file
        self._prefer = prefer
        self._typed = typed
        self._dry_run = dry_run

    def start(self) -> None:
        """Open the file, let the person edit it, write what came of it."""
        if kept.has_kept_edit(self._workspace, self._file):
            found = kept.find_kept_edit(self._workspace, self._file)
            reason = f"; it was not written: {found.reason}" if found and found.reason else ""
            raise ConflictError(
                f"an edit of {self._file} is already kept{reason}",
                kind="edit-kept",
                retry=False,
                file=self._file,
            )
        opened = self._open()
        self._finish(opened, opened.text, edited=False)

    def _open(self) -> Opened:
        """The text of the file, which a person repairs first if it cannot be trusted."""
        try:
            return open_text(self._workspace, self._file)
        except FailedError as error:
            if self._dry_run:
                raise
            repair_first(self._context, self._file, error)
        return open_text(self._workspace, self._file)

    def resume(self) -> None:
        """Go on with the edit that was kept."""
        found = kept.find_kept_edit(self._workspace, self._file)
        if found is None:
            raise _none_kept(self._file)
        selector = self._workspace.rule_for(self._file).selector
        self._finish(opened_from(self._file, found.started, selector), found.text, edited=True)

    def discard(self) -> None:
        """Forget the edit that was kept."""
        if not kept.has_kept_edit(self._workspace, self._file):
            raise _none_kept(self._file)
        kept.forget_kept_edit(self._workspace, self._file)
        self._output.talk(f"the kept edit of {self._file} was discarded")

    def _finish(self, opened: Opened, text: Secret, *, edited: bool) -> None:
        with memory.private_folder() as folder:
            draft = Draft(self._context, opened, folder / Path(self._file).name)
            draft.put(text)
            try:
                changes, staged = self._take(draft, edited=edited)
            except BaseException as error:
                # no context manager: a signal that comes with the error would skip its end
                try:
                    self._keep(draft, error)
                except Terminated:
                    self._keep(draft, error)
                    raise
                raise
        self._conclude(opened, staged, changes or Changes())
        if changes is None and draft.hint:
            self._output.talk(f"hint: {draft.hint}")

    def _take(self, draft: Draft, *, edited: bool) -> tuple[Changes | None, StagedFile | None]:
        """What the person's work changed, written; nothing for no change."""
        typed = draft.work(edited=edited, yaml_types=self._typed)
        changes = compare(draft.opened.content, typed)
        if changes is None:
            return None, None
        self._show(changes)
        tell_as_typed(self._output, typed.as_text, typed.nulls, typed.cut)
        return changes, self._write(draft.opened, typed.content)

    def _keep(self, draft: Draft, error: BaseException) -> None:
        """An error, a signal or a lost terminal ends the run, not the work saved so far."""
        if self._dry_run or draft.is_given_up or not draft.is_touched:
            return
        reason = ""
        if isinstance(error, PlanaSecretsError):
            advice = find_hint(error)
            reason = f"{error.message} ({advice})" if advice else error.message
        edit = kept.KeptEdit(self._file, draft.opened.text, draft.text, reason)
        in_memory = kept.keep_edit(self._workspace, edit)
        where = f", in memory until this machine restarts: {in_memory}" if in_memory else ""
        self._output.talk(
            f"your edit is kept, encrypted for you{where}; next: "
            f"plana-secrets edit {shlex.quote(self._file)} --continue"
        )

    def _write(self, opened: Opened, revised: Content) -> StagedFile:
        """Repeat until no other change interferes: stage, ask about what both changed, write."""
        winners: dict[LeafPath, Side] = {}
        while True:
            outcome = self._try_to_write(opened, revised, winners)
            if isinstance(outcome, StagedFile):
                return outcome
            for path in outcome.paths:
                winners[path] = self._prefer or self._ask_winner(path)

    def _try_to_write(
        self, opened: Opened, revised: Content, winners: Mapping[LeafPath, Side]
    ) -> StagedFile | Conflict:
        if self._dry_run:
            return stage_revision(self._workspace, opened, revised, winners)
        with writing(self._workspace, "edit"):
            outcome = stage_revision(self._workspace, opened, revised, winners)
            if isinstance(outcome, StagedFile):
                write_files(self._workspace, [outcome], operation="edit")
        return outcome

    def _ask_winner(self, path: LeafPath) -> Side:
        place = format_path(path) if path != COMMENTS else "the comments"
        what = f"{place} in {self._file} was changed by another run in the meantime"
        if not is_interactive(self._context):
            raise ConflictError(
                what, kind="same-path-changed", retry=False, file=self._file, path=place
            )
        while True:
            answer = ask_line(self._context, f"{what}; take [m]ine, [t]heirs, or [q]uit?")
            if answer in {"m", "mine"}:
                return "mine"
            if answer in {"t", "theirs"}:
                return "theirs"
            if answer in {"", "q", "quit"}:
                raise ConflictError(
                    what, kind="same-path-changed", retry=False, file=self._file, path=place
                )

    def _show(self, changes: Changes) -> None:
        """What is about to be written, by path; never a value."""
        for mark, paths in (("+", changes.added), ("~", changes.changed), ("-", changes.removed)):
            for path in paths:
                self._output.talk(safe_line(f"  {mark} {path}"))
        if changes.others:
            self._output.talk("  comments or the order changed")

    def _conclude(self, opened: Opened, staged: StagedFile | None, changes: Changes) -> None:
        if not self._dry_run:
            kept.forget_kept_edit(self._workspace, self._file)
        is_change = staged is not None and staged.is_change
        merged = staged is not None and opened.digest not in {None, staged.old_digest}
        if self._context.json:
            facts = {"file": self._file, "written": is_change and not self._dry_run}
            self._output.json_object(
                "edit", {**facts, **asdict(changes), "merged": merged, "dry_run": self._dry_run}
            )
            return
        if merged:
            self._output.talk("changes made by others in the meantime were kept")
        if not is_change:
            self._output.talk(f"nothing was changed in {self._file}")
        else:
            verb = "would be changed" if self._dry_run else "is changed"
            self._output.talk(f"{self._file} {verb}")


def _none_kept(file: str) -> UsageError:
    return UsageError(f"no edit of {file} is kept", kind="no-kept-edit", file=file)


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths, spelled. ``others``: comments or the order of entries changed.

    ``as_text``: new values that were kept as text, for YAML would have changed them.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    others: bool = False
    as_text: tuple[str, ...] = ()


def compare(before: Content, typed: Typed) -> Changes | None:
    """What an edit changed; None for nothing."""
    after = typed.content
    if describe(before) == describe(after):
        return None
    old, new = before.leaves(), after.leaves()
    paths = changed_paths(before, after)

    def is_filled(path: LeafPath) -> bool:
        return any(one[: len(path)] == path for one in new)

    return Changes(
        tuple(format_path(path) for path in paths if path not in old),
        tuple(format_path(path) for path in paths if path in old and path in new),
        tuple(format_path(path) for path in paths if path not in new and not is_filled(path)),
        others=not paths,
        as_text=tuple(format_path(path) for path in typed.as_text),
    )


ADVICE: Final = {
    "edit-kept": (
        "continue with `plana-secrets edit {file} --continue`, or discard it with "
        "`plana-secrets edit {file} --discard`"
    ),
    "no-kept-edit": "start one with `plana-secrets edit {file}`",
    "same-path-changed": "use `plana-secrets edit {file} --continue --prefer mine` (or theirs)",
}
