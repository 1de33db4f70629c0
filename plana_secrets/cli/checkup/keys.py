"""The identities at hand, who else may read them, and the keyring."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

from plana_secrets.cli.checkup.result import Result, from_error
from plana_secrets.errors import CredentialError, PlanaSecretsError
from plana_secrets.sops.model import Severity

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities
    from plana_secrets.cli.context import Context

_LAID_BARE = stat.S_IRWXG | stat.S_IRWXO


def check_keys(context: Context) -> Iterator[Result]:
    yield from check_job_keys(context)
    yield from _check_environment()
    yield _check_keyring()


def check_job_keys(context: Context) -> Iterator[Result]:
    """What a job needs of them: it has no keyring, and its environment is its own."""
    yield from _check_identities(context)
    yield from _check_key_files(context)


def _check_identities(context: Context) -> Iterator[Result]:
    from plana_secrets.cli.identities import notable, require_identities

    try:
        found = context.find_identities().complete()
        for unusable in notable(found):
            yield Result(
                "identity-unusable",
                str(unusable),
                Severity.WARNING,
                _fix_of_unusable(unusable.reason),
            )
        require_identities(found)
    except CredentialError as error:
        yield from_error("identity", error, Severity.ERROR)
        return
    for one in found.members:
        yield Result("identity", f"{one.recipient.text} from {one.origin}")
    yield from _check_membership(context, found)


def _fix_of_unusable(reason: str) -> str:
    if "passphrase" in reason:
        return "`plana-secrets identity import FILE` asks for the passphrase only once"
    return "fix the file or remove the setting"


def _check_membership(context: Context, found: Identities) -> Iterator[Result]:
    """Whether one of the identities opens what today's rules encrypt."""
    from plana_secrets.age.recipients import parse_recipient
    from plana_secrets.secretfiles.snapshot import rules_in_use

    try:
        every = rules_in_use(context.workspace)
        rules = [rule for one in every for rule in one.creation_rules]
        named = {parse_recipient(text).text for rule in rules for text in rule.recipients}
    except PlanaSecretsError:
        return  # no repository, or rules that another check reports
    if rules and not named & found.recipients():
        yield Result(
            "recipient",
            "none of your identities is a recipient in .sops.yaml",
            Severity.WARNING,
            "to be let in, send a reader what `plana-secrets recipients request NAME` prints",
        )


def _check_key_files(context: Context) -> Iterator[Result]:
    from plana_secrets.age.sources import IdentitySources, key_files
    from plana_secrets.places import home_folder

    sources = IdentitySources(context.identity_file, os.environ, home_folder(os.environ))
    for file in key_files(sources):
        try:
            status = file.path.stat()
        except OSError:
            continue  # a missing one is reported as unusable where it was asked for
        mode = status.st_mode
        # kubelet gives the files of a Secret to root and to the group of the pod
        bare = _LAID_BARE if status.st_uid == os.geteuid() else stat.S_IRWXO
        if stat.S_ISREG(mode) and mode & bare:
            yield Result(
                "key-file-mode",
                f"{file.path} can be read by other users (mode {stat.S_IMODE(mode):04o})",
                Severity.WARNING,
                f"chmod 600 {file.path}"
                if status.st_uid == os.geteuid()
                else "mount the secret with `defaultMode: 0400`, and set `fsGroup` of the pod",
            )


def _check_environment() -> Iterator[Result]:
    if os.environ.get("SOPS_AGE_KEY"):
        yield Result(
            "key-in-environment",
            "SOPS_AGE_KEY exposes a private key to every program you start",
            Severity.NOTE,
            "keep it in the keyring (`plana-secrets identity import`) or in a 0600 file"
            " named by SOPS_AGE_KEY_FILE",
        )
    if os.environ.get("SOPS_AGE_RECIPIENTS"):
        yield Result(
            "recipients-in-environment",
            "SOPS_AGE_RECIPIENTS is set: sops encrypts for those recipients, not for "
            "those in .sops.yaml",
            Severity.WARNING,
            "unset SOPS_AGE_RECIPIENTS",
        )


def _check_keyring() -> Result:
    from plana_secrets.age import keyring_store

    if not keyring_store.may_exist(os.environ):
        return Result("keyring", "no keyring is available here", Severity.NOTE)
    try:
        return Result("keyring", f"keyring {keyring_store.backend_name()}")
    except CredentialError as error:
        return from_error("keyring", error, Severity.WARNING)
