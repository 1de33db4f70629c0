"""One edit, from the editor to the file: checked, merged, written, or kept for later.

No lock is held while a person edits. What was typed is lost only at the person's word:
when it cannot be written, or the run is ended from outside, it is kept in the git dir,
encrypted to the person.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from plana_secrets import limits, memory
from plana_secrets.cli.astyped import tell_as_typed
from plana_secrets.cli.context import Context
from plana_secrets.cli.editor import choose_editor, run_editor
from plana_secrets.cli.failure import Terminated
from plana_secrets.cli.hints import find_hint
from plana_secrets.cli.output import safe_line
from plana_secrets.cli.repairing import repair_first
from plana_secrets.cli.terminal import ask_line, is_interactive, require_interactive
from plana_secrets.document.astyped import Typed, without_marks
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
    read_text,
    stage_revision,
)
from plana_secrets.secretfiles.writing.stage import StagedFile, describe
from plana_secrets.secretfiles.writing.writer import write_files, writing
from plana_secrets.storage import read_regular_file, replace_file

_AT_ONCE: Final = 1.0
"""Too few seconds for an edit by a person."""


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
        self._output.talk(f"the kept edit of {self._file} is gone")

    def _finish(self, opened: Opened, text: Secret, *, edited: bool) -> None:
        with memory.private_folder() as folder:
            desk = Desk(self._context, opened, folder / Path(self._file).name)
            desk.put(text)
            try:
                changes, staged = self._take(desk, edited=edited)
            except BaseException as error:
                # no context manager: a signal that comes with the error would skip its end
                try:
                    self._keep(desk, error)
                except Terminated:
                    self._keep(desk, error)
                    raise
                raise
        self._conclude(opened, staged, changes or Changes())
        if changes is None and desk.hint:
            self._output.talk(f"hint: {desk.hint}")

    def _take(self, desk: Desk, *, edited: bool) -> tuple[Changes | None, StagedFile | None]:
        """What the person's work changed, written; nothing for no change."""
        typed = desk.work(edited=edited, yaml_types=self._typed)
        changes = compare(desk.opened.content, typed)
        if changes is None:
            return None, None
        self._show(changes)
        tell_as_typed(self._output, typed.as_text, typed.nulls)
        return changes, self._write(desk.opened, typed.content)

    def _keep(self, desk: Desk, error: BaseException) -> None:
        """An error, a signal or a lost terminal ends the run, not the work saved so far."""
        if self._dry_run or desk.is_given_up or not desk.is_touched:
            return
        reason = ""
        if isinstance(error, PlanaSecretsError):
            advice = find_hint(error)
            reason = f"{error.message} ({advice})" if advice else error.message
        edit = kept.KeptEdit(self._file, desk.opened.text, desk.text, reason)
        kept.keep_edit(self._workspace, edit)
        self._output.talk(
            "your edit is kept, encrypted for you; next: "
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
    return Changes(
        tuple(format_path(path) for path in paths if path not in old),
        tuple(format_path(path) for path in paths if path in old and path in new),
        tuple(format_path(path) for path in paths if path not in new),
        others=not paths,
        as_text=tuple(format_path(path) for path in typed.as_text),
    )


class Desk:
    """The file in memory that a person edits, again and again until it is right."""

    def __init__(self, context: Context, opened: Opened, path: Path) -> None:
        self._context = context
        self.opened = opened
        self._path = path
        self.is_given_up = False
        self.hint = ""

    def put(self, text: Secret) -> None:
        replace_file(self._path, text.reveal(), mode=0o600)

    @property
    def text(self) -> Secret:
        """What the person saved, without the marks of an editor that writes for Windows."""
        content = read_regular_file(self._path, limit=limits.STATE_FILE)
        return Secret(without_marks(content))

    @property
    def is_touched(self) -> bool:
        """Whether there is something of the person's to lose."""
        try:
            text = self.text
            return text != self.opened.text and bool(text.reveal().strip())
        except PlanaSecretsError:
            return False

    def work(self, *, edited: bool, yaml_types: bool) -> Typed:
        """The content after the person's edit.

        Raises:
            FailedError, UsageError: there is a mistake in it, and no one who would fix
                it, or who gave it up.
        """
        while True:
            if not edited:
                self._edit()
            edited = False
            try:
                text = self.text
                if text == self.opened.text:
                    return Typed(self.opened.content)
                return read_text(self._context.workspace, text, self.opened, yaml_types=yaml_types)
            except (FailedError, UsageError) as error:
                self._ask_again(error)

    def _edit(self) -> None:
        editor = choose_editor(os.environ)
        if editor.terminal:
            require_interactive(self._context, f"an edit in {editor.name}")
        if editor.window:
            self._context.output.warn(f"{editor.name} may keep copies of what you edit")
        start = time.monotonic()
        run_editor(editor, self._path)
        if time.monotonic() - start >= _AT_ONCE or self.is_touched:
            return
        if editor.wait_option:
            raise UsageError(
                f"the editor {editor.name} returned at once",
                kind="editor-did-not-wait",
                editor=editor.name,
                option=editor.wait_option,
            )
        self.hint = (
            f"{editor.name} returned at once; if it opens a window, add an option to "
            "$EDITOR that makes it wait, such as --wait"
        )

    def _ask_again(self, error: PlanaSecretsError) -> None:
        """Explain the mistake, and continue only if a person can fix it."""
        if not is_interactive(self._context):
            raise error
        self._context.output.talk(f"a mistake: {error.message}")
        question = "press Enter to edit again, q to discard your edit"
        if ask_line(self._context, question).strip().lower() in {"q", "quit"}:
            self.is_given_up = True
            raise error


ADVICE: Final = {
    "edit-kept": (
        "continue with `plana-secrets edit {file} --continue`, or discard it with "
        "`plana-secrets edit {file} --discard`"
    ),
    "editor-did-not-wait": "make it wait: PLANA_EDITOR='{editor} {option}'",
    "no-kept-edit": "start one with `plana-secrets edit {file}`",
    "same-path-changed": "use `plana-secrets edit {file} --continue --prefer mine` (or theirs)",
}
