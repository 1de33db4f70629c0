"""``plana-secrets recover``: finish or undo a change that was interrupted."""

from __future__ import annotations

import click

from plana_secrets.cli.context import Context, pass_context

EPILOG = """\b
Every command that writes does this first; recover does nothing else. What had not
begun to take effect is forgotten, what had is finished; a change whose commit was not
made yet is undone.

\b
Examples:
  plana-secrets recover
  plana-secrets recover --discard
"""

_WORDS = {
    "nothing": "nothing is open",
    "forget": "undone; it had changed nothing yet",
    "finish": "finished",
    "undo": "undone",
}


@click.command(epilog=EPILOG, short_help="Finish or undo a change that was interrupted.")
@click.option(
    "--discard",
    is_flag=True,
    help="Forget the change and leave the files as they are now.",
)
@pass_context
def recover(context: Context, discard: bool) -> None:
    """Finish or undo a change that was interrupted.

    Where it cannot be decided, because somebody changed a file meanwhile or a remote
    does not answer, it ends with 7 and says what is open; --discard then leaves the
    files as they are and gives up what was not yet written.
    """
    from plana_secrets.secretfiles.writing.writer import discard_pending, writing

    if discard:
        operation = discard_pending(context.workspace)
        files: tuple[str, ...] = ()
        action = "nothing" if operation is None else "discard"
        words = "nothing is open" if operation is None else f"{operation}: discarded"
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
