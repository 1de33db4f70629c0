"""``rotate confirm``: an external caller is done with the present phase."""

from __future__ import annotations

import click

from plana_secrets.cli.commands.rotate import moves
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.errors import UsageError

_EPILOG = """\
After publish, confirm that the caller has the new key; after promote, that it uses only
the new key. If pods are reloaded by hand, confirm `reload` once all have been reloaded.

--adopted confirms that services no longer read the path from which the first value was
adopted. Use it only if the value has to stay there; otherwise `unset` the path.

\b
Examples:
  plana-secrets rotate confirm shop/portal acme --commit --push
  plana-secrets rotate confirm shop/portal          all that are awaited
  plana-secrets rotate confirm shop/jwt --adopted --commit
"""


@click.command(epilog=_EPILOG)
@moves.name_argument()
@click.argument("callers", nargs=-1, metavar="[CALLER]...")
@click.option("--adopted", is_flag=True, help="Confirm that the adopted path has no readers.")
@moves.delivery_options
@pass_context
def confirm(
    context: Context,
    name: str,
    callers: tuple[str, ...],
    adopted: bool,
    commit: bool,
    push: bool,
    push_branch: str | None,
) -> None:
    """Record that callers, or the readers of an adopted path, have switched."""
    from plana_secrets.rotation.apply import confirm_adopted, confirm_keyset

    if adopted and callers:
        raise UsageError("--adopted and CALLER cannot be combined", kind="usage")
    delivery = moves.delivery_of(commit, push, push_branch)
    rotation = moves.open_rotation(context, delivery)
    if adopted:
        moved = confirm_adopted(rotation, name, delivery=delivery)
    else:
        moved = confirm_keyset(rotation, name, callers, delivery=delivery)
    moves.report(context, "rotate-confirm", [rotation.status(name)], [moved])
