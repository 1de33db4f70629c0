"""``scripts/bench bitwarden-sm``: a first mirror, a run without changes, one change.

Beside it, against the same stand-in server in the same run, what a script around Bitwarden's own
tools does: a process for each value that logs in and creates it (as ``bws`` does), and a loop in
one process that reads nothing back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from plana_secrets.mirror.backend import DesiredItem
from tests.mirror.bitwarden_sm.place import BitwardenPlace, serving
from tests.mirror.steps import make_item

LEAVES = int(os.environ.get("PLANA_BENCH_LEAVES", "1000"))
PER_FILE = 10
ONE_BY_ONE = 20

_SCRIPT = """
import json, sys
from bitwarden_sdk import BitwardenClient, client_settings_from_dict
request = json.loads(sys.stdin.readline())
client = BitwardenClient(client_settings_from_dict(request["settings"]))
client.auth().login_access_token(request["token"])
for number in range(request["count"]):
    client.secrets().create(
        request["organization"], f"key-{number}", "value", "note", [request["project"]]
    )
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as place:
        print(
            f"{LEAVES} values in files of {PER_FILE}, {os.cpu_count()} cores, a stand-in server\n"
        )
        print("| what | seconds | requests | a value |\n|---|---|---|---|")
        items = make_items("x")
        first = _row(place, "first mirror", lambda: place.open().create_items(items))
        looking = place.open()
        _row(place, "no change", looking.list_items)
        actual = next(one for one in looking.list_items().items)
        changed = next(
            one for one in make_items("y") if actual.record and one.file == actual.record.file
        )
        _row(place, f"one file of {PER_FILE} changed", lambda: looking.update_item(actual, changed))
        loop = _row(place, "beside: a loop in one process", lambda: _create(place, LEAVES))
        single = _seconds(lambda: [_create(place, 1) for _ in range(ONE_BY_ONE)]) / ONE_BY_ONE
        print(
            f"| beside: a process a value | {single * LEAVES:.1f} (of {ONE_BY_ONE}) | | {1000 * single:.0f} ms |"
        )
        print(
            f"\nours beside a process a value: {single * LEAVES / first:.0f} x; beside the loop: {loop / first:.2f} x"
        )
    return 0


def make_items(value: str) -> list[DesiredItem]:
    return [
        make_item(
            f"infra/secrets/prod/{number}.yaml",
            {f"service.password{leaf}": f"{value}-{number}-{leaf}" for leaf in range(PER_FILE)},
            collection="prod",
        )
        for number in range(LEAVES // PER_FILE)
    ]


def _row(place: BitwardenPlace, what: str, action: Callable[[], object]) -> float:
    place.server.seen.clear()
    took = _seconds(action)
    requests = len(place.server.seen)
    print(f"| {what} | {took:.2f} | {requests} | {1000 * took / LEAVES:.2f} ms |")
    return took


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _create(place: BitwardenPlace, count: int) -> None:
    server = place.server
    request = {
        "settings": {
            "apiUrl": server.api_url,
            "identityUrl": server.identity_url,
            "deviceType": "SDK",
            "userAgent": "bench",
        },
        "token": place.token.reveal_text(),
        "organization": server.store.organization,
        "project": place.projects["prod"],
        "count": count,
    }
    subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        input=json.dumps(request).encode(),
        env=os.environ | {"SSL_CERT_FILE": str(server.ca_file)},
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
