"""``plana-secrets identity``: make, show, move and keep age identities."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from plana_secrets.cli.arguments import TypedPath
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.lazy import LazyGroup
from plana_secrets.errors import UsageError

_HERE = "plana_secrets.cli.commands.identity"

COMMANDS = {
    "Commands": {
        "new": (f"{_HERE}:new", "Create an identity and store it."),
        "show": (f"{_HERE}:show", "Show the recipients of your identities."),
        "key": (f"{_HERE}:key", "Print the private key from the keyring, for sops."),
        "export": (f"{_HERE}_copies:export", "Copy identities into a passphrase-protected file."),
        "import": (f"{_HERE}_copies:import_", "Store the identities from a key file."),
    }
}

EPILOG = """\b
Identities are looked up in this order; every identity found is used:
  --identity-file FILE; if given, nothing else is used
  SOPS_AGE_KEY_FILE, SOPS_AGE_KEY, SOPS_AGE_KEY_CMD, SOPS_AGE_SSH_PRIVATE_KEY_FILE
  sops's default key file, ~/.config/sops/age/keys.txt
  ~/.ssh/id_ed25519, ~/.ssh/id_rsa and the keyring, if nothing above opens the file

\b
Examples:
  plana-secrets identity new
  plana-secrets identity show
"""


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    epilog=EPILOG,
    short_help="Create, show, export and import identities.",
)
def identity() -> None:
    """Create, show, export and import age identities."""


output_option = click.option(
    "--output",
    "-o",
    type=TypedPath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to a new file, readable only by you, instead of the keyring.",
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
  plana-secrets identity new --post-quantum
""",
    short_help="Create an identity and store it.",
)
@output_option
@click.option("--add", is_flag=True, help="Add to the identities already in the keyring.")
@click.option(
    "--post-quantum",
    is_flag=True,
    help="A key that also withstands quantum computers; sops 3.12 or newer can use it.",
)
@pass_context
def new(context: Context, output: Path | None, add: bool, post_quantum: bool) -> None:
    """Create an age identity, store it in the keyring and print its recipient.

    It is stored in the keyring of the operating system or, with --output, in a file. There
    is no other fallback.
    """
    from plana_secrets.age.identities import generate_identity
    from plana_secrets.age.sources import read_keyring
    from plana_secrets.cli.identities import keep_identities

    if output is None and not add and len(read_keyring()):
        raise UsageError("the keyring already has an identity", kind="identity-exists")
    made = generate_identity(hybrid=post_quantum)
    keep_identities(context, [made], output)
    if context.json:
        report = {"recipient": made.recipient.text, **describe_place(output)}
        context.output.json_object("identity-new", report)
    else:
        context.output.data(made.recipient.text)
    context.output.talk(f"kept in {output or 'the keyring'}")
    context.output.talk("keep a copy elsewhere: `plana-secrets identity export --output FILE`")


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
    """Show the recipient of each available identity, and where it was found.

    Keys that cannot be used are listed with the reason.
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
        unusable = [{"origin": one.origin, "reason": one.reason} for one in found.unusable]
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
    """Print the identities in the keyring (or in --identity-file), including private keys.

    Set SOPS_AGE_KEY_CMD to this command to let sops and editors use an identity from the
    keyring.
    """
    from plana_secrets.age.sources import read_keyring
    from plana_secrets.cli.identities import require_identities

    if context.json:
        raise UsageError("the key is printed as is; --json is not supported", kind="no-json")
    # The environment is not asked: it may name this very command.
    found = context.find_identities() if context.identity_file else read_keyring()
    require_identities(found)
    context.output.data_bytes(found.as_key_file().reveal())


ADVICE: Final = {
    "identity-exists": "`plana-secrets identity show` shows it; use --add to create another",
    "no-json": "omit --json",
}
