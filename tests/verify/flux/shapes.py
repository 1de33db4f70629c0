"""Repositories that a Flux Kustomization builds: what is in ``infra/secrets/prod``, and how."""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass
from pathlib import Path

from tests.world import World

PROD = "infra/secrets/prod"
BUILD = "clusters/prod.yaml"
SETTINGS = '[files]\nplain = ["**/kustomization.yaml", "**/readable*"]\n'
_NAMES = {"kustomization.yaml", "kustomization.yml", "Kustomization"}
_SPEC = {"path": f"./{PROD}", "interval": "1m", "prune": True,
         "sourceRef": {"kind": "GitRepository", "name": "flux-system"}}  # fmt: skip
_DECRYPTION = {"decryption": {"provider": "sops", "secretRef": {"name": "sops-age"}}}
_POST_BUILD = {"postBuild": {"substitute": {"x": "replaced"}}}


def _kustomization(**spec: object) -> str:
    return json.dumps(
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "prod", "namespace": "flux-system"},
            "spec": _SPEC | spec,
        }
    )


DECRYPTING = _kustomization(**_DECRYPTION)
SUBSTITUTING = _kustomization(**_DECRYPTION, **_POST_BUILD)
BLOCK = """\
# written by hand
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: prod
  namespace: flux-system
spec:
  interval: 1m
  prune: true
  path: ./infra/secrets/prod
  sourceRef: {kind: GitRepository, name: flux-system}
"""


def secret(entries: str, metadata: str = "name: app", more: str = "") -> str:
    """A Secret with these lines under ``metadata`` and these at the top."""
    lines = "".join(f"    {line}\n" for line in metadata.splitlines())
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n{lines}{more}{entries}"


GOOD = secret("stringData:\n    PASSWORD: hunter2\n")
KEYSET = "schema: x\nname: x\nvalue: y\n"
"""No keyset, but a file of that kind."""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"
DISABLED = "kustomize.toolkit.fluxcd.io/substitute: disabled"


def listing(*resources: str) -> str:
    return json.dumps({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
                       "resources": list(resources)})  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """Files by their place in ``infra/secrets/prod``; those that a rule is for are encrypted."""

    files: dict[str, str]
    build: str = DECRYPTING

    def write(self, world: World) -> None:
        """Into a repository that has no other files."""
        place = world.repo / BUILD
        place.parent.mkdir(exist_ok=True)
        place.write_text(self.build)
        for name, text in self.files.items():
            file = posixpath.normpath(f"{PROD}/{name}")
            if is_encrypted(file):
                world.encrypt(file, text)
            else:
                target: Path = world.repo / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        (world.repo / "plana-secrets.toml").write_text(SETTINGS)
        world.git("add", "-A")


def is_encrypted(file: str) -> bool:
    readable = posixpath.basename(file) in _NAMES or "readable" in file
    return file.startswith("infra/secrets/") and file.endswith(".yaml") and not readable


def _one(text: str, build: str = DECRYPTING) -> Shape:
    return Shape({"app.secret.yaml": text}, build)


def _value(value: str, build: str = SUBSTITUTING, metadata: str = "name: app") -> Shape:
    return _one(secret(f"stringData:\n    PASSWORD: {json.dumps(value)}\n", metadata), build)


