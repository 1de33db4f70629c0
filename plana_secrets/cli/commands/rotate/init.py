"""``rotate init``: the first version of a keyset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plana_secrets.cli.commands.rotate import moves
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.document.references import SecretReference
    from plana_secrets.rotation.initialise import Initialised

_EPILOG = """\
--adopt keeps the value where services read it now, and also writes the targets.
Services switch one by one, and `unset` removes the old path at the end; until then
promote is refused. An adopted JWT secret gets the kid `legacy`, for tokens without a kid.

For an existing keyset, without --adopt and --fresh, empty targets are filled (such as a
caller you added); --replace writes all of them again. Replacing a value that services
use causes an outage of one roll-out and needs --accept-outage.

\b
Examples:
  plana-secrets rotate init shop/portal --fresh --commit
  plana-secrets rotate init shop/jwt \\
      --adopt infra/secrets/prod/shop.secret.yaml#stringData.JWT_SECRET
"""


@click.command(epilog=_EPILOG)
@moves.name_argument()
@click.option("--adopt", metavar="FILE#PATH", help="Start from the value that services use today.")
@click.option("--fresh", is_flag=True, help="Start from a generated value.")
@click.option("--replace", is_flag=True, help="Overwrite targets that have another value.")
@moves.accept_outage_option
@moves.delivery_options
@pass_context
def init(
    context: Context,
    name: str,
    adopt: str | None,
    fresh: bool,
    replace: bool,
    accept_outage: bool,
    commit: bool,
    push: bool,
    push_branch: str | None,
) -> None:
    """Create a keyset and write its targets."""
    from plana_secrets.rotation.initialise import Source, init_keyset

    if adopt and fresh:
        raise UsageError("--adopt and --fresh cannot be combined", kind="init-source")
    source = Source(_locate(context, adopt) if adopt else None, fresh)
    delivery = moves.delivery_of(commit, push, push_branch)
    if push_branch is None:
        rotation = moves.open_for_init(context)
    else:  # what is not committed would be on no branch
        rotation = moves.open_rotation(context, delivery)
        rotation.require_committed(name)

    def make(accepted: bool) -> Initialised:
        return init_keyset(
            rotation, name, source, replace=replace, accept_outage=accepted, delivery=delivery
        )

    done = moves.accepting_outage(context, make, accepted=accept_outage)
    for place, count in done.foreign:
        context.output.warn(f"{place}: {counted(count, 'entry')} without a keyset; kept")
    if done.weak:
        context.output.warn(f"{name}: the value has fewer than {done.weak} bytes; rotate it soon")
    # one that is on a branch of its own is not here yet
    statuses = [] if done.moved.proposal else [rotation.status(name)]
    moves.report(context, "rotate-init", statuses, [done.moved])


def _locate(context: Context, text: str) -> SecretReference:
    """``FILE#PATH``, the file relative to the working directory or to the repository."""
    from plana_secrets.document.references import SecretReference, parse_reference
    from plana_secrets.secretfiles.listing import resolve_file

    reference = parse_reference(text)
    file = resolve_file(context.workspace, reference.file, context.folder)
    return SecretReference(file, reference.path)
