"""One schedule: who does what when, what the line makes of it, and what must be at the end."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from plana_secrets.errors import ConflictError, PlanaSecretsError, UnavailableError
from plana_secrets.rotation.apply import run_due, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import CLOCK_TOLERANCE, Keyset, Move
from plana_secrets.rotation.kinds.api_key.policy import ApiKeyPolicy
from plana_secrets.rotation.kinds.jwt_hs256.policy import JwtPolicy
from plana_secrets.rotation.landing import Delivery
from tests.rotation.examples import ACCEPTED, API, CALLER, JWT, KEYSET_JSON, START
from tests.simulation.contents import WORK
from tests.simulation.judge import Judge
from tests.simulation.memory import Commit, MemoryRotation, Server
from tests.simulation.real import RealRotation, RealServer, git

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SKEW = timedelta(minutes=5)
POLICIES = (
    ApiKeyPolicy(name=API.name, accepted=API.accepted, callers=API.callers, rollout=3 * HOUR, drain=4 * HOUR,
                 grace=8 * HOUR, max_age=30 * HOUR),
    JwtPolicy(name=JWT.name, targets=JWT.targets, rollout=2 * HOUR, max_token_lifetime=5 * HOUR, skew=SKEW,
              grace=6 * HOUR, max_age=36 * HOUR),
)  # fmt: skip
PUSH, COMMIT = Delivery(push=True), Delivery(commit=True)
PUSH_FAULTS = ("lost", "answer lost", "later", "taken back", "forked", "set back before", "set back after")  # fmt: skip


class Line:
    """What lies between a clone and the remote. ``flaky``: how often it fails."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.flaky = schedule.random.choice((0.0, 0.1, 0.3))

    def fetch(self, real: Callable[[], str | None]) -> str | None:
        schedule = self._schedule
        schedule.wait(schedule.random.randrange(1, 90))
        if schedule.random.random() < self.flaky / 3:
            schedule.seen["fetch lost"] += 1
            raise UnavailableError("gone", kind="remote-unavailable")
        return real()

    def push(self, real: Callable[[], None]) -> None:
        schedule = self._schedule
        schedule.wait(schedule.random.randrange(1, 240))
        fault = "none"
        if schedule.random.random() < self.flaky:
            fault = schedule.random.choice(PUSH_FAULTS)
            schedule.seen[fault] += 1
        if fault == "set back before":
            schedule.set_back()
        if fault == "later":
            schedule.delayed.append(
                (schedule.now + schedule.random.randrange(1, 400) * MINUTE, real)
            )
        if fault in {"lost", "later"}:
            raise UnavailableError("gone", kind="remote-unavailable")
        if fault == "forked":
            return
        before = schedule.server.tip
        real()
        schedule.look()
        if fault == "taken back":
            schedule.server.set_back(before)
            schedule.look()
        if fault == "set back after":
            schedule.set_back()
        if fault == "answer lost":
            raise UnavailableError("gone", kind="remote-unavailable")


