"""``plana-secrets identity export|import``: identities as files that can be carried."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import TypedPath
from plana_secrets.cli.commands.identity import describe_place, output_option
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities

_passphrase_stdin = click.option(
    "--passphrase-stdin", is_flag=True, help="Read the passphrase from the first line of stdin."
)


@click.command(
    epilog="""\b
Examples:
  plana-secrets identity export --output /media/usb/identity.age
  plana-secrets identity export --passphrase-stdin < passphrase.txt > identity.age
""",
    short_help="Copy identities into a passphrase-protected file.",
)
@click.option(
    "--output",
    "-o",
    type=TypedPath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to a new file; default: print the export.",
)
@_passphrase_stdin
@pass_context
def export(context: Context, output: Path | None, passphrase_stdin: bool) -> None:
    """Copy the available identities into an age file protected by a passphrase.

    Open it with `plana-secrets identity import`, or anywhere with `age -d`. Keys
    from ssh key files are not copied.
    """
    from plana_secrets.age.recipients import encrypt_with_passphrase
    from plana_secrets.cli.identities import require_identities

    found = context.find_identities().complete()
    copied = require_identities(found, kind="x25519")
    if output is not None:
        _refuse_existing(output)
    passphrase = _ask_passphrase(context, from_stdin=passphrase_stdin, twice=True)
    content = encrypt_with_passphrase(found.as_key_file(), passphrase)
    if output is not None:
        from plana_secrets.storage import replace_file

        replace_file(output, content, mode=0o600)
    recipients = [one.recipient.text for one in copied]
    if context.json:
        text = None if output else content.decode()
        report = {"recipients": recipients, "file": str(output) if output else None, "export": text}
        context.output.json_object("identity-export", report)
    elif output is None:
        context.output.data_bytes(content)
    context.output.talk(f"exported {len(recipients)}: {', '.join(recipients)}")


@click.command(
    "import",
    epilog="""\b
Examples:
  plana-secrets identity import identity.age
  plana-secrets identity import ~/.config/sops/age/keys.txt
  age-keygen | plana-secrets identity import -
""",
    short_help="Store the identities from a key file.",
)
@click.argument("file", metavar="FILE", type=TypedPath(path_type=Path, allow_dash=True))
@output_option
@_passphrase_stdin
@pass_context
def import_(context: Context, file: Path, output: Path | None, passphrase_stdin: bool) -> None:
    """Store the identities from FILE (- for stdin) in the keyring, next to those already there.

    FILE is an age key file, with or without a passphrase. It is not changed: delete it once
    you have checked that the copy works.
    """
    from plana_secrets.cli.identities import keep_identities, require_identities

    if str(file) == "-" and passphrase_stdin:
        raise UsageError("cannot read both the key file and the passphrase from stdin")
    found = _open_key_file(context, file, passphrase_stdin=passphrase_stdin)
    for one in found.unusable:
        context.output.warn(f"{one.origin}: {one.reason}")
    taken = require_identities(found, kind="x25519")
    added = keep_identities(context, taken, output)
    recipients = [one.recipient.text for one in taken]
    if context.json:
        report = {"recipients": recipients, "added": len(added), **describe_place(output)}
        context.output.json_object("identity-import", report)
    else:
        context.output.outcome("\n".join(recipients))
    place = output or "the keyring"
    context.output.talk(f"kept in {place}" if added else f"{place} already has them")


def _open_key_file(context: Context, file: Path, *, passphrase_stdin: bool) -> Identities:
    from plana_secrets.age.identities import is_under_passphrase, parse_identity_file
    from plana_secrets.age.recipients import decrypt_with_passphrase
    from plana_secrets.age.sources import read_key_file

    content = Secret(sys.stdin.buffer.read()) if str(file) == "-" else read_key_file(file)
    if is_under_passphrase(content):
        passphrase = _ask_passphrase(context, from_stdin=passphrase_stdin, twice=False)
        content = decrypt_with_passphrase(content.reveal(), passphrase)
    return parse_identity_file(content, "stdin" if str(file) == "-" else str(file))


def _ask_passphrase(context: Context, *, from_stdin: bool, twice: bool) -> Secret:
    from plana_secrets.cli.terminal import ask_secret

    if not from_stdin:
        return ask_secret(context, "passphrase", twice=twice, instead="pass --passphrase-stdin")
    line = sys.stdin.buffer.readline()
    return Secret(line.removesuffix(b"\n").removesuffix(b"\r"))


def _refuse_existing(output: Path) -> None:
    if os.path.lexists(output):
        raise UsageError(f"{output} already exists", kind="exists")
