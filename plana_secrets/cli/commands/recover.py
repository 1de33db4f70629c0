"""``plana-secrets recover``: finish or undo a change that was interrupted."""

from __future__ import annotations

import click

from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option

EPILOG = """\
Every command that writes does this first; recover does nothing else. A change that had
not taken effect is dropped, one that had is completed, and one whose commit was never
made is rolled back.

\b
Examples:
  plana-secrets recover
  plana-secrets recover --discard
"""

_WORDS = {
    "nothing": "nothing to recover",
    "forget": "undone; nothing had been changed",
    "finish": "finished",
    "undo": "undone",
}


@click.command(epilog=EPILOG, short_help="Finish or undo a change that was interrupted.")
@click.option(
    "--discard",
    is_flag=True,
    help="Discard the change and leave the files as they are.",
)
@wait_option
@pass_context
def recover(context: Context, discard: bool) -> None:
    """Finish or undo a change that was interrupted.

    If it cannot decide, because a file was changed in the meantime or a remote does not
    answer, it exits with 7 and shows what is unfinished. --discard then leaves the files
    as they are and drops what was not written.
    """
    from plana_secrets.secretfiles.writing.writer import discard_pending, writing

    if discard:
        operation = discard_pending(context.workspace)
        files: tuple[str, ...] = ()
        action = "nothing" if operation is None else "discard"
        words = "nothing to recover" if operation is None else f"{operation}: discarded"
    else:
        with writing(context.workspace, "recover") as recovery:
            operation, files, action = recovery.operation, recovery.files, recovery.action
        words = _WORDS[action] if operation is None else f"{operation}: {_WORDS[action]}"
    if context.json:
        facts = {"action": action, "operation": operation, "files": list(files)}
        context.output.json_object("recover", facts)
    else:
        context.output.talk(words)
        for file in files:
            context.output.talk(f"  {file}")
