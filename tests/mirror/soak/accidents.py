"""Runs of the program, and what happens to them on the way."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from urllib3.exceptions import HTTPError

from tests.fakes.vaultwarden import Fault, Relay
from tests.fakes.vaultwarden.wire import Answer, Request, catcher
from tests.mirror.soak.scene import Clone, Violation
from tests.mirror.soak.steps import Week
from tests.world import PROGRAM, Result

DONE = {0, 1}
HURT = {0, 1, 3, 4, 5, 6}
"""Of a run to which something happened."""

_FAULTS = (
    Fault(), Fault(done=True),
    Fault(done=True, answer=Answer(502, b"<html>502</html>", "text/html")),
    Fault(answer=Answer(500, b"", "text/plain")),
    Fault(answer=Answer(400, b"<html>400 Bad Request</html>", "text/html")),
    Fault(answer=Answer(413, b"<html>413</html>", "text/html")),
    Fault(answer=Answer(429, b"{}", headers={"Retry-After": "0"})),
    Fault(answer=Answer(401, b"<html>Sign in</html>", "text/html")),
    Fault(answer=catcher(401, as_json=True).answer),
)  # fmt: skip


class Server(Protocol):
    """A server that can be killed; the fake cannot."""

    def kill(self) -> None: ...

    def start(self) -> None: ...


class Line(Relay):
    """A relay over which requests go side by side; a server that is gone breaks them."""

    def handle(self, request: Request) -> Answer | None:
        fault = self.before(request)
        if fault is not None and not fault.done:
            return fault.answer
        try:
            answer = self.serve(request)
        except HTTPError:
            return None
        self.after(request)
        return answer if fault is None else fault.answer


@dataclass
class Runs(Week):
    """``server``: the one behind the line, where it can be killed."""

    server: Server | None = None
    restarted: int = 0
    statuses: dict[str, int] = field(default_factory=dict)

    def sync(self) -> None:
        self.completed(self.clone())

    def prune(self) -> None:
        self.completed(self.clone(), "--prune")

    def completed(self, clone: Clone, *options: str, owner: bool = False) -> None:
        """A run to which nothing happens goes through."""
        done = self.program(clone, *options, "--confirm", owner=owner, allowed=DONE)
        if done.get("failed"):
            raise Violation(f"a healthy server refused {done['failed']}")
        retyped = {one["file"] for one in done["drift"] if one["kind"] == "retyped"}
        try:
            self.judge.after_completed(clone.repository, "--prune" in options, left=retyped)
        except Violation as error:
            error.add_note(f"after {done}")
            raise
        self.compare_with_no_cache(clone)

    def compare_with_no_cache(self, clone: Clone) -> None:
        """What is remembered costs time or saves it, and changes no answer."""
        every = ("drift", "in_sync", "foreign", "unmapped")
        found = []
        for options in ((), ("--no-cache",)):
            result = self.scene.run(clone, "mirror", "diff", "--json", *options)
            content = json.loads(result.stdout)
            found.append([content.get(name) for name in every])
        if found[0] != found[1]:
            raise Violation(f"the cache says {found[0]}, without it {found[1]}")

    def program(
        self, clone: Clone, *options: str, allowed: set[int], owner: bool = False
    ) -> dict[str, Any]:
        argv = ("mirror", "sync", *options, "--json")
        result = self.scene.run(clone, *argv, owner=owner)
        self.note(argv, result, allowed)
        return dict(json.loads(result.stdout)) if result.stdout else {}

    def note(self, argv: tuple[str, ...], result: Result, allowed: set[int]) -> None:
        self.statuses[f"exit {result.status}"] = self.statuses.get(f"exit {result.status}", 0) + 1
        if result.status not in allowed:
            raise Violation(f"{argv}: {result}")
        self.judge.after_program(" ".join(argv))

    def sync_from_an_old_clone(self) -> None:
        clone = self.scene.random.choice(self.scene.clones)
        self.program(clone, "--prune", allowed={0, 1, 2, 6})

    def sync_twice_at_once(self) -> None:
        """From two clones of one repository."""
        clones = self.scene.first.clones
        for clone in clones:
            clone.pull()
        running = [(one, self.start(one, "--prune", "--confirm")) for one in clones]
        for _, process in running:
            self.end(process, HURT)
        self.completed(clones[0], "--prune")

    def start(self, clone: Clone, *options: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*PROGRAM, "mirror", "sync", *options],
            cwd=clone.world.repo, env=clone.world.environment | clone.office.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def end(self, process: subprocess.Popen[bytes], allowed: set[int]) -> None:
        out, err = process.communicate(timeout=300)
        result = Result(process.returncode, out.decode(), err.decode())
        self.scene.check_silence(("mirror", "sync"), result)
        self.note(("mirror", "sync"), result, allowed)

    # -- accidents

    def kill_the_program(self) -> None:
        """At some request, before or after the server does it."""
        clone, child = self.clone(), list[subprocess.Popen[bytes]]()
        is_started = threading.Event()

        def shoot() -> None:
            is_started.wait(30)
            child[0].send_signal(signal.SIGKILL)
            child[0].wait()

        with self._at_request(shoot, after=self.scene.random.random() < 0.5):
            child.append(self.start(clone, *self._maybe_prune()))
            is_started.set()
            self.end(child[0], HURT | {-signal.SIGKILL})
        self.completed(clone)

    def kill_the_server(self) -> None:
        if self.server is None:
            return
        clone, delay = self.clone(), self.scene.random.choice((0, 0, 0.003, 0.02))
        argv = ("mirror", "sync", *self._maybe_prune())
        after = self.scene.random.random() < 0.5
        with self._at_request(self.server.kill, after=after, delay=delay):
            result = self.scene.run(clone, *argv)
        self.server.kill()
        self.server.start()
        self.note(argv, result, HURT)
        self.restarted += 1
        self.completed(clone)

    def break_an_answer(self) -> None:
        """One writing request meets a fault of the server or of a proxy."""
        clone = self.clone()
        number, fault = self.scene.random.randint(1, 4), self.scene.random.choice(_FAULTS)
        seen = 0

        def before(request: Request) -> Fault | None:
            nonlocal seen
            seen += request.path.startswith("/api/ciphers")
            return fault if seen == number and request.path.startswith("/api/ciphers") else None

        with _hooked(self.scene.line, before=before):
            self.program(clone, *self._maybe_prune(), allowed=HURT)
        self.completed(clone)

    def edit_meanwhile(self) -> None:
        """A person saves an item just when the program is about to write or to delete it."""
        clone, is_done = self.clone(), False

        def before(request: Request) -> None:
            nonlocal is_done
            if is_done or request.method != "PUT":
                return
            word = request.path.removeprefix("/api/ciphers/").partition("/")[0]
            ids = request.json()["ids"] if word == "delete" else [word]
            item = next((one for one in self.judge.hand.items() if one.id in ids), None)
            if item and not item.cipher["key"]:
                is_done = True
                self.touch(item)
                self.set_field(item)
                self.judge.after_hand()

        with _hooked(self.scene.line, before=before):
            self.program(clone, *self._maybe_prune(), allowed=HURT)
        self.completed(clone)

    def _maybe_prune(self) -> tuple[str, ...]:
        more = self.scene.random.choice(((), ("--prune",), ("--overwrite-edits",)))
        return ("--confirm", *more)

    @contextmanager
    def _at_request(
        self, action: Callable[[], None], *, after: bool, delay: float = 0
    ) -> Iterator[None]:
        number, seen = self.scene.random.randint(1, 12), 0
        counting, timers = threading.Lock(), list[threading.Timer]()

        def count(_request: Request) -> None:
            nonlocal seen
            with counting:
                seen += 1
                is_now = seen == number
            if is_now and delay:
                timers.append(threading.Timer(delay, action))
                timers[0].start()
            elif is_now:
                action()

        hooks = {"after": count} if after else {"before": count}
        with _hooked(self.scene.line, **hooks):
            yield
        for timer in timers:
            timer.join()

    # -- the end of a week

    def settle(self) -> None:
        """An owner has everything overwritten and pruned; then there is nothing to do."""
        for repository in self.scene.repositories:
            clone = self.scene.random.choice(repository.clones)
            clone.pull()
            options = ("--as-owner", "--overwrite-edits", "--prune")
            self.program(clone, *options, "--confirm", owner=True, allowed=DONE)
        self.judge.after_everything()
        self.judge.typed.clear()
        self.judge.check_disks()
        for repository in self.scene.repositories:
            clone = self.scene.random.choice(repository.clones)
            clone.pull()
            done = self.program(clone, "--prune", "--confirm", allowed={0})
            if done["created"] or done["updated"] or done["deleted"]:
                raise Violation(f"there was something to do again: {done}")


@contextmanager
def _hooked(line: Relay, **hooks: Any) -> Iterator[None]:
    for name, hook in hooks.items():
        setattr(line, name, hook)
    try:
        yield
    finally:
        line.before = lambda _: None
        line.after = lambda _: None


WEIGHTS: dict[str, int] = {
    "add_file": 8, "change_values": 8, "change_shape": 4, "remove_file": 5, "rename_file": 8,
    "remap_folder": 2, "by_hand": 22, "delete_collection": 1, "adopt": 6, "sync": 8, "prune": 5,
    "sync_from_an_old_clone": 3, "sync_twice_at_once": 3, "kill_the_program": 6,
    "kill_the_server": 6, "break_an_answer": 6, "edit_meanwhile": 3, "settle": 3,
}  # fmt: skip


def play(runs: Runs, steps: int, tell: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """So many steps, and the end; how often each came. A violation names the step."""
    for _ in range(8):
        runs.add_file()
    runs.judge.hand.add_foreign("a person's mail")
    runs.judge.foreign = runs.judge.hand.foreign()
    met = dict.fromkeys(WEIGHTS, 0)
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    for number in range(steps):
        (name,) = runs.scene.random.choices(names, weights)
        met[name] += 1
        tell(f"{number} {name}")
        try:
            getattr(runs, name)()
        except AssertionError as error:
            error.add_note(f"in step {number}, {name}")
            raise
    runs.settle()
    return met | runs.statuses
