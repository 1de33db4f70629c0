"""``mirror init``: find what the configuration needs, and write it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from plana_secrets import limits
from plana_secrets.cli.context import Context, pass_context

if TYPE_CHECKING:
    from plana_secrets.mirror.backends.vaultwarden.setup import Choice
    from plana_secrets.mirror.backends.vaultwarden.vault import Vault
    from plana_secrets.mirror.settings import VaultwardenSettings

_EPILOG = """\b
Nothing is created on the server. First, an owner does this in the web vault:
  1. create an organization, preferably for the mirror only: its owners and admins can
     write to every item
  2. create a collection for each set of files
  3. invite the service account with 'edit items' on these collections, and staff with
     'view items'; compare fingerprint phrases before confirming each member

\b
Examples:
  plana-secrets login --api-key --url https://vault.example.com
  plana-secrets mirror init vaultwarden --url https://vault.example.com \\
      --collection 'infra/secrets/prod/**=prod' --break-glass owner@example.com
"""


def _split(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.rpartition("=") for value in values]
    if any(not glob or not word for glob, _, word in pairs):
        raise click.BadParameter("write GLOB=COLLECTION")
    return {glob: word for glob, _, word in pairs}


@click.command(epilog=_EPILOG, short_help="Set up the mirror on a server.")
@click.argument("kind", type=click.Choice(["vaultwarden"]))
@click.option("--url", required=True, metavar="URL", help="Server address.")
@click.option(
    "--organization", metavar="ID", help="Organization id or name; default: the only one."
)
@click.option(
    "--collection",
    "collections",
    multiple=True,
    metavar="GLOB=NAME",
    callback=_split,
    help="Which files go into which collection; repeatable.",
)
@click.option(
    "--break-glass",
    multiple=True,
    metavar="EMAIL",
    help="Email of an owner kept for emergencies; repeatable.",
)
@click.option("--credentials", metavar="FILE", help="Credentials file of a job.")
@click.option(
    "--ca-file", metavar="FILE", help="CA certificate to trust (relative to the repository)."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@pass_context
def init(
    context: Context,
    kind: str,  # noqa: ARG001 - one today; the name says which options there are
    url: str,
    organization: str | None,
    collections: dict[str, str],
    break_glass: tuple[str, ...],
    credentials: str | None,
    ca_file: str | None,
    dry_run: bool,
) -> int:
    """Set up the mirror: find the organization and collections, and write the settings."""
    from plana_secrets.mirror.backends.vaultwarden.address import checked_url
    from plana_secrets.mirror.backends.vaultwarden.setup import Choice

    choice = Choice(checked_url(url), organization, collections, break_glass, credentials, ca_file)
    settings, vault = _find(context, choice)
    _explain(context, settings, vault)
    changed = _write(context, settings, dry_run=dry_run)
    if context.json:
        facts = {
            "organization": settings.organization,
            "collections": dict(settings.collections),
            "role": _role(vault),
            "changed": changed and not dry_run,
        }
        context.output.json_object("mirror-init", facts)
    return 0


def _find(context: Context, choice: Choice) -> tuple[VaultwardenSettings, Vault]:
    import os

    from plana_secrets.cli.commands.mirror.comparison import surroundings
    from plana_secrets.mirror.backends.vaultwarden.connect import open_session
    from plana_secrets.mirror.backends.vaultwarden.setup import choose_settings, look_around
    from plana_secrets.mirror.settings import VaultwardenSettings

    around = surroundings(context)
    session = open_session(
        VaultwardenSettings(
            url=choice.url, organization="", credentials=choice.credentials, ca_file=choice.ca_file
        ),
        root=context.repository.root,
        state_folder=around.state_folder,
        environment=os.environ,
        find_identities=around.find_identities,
        observer=around.observer,
    )
    return choose_settings(choice, look_around(session), context.settings.files.roots)


def _role(vault: Vault) -> str:
    from plana_secrets.mirror.backends.vaultwarden.setup import ROLES

    return ROLES.get(vault.membership.type, "unknown")


def _explain(context: Context, settings: VaultwardenSettings, vault: Vault) -> None:
    from plana_secrets.mirror.backends.vaultwarden.collections import find_collection

    role, talk = _role(vault), context.output.talk
    talk(f"organization {vault.membership.name!r}; the account's role is {role}")
    if role in {"owner", "admin"}:
        context.output.warn("a member with 'edit items' on the collections is enough")
    for glob, word in settings.collections.items():
        named = vault.collections[find_collection(vault, word)]
        access = "can write" if named.is_writable else "can only read: status and diff, no sync"
        talk(f"{glob} -> collection {named.name!r} ({access})")
    if len(vault.ciphers):
        talk("items not created by plana-secrets are never touched")


def _write(context: Context, settings: VaultwardenSettings, *, dry_run: bool) -> bool:
    from plana_secrets.config import FILE_NAME
    from plana_secrets.mirror.backends.vaultwarden.setup import place_settings
    from plana_secrets.storage import read_regular_file, replace_file

    path: Path = context.repository.root / FILE_NAME
    before = (
        read_regular_file(path, limit=limits.SETTINGS_FILE).decode("utf-8") if path.exists() else ""
    )
    after = place_settings(before, settings)
    if after == before:
        context.output.talk(f"{FILE_NAME} is already up to date; nothing to write")
    elif dry_run:
        context.output.talk(after.removeprefix(before).strip())
    else:
        replace_file(path, after.encode("utf-8"))
        context.output.talk(f"wrote [mirror.vaultwarden] to {FILE_NAME}")
        context.output.talk("next: commit it, then run `plana-secrets mirror sync`")
    return after != before
