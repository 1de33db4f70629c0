"""What else is in a checkout: names, links, plaintext beside the secrets, identities, attributes."""

from __future__ import annotations

from collections.abc import Callable

import pyrage

from tests.attacks.changes import sub, swap
from tests.attacks.ground import (
    MANIFEST,
    NEW,
    OPEN_MANIFEST,
    PLAIN,
    PROD,
    SETTINGS,
    SOURCES,
    Ground,
)
from tests.attacks.variant import Look, Variant

FILE = Look.FILE
WARNING = "warning"
DEV = "infra/secrets/dev"


def place(
    source: str, name: str, check: str, build: Callable[[Ground], object], file: str,
    severity: str = "error",
) -> Variant:  # fmt: skip
    return Variant(name, source, FILE, check, build, file, severity)


def beside(source: str, name: str, file: str, content: str | bytes, check: str, severity: str = "error") -> Variant:  # fmt: skip
    """One more file in the checkout."""

    def build(ground: Ground) -> None:
        ground.write(file, content)
        ground.world.git("add", "-f", "--", file)

    return place(source, name, check, build, file, severity)


def _link(ground: Ground) -> None:
    ground.path(PLAIN).unlink()
    ground.path(PLAIN).symlink_to("/etc/hostname")


def _submodule(ground: Ground) -> None:
    inner = ground.path(f"{DEV}/vendor")
    inner.mkdir()
    ground.world.command("git", "-C", str(inner), "init", "-q")
    ground.world.command("git", "-C", str(inner), "commit", "-q", "--allow-empty", "-m", "x")
    ground.world.git("add", f"{DEV}/vendor")


def _moved(ground: Ground, to: str) -> None:
    ground.path(to).parent.mkdir(parents=True, exist_ok=True)
    ground.path(PLAIN).rename(ground.path(to))


def _identity(file: str) -> Callable[[Ground], object]:
    return lambda ground: _added(ground, file, f"# keep\n{ground.world.identity}\n")


def _stranger(ground: Ground) -> None:
    _added(ground, f"{DEV}/README.md", f"{pyrage.x25519.Identity.generate()}\n")


def _added(ground: Ground, file: str, content: str) -> None:
    ground.write(file, content)
    ground.world.git("add", "-f", "--", file)


def _attributes(line: str) -> Callable[[Ground], object]:
    return lambda ground: _added(ground, ".gitattributes", f"infra/secrets/** {line}\n")


def _one_copied(ground: Ground) -> None:
    ground.write(NEW, ground.texts[PROD])


NAMES = [
    beside("A28", f"plaintext as {name!r}", f"{DEV}/{name}", "password: hunter2\n", check)
    for name, check in {
        "plain.yaml": "not-sops", "plain.yml": "not-sops", "PLAIN.YAML": "not-a-secret-file",
        "plain.json": "not-a-secret-file", ".env": "not-a-secret-file", "plain.txt": "not-a-secret-file",
        "plain": "not-a-secret-file", "plain.yaml ": "not-a-secret-file", "a/b/c.md": "not-a-secret-file",
        ".hidden/x.env": "not-a-secret-file", "plain.tar.gz": "not-a-secret-file",
    }.items()
] + [
    beside("A43", f"a copy as {name}", f"{DEV}/{name}", SOURCES[PLAIN], check)
    for name, check in {
        "app.dec.yaml": "not-sops", "app.yaml~": "not-a-secret-file", ".app.yaml.swp": "not-a-secret-file",
        "app.plain.yaml": "not-sops", "decrypted_app.yaml": "not-sops", "app.yaml.bak": "not-a-secret-file",
        "#app.yaml#": "not-a-secret-file",
    }.items()
]  # fmt: skip

