"""Every value that a leaver could read, and what became of it since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from plana_secrets.counts import counted
from plana_secrets.offboarding.evidence import judge
from plana_secrets.offboarding.keysets import KeysetPast, Retired
from plana_secrets.offboarding.past import FilePast, Past
from plana_secrets.offboarding.tickoff import TickOff, digests
from plana_secrets.offboarding.values import Place, Values
from plana_secrets.paths import LeafPath, parse_path
from plana_secrets.rotation.keysetfile import name_of
from plana_secrets.secretfiles.snapshot import Snapshot, at_commit
from plana_secrets.secretfiles.workspace import Workspace

Status = Literal["open", "rotated", "accepted"]

SAME: Final = "the value is the same"
_GONE: Final = frozenset({"the file was deleted", "it was removed"})


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value that the leaver could read at ``file`` and ``path``; ``path`` None: the whole file,
    which cannot be looked into. ``why``: what the status rests on. ``also_at``: where else it is
    today, though they could not read it there. ``versions``: digests of what they could read."""

    file: str
    path: str | None
    service: str | None
    keyset: str | None
    status: Status
    why: str
    also_at: tuple[Place, ...] = ()
    versions: tuple[str, ...] = ()


def list_values(
    workspace: Workspace,
    past: Past,
    tick_off: TickOff,
    owner: Callable[[str, LeafPath], str | None],
) -> list[KnownValue]:
    """In the order of files and paths. ``owner``: the keyset that renders a leaf."""
    snapshot = at_commit(workspace, workspace.repository.head())
    judges = _Judges(snapshot, past, owner)
    return [_ticked(value, tick_off) for file in past.files for value in judges.values_of(file)]


def _ticked(value: KnownValue, tick_off: TickOff) -> KnownValue:
    accepted = tick_off.acceptance_of(value.file, value.path)
    if accepted is None or value.status != "open":
        return value
    if accepted.versions and not set(value.versions) <= set(accepted.versions):
        return replace(value, why=f"{value.why}; read again since it was accepted")
    return replace(value, status="accepted", why=accepted.reason)


class _Judges:
    """The ways to know, one after the other."""

    def __init__(
        self, today: Snapshot, past: Past, owner: Callable[[str, LeafPath], str | None]
    ) -> None:
        self._folder = today.workspace.settings.keysets
        self._keysets = KeysetPast(today, past, self._folder)
        self._owner = owner
        self._values = Values(today, past)

    def values_of(self, file: FilePast) -> Iterator[KnownValue]:
        paths = dict.fromkeys(path for one in file.known for path in sorted(one.values))
        service = next((one.service for one in file.known if one.service), None)
        if not paths and any(one.is_opaque for one in file.known):
            versions = digests(one.blob.encode() for one in file.known)
            why = "it cannot be looked into"
            yield KnownValue(file.name, None, service, None, "open", why, versions=versions)
        for path in sorted(paths):
            yield self._judge(file, path, service)

    def _judge(self, file: FilePast, path: str, service: str | None) -> KnownValue:
        status, why = self._by_history(file, path)
        keyset, moved = self._by_moves(file, path, is_changed=status == "rotated")
        if moved is not None:
            status, why = ("rotated" if moved.done else "open"), moved.why
        also_at: tuple[Place, ...] = ()
        if status == "rotated" or why in _GONE:
            also_at = tuple(self._values.still_at(file, path))
        if also_at:
            status, why = "open", f"{why}; {_shown(also_at)} has the value"
        elif why in _GONE:
            why = f"{why}; the value may be valid elsewhere"
        versions = digests(file.ciphertexts(path))
        return KnownValue(
            file.name, path, service or keyset, keyset, status, why, also_at, versions
        )

    def _by_moves(
        self, file: FilePast, path: str, *, is_changed: bool
    ) -> tuple[str | None, Retired | None]:
        steps = parse_path(path)
        name = file.today or file.name
        keyset = name_of(self._folder, name)
        if keyset is not None:
            kid = steps[1] if len(steps) == 3 and steps[0] == "keys" else None
            return keyset, self._keysets.look_at_key(keyset, str(kid)) if kid else None
        keyset = self._owner(name, steps)
        names = [one for one in (keyset or "").split(", ") if one]
        known = [found for one in names if (found := self._keysets.look(one, file)) is not None]
        if not known or len(known) < len(names):
            return keyset, None
        worst = next((one for one in known if not one.done), known[0])
        # what was there before the keyset is none of its keys
        is_all = not any(self._keysets.is_older(one, file) for one in names)
        is_done = worst.done and (is_all or is_changed)
        return keyset, worst if is_done == worst.done else None

    def _by_history(self, file: FilePast, path: str) -> tuple[Status, str]:
        if file.today is None:
            return "open", "the file was deleted"
        if file.now is None or file.now.is_opaque:
            return "open", "the file of the last commit cannot be looked into"
        verdict = judge(file.eras, path, file.ciphertexts(path))
        if verdict == "gone":
            return "open", "it was removed"
        same = self._values.is_among(file, path)
        if same is None:
            return ("rotated", "changed since") if verdict == "rotated" else ("open", SAME)
        return ("open", SAME) if same else ("rotated", "changed since")


def _shown(places: Sequence[Place]) -> str:
    first = "#".join(places[0])
    return first if len(places) == 1 else f"{first} and {counted(len(places) - 1, 'other')}"
