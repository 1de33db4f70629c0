"""The identities that ``init`` needs: one's own, and the recovery one that is kept offline."""

from __future__ import annotations

from pathlib import Path

from plana_secrets.age.identities import Identity, generate_identity
from plana_secrets.age.recipients import parse_recipient
from plana_secrets.cli.context import Context
from plana_secrets.cli.terminal import ask_line, is_interactive
from plana_secrets.errors import UsageError


def own_recipient(context: Context, out: Path | None, *, dry_run: bool) -> str:
    """The recipient of the first identity at hand; a new one is made where there is none."""
    present = context.find_identities().complete().members
    if present:
        context.output.talk(f"using the identity from {present[0].origin}")
        return present[0].recipient.text
    identity = generate_identity()
    if dry_run:
        context.output.talk("would make a new identity")
        return identity.recipient.text
    keep_identity(context, identity, out)
    return identity.recipient.text


def keep_identity(context: Context, identity: Identity, out: Path | None) -> None:
    """Keep a new identity in a 0600 file, or in the keyring and nowhere else."""
    if out is not None:
        write_identity_file(context, identity, out)
        context.output.talk(f"your new identity is in {out}; set SOPS_AGE_KEY_FILE to it")
        return
    from plana_secrets.age.keyring_store import IDENTITY_ENTRY, store_entry

    store_entry(IDENTITY_ENTRY, identity.text)
    context.output.talk("your new identity is in the keyring; keep a copy: identity export")


def choose_recovery(
    context: Context, given: str | None, out: Path | None, *, single: bool, dry_run: bool
) -> str | None:
    """The recovery recipient: given, made, asked for, or None with ``--single``."""
    if single:
        return None
    if given is None and out is None:
        if not is_interactive(context):
            raise UsageError("a recovery recipient is needed", kind="no-recovery")
        given = ask_line(context, "recipient of your recovery identity (empty: make one)").strip()
        if not given:
            out = Path(ask_line(context, "write the new recovery identity to which file").strip())
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
    write_identity_file(context, identity, out)
    context.output.talk(f"the recovery identity is in {out}: move it offline, and test that copy")
    return identity.recipient.text


def write_identity_file(context: Context, identity: Identity, out: Path) -> None:
    """Write a key file that did not exist before; it is never overwritten."""
    from plana_secrets.secret import Secret
    from plana_secrets.storage import replace_file

    if out.resolve().is_relative_to(context.repository.root.resolve()):
        raise UsageError(f"{out} is inside the repository", kind="identity-in-repository")
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out} exists already; an identity is never overwritten", kind="exists")
    context.output.step(f"writing {out}")
    head = f"# public key: {identity.recipient.text}\n".encode()
    content = Secret(head + identity.text.reveal() + b"\n")
    replace_file(out, content.reveal(), mode=0o600)
