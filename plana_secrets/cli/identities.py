"""Identities at the command line: those at hand, and keeping new ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from plana_secrets.age.identities import Identities, Identity, Unusable
from plana_secrets.age.keeping import keep_in_keyring, write_key_file
from plana_secrets.age.sources import DEFAULT_SSH_ORIGIN
from plana_secrets.cli.context import Context
from plana_secrets.errors import CredentialError, UsageError


def require_identities(found: Identities, *, kind: str | None = None) -> Sequence[Identity]:
    """The members (of a kind); there must be one.

    Raises:
        CredentialError: there is none (kind ``no-identity``), or only one that has to be
            opened with its passphrase (kind ``identity-under-passphrase``).
    """
    members = [one for one in found.members if kind in {None, one.recipient.kind}]
    closed = found.under_passphrase()
    if closed and not members:
        raise CredentialError(str(closed[0]), kind="identity-under-passphrase")
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
    refuse_repository(context, out)
    write_key_file(out, identities)
    context.output.step(f"kept in {out}")
    return identities


def refuse_repository(context: Context, out: Path) -> None:
    """A private key in a work tree is one ``git add`` away from being published."""
    try:
        root = context.repository.root
    except UsageError:
        return
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(root)):
        raise UsageError(f"{out} is inside the repository", kind="identity-in-repository")


ADVICE: Final = {
    "identity-under-passphrase": (
        "`plana-secrets identity import FILE` asks for the passphrase once, and stores the "
        "identity in the keyring or, with --output, in a file"
    ),
    "identity-in-repository": "choose a file outside it, so that it cannot be committed",
}
