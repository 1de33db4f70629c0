"""Identities: age private keys, and opening age files with them.

X25519 and post-quantum identities and unencrypted ssh keys are used natively. Every other
kind (plugins, a key file with a passphrase) is not held, only named with the reason, so
that a message can say why a file did not open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyrage

from plana_secrets.age.fileformat import damaged
from plana_secrets.age.recipients import Recipient, parse_recipient
from plana_secrets.errors import FailedError, MalformedError, UsageError
from plana_secrets.secret import Secret

if TYPE_CHECKING:
    from plana_secrets.age.hybrid import HybridKey

_NO_MATCH = "No matching keys found"
"""pyrage's only way to say that none of the identities is a recipient; tested."""

_PLUGIN: Final = "AGE-PLUGIN-"
_POST_QUANTUM: Final = "AGE-SECRET-KEY-PQ-"

_CLOSED: Final = "a key file with a passphrase; `plana-secrets identity import` opens it"


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key that works here. ``origin`` says where it was found, for messages.

    ``native``: the age library's object, or a ``HybridKey`` where ``is_hybrid``.
    """

    recipient: Recipient
    origin: str
    text: Secret
    native: Any = field(repr=False, compare=False)

    @property
    def is_hybrid(self) -> bool:
        return self.recipient.kind == "post-quantum"


class Unusable(NamedTuple):
    """Something that was found where identities are, and why it is none for us.

    ``foreign``: it is an identity that other programs can use. ``lost``: the environment
    names this source, and there is no identity in it.
    """

    origin: str
    reason: str
    foreign: bool = False
    lost: bool = False

    def __str__(self) -> str:
        return f"{self.origin}: {self.reason}"


class Further:
    """Where more identities are; looked for once, when it is called first."""

    def __init__(self, find: Callable[[], Identities]) -> None:
        self._find = find
        self.found: Identities | None = None

    def __call__(self) -> Identities:
        if self.found is None:
            self.found = self._find()
        return self.found


@dataclass(frozen=True, slots=True)
class Identities:
    """All identities at hand. ``further`` finds more, and is called only when needed.

    The keyring is slow to ask, so it is asked through ``further``: a file that the first
    identities open never pays for it. ``further`` must remember its answer, as ``Further``.
    """

    members: tuple[Identity, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    further: Callable[[], Identities] | None = field(default=None, repr=False, compare=False)

    def complete(self) -> Identities:
        """These and all further ones, none twice."""
        if self.further is None:
            return self
        return unite([self, self.further().complete()])

    def so_far(self) -> Identities:
        """These, and the further ones if they were looked for; nothing is looked for here."""
        if not isinstance(self.further, Further) or self.further.found is None:
            return self
        return unite([self, self.further.found.so_far()])

    def lost(self) -> list[Unusable]:
        """The sources that were asked for and gave nothing: why a file may not open."""
        return [one for one in self.unusable if one.lost]

    def under_passphrase(self) -> list[Unusable]:
        """The key files that have to be opened once, with their passphrase."""
        return [one for one in self.unusable if one.reason == _CLOSED]

    def recipients(self) -> frozenset[str]:
        """The recipients of the identities found so far, to try their stanzas first.

        It is a hint, not a verdict: a label in a file proves nothing, and further
        identities may fit. ``unwrap`` of every stanza decides.
        """
        return frozenset(member.recipient.text for member in self.members)

    def unwrap(self, armored: str | bytes) -> Secret | None:
        """What an age file holds; None when none of these identities opens it.

        Raises:
            MalformedError: it is not an age file, or it was damaged (kind ``bad-age-file``).
        """
        try:
            encrypted = armored.encode("ascii") if isinstance(armored, str) else armored
        except UnicodeEncodeError:
            raise damaged() from None
        # Blank lines before the armor are fine for sops, but not for this library.
        found = self._unwrap(encrypted.lstrip())
        if found is None and self.further:
            return self.further().unwrap(armored)
        return found

    def _unwrap(self, encrypted: bytes) -> Secret | None:
        hybrid = [member.native for member in self.members if member.is_hybrid]
        if hybrid:
            from plana_secrets.age.hybrid import open_with

            content = open_with(hybrid, encrypted)
            if content is not None:
                return Secret(content)
        natives = [member.native for member in self.members if not member.is_hybrid]
        try:
            return Secret(pyrage.decrypt(encrypted, natives))
        except pyrage.DecryptError as error:
            if str(error) != _NO_MATCH:
                raise damaged() from None
        return None

    def as_key_file(self, *, hybrid: bool = True) -> Secret:
        """All identities that sops reads from a key file, one a line. Not the ssh keys.

        ``hybrid``: with the post-quantum ones, at which a sops before 3.12 stops.
        """
        kinds = {"x25519", "post-quantum"} if hybrid else {"x25519"}
        members = (one for one in self.complete().members if one.recipient.kind in kinds)
        return Secret(b"".join(one.text.reveal() + b"\n" for one in members))

    def ssh_key(self) -> Secret | None:
        """The first ssh key, for sops's SOPS_AGE_SSH_PRIVATE_KEY_FILE, which takes one."""
        members = self.complete().members
        return next((one.text for one in members if one.recipient.kind == "ssh"), None)

    def __len__(self) -> int:
        return len(self.complete().members)


