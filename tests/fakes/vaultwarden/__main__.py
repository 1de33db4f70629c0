"""The fake server for pages and tours: ``python -m tests.fakes.vaultwarden FOLDER``.

It puts its address and a service account's credentials into the folder, goes on in the
background, and ends with the shell that called it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.fakes.people import Company
from tests.fakes.vaultwarden import FakeVaultwarden


def main() -> None:
    folder, shell = Path(sys.argv[1]), os.getppid()
    ready, done = os.pipe()
    if os.fork():
        os.close(done)
        os.read(ready, 1)
        return
    for stream in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    serve(folder, done, shell)


def serve(folder: Path, done: int, shell: int) -> None:
    server = FakeVaultwarden()
    company = Company(server.url)
    company.change_member(company.service, {"prod": "manage", "dev": "manage"}, 4)
    client_id, client_secret = company.service.api_key()
    credentials = folder / "credentials.yaml"
    credentials.write_text(
        f'url: "{server.url}"\nemail: "{company.service.email}"\nmaster_password: "{company.service.password}"\n'
        f'client_id: "{client_id}"\nclient_secret: "{client_secret}"\n'
    )
    credentials.chmod(0o600)
    (folder / "server.env").write_text(
        f"VAULT={server.url}\nOWNER={company.owner.email}\nSTAFF={company.staff.email}\n"
    )
    os.write(done, b"x")
    while Path(f"/proc/{shell}").exists():
        time.sleep(0.2)


if __name__ == "__main__":
    main()
