"""The editor of a person: which one, and started so that it leaves nothing behind.

The text is in a private folder in memory, but editors copy what they edit: swap, undo
and backup files, registers and positions in the home of the user. The known ones are
told not to; a window that opens elsewhere is beyond that, and the person is told.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError, UsageError

_VARIABLES: Final = ("PLANA_EDITOR", "VISUAL", "EDITOR")
_DEFAULT: Final = "vi"

_VIM_OPTIONS: Final = (
    "noswapfile", "nobackup", "nowritebackup", "nomodeline", "noexrc", "noundofile",
)  # fmt: skip
_EMACS_OPTIONS: Final = (
    "(progn (setq make-backup-files nil auto-save-default nil auto-save-list-file-prefix nil"
    " create-lockfiles nil undo-tree-auto-save-history nil)"
    " (dolist (mode '(recentf-mode savehist-mode save-place-mode desktop-save-mode))"
    " (when (fboundp mode) (funcall mode -1))))"
)
_VIMS: Final = {"vim", "nvim", "view", "gvim", "mvim", "vimx", "rvim", "rview"}
_WAITING: Final = {
    "code": "--wait", "code-insiders": "--wait", "codium": "--wait", "cursor": "--wait",
    "subl": "--wait", "zed": "--wait", "gedit": "--wait", "mate": "--wait", "atom": "--wait",
    "gvim": "--nofork", "mvim": "--nofork", "kate": "--block",
}  # fmt: skip
"""Editors with a window of their own, and the option that makes them wait for it."""
_ON_TERMINAL: Final = (
    _VIMS - {"gvim", "mvim"}
    | {"vi", "ex", "nano", "pico", "micro", "hx", "helix", "kak", "joe", "mcedit"}
)  # fmt: skip
"""Editors that wait for keys: where there is no terminal they wait for ever."""
_UNATTENDED: Final = {"-es", "-Es", "-s", "--headless", "-batch", "--batch"}
"""Options by which such an editor follows a script instead."""


@dataclass(frozen=True, slots=True)
class Editor:
    """``argv`` wants the file behind it. ``window``: it may keep copies that no one controls.

    ``wait_option`` is missing from the call, so it may return before anything was edited.
    ``terminal``: it needs a person who types.
    """

    argv: tuple[str, ...]
    window: bool = False
    wait_option: str | None = None
    terminal: bool = False

    @property
    def name(self) -> str:
        return Path(self.argv[0]).name


def choose_editor(environment: Mapping[str, str]) -> Editor:
    """PLANA_EDITOR, VISUAL, EDITOR, else vi; hardened where it is known.

    Raises:
        UsageError: the variable cannot be read as a command (kind ``bad-editor``).
    """
    chosen = next((environment[name] for name in _VARIABLES if environment.get(name)), _DEFAULT)
    try:
        argv = shlex.split(chosen)
    except ValueError:
        argv = []
    if not argv:
        raise UsageError("the editor variable contains no command", kind="bad-editor")
    name = _real_name(argv[0])
    wait = _WAITING.get(name)
    missing = wait if wait is not None and wait not in argv and wait[1:3] not in argv else None
    return Editor(
        (*argv, *_hardening(name)),
        window=name in _WAITING,
        wait_option=missing,
        terminal=_needs_terminal(name, argv[1:], environment),
    )


def _needs_terminal(name: str, options: Sequence[str], environment: Mapping[str, str]) -> bool:
    if _UNATTENDED.intersection(options):
        return False
    if name in {"emacs", "emacsclient"}:
        display = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
        return not display or bool({"-nw", "-t", "-tty", "--tty"}.intersection(options))
    return name in _ON_TERMINAL


def _real_name(program: str) -> str:
    """What the program is: ``vi`` is often a link to vim, and takes its options then."""
    name = Path(program).name
    found = shutil.which(program)
    if found and name in {"vi", "view", "ex", "editor"}:
        real = Path(found).resolve().name.partition(".")[0]
        return real if real in _VIMS | {"nano", "emacs"} else name
    return name


def _hardening(name: str) -> Sequence[str]:
    if name in _VIMS:
        # Before the user's own settings, and again behind them.
        commands = "|".join(f"silent! set {option}" for option in _VIM_OPTIONS)
        return ("-n", "-i", "NONE", "--cmd", commands, "-c", commands)
    if name == "nano":
        return ("--ignorercfiles",)
    if name == "emacs":
        return ("--eval", _EMACS_OPTIONS)
    if name == "micro":
        options = ("backup", "savehistory", "saveundo", "savecursor")
        return tuple(part for option in options for part in (f"-{option}", "false"))
    return ()


def run_editor(editor: Editor, file: Path) -> None:
    """Let a person edit ``file``, alone in its private folder; back when the editor ended.

    Raises:
        FailedError: it did not end well (kind ``editor-failed``) or cannot be started (kind
            ``editor-missing``).
    """
    from plana_secrets.process import ProgramError, run_on_terminal

    try:
        with _undisturbed():
            status = run_on_terminal(
                [*editor.argv, file], environment=_environment(file.parent), folder=file.parent
            )
    except ProgramError as error:
        raise FailedError(error.message, kind="editor-missing") from None
    if status != 0:
        ended = (
            f"failed with exit status {status}" if status > 0 else f"was killed by signal {-status}"
        )
        raise FailedError(
            f"the editor {editor.name} {ended}; nothing was changed",
            kind="editor-failed",
            status=status,
        )


def wait_for_rest(folder: Path, tell: Callable[[], None], *, patience: float) -> None:
    """Wait for what an editor left running in ``folder`` when it returned: its window, say.

    ``tell`` is called once, if there is something. ``patience``: for how many seconds.
    """
    from plana_secrets.process import programs_in

    start = time.monotonic()
    if programs_in(folder):
        tell()
    while programs_in(folder) and time.monotonic() - start < patience:
        time.sleep(0.2)


def _environment(folder: Path) -> dict[str, str]:
    """The person's own, without identities and with temporary files in the private folder."""
    ours = ("SOPS_", "PLANA_SECRETS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"TMPDIR": str(folder)}


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C at the terminal is for the editor. A handler, unlike ignoring, ends at exec."""
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


ADVICE: Final = {
    "bad-editor": "set PLANA_EDITOR to a command such as vim",
    "editor-missing": "set PLANA_EDITOR to an editor that is installed, such as vim",
    "editor-failed": ":cq in vim cancels an edit; PLANA_EDITOR sets another editor",
}
