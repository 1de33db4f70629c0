"""``plana-secrets get``: one value, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.arguments import file_argument, path_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import at_option
from plana_secrets.errors import MalformedError

if TYPE_CHECKING:
    from plana_secrets.secret import Secret

EPILOG = """\b
Examples:
  plana-secrets get infra/secrets/dev/example.yaml db.password
  plana-secrets get infra/secrets/dev/app.secret.yaml data.TOKEN --decode
  plana-secrets get infra/secrets/dev/example.yaml#db.password
  plana-secrets get infra/secrets/dev/example.yaml db.password --at HEAD~1
"""


@click.command(epilog=EPILOG, short_help="Print one value.")
@file_argument()
@path_argument(required=False)
@click.option("--decode", is_flag=True, help="Decode the base64 of a Secret's data.")
@at_option
@pass_context
def get(context: Context, file: str, path: str | None, decode: bool, at: str | None) -> None:
    """Print the value at PATH in FILE: its exact bytes, nothing else.

    A final newline is added only on a terminal. You can also pass FILE#PATH as one argument.
    """
    from plana_secrets.cli.secretfile import find_leaf, open_file, read_leaf, warn_if_pending
    from plana_secrets.document.values import written
    from plana_secrets.paths import format_path

    warn_if_pending(context)
    name, steps = find_leaf(context, file, path, must_exist=at is None)
    leaf, value, steps = read_leaf(context, open_file(context, name, at), name, steps)
    content = _decoded(value, format_path(steps)) if decode else written(leaf.type, value)
    if context.json:
        facts = {"file": name, "path": format_path(steps), "type": str(leaf.type)}
        text = content.decode("utf-8", "surrogateescape")
        context.output.json_object("get", {**facts, "value": text})
    else:
        context.output.data_bytes(content)


def _decoded(value: Secret, path: str) -> bytes:
    from plana_secrets.document.manifest import decode_data

    decoded = decode_data(value)
    if decoded is None:
        raise MalformedError(f"{path} is not base64", kind="not-base64-value", path=path)
    return decoded.reveal()
