"""Programs of other hands, run by node: the oracle of the cryptography, and the bw client.

npm installs them by the lock beside this file, without running their scripts, into the
cache of ``scripts/test``; nothing of it is part of the product. Only those who name a
server to test on ask for that.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.live.server import EXECUTABLE

HERE = Path(__file__).parent

_ORACLE = """
const {PureCrypto} = require(process.argv[1]);
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const reply = asked.map(([name, args]) => {
  const given = args.map((one) => (one && one.bytes !== undefined) ? Buffer.from(one.bytes, "base64") : one);
  try {
    const result = PureCrypto[name](...given);
    return typeof result === "string" ? result : {bytes: Buffer.from(result).toString("base64")};
  } catch (error) { return {error: String(error)}; }
});
console.log(JSON.stringify(reply));
"""


def why_not() -> str | None:
    """Why nothing is compared with Bitwarden's own programs; None where it can be."""
    if not EXECUTABLE:
        return "PLANA_TEST_VAULTWARDEN names no server: not compared with Bitwarden's programs"
    if not (shutil.which("node") and shutil.which("npm")):
        return "there is no node or npm: not compared with Bitwarden's programs"
    return None


def module(name: str) -> Path:
    """The folder of a module; the test is skipped, with its reason, where there is none."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    return _modules() / name


@functools.cache
def _modules() -> Path:
    """Installed once for each content of the lock."""
    lock = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("PLANA_TEST_CACHE") or HERE.parents[1] / ".cache")
    folder = cache / f"bitwarden-{hashlib.sha256(lock).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, folder)
            command = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
            (folder / "installed").touch()
    return folder / "node_modules"


def ask_oracle(calls: list[tuple[str, list[Any]]]) -> list[Any]:
    """What PureCrypto of Bitwarden's own SDK answers; bytes go as ``{"bytes": base64}``."""
    folder = module("@bitwarden/sdk-internal")
    done = subprocess.run(
        ["node", "-e", _ORACLE, str(folder)],
        input=json.dumps(calls).encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    return list(json.loads(done.stdout))
