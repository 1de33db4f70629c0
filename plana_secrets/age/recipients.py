"""Recipients: who can open an age file, and encrypting to them.

sops accepts more kinds of recipient than the age library here can serve. Every kind
is told from its spelling, so that a file which names one is still read through the
recipients that fit; only encrypting to a kind that is not native is refused.

Source: the age file format, https://age-encryption.org/v1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyrage

from plana_secrets.age.fileformat import damaged
from plana_secrets.errors import CredentialError, FailedError, MalformedError, UsageError
from plana_secrets.secret import Secret

RecipientKind = Literal["x25519", "ssh", "post-quantum", "tag", "plugin"]

_BECH32 = r"[02-9ac-hj-np-z]"
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
        return self.kind in {"x25519", "ssh", "tag", "post-quantum"}


def canonical_recipient(text: str) -> str:
    """A recipient to compare by: an ssh key without the comment that it may carry.

    sops keeps the text of the rule, so files and rules may spell one key differently.
    """
    text = text.strip()
    return " ".join(text.split()[:2]) if text.startswith("ssh-") else text


def is_post_quantum(recipient: str) -> bool:
    """Whether a file for it withstands a quantum computer; a plugin's is not known to do so."""
    return recipient.startswith(("age1pq1", "age1tagpq1"))


def fingerprint_aloud(recipient: str) -> str:
    """Thirty digits, in groups of five, that two people compare by voice.

    They are of the SHA-256 of the recipient in canonical spelling: as hard to meet by another
    key as a number of 99 bits.
    """
    content = b"plana-secrets recipient " + recipient.encode()
    digits = f"{int.from_bytes(hashlib.sha256(content).digest()) % 10**30:030}"
    return " ".join(digits[place : place + 5] for place in range(0, 30, 5))


def parse_recipient(text: str) -> Recipient:
    """The recipient that ``text`` spells; a plugin's is judged by its form only.

    Raises:
        UsageError: it is no recipient (kind ``bad-recipient``). The text is not
            repeated: a person may have pasted an identity by mistake.
    """
    text = text.strip()
    if text.startswith("ssh-"):
        return _parse_ssh(text)
    if text.startswith("age1pq1"):
        return _parse_hybrid(text)
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


def _parse_hybrid(text: str) -> Recipient:
    from plana_secrets.age.hybrid import recipient_bytes

    try:
        recipient_bytes(text)
    except MalformedError:
        raise _bad_recipient("a damaged post-quantum recipient") from None
    return Recipient(text, "post-quantum")


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
    except (pyrage.RecipientError, UnicodeEncodeError):  # an argument may be no Unicode
        raise _bad_recipient(f"a damaged {recipient.kind} recipient") from None


def _bad_recipient(message: str) -> UsageError:
    return UsageError(message, kind="bad-recipient")


def usable_together(recipients: Sequence[Recipient]) -> list[Recipient]:
    """Those whom one age file can have: the post-quantum ones where there are any.

    For one person's own keys: any of them opens the file.
    """
    native = [one for one in recipients if one.native]
    return [one for one in native if one.kind == "post-quantum"] or native


def encrypt_to(content: Secret, recipients: Sequence[Recipient], *, armored: bool = False) -> bytes:
    """An age file that each of ``recipients`` opens.

    Raises:
        UsageError: there is no recipient, one is of a kind that only sops or a plugin can
            encrypt to (kind ``recipient-not-native``), or age does not put them into one
            file (``recipients-mixed``).
        FailedError: the library here knows no post-quantum keys (kind ``no-post-quantum``).
    """
    if not recipients:
        raise UsageError("no recipient to encrypt for", kind="no-recipient")
    for recipient in recipients:
        if not recipient.native:
            raise UsageError(
                f"cannot encrypt for a {recipient.kind} recipient: {recipient.text[:24]}...",
                kind="recipient-not-native",
            )
    hybrid = [one.text for one in recipients if one.kind == "post-quantum"]
    if hybrid:
        _refuse_mixture(recipients)
        from plana_secrets.age.hybrid import seal_for

        return seal_for(hybrid, content.reveal(), armored=armored)
    natives = [_native(recipient) for recipient in recipients]
    try:
        encrypted: bytes = pyrage.encrypt(content.reveal(), natives, armored=armored)
    except pyrage.EncryptError:
        raise FailedError("the age library could not encrypt", kind="encrypt-failed") from None
    return encrypted


def _refuse_mixture(recipients: Sequence[Recipient]) -> None:
    """One classic recipient would undo what the post-quantum ones promise."""
    classic = [one.text for one in recipients if one.kind != "post-quantum"]
    if classic:
        raise UsageError(
            "one age file cannot have post-quantum and other recipients; "
            f"not post-quantum: {', '.join(classic)}",
            kind="recipients-mixed",
        )


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
    raise damaged()


def _passphrase_text(passphrase: Secret) -> str:
    try:
        return passphrase.reveal_text()
    except ValueError:
        raise UsageError("the passphrase is not UTF-8 text", kind="bad-passphrase") from None


ADVICE: Final = {
    "bad-passphrase": "type the passphrase as UTF-8 text",
    "empty-passphrase": "type a passphrase, or press Ctrl-C to cancel",
    "encrypt-failed": (
        "check the recipients in .sops.yaml with `plana-secrets verify`, then try again"
    ),
    "no-passphrase-file": "use it directly, with --identity-file or SOPS_AGE_KEY_FILE",
    "no-recipient": "add a recipient to the file's creation rule in .sops.yaml",
    "recipients-mixed": "give each of these people a post-quantum recipient, or none",
    "recipient-not-native": "only sops can encrypt for it; use an age1... or ssh recipient",
    "wrong-passphrase": "try again; an export has its own passphrase",
}
