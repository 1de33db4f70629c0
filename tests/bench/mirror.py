"""``scripts/bench mirror``: a first mirror, a run without changes, one change; beside bw.

The run without changes also with ``--no-cache``, which opens every file and every item.

Needs ``PLANA_TEST_VAULTWARDEN``. Both sides work on the same server in the same run, over
TLS, since bw speaks nothing else; npm installs bw into the cache of ``scripts/test``. The
items have the same fields. ``PLANA_BENCH_ITEMS=100`` takes other numbers of files.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3

from tests.bench.generate import LEAVES, generate_files
from tests.bench.timing import Measured, measure
from tests.fakes.people import Company
from tests.fakes.tls import make_certificates
from tests.live.bw import Bw
from tests.live.node import why_not
from tests.live.server import EXECUTABLE, RealServer, cpu_of, free_port
from tests.mirror.vaultwarden.office import Office
from tests.world import World

OURS = str(Path(sys.executable).with_name("plana-secrets"))
COUNTS = [int(one) for one in os.environ.get("PLANA_BENCH_ITEMS", "1000,5000").split(",")]
SERVED = 20


@dataclass(frozen=True)
class Cost:
    """Seconds of one piece of work: on the clock, of CPU in the client and in the server."""

    wall: float
    client: float
    server: float

    def __truediv__(self, count: int) -> Cost:
        return Cost(self.wall / count, self.client / count, self.server / count)


def main() -> int:
    if not EXECUTABLE:
        print("PLANA_TEST_VAULTWARDEN names no server executable", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name)
        ca_file, certificate = make_certificates(folder)
        server = RealServer(folder / "server", tls=certificate, ORG_GROUPS_ENABLED="false")
        try:
            print(f"files of {LEAVES} leaves, {os.cpu_count()} cores, {EXECUTABLE}")
            for count in COUNTS:
                Bench(folder / str(count), ca_file, server, count).run()
        finally:
            server.stop()
    return 0


class Bench:
    """One company with so many files on the server."""

    def __init__(self, folder: Path, ca_file: Path, server: RealServer, count: int) -> None:
        folder.mkdir()
        self.folder, self.ca_file, self.server, self.count = folder, ca_file, server, count
        self.office = Office(World(folder), Company(server.url, ca_file=str(ca_file)))
        self.office.configure(f'ca_file = "{ca_file}"\n')
        self.office.write_credentials()

    def run(self) -> None:
        print(f"\n{self.count} files\n\n| what | seconds | CPU, client | CPU, server | memory |")
        print("|---|---|---|---|---|")
        first, idle = self.ours()
        reason = why_not()
        if reason:
            print(f"\n{reason}")
        else:
            self.beside(first / self.count, idle)

    def ours(self) -> tuple[Cost, Cost]:
        """The first mirror, and a run without changes."""
        world = self.office.world
        names = generate_files(world, self.count, "infra/secrets/prod")
        world.commit()
        first = self.sync("first mirror", runs=1)
        opened = self.sync("no change, without the cache (--no-cache)", "--no-cache", runs=3)
        idle = self.sync("no change", runs=3)
        world.sops("set", names[0], '["service0"]["password0"]', '"another"')
        world.commit()
        self.sync("one change", runs=1)
        head("the cache")
        ratio("no change, with the cache beside without it", idle, opened)
        return first, idle

    def sync(self, what: str, *options: str, runs: int) -> Cost:
        argv, before = [OURS, "mirror", "sync", *options], self.server.cpu
        found: Measured = measure(self.office.world, argv, runs=runs, env=self.office.environment)
        cost = Cost(found.seconds, found.cpu, (self.server.cpu - before) / runs)
        row(f"mirror sync, {what}", cost, f"{found.megabytes:.0f} MB")
        return cost

    def beside(self, each: Cost, idle: Cost) -> None:
        print("\n| bw | seconds | CPU, client | CPU, server | memory |\n|---|---|---|---|---|")
        bw = Bw(self.folder / "bw", self.ca_file)
        bw.login(self.server.url, self.office.company.service)
        listed = self.cost(lambda: self.list_items(bw), children)
        row("bw sync, then bw list items", listed)
        item = self.bw_item()
        encoded = base64.b64encode(json.dumps(item).encode()).decode()
        argv = ("create", "item", "--organizationid", self.office.company.id)
        command = self.cost(lambda: bw.run(*argv, stdin=encoded).check_returncode(), children)
        row("bw create item, one", command)
        served = self.create_by_serve(bw, item)
        row("bw serve, create one", served)
        head("ours beside")
        ratio("an item of the first mirror, bw create item", each, command)
        ratio("an item of the first mirror, bw serve", each, served)
        ratio("no change, bw sync and bw list items", idle, listed)

    def cost(self, action: Callable[[], object], client: Callable[[], float]) -> Cost:
        start, ours, theirs = time.perf_counter(), client(), self.server.cpu
        action()
        return Cost(time.perf_counter() - start, client() - ours, self.server.cpu - theirs)

    def list_items(self, bw: Bw) -> None:
        bw.run("sync").check_returncode()
        assert len(bw.items()) == self.count

    def create_by_serve(self, bw: Bw, item: object) -> Cost:
        pool = urllib3.PoolManager(retries=urllib3.Retry(connect=40, backoff_factor=0.1))
        with serving(bw) as (base, pid):
            assert pool.request("GET", f"{base}/status").status == 200
            body = json.dumps(item).encode()
            headers = {"Content-Type": "application/json"}

            def create() -> None:
                answer = pool.request("POST", f"{base}/object/item", body=body, headers=headers)
                assert answer.status == 200, answer.data

            create()
            cost = self.cost(lambda: [create() for _ in range(SERVED)], lambda: cpu_of(pid))
        return cost / SERVED

    def bw_item(self) -> dict[str, object]:
        """As many fields of the same length as our items have."""
        text = base64.b64encode(os.urandom(24)).decode()
        fields = [
            {"name": f"service{n // 5}.password{n}", "value": text, "type": 1}
            for n in range(LEAVES)
        ]
        return {
            "organizationId": self.office.company.id,
            "collectionIds": [self.office.company.collections["prod"]],
            "type": 2,
            "name": "an item",
            "notes": "a note",
            "secureNote": {"type": 0},
            "fields": fields,
        }


@contextmanager
def serving(bw: Bw) -> Iterator[tuple[str, int]]:
    """The address and the process of ``bw serve``."""
    port = free_port()
    with bw.start("serve", "--hostname", "127.0.0.1", "--port", str(port)) as process:
        try:
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()


def children() -> float:
    """Seconds of CPU of all programs that ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def row(what: str, cost: Cost, memory: str = "") -> None:
    print(
        f"| {what} | {cost.wall:.3f} | {cost.client:.3f} | {cost.server:.3f} | {memory} |",
        flush=True,
    )


def head(what: str) -> None:
    """Of a table of ratios."""
    print(f"\n| {what} | faster | CPU, client | CPU, server |\n|---|---|---|---|")


def ratio(what: str, ours: Cost, other: Cost) -> None:
    pairs = ((other.wall, ours.wall), (other.client, ours.client), (other.server, ours.server))
    times = " | ".join(f"{theirs / max(own, 0.001):,.1f} x" for theirs, own in pairs)
    print(f"| {what} | {times} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
