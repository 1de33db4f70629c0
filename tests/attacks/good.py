"""Ordinary files and changes, as people, sops, Flux and Kubernetes write them: no error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.changes import sub, swap
from tests.attacks.ground import (
    MANIFEST,
    NEW,
    PLAIN,
    PROD,
    RULES,
    SETTINGS,
    SOURCES,
    WORKFLOW,
    Ground,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "sops"
"""Files by sops 3.8 to the newest."""
DEMO = (
    "age1kvje9ut5krl83khfy6xhep0x443qj54lz4aez9wzxle6pnrrkfus4kh8ev",
    "age1tpwy0z2n245nrpn75thf86dx93ype0yqexvmxfg4fhvvz3hzay0qk2qvvu",
    "age1473khzp5z0njuln0w0ar22utfyq39dlqzycmh8u8a2d09mxgrseqc3zz5d",
)
SELECTORS = {
    "secret": ("encrypted_regex", "^(data|stringData)$"),
    "encrypted-regex": ("encrypted_regex", "^(password|pin_secret)$"),
    "encrypted-suffix": ("encrypted_suffix", "_secret"),
    "unencrypted-regex": ("unencrypted_regex", "^(host|description)$"),
    "unencrypted-suffix": ("unencrypted_suffix", "_plain"),
}
"""Of the vectors, by the beginning of their name; the others have none."""
HAS_ERRORS = ("mac-only", "key-group", "manifest")
"""Vectors in which something is wrong by policy."""


def manifest(more: str = "", *, head: str = "", metadata: str = "", kind: str = "Opaque") -> str:
    """A Secret; ``more`` are lines below ``type``, ``metadata`` lines below the name."""
    return (
        f"{head}apiVersion: v1\nkind: Secret\nmetadata:\n    name: app\n{metadata}type: {kind}\n"
        f"{more or 'stringData:' + chr(10) + '    PASSWORD: hunter2' + chr(10)}"
    )


_META = """\
    namespace: prod
    labels:
        app.kubernetes.io/name: app
        app.kubernetes.io/part-of: "shop"
        numbers: "8080"
"""
_NOTES = """\
    annotations:
        reflector.v1.k8s.emberstack.com/reflection-allowed: "true"
        reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces: "a,b"
        kustomize.toolkit.fluxcd.io/prune: disabled
        kustomize.toolkit.fluxcd.io/substitute: disabled
        argocd.argoproj.io/sync-wave: "-1"
