"""kill -9 of the program or the server while what is remembered, parts and deletions all change.

A story has four phases, one commit each. Each is synced once with a kill in the middle, then
without. ``PLANA_TEST_MOMENTS=60`` plays so many stories, with a kill at another moment in each
phase: one half of the program, one half of the server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fakes.people import Company
from tests.fakes.vaultwarden import Fault
from tests.fakes.vaultwarden.wire import Request
from tests.mirror.soak.accidents import Line, Server
from tests.mirror.vaultwarden.office import Office
from tests.mirror.vaultwarden.place import VaultwardenPlace
from tests.mirror.vaultwarden.strays import findings
from tests.mirror.vaultwarden.test_divided import limit_items
from tests.world import PROGRAM, World

STORIES = int(os.environ.get("PLANA_TEST_MOMENTS", "1"))
ROOM = 65_535
PHASES = ("first load", "update", "prune", "division")
DELAYS = (0.0, 0.002, 0.005, 0.01)
"""Seconds between a request and the kill of the server that works on it."""

SMALL = [f"infra/secrets/prod/small{number}.yaml" for number in range(6)]
LARGE, GROWS = "infra/secrets/prod/large.yaml", "infra/secrets/prod/grows.yaml"
Contents = dict[str, dict[str, str]]


def values(count: int, **changed: str) -> dict[str, str]:
    return {f"value{number:03}": f"{number} {'x' * 20}" for number in range(count)} | changed


def contents_of(phase: str) -> Contents:
    """File to path to value."""
    files = {file: {"a": "1", "b": file} for file in SMALL}
    files |= {LARGE: values(260), GROWS: values(3)}
    if phase == "first load":
        return files
    files |= {file: {"a": "2", "b": file} for file in SMALL[:3]}
    files[LARGE] = values(260, value001="new", value255="new")
    if phase != "update":
        files = {file: content for file, content in files.items() if file not in SMALL[2:]}
    if phase == "division":
        files |= {LARGE: values(20), GROWS: values(260)}
    return files


class Silent:
    """The fake cannot be killed: its line goes dead until it is started again."""

    def __init__(self) -> None:
        self.is_dead = False

    def kill(self) -> None:
        self.is_dead = True

    def start(self) -> None:
        self.is_dead = False


@dataclass
class Story:
    """``line``: the way to the server, which holds as much of an item as a MariaDB."""

    world: World
    company: Company
    line: Line
    server: Server
    commits: dict[str, str] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        limit_items(self.line, ROOM)
        self._refuse = self.line.before
        self.office = Office(self.world, self.company)
        self.office.configure()
        self.office.through(self.line.url)
        self.place = VaultwardenPlace(self.company, self.world.folder / "audit")
        self._commit_phases()

    def _commit_phases(self) -> None:
        before: Contents = {}
        for phase in PHASES:
            now = contents_of(phase)
            for file in before.keys() - now.keys():
                (self.world.repo / file).unlink()
            for file in now:
                if now[file] != before.get(file):
                    text = "".join(f"{name}: {text!r}\n" for name, text in now[file].items())
                    self.world.encrypt(file, text)
            self.commits[phase], before = self.world.commit(phase), now

    def play(self, number: int) -> None:
        """Number 0 has no kill, and counts the requests of each phase."""
        self.place.hand.clear()
        for index, phase in enumerate(PHASES):
            self.world.git("reset", "-q", "--hard", self.commits[phase])
            if number == 0:
                with self._hooked() as count:
                    self.office.mirror("sync", "--prune", "--confirm")
                self.requests[phase] = count.seen
            else:
                self._play_killed(phase, number - 1, of_program=(number + index) % 2 == 0)
                self.check(phase)

    def _play_killed(self, phase: str, story: int, *, of_program: bool) -> None:
        moment = 1 + int((story + 0.5) / STORIES * self.requests[phase])
        child, started = list[subprocess.Popen[bytes]](), threading.Event()

        def shoot() -> None:
            started.wait(30)
            if of_program:
                child[0].send_signal(signal.SIGKILL)
                child[0].wait()
            else:
                self.server.kill()
            self.killed[f"{phase}, {'program' if of_program else 'server'}"] += 1

        delay = 0.0 if of_program else DELAYS[story % len(DELAYS)]
        with self._hooked(moment, shoot, delay=delay, after=story % 2 == 0) as count:
            child.append(self._start())
            started.set()
            child[0].wait(timeout=300)
        for timer in count.timers:
            timer.join()
        if not of_program:
            self.server.kill()
            self.server.start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*PROGRAM, "mirror", "sync", "--prune", "--confirm"],
            cwd=self.world.repo, env=self.world.environment | self.office.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    @contextmanager
    def _hooked(
        self, number: int = 0, shoot: object = None, *, delay: float = 0, after: bool = False
    ) -> Iterator[_Count]:
        count = _Count(number, shoot, delay)

        def before(request: Request) -> Fault | None:
            if not after:
                count.one_more()
            return self.refuse(request)

        self.line.before = before
        self.line.after = lambda _: count.one_more() if after else None
        yield count
        self.line.before, self.line.after = self.refuse, lambda _: None

    def refuse(self, request: Request) -> Fault | None:
        is_dead = isinstance(self.server, Silent) and self.server.is_dead
        return Fault() if is_dead else self._refuse(request)

    # -- after a run without a kill

    def check(self, phase: str) -> None:
        """The files are there, each value once; no one finds an item too much."""
        done = self.office.mirror("sync", "--prune", "--confirm")
        assert (done["in_sync"], done["failed"]) == (True, []), (phase, done)
        self._check_items(contents_of(phase))
        assert findings(self.place, self.company.owner) == []
        own = [one for one in self.company.service.sync()["ciphers"] if not one["organizationId"]]
        assert own == []
        found = [self.office.mirror("diff", *options) for options in ((), ("--no-cache",))]
        assert {**found[0], "requests": 0} == {**found[1], "requests": 0}
        assert found[0]["in_sync"]
        proof = self.office.run("verify", "--mirror", "--full")
        assert proof.status == 0, proof

    def _check_items(self, wanted: Contents) -> None:
        fields: dict[str, Counter[tuple[str, str]]] = {}
        prod, hand = self.company.collections["prod"], self.place.hand
        every = hand.every()
        labels = Counter(hand.file_of(one) for one in every)
        assert set(labels.values()) == {1}, labels
        assert {(tuple(one["collectionIds"]), one["deletedDate"]) for one in every} == {
            ((prod,), None)
        }
        for one in every:
            file = str(hand.file_of(one)).partition(" (")[0]
            fields.setdefault(file, Counter()).update(
                pair for pair in hand.fields(one) if not pair[0].startswith("plana-secrets record")
            )
        assert fields == {file: Counter(content.items()) for file, content in wanted.items()}


class _Count:
    """Requests; at the one of the number, or a moment after it, it shoots."""

    def __init__(self, number: int, shoot: object, delay: float) -> None:
        self._number, self._shoot, self._delay = number, shoot, delay
        self._lock = threading.Lock()
        self.seen = 0
        self.timers: list[threading.Timer] = []

    def one_more(self) -> None:
        with self._lock:
            self.seen += 1
            is_now = self.seen == self._number
        if is_now and callable(self._shoot):
            self.timers.append(threading.Timer(self._delay, self._shoot))
            self.timers[0].start()
            if not self._delay:
                self.timers[0].join()


def play(story: Story) -> Counter[str]:
    """Every story; how many kills there were, by phase and by what was killed."""
    for number in range(STORIES + 1):
        story.play(number)
    assert sum(story.killed.values()) >= 0.9 * len(PHASES) * STORIES, story.killed
    return story.killed
