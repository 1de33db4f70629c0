"""Makes the vectors beside it: files by the real sops, to a demo identity that is public.

Run it with the folder of the sops programs to use, newest last; what exists is kept, so
that files of older versions stay as they were written:

    python tests/vectors/sops/make.py /path/to/sops-3.11.0 /path/to/sops-3.13.3
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
OURS = (HERE / "public-demo-identity.txt").read_text().split()[-1]
RECIPIENT = "age1tpwy0z2n245nrpn75thf86dx93ype0yqexvmxfg4fhvvz3hzay0qk2qvvu"
STRANGERS = [
    "age1kvje9ut5krl83khfy6xhep0x443qj54lz4aez9wzxle6pnrrkfus4kh8ev",
    "age1473khzp5z0njuln0w0ar22utfyq39dlqzycmh8u8a2d09mxgrseqc3zz5d",
]
PLAIN = """\
# about the database
db:
    user: alice # beside
    password: "hünter2: # not a comment"
    port: 5432
    ratio: 1.50
    tls: true
    since: 2020-1-2
hosts:
    # the first
    - a.example
    - [b.example, {weight: 1e3}]
nothing: null
blank: ""
none: []
lines: |
    one
    two
"""
MANIFEST = """\
# readable
apiVersion: v1
kind: Secret
metadata:
    name: demo
    labels:
        app.kubernetes.io/name: ""
    annotations:
        number: "8"
        generation: 08
data:
    a: Zm9v # encrypted
type: Opaque
"""
RULES = {
    "plain": (PLAIN, []),
    "manifest": (MANIFEST, ["encrypted_regex: ^(data|stringData)$"]),
    "mac-only": (MANIFEST, ["encrypted_regex: ^(data|stringData)$", "mac_only_encrypted: true"]),
}


def run(program: str, folder: Path, *argv: str, stdin: bytes) -> bytes:
    env = {"HOME": str(folder), "SOPS_AGE_KEY": OURS, "SOPS_DISABLE_VERSION_CHECK": "1"}
    done = subprocess.run(
        [program, *argv], input=stdin, capture_output=True, cwd=folder, env=env, check=True
    )
    return done.stdout


def encrypt(program: str, folder: Path, plain: str, rule: list[str]) -> str:
    keys = f"age: {','.join([STRANGERS[0], RECIPIENT, STRANGERS[1]])}"
    lines = "".join(f"      {line}\n" for line in [*rule, keys])
    (folder / ".sops.yaml").write_text(f"creation_rules:\n    - path_regex: .*\n{lines}")
    argv = ["encrypt", "--filename-override", "x.yaml"]
    types = ["--input-type", "yaml", "--output-type", "yaml"]
    return run(program, folder, *argv, *types, stdin=plain.encode()).decode()


def variants(text: str) -> dict[str, str]:
    """The same file as other versions lay out its metadata."""
    empty = "".join(f"    {name}: []\n" for name in ("kms", "gcp_kms", "azure_kv", "hc_vault"))
    entries, tail = text.split("    age:\n")[1].split("    lastmodified:")
    inner = "".join(f"        {line}\n" for line in entries.splitlines())
    head = text.split("    age:\n", maxsplit=1)[0]
    group = f"    key_groups:\n        - hc_vault: []\n          age:\n{inner}"
    block = re.search(r"^sops:\n(?:    .*\n)+", text, re.MULTILINE)
    assert block is not None
    return {
        "empty-lists": text.replace("sops:\n", f"sops:\n{empty}").replace(
            "    mac:", "    pgp: []\n    mac:"
        ),
        "key-group": f"{head}{group}    lastmodified:{tail}",
        "metadata-first": block.group() + text.replace(block.group(), ""),
    }


def main(programs: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for program in programs:
            version = run(program, folder, "--version", stdin=b"").decode().split()[1]
            for kind, (plain, rule) in RULES.items():
                text = encrypt(program, folder, plain, rule)
                files = {kind: text} | (variants(text) if kind == "plain" else {})
                for stem, content in files.items():
                    keep(program, folder, f"{stem}-{version}", content)


def keep(program: str, folder: Path, stem: str, content: str) -> None:
    target = HERE / f"{stem}.yaml"
    if target.exists():
        return
    argv = ["decrypt", "--input-type", "yaml", "--output-type", "json", "/dev/stdin"]
    data = json.loads(run(program, folder, *argv, stdin=content.encode()))
    target.write_text(content)
    (HERE / f"{stem}.json").write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
