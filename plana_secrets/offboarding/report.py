"""Every value that a leaver could read, and what became of it since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from plana_secrets.age.identities import Identities
from plana_secrets.offboarding.evidence import Era, judge
from plana_secrets.offboarding.keysets import KeysetPast, Retired
from plana_secrets.offboarding.past import FilePast, Past
from plana_secrets.offboarding.tickoff import TickOff
from plana_secrets.paths import LeafPath, parse_path
from plana_secrets.rotation.keysetfile import name_of
from plana_secrets.secretfiles.ciphertexts import Openers, open_ciphertext
from plana_secrets.secretfiles.snapshot import at_commit
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.reading.crypto import Opener

Status = Literal["open", "rotated", "accepted"]

SAME: Final = "the value is the same"


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value that the leaver could read at ``file`` and ``path``; ``path`` None: the whole file,
    which cannot be looked into. ``why``: what the status rests on."""

    file: str
    path: str | None
    service: str | None
    keyset: str | None
    status: Status
    why: str


def list_values(
    workspace: Workspace,
    past: Past,
    tick_off: TickOff,
    owner: Callable[[str, LeafPath], str | None],
) -> list[KnownValue]:
    """In the order of files and paths. ``owner``: the keyset that renders a leaf."""
    snapshot = at_commit(workspace, workspace.repository.head())
    keysets = KeysetPast(snapshot, past, workspace.settings.keysets)
    judges = _Judges(workspace, keysets, owner)
    return [_ticked(value, tick_off) for file in past.files for value in judges.values_of(file)]


def _ticked(value: KnownValue, tick_off: TickOff) -> KnownValue:
    reason = tick_off.reason_for(value.file, value.path)
    if reason is None or value.status != "open":
        return value
    return KnownValue(value.file, value.path, value.service, value.keyset, "accepted", reason)


class _Judges:
    """The ways to know, one after the other."""

    def __init__(
        self,
        workspace: Workspace,
        keysets: KeysetPast,
        owner: Callable[[str, LeafPath], str | None],
    ) -> None:
        self._folder = workspace.settings.keysets
        self._keysets = keysets
        self._owner = owner
        self._values = _Values(workspace.identities)

    def values_of(self, file: FilePast) -> Iterator[KnownValue]:
        paths = dict.fromkeys(path for one in file.known for path in sorted(one.values))
        service = next((one.service for one in file.known if one.service), None)
        if not paths and any(one.is_opaque for one in file.known):
            yield KnownValue(file.name, None, service, None, "open", "it cannot be looked into")
        for path in sorted(paths):
            yield self._judge(file, path, service)

    def _judge(self, file: FilePast, path: str, service: str | None) -> KnownValue:
        keyset, moved = self._by_moves(file, path)
        if moved is not None:
            status: Status = "rotated" if moved.done else "open"
            return KnownValue(file.name, path, service or keyset, keyset, status, moved.why)
        status, why = self._by_history(file, path)
        return KnownValue(file.name, path, service or keyset, keyset, status, why)

    def _by_moves(self, file: FilePast, path: str) -> tuple[str | None, Retired | None]:
        steps = parse_path(path)
        name = file.today or file.name
        keyset = name_of(self._folder, name)
        if keyset is not None:
            kid = steps[1] if len(steps) == 3 and steps[0] == "keys" else None
            return keyset, self._keysets.look_at_key(keyset, str(kid)) if kid else None
        keyset = self._owner(name, steps)
        found = [self._keysets.look(one, file.since) for one in (keyset or "").split(", ") if one]
        if not found or None in found:
            return keyset, None
        known = [one for one in found if one is not None]
        return keyset, next((one for one in known if not one.done), known[0])

    def _by_history(self, file: FilePast, path: str) -> tuple[Status, str]:
        if file.today is None:
            return "open", "the file was deleted; the value may be valid elsewhere"
        if file.eras[0].versions[0].is_opaque:
            return "open", "the file of the last commit cannot be looked into"
        known = file.ciphertexts.get(path, frozenset())
        verdict = judge(file.eras, path, known)
        if verdict == "gone":
            return "open", "it was removed; the value may be valid elsewhere"
        same = self._values.is_among(file.eras, path, known)
        if same is None:
            return ("rotated", "changed since") if verdict == "rotated" else ("open", SAME)
        return ("open", SAME) if same else ("rotated", "changed since")


class _Values:
    """Values compared with those of the past, where an identity here opens both."""

    def __init__(self, identities: Identities) -> None:
        self._openers = Openers(identities)

    def is_among(self, eras: Sequence[Era], path: str, known: Iterable[bytes]) -> bool | None:
        """Whether the value of today is one that ``known`` ciphertexts have; None: unknown."""
        openers = [one for era in eras if (one := self._of(era)) is not None]
        today = _open(openers, eras[0].versions[0].values[path], path)
        past = [_open(openers, one, path) for one in known]
        if today is None or None in past:
            return True if today is not None and today in past else None
        return today in past

    def _of(self, era: Era) -> Opener | None:
        found = (self._openers.of(version) for version in era.versions)
        return next((one for one in found if one is not None), None)


def _open(openers: Sequence[Opener], ciphertext: bytes, path: str) -> bytes | None:
    found = (open_ciphertext(opener, ciphertext, path) for opener in openers)
    return next((one for one in found if one is not None), None)
