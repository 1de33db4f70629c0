"""``rotate confirm``: an external caller is done with the present phase."""

from __future__ import annotations

import click

from plana_secrets.cli.commands.rotate import session
from plana_secrets.cli.context import Context, pass_context

_EPILOG = """\
After publish, confirm that the caller has the new key; after promote, that it uses only
the new key. If pods are reloaded by hand, confirm `reload` once all have been reloaded.

\b
Examples:
  plana-secrets rotate confirm pulse-data/portal acme --commit --push
  plana-secrets rotate confirm pulse-data/portal          all that are awaited
"""


@click.command(epilog=_EPILOG)
@session.name_argument()
@click.argument("callers", nargs=-1, metavar="[CALLER]...")
@session.delivery_options
@pass_context
def confirm(
    context: Context, name: str, callers: tuple[str, ...], commit: bool, push: bool
) -> None:
    """Record that an external caller has switched."""
    from plana_secrets.rotation.apply import confirm_keyset
    from plana_secrets.rotation.landing import Delivery

    rotation = session.open_rotation(context)
    moved = confirm_keyset(rotation, name, callers, delivery=Delivery(commit, push))
    session.report(context, "rotate-confirm", [rotation.status(name)], [moved])