SHAPES = {
    "a Secret": _one(GOOD),
    "a Secret that is listed": Shape({"app.secret.yaml": GOOD, "kustomization.yaml": listing("app.secret.yaml")}),
    "data": _one(secret("data:\n    A: aGk=\n")),
    "folded data": _one(secret("data:\n    A: |\n        aGVs\n        bG8=\n")),
    "data and stringData": _one(secret("data:\n    A: aGk=\nstringData:\n    B: b\n")),
    "no entries": _one(secret("stringData: {}\n")),
    "long text": _one(secret("stringData:\n    A: |\n" + "        line $ x\n" * 50)),
    "an encrypted comment": _one(secret("stringData:\n    # what it is\n    A: b\n")),
    "a type and labels": _one(secret("stringData:\n    A: b\n", "name: app\nlabels: {a.b/c: D_e}\nannotations: {X/y: any text}", "type: Opaque\nimmutable: true\n")),
    "keys that are files": _one(secret("stringData:\n    a-B_c.d: x\n    .hidden: x\n")),
    "a number in stringData": _one(secret("stringData:\n    A: 5\n")),
    "a boolean in stringData": _one(secret("stringData:\n    A: true\n")),
    "a map in stringData": _one(secret("stringData:\n    A: {b: c}\n")),
    "a list in stringData": _one(secret("stringData:\n    A: [b]\n")),
    "data that is not base64": _one(secret("data:\n    A: hunter2\n")),
    "a name in capitals": _one(GOOD.replace("name: app", "name: App")),
    "a name with an underscore": _one(GOOD.replace("name: app", "name: a_b")),
    "a name with a dot": _one(GOOD.replace("name: app", "name: a.b")),
    "a number as a name": _one(GOOD.replace("name: app", "name: 5")),
    "no name": _one(GOOD.replace("name: app", "namespace: app")),
    "a namespace with a dot": _one(GOOD.replace("name: app", "name: app\n    namespace: a.b")),
    "a key with a space": _one(secret("stringData:\n    a b: x\n")),
    "a key with a slash": _one(secret("stringData:\n    a/b: x\n")),
    "a key that goes up": _one(secret("stringData:\n    ..b: x\n")),
    "a label with a space": _one(GOOD.replace("name: app", "name: app\n    labels: {a: b c}")),
    "a number in a label": _one(GOOD.replace("name: app", "name: app\n    labels: {a: 1}")),
    "an annotation with a space": _one(GOOD.replace("name: app", "name: app\n    annotations: {a b: c}")),
    "a field that no Secret has": _one(GOOD + "note: x\n"),
    "a List": _one("apiVersion: v1\nkind: List\nitems:\n- " + GOOD.replace("\n", "\n  ").rstrip() + "\n"),
    "decrypt disabled": _one(GOOD.replace("name: app", "name: app\n    annotations: {kustomize.toolkit.fluxcd.io/decrypt: disabled}")),
    "a variable": _value("a${x}b"),
    "a variable of another name": _value("a${y}b"),
    "an open variable": _value("a${"),
    "two dollars": _value("a$$b"),
    "a dollar": _value("a$x$1"),
    "a variable where none is replaced": _value("a${x}b", DECRYPTING),
    "an open variable where none is replaced": _value("a${", DECRYPTING),
    "a variable, disabled by an annotation": _value("a${x}b$$", metadata=f"name: app\nannotations: {{{DISABLED}}}"),
    "a variable, disabled by a label": _value("a${x}b$$", metadata=f"name: app\nlabels: {{{DISABLED}}}"),
    "a plain map": Shape({"app.secret.yaml": GOOD, "mail.yaml": "a: b\n"}),
    "a plain map that is not listed": Shape({"app.secret.yaml": GOOD, "mail.yaml": "a: b\n", "kustomization.yaml": listing("app.secret.yaml")}),
    "a plain map that is listed": Shape({"mail.yaml": "a: b\n", "kustomization.yaml": listing("mail.yaml")}),
    "a plain map further down": Shape({"app.secret.yaml": GOOD, "x/y/mail.yaml": "a: b\n"}),
    "a plain map in a folder that lists": Shape({"app.secret.yaml": GOOD, "x/mail.yaml": "a: b\n", "x/b.secret.yaml": GOOD.replace("app", "b"), "x/kustomization.yaml": listing("b.secret.yaml")}),
    "a plain map beside the folder": Shape({"app.secret.yaml": GOOD, "../dev/mail.yaml": "a: b\n"}),
    "a list that goes up": Shape({"kustomization.yaml": listing("../dev"), "../dev/mail.yaml": "a: b\n", "../dev/kustomization.yaml": listing("mail.yaml")}),
    "a keyset": Shape({"app.secret.yaml": GOOD, "../keysets/a.yaml": KEYSET}, _kustomization(**_DECRYPTION, path="./infra/secrets")),
    "a keyset beside a list": Shape({"app.secret.yaml": GOOD, "../keysets/a.yaml": KEYSET, "../kustomization.yaml": listing("prod/app.secret.yaml")}, _kustomization(**_DECRYPTION, path="./infra/secrets")),
    "readable values": Shape({"app.secret.yaml": GOOD, "readable.yaml": "replicas: 1\n"}),
    "a readable manifest": Shape({"app.secret.yaml": GOOD, "readable.yaml": CONFIG}),
    "readable documents": Shape({"app.secret.yaml": GOOD, "readable.yaml": f"---\n{CONFIG}---\n# none\n---\n{CONFIG.replace('name: a', 'name: b')}"}),
    "a readable document that is none": Shape({"app.secret.yaml": GOOD, "readable.yaml": f"{CONFIG}---\na: b\n"}),
    "a file of comments": Shape({"app.secret.yaml": GOOD, "readable.yaml": "# nothing\n"}),
    "an empty file": Shape({"app.secret.yaml": GOOD, "readable.yaml": ""}),
    "a template": Shape({"app.secret.yaml": GOOD, "readable.yaml": "a: {{ .b }}: c\n"}),
    "a text": Shape({"app.secret.yaml": GOOD, "readable.md": "text\n"}),
    "JSON beside it": Shape({"app.secret.yaml": GOOD, "readable.json": '{"a": "b"}\n'}),
    "no decryption": _one(GOOD, _kustomization()),
    "no decryption, listed": Shape({"app.secret.yaml": GOOD, "kustomization.yaml": listing("app.secret.yaml")}, _kustomization()),
    "nothing encrypted, no decryption": Shape(
        {"readable.yaml": CONFIG, "../dev/mail.yaml": "a: b\n"}, _kustomization()
    ),
    "a Kustomization by hand": _one(GOOD, BLOCK + "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"),
    "a Kustomization by hand, no decryption": _one(GOOD, BLOCK),
    "a Kustomization by hand, a plain map": Shape({"mail.yaml": "a: b\n"}, BLOCK + "  decryption: {provider: sops, secretRef: {name: sops-age}}\n"),
    "everything": _one(GOOD, _kustomization(**_DECRYPTION, path="./")),
    "everything, a plain map": Shape({"app.secret.yaml": GOOD, "mail.yaml": "a: b\n"}, _kustomization(**_DECRYPTION, path=".")),
}  # fmt: skip