"""
MANIFESTS: Mapping[str, str] = {
    "plain": manifest(),
    "labels": manifest(metadata=_META),
    "annotations": manifest(metadata=_NOTES),
    "comment above": manifest(head="# yaml-language-server: $schema=https://x.example/secret.json\n---\n"),
    "data": manifest("data:\n    a: aGVsbG8=\n    b: aGVsbG8K\n"),
    "data and stringData": manifest("data:\n    a: aGVsbG8=\nstringData:\n    b: hunter2\n"),
    "files": manifest("stringData:\n    config.yaml: |\n        a: b\n        c:\n            - d\n    .env: |\n        A=1\n"),
    "TLS": manifest("data:\n    tls.crt: LS0tLS1CRUdJTg==\n    tls.key: LS0tLS1CRUdJTg==\n", kind="kubernetes.io/tls"),
    "a registry": manifest('stringData:\n    .dockerconfigjson: \'{"auths":{"ghcr.io":{"auth":"x"}}}\'\n', kind="kubernetes.io/dockerconfigjson"),
    "basic auth": manifest("stringData:\n    username: admin\n    password: hunter2\n", kind="kubernetes.io/basic-auth"),
    "SSH": manifest("stringData:\n    ssh-privatekey: |\n        -----BEGIN OPENSSH PRIVATE KEY-----\n        b3BlbnNzaA==\n        -----END OPENSSH PRIVATE KEY-----\n    known_hosts: x\n", kind="kubernetes.io/ssh-auth"),
    "an SSH key for Flux": manifest("stringData:\n    identity: hunter2\n    known_hosts: x\n"),
    "a token": manifest("stringData:\n    token: x\n", kind="kubernetes.io/service-account-token", metadata="    annotations:\n        kubernetes.io/service-account.name: app\n"),
    "a cluster": manifest("stringData:\n    name: a\n    server: https://x\n", metadata="    labels:\n        argocd.argoproj.io/secret-type: cluster\n"),
    "Flux values": manifest("stringData:\n    values.yaml: |\n        auth:\n            password: hunter2\n"),
    "immutable": manifest("immutable: true\nstringData:\n    a: b\n"),
    "kubectl create": manifest("data:\n    a: aGVsbG8=\n", metadata="    creationTimestamp: null\n"),
    "long base64": manifest("data:\n    a: " + "aGVsbG8g" * 300 + "\n"),
}  # fmt: skip
HEAD, TAIL = "user: admin\n", "port: 5432\n"
MAPS: Mapping[str, str] = {
    "flat": "user: admin\npassword: hunter2\n",
    "every type": "a: x\nb: 5\nc: 1.5\nd: true\ne: 2020-01-02T03:04:05Z\nf: 0x1F\ng: -7\n",
    "lists": "hosts:\n    - a\n    - b\n    - - c\n      - d\nusers:\n    - name: a\n      password: b\n",
    "comments": "# about\nuser: admin # beside\ndb:\n    # inside\n    password: hunter2\n",
    "long texts": "key: |\n    one\n    two\nfolded: >\n    three\n    four\nkept: |+\n    five\n\n",
    "odd keys": '"on": a\n"8": b\na/b: c\na b: d\n"a.b": e\n"é": f\n"*": g\n"-": h\n"null": i\n',
    "odd values": "a: 'yes'\nb: \"~\"\nc: ' padded '\nd: \"tab\\there\"\ne: ENC[x]\nf: '#no'\ng: \"08\"\n",
    "deep": "a:\n    b:\n        c:\n            d:\n                e: f\n",
    "a Helm values file": "image:\n    tag: 1.2.3\ningress:\n    hosts:\n        - host: a.example\n          paths: ['/']\n",
    "an Ansible file": "vault_db_password: hunter2\nvault_users:\n    - {name: a, password: b}\n",
    "Unicode": "a: hünter2\nb: 中文\nc: 🔑\n",
    "a long value": f"a: {'x' * 5000}\n",
}  # fmt: skip
BLANK = "a: x\nnothing: null\nempty: ''\nnone: {}\nlist: []\n"
"""Warnings, and no error: sops writes these as they are."""

Build = Callable[[Ground], object]


@dataclass(frozen=True, slots=True)
class Good:
    """``warns``: the checks that may warn of it."""

    name: str
    build: Build
    warns: frozenset[str] = frozenset()
    file: str = PLAIN

    def __str__(self) -> str:
        return self.name


def encrypted(name: str, file: str, plain: str, *warns: str) -> Good:
    return Good(name, lambda ground: ground.world.encrypt(file, plain), frozenset(warns), file)


def changed(name: str, build: Build, *warns: str) -> Good:
    """What a range of one commit brings."""
    return Good(name, build, frozenset(warns))


FILES = [
    *(encrypted(f"a Secret: {name}", f"infra/secrets/prod/{name}.secret.yaml", text) for name, text in MANIFESTS.items()),
    *(encrypted(f"a map: {name}", f"infra/secrets/prod/{name}.yaml", text) for name, text in MAPS.items()),
    encrypted("a map: blanks", "infra/secrets/prod/blanks.yaml", BLANK, "null-value", "empty-value", "empty-container"),
]  # fmt: skip


def _sops(*argv: str) -> Build:
    return lambda ground: ground.world.sops(*argv)


def _renamed(ground: Ground) -> None:
    ground.world.git("mv", PLAIN, NEW)


def _all_rotated(ground: Ground) -> None:
    for file in SOURCES:
        ground.world.sops("rotate", "-i", file)


def _known_reader(ground: Ground) -> None:
    """The base names them; then rules and files get them, as `sops updatekeys` writes it."""
    added = ground.add_reader()
    rules = ground.read(RULES)
    ground.world.git("checkout", "-q", "base", "--", RULES)
    text = f'{ground.read(SETTINGS)}[recipients.new]\nkey = "{added}"\nkind = "staff"\n'
    ground.start_from(SETTINGS, text)
    ground.write(RULES, rules)
    for file in ground.secret_files():
        ground.world.sops("updatekeys", "-y", file)


def _stricter(ground: Ground) -> None:
    ground.change(SETTINGS, swap('required = ["me"]', 'required = ["me", "job"]'))


def _new_rule(ground: Ground) -> None:
    rules = ground.read(RULES)
    people = rules.split("age: ")[1].split("\n")[0]
    rule = (
        f"creation_rules:\n    - path_regex: ^infra/secrets/new/.*\\.yaml$\n      age: {people}\n"
    )
    ground.write(RULES, rules.replace("creation_rules:\n", rule))
    ground.world.encrypt("infra/secrets/new/a.yaml", "a: b\n")


def _merged(ground: Ground) -> None:
    git = ground.world.git
    git("checkout", "-q", "-b", "side")
    ground.world.sops("set", PROD, '["user"]', '"other"')
    ground.commit()
    git("checkout", "-q", "main")
    ground.world.sops("set", PLAIN, '["last"]', '"other"')
    ground.commit()
    git("merge", "-q", "--no-ff", "side", "-m", "merge")
    git("branch", "-q", "-D", "side")


def _repaired(ground: Ground) -> None:
    """The base was broken; an older version is what makes it whole again."""
    ground.start_from(PLAIN, sub("(user: ).*", r"\1hunter2")(ground.texts[PLAIN]))
    ground.write(PLAIN, ground.texts[PLAIN])


CHANGES = [
    changed("a value", _sops("set", PLAIN, '["last"]', '"other"')),
    changed("a value in a list", _sops("set", PLAIN, '["names"][0]', '"other"')),
    changed("a new value", _sops("set", PLAIN, '["more"]', '"other"')),
    changed("a value less", _sops("unset", PLAIN, '["last"]')),
    changed("a value of another type", _sops("set", PLAIN, '["digits"]', "5")),
    changed("a value in a Secret", _sops("set", MANIFEST, '["stringData"]["PIN"]', '"5"')),
    changed("a label of a Secret", _sops("set", MANIFEST, '["metadata"]["namespace"]', '"dev"')),
    changed("new data keys", _all_rotated),
    changed("a file", lambda ground: ground.write(NEW, ground.spare["new"])),
    changed("a file less", lambda ground: ground.remove(PLAIN)),
    changed("another name", _renamed),
    changed("a whole file again", lambda ground: ground.world.encrypt(PLAIN, SOURCES[PLAIN])),
    changed("a reader that the base names", _known_reader, "recipient-added"),
    changed("a policy that demands more", _stricter),
    changed("a rule and its first file, for the same people", _new_rule),
    changed("two branches", _merged),
    changed("a broken file repaired", _repaired),
    changed("words", lambda ground: ground.write("docs/how.md", "# How\n")),
    changed("another workflow", lambda ground: ground.write(".forgejo/workflows/x.yml", "on: push\n")),
    changed("a workflow with more", lambda ground: ground.change(WORKFLOW, lambda text: f"{text}# more\n"), "policy-weakened"),
    changed("a README among the secrets", lambda ground: ground.write("infra/secrets/README.md", "# Secrets\n")),
]  # fmt: skip


def _vectors_settings() -> str:
    chosen = [f"{option}={pattern}" for option, pattern in SELECTORS.values()]
    listed = ", ".join(f"'{one}'" for one in chosen)
    return f"[policy]\nselectors = [{listed}]\n"


def place_vectors(ground: Ground) -> list[str]:
    """Every vector in a repository of its own rules: one root for each kind; their names."""
    rules = ["creation_rules:\n"]
    for start, (option, pattern) in SELECTORS.items():
        rules.append(f"    - path_regex: ^{start}/\n      {option}: {pattern}\n")
        rules.append(f"      age: {','.join(DEMO)}\n")
    rules.append(f"    - path_regex: ^secrets/\n      age: {','.join(DEMO)}\n")
    ground.write(RULES, "".join(rules))
    names = []
    for path in sorted(VECTORS.glob("*.yaml")):
        start = path.stem.rpartition("-")[0]
        if start not in HAS_ERRORS:
            names.append(f"{start if start in SELECTORS else 'secrets'}/{path.name}")
            ground.write(names[-1], path.read_bytes())
    roots = ", ".join(f'"{one}"' for one in [*SELECTORS, "secrets"])
    ground.write(SETTINGS, f"[files]\nroots = [{roots}]\n{_vectors_settings()}")
    return names