class Schedule:
    """Made from a seed; ``run`` plays it and raises ``Violation``."""

    def __init__(self, seed: int, folder: Path | None = None) -> None:
        self.random = random.Random(seed)
        self.now = START
        self.seen: Counter[str] = Counter()
        self.delayed: list = []
        self._known: dict[str, dict[str, Keyset]] = {}
        self.server = Server() if folder is None else RealServer(folder)
        self._rotation = MemoryRotation if folder is None else RealRotation
        self._long = folder is None
        seconds = self.random.choice((0, self.random.randrange(-7200, 7201)))
        self.offset = timedelta(seconds=seconds)
        tolerance = abs(self.offset) + SKEW + CLOCK_TOLERANCE
        self.judge = Judge(POLICIES, self._keysets_of, tolerance)
        self._found(folder)
        self._person = self.server.clone(Line(self))
        self._clones: dict[timedelta, object] = {}
        self._keeps = self.random.random() < 0.3

    # -- the world

    def _found(self, folder: Path | None) -> None:
        files = {place.partition("#")[0]: b"{}\n" for place in (ACCEPTED, CALLER, KEYSET_JSON)}
        if folder is None:
            self.server.tip = self.server.commit(Commit(None, files, WORK, None))
        else:
            place = folder / "first"
            for file, content in files.items():
                (place / file).parent.mkdir(parents=True, exist_ok=True)
                (place / file).write_bytes(content)
            git(folder, "init", "-q", "-b", "main", str(place))
            git(place, "add", "-A")
            git(place, "commit", "-q", "-m", WORK)
            git(place, "push", "-q", str(folder / "remote.git"), "main")
        self._root = self.server.tip
        line = Line(self)
        line.flaky = 0.0
        clone = self.server.clone(line)
        for policy in POLICIES:
            init_keyset(self._at(clone), policy.name, Source(fresh=True), delivery=PUSH)
        self.look()
        self._floor = len(self.server.lineage())

    def _keysets_of(self, commit: str) -> dict[str, Keyset]:
        if commit not in self._known:
            contents, registry = self.server.contents(commit), self.server.registry.keysets
            found = (registry[one] for one in contents.values() if one in registry)
            self._known[commit] = {keyset.name: keyset for keyset in found}
        return self._known[commit]

    def _at(self, clone, offset: timedelta = timedelta(0), *, asked: bool = False):
        """``asked``: by a person, who says that the clock is right."""
        return self._rotation(clone, POLICIES, "main", lambda: self.now + offset, lambda *_: asked)

    def wait(self, seconds: int) -> None:
        """Time passes; pushes that were under way arrive."""
        self.now += timedelta(seconds=seconds)
        due = [real for moment, real in self.delayed if moment <= self.now]
        self.delayed = [(moment, real) for moment, real in self.delayed if moment > self.now]
        for real in due:
            with suppress(ConflictError):
                real()
                self.seen["arrived late"] += 1
            self.look()

    def look(self) -> None:
        self.judge.see(self.server.lineage(), self.now)

    def set_back(self) -> None:
        """The owner of the branch forces it back, never before the keysets were founded."""
        lineage = self.server.lineage()
        room = len(lineage) - self._floor
        if room > 0:
            self.seen["set back"] += 1
            self.server.set_back(lineage[self.random.randint(1, min(4, room))])
            self.look()

    # -- who acts

    def run(self, events: int) -> Schedule:
        actors = (self._job, self._wrong_job, self._act)
        for _ in range(events):
            self.wait(self.random.randrange(60, 5 * 3600))
            if self.random.random() < 0.06:
                self.set_back()
            try:
                self.random.choice(actors)()
            except PlanaSecretsError as error:
                self.seen[f"refused: {error.kind}"] += 1
        self._settle()
        return self

    def _job(self, offset: timedelta = timedelta(0)) -> None:
        """A job has a clone of its own, made for the run, or kept and reset."""
        clone = self._clones.get(offset) if self._keeps else None
        if clone is None:
            clone = self._clones[offset] = self.server.clone(Line(self))
        elif self.random.random() < 0.8:
            clone.reset()
        run_due(self._at(clone, offset), delivery=PUSH)

    def _wrong_job(self) -> None:
        self._job(self.offset)

    def _act(self) -> None:
        """A person keeps one clone, pulls when told to, and asks for any move."""
        clone, choice = self._person, self.random.random()
        rotation = self._at(clone, asked=True)
        if choice < 0.1:
            clone.work(f"{WORK} {self.random.random()}")
            return
        if choice < 0.25:
            self._pull()
            return
        name = self.random.choice(POLICIES).name
        move = self.random.choice((None, None, *Move))
        delivery = self.random.choice((PUSH, PUSH, COMMIT))
        try:
            run_move(rotation, name, move, delivery=delivery)
        except (ConflictError, PlanaSecretsError) as error:
            if error.kind in {"behind-remote", "push-conflict", "unpushed-work", "set-back"}:
                self._pull()
            raise

    def _pull(self) -> None:
        """Fast-forward, or give up what is only here."""
        self._person.reset()

    # -- the end

    def _settle(self) -> None:
        """With a line that works and a right clock the rotations go on, whatever was before.

        A person looks after them once: a branch that was set back may make a clock look
        wrong that is right.
        """
        self.wait(24 * 3600)
        line = Line(self)
        line.flaky = 0.0
        run_due(self._at(self.server.clone(line), asked=True), delivery=PUSH)
        self._run_quietly(4 if self._long else 2, 12, line)
        before = self.judge.moves.copy()
        self._run_quietly(8 if self._long else 3, 12, line)
        done = self.judge.moves - before
        for status in ("standby", "active", "disabled", "destroyed") if self._long else ():
            assert done[status] >= 1, f"no key became {status} in four quiet days"
        for keyset in self._keysets_of(self.server.tip).values():
            assert keyset.has_landed

    def _run_quietly(self, times: int, hours: int, line: Line) -> None:
        clone = self.server.clone(line)
        for _ in range(times):
            self.wait(hours * 3600)
            clone.reset()
            run_due(self._at(clone), delivery=PUSH)


def play(seed: int, *, real: bool = False, events: int = 30) -> Schedule:
    """Play one schedule; an assertion names its seed."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        try:
            return Schedule(seed, Path(folder) if real else None).run(events)
        except AssertionError as error:
            error.add_note(f"seed {seed}{', on real git' if real else ''}")
            raise