PLAINTEXT = [
    beside("A29", "an open Secret", f"{DEV}/x.yaml", OPEN_MANIFEST, "plaintext-secret"),
    beside("A29", "an open Secret behind another document", f"{DEV}/x.yaml", f"kind: ConfigMap\n---\n{OPEN_MANIFEST}", "plaintext-secret"),
    beside("A29", "an open Secret in a list", f"{DEV}/x.yaml", "kind: List\nitems:\n- kind: Secret\n  stringData: {a: hunter2}\n", "plaintext-secret"),
    beside("A29", "an open Secret as JSON", f"{DEV}/x.yaml", '{"kind": "Secret", "stringData": {"a": "hunter2"}}\n', "plaintext-secret"),
    beside("A29", "an open Secret in a readable file", f"{DEV}/README.md", OPEN_MANIFEST, "plaintext-secret"),
    beside("A29", "an open Secret outside of the roots", "apps/x.yaml", OPEN_MANIFEST, "plaintext-secret"),
    beside("A29", "an open Secret in a template of Helm", "apps/templates/x.yaml", OPEN_MANIFEST, "plaintext-secret"),
    beside("A29", "a generator with literals", f"{DEV}/kustomization.yaml", "secretGenerator:\n- name: x\n  literals: [a=hunter2]\n", "plaintext-secret", WARNING),
    beside("A29", "a patch of a Secret in a kustomization", f"{DEV}/kustomization.yaml", "patches:\n- patch: |\n    kind: Secret\n    stringData: {a: hunter2}\n", "plaintext-secret"),
    place("A28", "a file by sops outside of the roots with plaintext", "not-encrypted", lambda ground: _added(ground, "apps/x.yaml", sub("(token: ).*", r"\1hunter2")(ground.spare["new"])), "apps/x.yaml"),
    beside("A28", "a file that a name calls encrypted", "apps/db.sops.yaml", "password: hunter2\n", "not-sops"),
    beside("A43", "a dotenv file outside of the roots", "apps/.env", "PASSWORD=hunter2\n", "plaintext-dotenv", WARNING),
    beside("A43", "a private key outside of the roots", "apps/key.pem", "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQ" * 10 + "\n-----END PRIVATE KEY-----\n", "plaintext-key", WARNING),
    place("A43", "our identity in a readable file", "private-identity", _identity(f"{DEV}/README.md"), f"{DEV}/README.md"),
    place("A43", "our identity in the documentation", "private-identity", _identity("docs/how-to.md"), "docs/how-to.md"),
    place("A43", "an identity of a stranger", "private-identity", _stranger, f"{DEV}/README.md"),
    beside("A43", "a post-quantum identity", f"{DEV}/README.md", "AGE-SECRET-KEY-PQ-1" + "Q" * 58 + "\n", "private-identity"),
]  # fmt: skip

GIT = [
    place("A31", "a link to another file", "file-kind", _link, PLAIN),
    place("A31", "a submodule among the secrets", "file-kind", _submodule, f"{DEV}/vendor"),
    place("A31", "an executable secret", "file-mode", lambda ground: ground.path(PLAIN).chmod(0o755), PLAIN, WARNING),
    place("A32", "a filter", "git-attributes", _attributes("filter=crypt"), PLAIN),
    place("A32", "another encoding", "git-attributes", _attributes("working-tree-encoding=UTF-16"), PLAIN),
    place("A32", "words that git fills in", "git-attributes", _attributes("ident"), PLAIN),
    place("A32", "a driver that shows values", "git-attributes", _attributes("diff=sopsdiffer"), PLAIN, WARNING),
    place("A32", "a merge of both sides", "git-attributes", _attributes("merge=union"), PLAIN, WARNING),
    place("A32", "words that an archive fills in", "git-attributes", _attributes("export-subst"), PLAIN),
    place("A28", "a file that no rule matches", "no-rule", lambda ground: _moved(ground, f"{DEV}/app.yml"), f"{DEV}/app.yml"),
    place("A28", "a manifest renamed to a plain map", "selector-differs", lambda ground: ground.path(MANIFEST).rename(ground.path(f"{DEV}/manifest.yaml")), f"{DEV}/manifest.yaml"),
    place("A17", "one file of the base copied", "copied-file", _one_copied, NEW, WARNING),
    place("A17 I10", "a file in the place of another", "copied-file", lambda ground: ground.write(PROD, ground.texts[PLAIN]), PROD, WARNING),
    place("A28", "a name that differs in capitals", "twin-names", lambda ground: ground.write(f"{DEV}/App.yaml", ground.spare["new"]), f"{DEV}/App.yaml", WARNING),
    place("A37", "an invisible character in a name", "invisible-name", lambda ground: ground.write(f"{DEV}/n\u202egpj.yaml", ground.spare["new"]), f"{DEV}/n\u202egpj.yaml", WARNING),
    place("A37", "a command for the runner in a name", "invisible-name", lambda ground: ground.write(f"{DEV}/x\n::error::y.yaml", ground.spare["new"]), f"{DEV}/x\n::error::y.yaml", WARNING),
    place("A37", "a sequence for the terminal in a name", "invisible-name", lambda ground: ground.write(f"{DEV}/x\x1b]52;c;aGk=\x07.yaml", ground.spare["new"]), f"{DEV}/x\x1b]52;c;aGk=\x07.yaml", WARNING),
    place("A26", "two files with one data key", "copied-file", lambda ground: ground.write(NEW, ground.same_key), NEW, WARNING),
    place("A42", "no secret file", "nothing-checked", lambda ground: ground.remove(*ground.secret_files()), PLAIN),
    place("A42", "a root of another name", "empty-root", lambda ground: ground.change(SETTINGS, swap('"more"', '"moer"')), SETTINGS, WARNING),
    place("A38", "settings with a field that runs a command", "bad-config", lambda ground: ground.change(SETTINGS, lambda text: f'[hooks]\neditor = "sh"\n{text}'), SETTINGS),
]  # fmt: skip

ROWS = [*NAMES, *PLAINTEXT, *GIT]
