"""Identities at the command line: keeping new ones, and the ones that ``init`` needs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from plana_secrets.age.identities import Identities, Identity, Unusable, generate_identity
from plana_secrets.age.keeping import keep_in_keyring, write_key_file
from plana_secrets.age.recipients import parse_recipient
from plana_secrets.age.sources import DEFAULT_SSH_ORIGIN
from plana_secrets.cli.context import Context
from plana_secrets.cli.terminal import ask_line, is_interactive
from plana_secrets.errors import CredentialError, UsageError


def require_identities(found: Identities, *, kind: str | None = None) -> Sequence[Identity]:
    """The members (of a kind); there must be one.

    Raises:
        CredentialError: there is none (kind ``no-identity``).
    """
    members = [one for one in found.members if kind in {None, one.recipient.kind}]
    if not members:
        raise CredentialError("no age identity found", kind="no-identity")
    return members


def notable(found: Identities) -> list[Unusable]:
    """What is worth a warning: not the ssh key that most people have beside an identity."""
    return [
        one
        for one in found.unusable
        if not (found.members and one.origin.startswith(DEFAULT_SSH_ORIGIN))
    ]


def keep_identities(
    context: Context, identities: Sequence[Identity], out: Path | None
) -> Sequence[Identity]:
    """Keep identities in a new 0600 file, or in the keyring and nowhere else.

    Returns the ones that were not there yet.
    """
    if out is None:
        added = keep_in_keyring(identities)
        context.output.step("kept in the keyring")
        return added
    _refuse_repository(context, out)
    write_key_file(out, identities)
    context.output.step(f"kept in {out}")
    return identities


def _refuse_repository(context: Context, out: Path) -> None:
    """A private key in a work tree is one ``git add`` away from being published."""
    try:
        root = context.repository.root
    except UsageError:
        return
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(root)):
        raise UsageError(f"{out} is inside the repository", kind="identity-in-repository")


def own_recipient(context: Context, out: Path | None, *, dry_run: bool) -> str:
    """The recipient of the first identity at hand; a new one is created if there is none."""
    present = context.find_identities().complete().members
    if present:
        context.output.talk(f"using the identity from {present[0].origin}")
        return present[0].recipient.text
    identity = generate_identity()
    if dry_run:
        context.output.talk("would create a new identity")
        return identity.recipient.text
    keep_identity(context, identity, out)
    return identity.recipient.text


def keep_identity(context: Context, identity: Identity, out: Path | None) -> None:
    """Keep a new identity in a 0600 file, or in the keyring and nowhere else."""
    keep_identities(context, [identity], out)
    if out is not None:
        context.output.talk(f"your new identity is in {out}; set SOPS_AGE_KEY_FILE to it")
    else:
        context.output.talk(
            "your new identity is in the keyring; keep a copy: plana-secrets identity "
            "export --output FILE"
        )


def choose_recovery(
    context: Context, given: str | None, out: Path | None, *, single: bool, dry_run: bool
) -> str | None:
    """The recovery recipient: given, created, asked for, or None with ``--single``."""
    if single:
        return None
    if given is None and out is None:
        if not is_interactive(context):
            raise UsageError("a recovery recipient is needed", kind="no-recovery")
        given = ask_line(context, "recipient of your recovery identity (empty: create one)").strip()
        if not given:
            out = Path(ask_line(context, "file for the new recovery identity").strip())
    if given:
        return parse_recipient(given).text
    if out is None or not out.name:
        raise UsageError("a recovery recipient is needed", kind="no-recovery")
    return _make_recovery(context, out, dry_run=dry_run)


def _make_recovery(context: Context, out: Path, *, dry_run: bool) -> str:
    identity = generate_identity()
    if dry_run:
        context.output.talk(f"would write a recovery identity to {out}")
        return identity.recipient.text
    keep_identities(context, [identity], out)
    context.output.talk(f"the recovery identity is in {out}: move it offline, and test that copy")
    return identity.recipient.text


ADVICE: Final = {
    "identity-in-repository": "choose a file outside it, so that it cannot be committed",
    "no-recovery": "pass --recovery AGE or --recovery-out FILE, or --single for none",
}
