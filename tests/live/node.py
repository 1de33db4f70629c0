"""Programs of other hands, run by node: the oracle of the cryptography, and the bw client.

``PLANA_TEST_NODE_MODULES`` names a folder ``node_modules`` that holds them; it lies outside
the repository, and nothing of it is part of the product.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

MODULES = os.environ.get("PLANA_TEST_NODE_MODULES")

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


def module(name: str) -> Path:
    """The folder of a module; the test is skipped, with its reason, where there is none."""
    folder = Path(MODULES or "/nonexistent") / name
    if not folder.is_dir() or not shutil.which("node"):
        pytest.skip(f"PLANA_TEST_NODE_MODULES names no folder with {name}: not compared with it")
    return folder


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
