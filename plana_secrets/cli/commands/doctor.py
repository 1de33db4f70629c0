"""``plana-secrets doctor``: check the tools, the identities and the repository."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.context import Context, pass_context
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.cli.checkup.result import Result
    from plana_secrets.cli.output import Output

EPILOG = """\b
Examples:
  plana-secrets doctor
  plana-secrets doctor --strict --json
  plana-secrets doctor --job
"""

_STYLES = {"ok": "green", "note": "dim", "warning": "yellow", "error": "red"}


@click.command(epilog=EPILOG, short_help="Check tools, identities and the repository.")
@click.option("--job", is_flag=True, help="Check what a job needs, and ask the remote.")
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@pass_context
def doctor(context: Context, job: bool, strict: bool) -> int:
    """Check the tools, the identities, the keyring and the repository.

    Every problem is listed with a fix. Nothing is changed or decrypted. To check the secret
    files, use `plana-secrets verify`.

    With --job, it checks what a job needs: this user, its environment, its mounts, the remote.
    """
    from plana_secrets.cli.checkup import run_checkup

    results = run_checkup(context, for_job=job)
    counts = Counter(_word(result) for result in results)
    code = int(counts["error"] > 0 or (strict and counts["warning"] > 0))
    if context.json:
        _report(context.output, results, counts)
    elif code or not context.quiet:
        for result in results:
            _show(context.output, result)
        context.output.talk(", ".join(counted(counts[word], word) for word in ("error", "warning")))
    return code


def _show(output: Output, result: Result) -> None:
    from plana_secrets.cli.output import safe_line

    word = _word(result)
    print(f"{output.style(word.ljust(7), _STYLES[word])}  {safe_line(result.message)}")
    if fix := _fix(output, result):
        print(f"         fix: {safe_line(fix)}")


def _fix(output: Output, result: Result) -> str | None:
    """What to do about it; it may be a command and nothing else."""
    label = "fix: "
    return result.fix and output.here(f"{label}{result.fix}").removeprefix(label)


def _report(output: Output, results: list[Result], counts: Counter[str]) -> None:
    rows = [
        {
            "check": result.check,
            "severity": _word(result),
            "message": result.message,
            "fix": _fix(output, result),
        }
        for result in results
    ]
    totals = {"errors": counts["error"], "warnings": counts["warning"]}
    output.json_object("doctor", {"results": rows, **totals})


def _word(result: Result) -> str:
    return "ok" if result.severity is None else result.severity.value
