"""``plana-secrets identity``: make, show, move and keep age identities."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.lazy import LazyGroup
from plana_secrets.errors import UsageError

_HERE = "plana_secrets.cli.commands.identity"

COMMANDS = {
    "Commands": {
        "new": (f"{_HERE}:new", "Make an identity and keep it."),
        "show": (f"{_HERE}:show", "Show the recipients of your identities."),
        "key": (f"{_HERE}:key", "Print the private key from the keyring, for sops."),
        "export": (f"{_HERE}_copies:export", "Copy identities into a passphrase-protected file."),
        "import": (f"{_HERE}_copies:import_", "Keep the identities of a key file."),
    }
}

EPILOG = """\b
Identities are looked for in this order, and all that is found is used:
  --identity-file FILE, alone when it is given
  SOPS_AGE_KEY_FILE, SOPS_AGE_KEY, SOPS_AGE_KEY_CMD, SOPS_AGE_SSH_PRIVATE_KEY_FILE
  sops's default key file, ~/.config/sops/age/keys.txt
  ~/.ssh/id_ed25519, ~/.ssh/id_rsa, and the keyring, when nothing before them fits

\b
Examples:
  plana-secrets identity new
  plana-secrets identity show
"""


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    epilog=EPILOG,
    short_help="Make, show, move and keep age identities.",
)
def identity() -> None:
    """Make, show, move and keep age identities."""


output_option = click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A new file, readable by you alone, instead of the keyring.",
)


def describe_place(output: Path | None) -> dict[str, str | None]:
    """Where an identity is kept, for ``--json``."""
    file = None if output is None else str(output)
    return {"kept_in": "keyring" if output is None else "file", "file": file}


@click.command(
    epilog="""\b
Examples:
  plana-secrets identity new
  plana-secrets identity new --output ~/keys/laptop.txt
""",
    short_help="Make an identity and keep it.",
)
@output_option
@click.option("--add", is_flag=True, help="Beside the identities that the keyring has already.")
@pass_context
def new(context: Context, output: Path | None, add: bool) -> None:
    """Make an age identity, keep it in the keyring and print its recipient.

    It is kept in the keyring of the operating system, or with --output in a file; there
    is no other place that it falls back to.
    """
    from plana_secrets.age.identities import generate_identity
    from plana_secrets.age.sources import read_keyring
    from plana_secrets.cli.identities import keep_identities

    if output is None and not add and len(read_keyring()):
        raise UsageError("the keyring has an identity already", kind="identity-exists")
    made = generate_identity()
    keep_identities(context, [made], output)
    if context.json:
        report = {"recipient": made.recipient.text, **describe_place(output)}
        context.output.json_object("identity-new", report)
    else:
        context.output.data(made.recipient.text)
    context.output.talk(f"kept in {output or 'the keyring'}")
    context.output.talk("keep a copy of it elsewhere: plana-secrets identity export --output FILE")


@click.command(
    epilog="""\b
Examples:
  plana-secrets identity show
  plana-secrets identity show --json
""",
    short_help="Show the recipients of your identities.",
)
@pass_context
def show(context: Context) -> None:
    """Show the recipient of each identity at hand, and where it was found.

    Keys that were found and cannot be used are named with the reason.
    """
    from plana_secrets.cli.identities import notable, require_identities

    found = context.find_identities().complete()
    for one in notable(found):
        context.output.warn(f"{one.origin}: {one.reason}")
    members = require_identities(found)
    if context.json:
        rows = [
            {"recipient": one.recipient.text, "kind": one.recipient.kind, "origin": one.origin}
            for one in members
        ]
        unusable = [one._asdict() for one in found.unusable]
        context.output.json_object("identity-show", {"identities": rows, "unusable": unusable})
    else:
        lines = [(one.recipient.text, one.origin) for one in members]
        context.output.table(lines, ("recipient", "found in"))


@click.command(
    epilog="""\b
Examples:
  plana-secrets identity key | age -d -i - FILE.age
  export SOPS_AGE_KEY_CMD='plana-secrets identity key'
""",
    short_help="Print the private key from the keyring, for sops.",
)
@pass_context
def key(context: Context) -> None:
    """Print the identities in the keyring (or in --identity-file), private keys and all.

    With SOPS_AGE_KEY_CMD set to this command, plain sops and editors work with an
    identity that is kept in the keyring.
    """
    from plana_secrets.age.sources import read_keyring
    from plana_secrets.cli.identities import require_identities

    if context.json:
        raise UsageError("the key is printed as it is, there is no JSON form", kind="no-json")
    # The environment is not asked: it may name this very command.
    found = context.find_identities() if context.identity_file else read_keyring()
    require_identities(found)
    context.output.data_bytes(found.as_key_file().reveal())


ADVICE: Final = {
    "identity-exists": "`plana-secrets identity show` shows it; --add makes another beside it",
    "no-json": "leave --json out",
}
