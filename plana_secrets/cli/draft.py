"""The file in memory that a person edits, again and again until it is right."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import Final

from plana_secrets import limits
from plana_secrets.cli.context import Context
from plana_secrets.cli.editor import Editor, choose_editor, run_editor, wait_for_rest
from plana_secrets.cli.hints import find_hint
from plana_secrets.cli.terminal import ask_line, is_interactive, require_interactive
from plana_secrets.document.astyped import Typed, without_marks
from plana_secrets.errors import FailedError, MissingFileError, PlanaSecretsError, UsageError
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.editing.revise import Opened, read_text
from plana_secrets.storage import read_regular_file, replace_file

_AT_ONCE: Final = 1.0
"""Too few seconds for an edit by a person."""

_PATIENCE: Final = 8 * 3600.0
_PATIENCE_OF_A_PIPE: Final = 30.0
"""How many seconds a window may take that the editor did not wait for."""


class Draft:
    """``hint``: what to tell a person whose editor may not have waited."""

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
        try:
            content = read_regular_file(self._path, limit=limits.STATE_FILE)
        except MissingFileError:
            raise FailedError("the editor removed the file", kind="draft-removed") from None
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
            require_interactive(
                self._context,
                f"an edit in {editor.name}",
                f"set single values with `plana-secrets set {shlex.quote(self.opened.file)} PATH "
                "--stdin`, or set PLANA_EDITOR to a program that needs no terminal",
            )
        if editor.window:
            self._context.output.warn(f"{editor.name} may keep copies of what you edit")
        start = time.monotonic()
        run_editor(editor, self._path)
        if time.monotonic() - start >= _AT_ONCE or self.is_touched:
            return
        self._wait(editor)
        if self.is_touched:
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

    def _wait(self, editor: Editor) -> None:
        """A window that the editor left behind may still save."""

        def tell() -> None:
            self._context.output.warn(
                f"{editor.name} returned at once; waiting for what it left running "
                "(add an option such as --wait to $EDITOR)"
            )

        patience = _PATIENCE if is_interactive(self._context) else _PATIENCE_OF_A_PIPE
        wait_for_rest(self._path.parent, tell, patience=patience)

    def _ask_again(self, error: PlanaSecretsError) -> None:
        """Explain the mistake, and continue only if a person can fix it."""
        if not is_interactive(self._context):
            raise error
        self._context.output.talk(f"a mistake: {error.message}")
        if advice := find_hint(error):
            self._context.output.talk(f"hint: {advice}")
        question = "press Enter to edit again, q to discard your edit"
        if ask_line(self._context, question).strip().lower() in {"q", "quit"}:
            self.is_given_up = True
            raise error
        if not self._path.exists():
            self.put(self.opened.text)


ADVICE: Final = {
    "draft-removed": "save it under the name that it had",
    "editor-did-not-wait": "make it wait: PLANA_EDITOR='{editor} {option}'",
}
