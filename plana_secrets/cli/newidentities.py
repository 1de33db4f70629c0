"""The identities that ``init`` needs: planned first, so that it can say what it will do.

Each plan also holds after a stop: what an earlier run created is found and used again.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from plana_secrets.age import keyring_store
from plana_secrets.age.identities import Identity, generate_identity, parse_identity_file
from plana_secrets.age.keeping import add_to_key_file, is_key_list, refuse_present
from plana_secrets.age.recipients import parse_recipient
from plana_secrets.age.sources import default_key_file, read_key_file
from plana_secrets.cli.context import Context
from plana_secrets.cli.identities import keep_identities, refuse_repository
from plana_secrets.cli.terminal import ask_line, is_interactive
from plana_secrets.errors import CredentialError, FailedError, UsageError
from plana_secrets.places import expand_home, home_folder

_NO_KEYRING: Final = frozenset({"no-keyring", "keyring-failed"})


@dataclass(frozen=True, slots=True)
class PlannedIdentity:
    """``words``: what will be done. ``new`` is created in ``file``, or in the keyring."""

    recipient: str
    words: str
    new: Identity | None = None
    file: Path | None = None
    advice: str | None = None

    def create(self, context: Context) -> None:
        """
        Raises:
            FailedError: its file cannot be written (kind ``no-place``).
        """
        if self.new is None:
            return
        try:
            if self.file is not None and os.path.lexists(self.file):
                add_to_key_file(self.file, [self.new])
            else:
                keep_identities(context, [self.new], self.file)
        except FailedError as error:
            raise FailedError(error.message, kind="no-place") from None


def plan_own(context: Context, out: Path | None, *, hybrid: bool = False) -> PlannedIdentity:
    """The one in ``out``, else the first at hand; a new one if there is none.

    ``hybrid``: a post-quantum one.

    Raises:
        CredentialError: the keyring is locked: it may hold one already (kind ``keyring-locked``).
        UsageError: there is no place for a new one (kind ``no-place``), or something else is
            there.
    """
    if out is not None:
        planned = _plan_in_file(context, out, "your age identity", hybrid=hybrid)
        place = shlex.quote(os.path.abspath(out))  # noqa: PTH100 - links stay as they are named
        return replace(planned, advice=f"let commands find it: export SOPS_AGE_KEY_FILE={place}")
    members = context.find_identities().complete().members
    present = [one for one in members if one.is_hybrid or not hybrid]
    if present:
        recipient, origin = present[0].recipient.text, present[0].origin
        return PlannedIdentity(recipient, f"use your age identity: {recipient} from {origin}")
    chosen, why = _find_place()
    if chosen is None:
        new = generate_identity(hybrid=hybrid)
        words = "create your age identity in the keyring"
        advice = "keep a copy of your identity: `plana-secrets identity export --output FILE`"
        return PlannedIdentity(new.recipient.text, words, new, advice=advice)
    if is_key_list(chosen):  # sops reads all of it, also what is none for us
        refuse_repository(context, chosen)
        new = generate_identity(hybrid=hybrid)
        words = f"add your age identity to {chosen}, which has none that can be used here"
        return PlannedIdentity(new.recipient.text, words, new, chosen)
    if os.path.lexists(chosen):
        raise UsageError(f"{chosen} already exists, and is no list of identities", kind="no-place")
    return _plan_in_file(context, chosen, "your age identity", why, hybrid=hybrid)


def _find_place() -> tuple[Path | None, str]:
    """The file that SOPS_AGE_KEY_FILE names, else the keyring (None), else sops's key file."""
    home = home_folder(os.environ)
    named = os.environ.get("SOPS_AGE_KEY_FILE")
    if named:
        return expand_home(Path(named), home), " (SOPS_AGE_KEY_FILE)"
    try:
        if keyring_store.may_exist(os.environ):
            keyring_store.load_entry(keyring_store.IDENTITY_ENTRY)
            return None, ""
    except CredentialError as error:
        if error.kind not in _NO_KEYRING:
            raise
    default = default_key_file(os.environ, home)
    if default is None:
        raise UsageError("there is no keyring and no home folder", kind="no-place")
    return default, " (there is no keyring here; sops reads this file too)"


def plan_recovery(
    context: Context, given: str | None, out: Path | None, *, single: bool, hybrid: bool
) -> PlannedIdentity | None:
    """The recovery recipient: given, found in its file, new, asked for, or None with ``--single``.

    ``hybrid``: a new one is post-quantum.

    Raises:
        UsageError: it is not known (kind ``no-recovery``), or something else is at ``out``.
    """
    if single:
        return None
    if given is None and out is None:
        if not is_interactive(context):
            raise UsageError("a recovery recipient is needed", kind="no-recovery")
        given = ask_line(context, "recipient of your recovery identity (empty: create one)").strip()
        if not given:
            answer = ask_line(context, "file for the new recovery identity").strip()
            out = expand_home(Path(answer), home_folder(os.environ))
    if given:
        recipient = parse_recipient(given).text
        return PlannedIdentity(recipient, f"use the recovery recipient {recipient}")
    if out is None or not out.name:
        raise UsageError("a recovery recipient is needed", kind="no-recovery")
    planned = _plan_in_file(context, out, "a recovery identity", hybrid=hybrid)
    return replace(
        planned,
        advice=f"move {out} offline; `plana-secrets verify --identity-file COPY` tests the copy",
    )


def _plan_in_file(
    context: Context, file: Path, what: str, why: str = "", *, hybrid: bool = False
) -> PlannedIdentity:
    refuse_repository(context, file)
    kept = [one for one in kept_in(file) if one.is_hybrid or not hybrid]
    if kept:
        recipient = kept[0].recipient.text
        return PlannedIdentity(recipient, f"use {what}: {recipient} from {file}")
    refuse_present(file)
    new = generate_identity(hybrid=hybrid)
    return PlannedIdentity(new.recipient.text, f"create {what} in {file}{why}", new, file)


def kept_in(file: Path) -> Sequence[Identity]:
    """The identities of a run that was stopped; a file that is no key file is left alone."""
    if file.is_symlink() or not file.is_file():
        return ()
    return parse_identity_file(read_key_file(file), str(file)).members


ADVICE: Final = {
    "no-place": "choose another file with --identity-out or --recovery-out",
    "no-recovery": "pass --recovery AGE or --recovery-out FILE, or --single for none",
}
