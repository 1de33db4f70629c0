"""``scripts/bench mirror``: a first mirror, a run without changes, one change; beside bw.

Needs ``PLANA_TEST_VAULTWARDEN``; with ``PLANA_TEST_NODE_MODULES`` it measures bw on the same
server, over TLS, since bw speaks nothing else. Both sides create the same items.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import urllib3

from plana_secrets.mirror.backend import DesiredItem
from plana_secrets.mirror.backends.vaultwarden.backend import VaultwardenBackend
from plana_secrets.mirror.backends.vaultwarden.client import Client
from plana_secrets.mirror.backends.vaultwarden.credentials import ApiKey, Credentials
from plana_secrets.mirror.backends.vaultwarden.session import Session, StateFile
from plana_secrets.secret import Secret
from tests.fakes.people import Company
from tests.fakes.tls import make_certificates
from tests.live.bw import Bw
from tests.live.node import MODULES
from tests.live.server import EXECUTABLE, RealServer, free_port
from tests.mirror.contract import make_item

COUNT = int(os.environ.get("PLANA_BENCH_ITEMS", "1000"))
LEAVES = 20


def main() -> int:
    if not EXECUTABLE:
        print("PLANA_TEST_VAULTWARDEN names no server executable", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ca_file, certificate = make_certificates(folder)
        server = RealServer(folder / "server", tls=certificate, ORG_GROUPS_ENABLED="false")
        try:
            company = Company(server.url, ca_file=str(ca_file))
            bench = Bench(company, folder, ca_file, server)
            print(f"items of {LEAVES} fields, {os.cpu_count()} cores, {EXECUTABLE}\n")
            each = bench.ours()
            if MODULES:
                bench.beside(each)
        finally:
            server.stop()
    return 0


def make_items(count: int, value: str = "x") -> list[DesiredItem]:
    return [
        make_item(
            f"infra/secrets/prod/{number}.yaml",
            {f"service.password{leaf}": f"{value}-{number}-{leaf}" for leaf in range(LEAVES)},
            collection="prod",
        )
        for number in range(count)
    ]


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


class Bench:
    """One company on one server."""

    def __init__(self, company: Company, folder: Path, ca_file: Path, server: RealServer) -> None:
        self.company = company
        self.server = server
        self.folder = folder
        self.ca_file = ca_file
        client_id, client_secret = company.service.api_key()
        self.credentials = Credentials(
            url=company.url,
            email=company.service.email,
            api_key=ApiKey(client_id, Secret.from_text(client_secret)),
            master_password=Secret.from_text(company.service.password),
        )

    def open(self) -> VaultwardenBackend:
        client = Client(self.company.url, ca_file=self.ca_file)
        session = Session(
            client, self.credentials, StateFile(self.folder, client.url, self.credentials.email)
        )
        return VaultwardenBackend(session, self.company.id, ["prod"])

    def ours(self) -> float:
        """Every row begins with a fresh client; the token is kept as between runs."""
        print("| items | first mirror | an item | no change | requests | one change |", end="")
        print(" CPU of first, client + server | CPU of no change, client + server |")
        print("|---|---|---|---|---|---|---|---|")
        each = 0.0
        for count in (COUNT // 10, COUNT, 2 * COUNT):
            self.clear()
            items = make_items(count)
            first, loading = self.measured(partial(self.open().create_items, items))
            looking = self.open()
            look, idle = self.measured(looking.list_items)
            actual = looking.list_items().items[0]
            changed = make_items(1, "y")[0]
            change = seconds(partial(looking.update_item, actual, changed))
            print(
                f"| {count} | {first:.2f} s | {1000 * first / count:.2f} ms | {look:.2f} s "
                f"| {looking.requests - 2} | {1000 * change:.0f} ms | {loading} | {idle} |"
            )
            each = first / count if count == COUNT else each
        return each

    def measured(self, action: Callable[[], object]) -> tuple[float, str]:
        """Seconds on the clock, and of CPU here and in the server."""
        client, server = time.process_time(), self.server.cpu
        taken = seconds(action)
        client, server = time.process_time() - client, self.server.cpu - server
        return taken, f"{client:.2f} + {server:.2f} s"

    def clear(self) -> None:
        backend = self.open()
        backend.delete_items(backend.list_items().items)

    def beside(self, each: float) -> None:
        self.clear()
        bw = Bw(self.folder / "bw", self.ca_file)
        bw.login(self.company.url, self.company.service)
        item = self.bw_item()
        print("\n| beside | an item | ours is faster |\n|---|---|---|")
        encoded = base64.b64encode(json.dumps(item).encode()).decode()
        command = min(self.create_by_command(bw, encoded) for _ in range(3))
        print(f"| bw create item | {command:.2f} s | {command / each:.0f} times |")
        serve = self.create_by_serve(bw, item)
        print(f"| bw serve | {1000 * serve:.0f} ms | {serve / each:.0f} times |")

    def create_by_command(self, bw: Bw, encoded: str) -> float:
        start = time.perf_counter()
        done = bw.run("create", "item", "--organizationid", self.company.id, stdin=encoded)
        assert done.returncode == 0, done.stderr
        return time.perf_counter() - start

    def create_by_serve(self, bw: Bw, item: object, runs: int = 20) -> float:
        port = free_port()
        argv = ["node", str(bw.script), "serve", "--hostname", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(argv, env=bw.environment, stdout=subprocess.DEVNULL)
        pool = urllib3.PoolManager(retries=urllib3.Retry(connect=40, backoff_factor=0.1))
        try:
            base = f"http://127.0.0.1:{port}"
            assert pool.request("GET", f"{base}/status").status == 200
            body = json.dumps(item).encode()
            headers = {"Content-Type": "application/json"}

            def create() -> None:
                answer = pool.request("POST", f"{base}/object/item", body=body, headers=headers)
                assert answer.status == 200, answer.data

            create()
            return seconds(lambda: [create() for _ in range(runs)]) / runs
        finally:
            process.terminate()
            process.wait()

    def bw_item(self) -> dict[str, object]:
        fields = make_items(1)[0].fields
        return {
            "organizationId": self.company.id,
            "collectionIds": [self.company.collections["prod"]],
            "type": 2,
            "name": "an item",
            "notes": "a note",
            "secureNote": {"type": 0},
            "fields": [
                {"name": one.path, "value": one.shown.reveal_text(), "type": 1} for one in fields
            ],
        }


if __name__ == "__main__":
    sys.exit(main())
