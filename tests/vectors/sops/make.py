"""Makes the vectors beside it: files by the real sops, to a demo identity that is public.

Run it with the folder of the sops programs to use, newest last; what exists is kept, so
that files of older versions stay as they were written:

    python tests/vectors/sops/make.py /path/to/sops-3.8.1 /path/to/sops-3.13.3

Before 3.10 sops refuses a date; those versions get the same files without one. The oldest that
can still be had is 3.8.1: `go install` of each release makes it.
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
PARTLY = """\
# what it is for
host: db.example
password: hunter2
note_plain: read me
pin_secret: 4711
nested:
    password:
        - one
        - two
    description: for people
"""
SECRET = """\
# applied by Flux
apiVersion: v1
kind: Secret
metadata:
    name: demo
    namespace: shop
    labels:
        app.kubernetes.io/name: shop
type: Opaque
stringData:
    # which user
    USER: admin
    config.yaml: |
        a: b
"""
RULES = {
    "plain": (PLAIN, []),
    "manifest": (MANIFEST, ["encrypted_regex: ^(data|stringData)$"]),
    "secret": (SECRET, ["encrypted_regex: ^(data|stringData)$"]),
    "encrypted-regex": (PARTLY, ["encrypted_regex: ^(password|pin_secret)$"]),
    "encrypted-suffix": (PARTLY, ["encrypted_suffix: _secret"]),
    "unencrypted-regex": (PARTLY, ["unencrypted_regex: ^(host|description)$"]),
    "unencrypted-suffix": (PARTLY, ["unencrypted_suffix: _plain"]),
    "mac-only": (MANIFEST, ["encrypted_regex: ^(data|stringData)$", "mac_only_encrypted: true"]),
}


def run(program: str, folder: Path, *argv: str) -> bytes:
    env = {"HOME": str(folder), "SOPS_AGE_KEY": OURS, "SOPS_DISABLE_VERSION_CHECK": "1"}
    done = subprocess.run(
        [program, *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=folder,
        env=env,
        check=True,
    )
    return done.stdout


def encrypt(program: str, folder: Path, plain: str, rule: list[str]) -> str:
    keys = f"age: {','.join([STRANGERS[0], RECIPIENT, STRANGERS[1]])}"
    lines = "".join(f"      {line}\n" for line in [*rule, keys])
    (folder / ".sops.yaml").write_text(f"creation_rules:\n    - path_regex: .*\n{lines}")
    (folder / "x.yaml").write_text(plain)
    return run(program, folder, "--config", ".sops.yaml", "-e", "x.yaml").decode()


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
            version = run(program, folder, "--version").decode().split()[1]
            old = tuple(map(int, version.split("."))) < (3, 10, 0)
            for kind, (plain, rule) in RULES.items():
                said = plain.replace("    since: 2020-1-2\n", "") if old else plain
                text = encrypt(program, folder, said, rule)
                files = {kind: text} | (variants(text) if kind == "plain" and not old else {})
                for stem, content in files.items():
                    keep(program, folder, f"{stem}-{version}", content)


def keep(program: str, folder: Path, stem: str, content: str) -> None:
    target = HERE / f"{stem}.yaml"
    if target.exists():
        return
    (folder / "x.yaml").write_text(content)
    data = json.loads(run(program, folder, "-d", "--output-type", "json", "x.yaml"))
    target.write_text(content)
    (HERE / f"{stem}.json").write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
