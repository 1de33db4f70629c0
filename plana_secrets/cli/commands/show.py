"""``plana-secrets show``: a file with its values masked, or revealed on request."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import at_option
from plana_secrets.cli.output import MASK
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.sops.model import Document, Structure

_QUOTED_KEY = re.compile(
    r'^( *(?:- +)*)"(?!(?:null|true|false|yes|no|on|off|y|n)")([A-Za-z_][A-Za-z0-9_./-]*)":',
    re.MULTILINE | re.IGNORECASE,
)
"""A key that reads the same without its quotes; values follow one, never at the start."""

EPILOG = """\b
Examples:
  plana-secrets show infra/secrets/dev/example.yaml
  plana-secrets show infra/secrets/dev/example.yaml --json --reveal
  plana-secrets show infra/secrets/dev/example.yaml --at v1.0
"""


@click.command(epilog=EPILOG, short_help="Show a file with its values masked.")
@file_argument()
@click.option("--reveal", is_flag=True, help="Show the values.")
@at_option
@pass_context
def show(context: Context, file: str, reveal: bool, at: str | None) -> None:
    """Show FILE as YAML with its values masked.

    Without --reveal, nothing is decrypted and no identity is needed. With it, the text in the
    data of a Secret is shown below as a comment. With --json, print the
    document as `sops decrypt --output-type json` does. If CI is set, --reveal is refused:
    what a job prints stays in its log.
    """
    from plana_secrets.cli.secretfile import (
        find_file,
        open_file,
        read_sound_structure,
        warn_if_pending,
    )

    if reveal and os.environ.get("CI"):
        raise UsageError(
            "--reveal is refused in CI: the values would stay in the job's log", kind="logged"
        )
    warn_if_pending(context)
    name = find_file(context, file, must_exist=at is None)
    if reveal:
        document = open_file(context, name, at)
    else:
        document = _masked(read_sound_structure(context, name, at))
    if context.json:
        from plana_secrets.sops.reading.jsonvalues import to_json_text

        data = json.loads(to_json_text(document, reveal=reveal))
        context.output.json_object("show", {"file": name, "data": data})
    else:
        from plana_secrets.cli.shown import as_shown
        from plana_secrets.document.emit import emit_yaml

        text = emit_yaml(document.structure.items, document.values).reveal_text()
        text = _QUOTED_KEY.sub(r"\1\2:", text).rstrip("\n")
        context.output.data(as_shown(text, decode=reveal and _is_secret(document)))


def _is_secret(document: Document) -> bool:
    found = document.find(("kind",))
    return found is not None and found[1].reveal() == b"Secret"


def _masked(structure: Structure) -> Document:
    """A document that says ``***`` wherever the file has a ciphertext."""
    from plana_secrets.secret import Secret
    from plana_secrets.sops.model import Document, Empty, Item, Leaf, LeafType

    items: list[Item] = []
    values: list[Secret | None] = []
    for item in structure.items:
        if isinstance(item, Empty) or item.token is None:
            items.append(item)
            values.append(None if isinstance(item, Empty) else item.plain)
        else:
            is_leaf = isinstance(item, Leaf)
            items.append(replace(item, type=LeafType.STR) if isinstance(item, Leaf) else item)
            values.append(Secret.from_text(MASK if is_leaf else f" {MASK}"))
    return Document(replace(structure, items=items), values, Secret(b""))


ADVICE: Final = {
    "logged": (
        "a job can use `plana-secrets get` or `plana-secrets run`; to reveal anyway, use "
        "`env -u CI`"
    ),
}