def unite(parts: list[Identities]) -> Identities:
    """All members and all that is unusable, in order, none twice; without further ones."""
    members: dict[Recipient, Identity] = {}
    for member in (one for part in parts for one in part.members):
        members.setdefault(member.recipient, member)
    unusable = (one for part in parts for one in part.unusable)
    return Identities(tuple(members.values()), tuple(unusable))


def generate_identity(*, hybrid: bool = False) -> Identity:
    """A new identity, X25519 or post-quantum, held nowhere but in the returned object.

    Raises:
        FailedError: the library here knows no post-quantum keys (kind ``no-post-quantum``).
    """
    if hybrid:
        from plana_secrets.age.hybrid import generate_hybrid_key

        return _hybrid(generate_hybrid_key(), "new")
    return _x25519(pyrage.x25519.Identity.generate(), "new")


def _x25519(native: Any, origin: str) -> Identity:
    recipient = Recipient(str(native.to_public()), "x25519")
    return Identity(recipient, origin, Secret.from_text(str(native)), native)


def _hybrid(key: HybridKey, origin: str) -> Identity:
    return Identity(Recipient(key.recipient, "post-quantum"), origin, key.text, key)


def is_under_passphrase(content: Secret) -> bool:
    """Whether a key file is itself an age file, as ``identity export`` and ``age -p`` make it."""
    return is_age_file(content.reveal())


def is_age_file(content: bytes) -> bool:
    """Whether ``content`` starts as an age file does."""
    starts = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")
    return content.lstrip().startswith(starts)


def parse_identity_file(content: Secret, origin: str) -> Identities:
    """The identities in a key file: one a line with ``#`` comments, or one ssh key.

    What is no identity becomes an entry of ``unusable`` with its line number; the
    content itself is never repeated.
    """
    if is_under_passphrase(content):
        return _none(origin, _CLOSED, foreign=True)
    data = content.reveal()
    if data.lstrip().startswith(b"-----BEGIN "):
        return _parse_ssh_key(data.strip() + b"\n", origin)
    try:
        lines = content.reveal_text().removeprefix("\ufeff").splitlines()
    except ValueError:
        return _none(origin, "not a text file")
    parts = [
        _parse_line(line.strip(), origin, f"line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    return unite(parts) if parts else _none(origin, "it contains no identity")


def _parse_line(line: str, origin: str, place: str) -> Identities:
    if line.startswith(_PLUGIN):
        reason = f"{place}: an age plugin identity; only sops can use it"
        return _none(origin, reason, foreign=True)
    if line.startswith(_POST_QUANTUM):
        return _parse_hybrid(line, origin, place)
    if not line.startswith("AGE-SECRET-KEY-"):
        return _none(origin, f"{place}: not an age identity")
    try:
        return Identities((_x25519(pyrage.x25519.Identity.from_str(line), origin),))
    except pyrage.IdentityError:
        return _none(origin, f"{place}: a damaged age identity")


def _parse_hybrid(line: str, origin: str, place: str) -> Identities:
    from plana_secrets.age.hybrid import parse_hybrid_key

    try:
        return Identities((_hybrid(parse_hybrid_key(line), origin),))
    except MalformedError:
        return _none(origin, f"{place}: a damaged post-quantum identity")
    except FailedError as error:
        return _none(origin, f"{place}: {error.message}", foreign=True)


def _none(origin: str, reason: str, *, foreign: bool = False) -> Identities:
    return Identities((), (Unusable(origin, reason, foreign),))


def _parse_ssh_key(data: bytes, origin: str) -> Identities:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    openssh = data.startswith(b"-----BEGIN OPENSSH ")
    load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        public = load(data, password=None).public_key()
        encoded = public.public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        recipient = parse_recipient(encoded.decode("ascii"))
        native = pyrage.ssh.Identity.from_buffer(data)
    except TypeError:
        return _none(origin, "an ssh key with a passphrase", foreign=True)
    except (ValueError, UnsupportedAlgorithm, pyrage.IdentityError, UsageError):
        return _none(origin, "not an ssh key that age can use")
    return Identities((Identity(recipient, origin, Secret(data), native),))


ADVICE: Final = {
    "no-identity": (
        "create one with `plana-secrets identity new` (without a keyring, add `--output "
        "~/.config/sops/age/keys.txt`), or set SOPS_AGE_KEY_FILE"
    ),
}
