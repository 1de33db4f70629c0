"""Recipients: who can open an age file, and encrypting to them.

sops accepts more kinds of recipient than the age library here can serve. Every kind
is told from its spelling, so that a file which names one is still read through the
recipients that fit; only encrypting to a kind that is not native is refused.

Source: the age file format, https://age-encryption.org/v1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyrage

from plana_secrets.errors import CredentialError, FailedError, MalformedError, UsageError
from plana_secrets.secret import Secret

RecipientKind = Literal["x25519", "ssh", "post-quantum", "tag", "plugin"]

_BECH32 = r"[02-9ac-hj-np-z]"
_POST_QUANTUM = re.compile(rf"age1pq1{_BECH32}{{8,}}")
_PLUGIN = re.compile(rf"age1[a-z0-9+._-]+1{_BECH32}{{6,}}")
_SSH_KINDS = ("ssh-ed25519", "ssh-rsa")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A public key. ``text`` of an ssh recipient is without its comment, to compare by."""

    text: str
    kind: RecipientKind

    @property
    def native(self) -> bool:
        """Whether files can be encrypted to it here, without sops or a plugin."""
        return self.kind in {"x25519", "ssh", "tag"}


def canonical_recipient(text: str) -> str:
    """A recipient to compare by: an ssh key without the comment that it may carry.

    sops keeps the text of the rule, so files and rules may spell one key differently.
    """
    text = text.strip()
    return " ".join(text.split()[:2]) if text.startswith("ssh-") else text


def parse_recipient(text: str) -> Recipient:
    """The recipient that ``text`` spells; a plugin's is judged by its form only.

    Raises:
        UsageError: it is no recipient (kind ``bad-recipient``). The text is not
            repeated: a person may have pasted an identity by mistake.
    """
    text = text.strip()
    if text.startswith("ssh-"):
        return _parse_ssh(text)
    if _POST_QUANTUM.fullmatch(text):
        return Recipient(text, "post-quantum")
    if text.startswith(("age1tag1", "age1tagpq1")):
        return _checked(Recipient(text, "tag"))
    if _PLUGIN.fullmatch(text):
        return Recipient(text, "plugin")
    if text.startswith("age1"):
        return _checked(Recipient(text, "x25519"))
    if text.upper().startswith("AGE-"):
        raise _bad_recipient("this is an age identity (private); a recipient (public) is needed")
    raise _bad_recipient("not an age recipient")


def _parse_ssh(text: str) -> Recipient:
    fields = text.split()
    if fields[0] not in _SSH_KINDS or len(fields) < 2:
        raise _bad_recipient("age supports only ssh-ed25519 and ssh-rsa keys")
    return _checked(Recipient(canonical_recipient(text), "ssh"))


def _checked(recipient: Recipient) -> Recipient:
    _native(recipient)
    return recipient


def _native(recipient: Recipient) -> Any:
    """pyrage's object for a recipient that it can serve."""
    if recipient.text.startswith("age1tagpq1"):
        parse = pyrage.tagpq.Recipient.from_str
    elif recipient.kind == "tag":
        parse = pyrage.tag.Recipient.from_str
    elif recipient.kind == "ssh":
        parse = pyrage.ssh.Recipient.from_str
    else:
        parse = pyrage.x25519.Recipient.from_str
    try:
        return parse(recipient.text)
    except pyrage.RecipientError:
        raise _bad_recipient(f"a damaged {recipient.kind} recipient") from None


def _bad_recipient(message: str) -> UsageError:
    return UsageError(message, kind="bad-recipient")


def encrypt_to(content: Secret, recipients: Sequence[Recipient], *, armored: bool = False) -> bytes:
    """An age file that each of ``recipients`` opens.

    Raises:
        UsageError: there is no recipient, or one is of a kind that only sops or a plugin
            can encrypt to (kind ``recipient-not-native``).
    """
    if not recipients:
        raise UsageError("no recipient to encrypt for", kind="no-recipient")
    for recipient in recipients:
        if not recipient.native:
            raise UsageError(
                f"cannot encrypt for a {recipient.kind} recipient: {recipient.text[:24]}...",
                kind="recipient-not-native",
            )
    natives = [_native(recipient) for recipient in recipients]
    try:
        encrypted: bytes = pyrage.encrypt(content.reveal(), natives, armored=armored)
    except pyrage.EncryptError:
        raise FailedError("the age library could not encrypt", kind="encrypt-failed") from None
    return encrypted


def encrypt_with_passphrase(content: Secret, passphrase: Secret) -> bytes:
    """An armored age file that the passphrase opens, here and with ``age -d``."""
    if passphrase.is_empty:
        raise UsageError("an empty passphrase protects nothing", kind="empty-passphrase")
    text = _passphrase_text(passphrase)
    encrypted: bytes = pyrage.passphrase.encrypt(content.reveal(), text, armored=True)
    return encrypted


def decrypt_with_passphrase(encrypted: bytes, passphrase: Secret) -> Secret:
    """The content of an age file that a passphrase protects.

    Raises:
        CredentialError: it is another passphrase (kind ``wrong-passphrase``).
        MalformedError: no age file, or one that is encrypted to recipients instead.
    """
    try:
        return Secret(pyrage.passphrase.decrypt(encrypted, _passphrase_text(passphrase)))
    except pyrage.DecryptError as error:
        reason = str(error)
    # The library tells the cases apart only by these two fixed texts of its own.
    if reason == "Decryption failed":
        raise CredentialError("wrong passphrase", kind="wrong-passphrase")
    if reason == "No matching keys found":
        raise MalformedError(
            "the age file is not protected by a passphrase", kind="no-passphrase-file"
        )
    raise MalformedError("not an age file, or the file is damaged", kind="bad-age-file")


def _passphrase_text(passphrase: Secret) -> str:
    try:
        return passphrase.reveal_text()
    except ValueError:
        raise UsageError("the passphrase is not UTF-8 text", kind="bad-passphrase") from None


ADVICE: Final = {
    "bad-age-file": "pass a file created by `age` or `plana-secrets identity export`",
    "bad-passphrase": "type the passphrase as UTF-8 text",
    "empty-passphrase": "type a passphrase, or press Ctrl-C to cancel",
    "encrypt-failed": (
        "check the recipients in .sops.yaml with `plana-secrets verify`, then try again"
    ),
    "no-passphrase-file": "use it directly, with --identity-file or SOPS_AGE_KEY_FILE",
    "no-recipient": "add a recipient to the file's creation rule in .sops.yaml",
    "recipient-not-native": "only sops can encrypt for it; use an age1... or ssh recipient",
    "wrong-passphrase": "try again; an export has its own passphrase",
}
