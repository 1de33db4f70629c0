"""What a careless colleague commits, and what an attacker lets look like that."""

from __future__ import annotations

import base64
from collections.abc import Callable

from tests.attacks.changes import before, swap
from tests.attacks.ground import MANIFEST, OPEN_MANIFEST, PLAIN, RULES, SETTINGS, SOURCES, Ground
from tests.attacks.history import ranged
from tests.attacks.places import beside, place
from tests.attacks.pushes import KEY, pushed
from tests.attacks.variant import Look, Variant

WARNING = "warning"
PLAINTEXT = "password: hunter2\n"
KUBECONFIG = f"apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    client-key-data: {base64.b64encode(KEY.encode()).decode()}\n"
ACCOUNT = '{"type": "service_account", "private_key": "' + KEY.replace("\n", "\\n") + '"}\n'
CYRILLIC = "infra/s\u0435crets/dev/new.yaml"


def _write(file: str, content: Callable[[Ground], str | bytes]) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        ground.write(file, content(ground))
        ground.world.git("add", "-f", "--", file)

    return build


def identity(name: str, file: str, form: Callable[[str], str | bytes]) -> Variant:
    build = _write(file, lambda ground: form(f"{ground.world.identity}\n"))
    return place("A43", name, "private-identity", build, file)


def _linked(ground: Ground) -> None:
    _link(ground, "docs/key", str(ground.world.identity))
    ground.world.git("add", "-A")


def _link(ground: Ground, name: str, target: str) -> None:
    ground.path(name).parent.mkdir(parents=True, exist_ok=True)
    ground.path(name).symlink_to(target)


def _named(ground: Ground) -> None:
    _write(f"docs/{ground.world.identity}.txt", lambda _: "x\n")(ground)


def _blank_root(ground: Ground) -> None:
    ground.change(SETTINGS, swap('"infra/secrets", ', '"infra/secrets ", '))


def _typed(file: str, line: str) -> Callable[[Ground], object]:
    return lambda ground: ground.change(file, before(line))


def _kubeconfig_pushed(ground: Ground) -> None:
    ground.write("apps/kubeconfig", KUBECONFIG)
    ground.commit()
    ground.push("refs/heads/side")


def for_a_commit(build: Callable[[Ground], object]) -> Callable[[Ground], object]:
    """In one commit, and taken back in the next."""

    def whole(ground: Ground) -> None:
        build(ground)
        ground.commit()
        ground.world.git("revert", "--no-commit", "HEAD")

    return whole


def _index(name: str, check: str, build: Callable[[Ground], object], file: str, severity: str = "error") -> Variant:  # fmt: skip
    def staged(ground: Ground) -> None:
        build(ground)
        ground.world.git("add", "-A", "-f")
        ground.path(file).unlink()

    return Variant(name, "A33", Look.INDEX, check, staged, file, severity)


ROOTS = [
    beside("A28", "plaintext in a root with a capital letter", "infra/Secrets/dev/new.yaml", PLAINTEXT, "twin-root"),
    beside("A28", "plaintext in a root with a Cyrillic letter", CYRILLIC, PLAINTEXT, "twin-root"),
    beside("A28", "plaintext in a root with a blank behind it", "infra/secrets /dev/new.yaml", PLAINTEXT, "twin-root"),
    beside("A28", "plaintext in a root with an invisible character", "infra/sec\u200brets/new.yaml", PLAINTEXT, "twin-root"),
    beside("A28", "plaintext in a folder with a slash of mathematics", "infra\u2215secrets/new.yaml", PLAINTEXT, "twin-root"),
    place("A42", "a root with a blank behind it in the settings", "twin-root", _blank_root, SETTINGS),
    ranged("A34", "plaintext in a twin of a root for one commit", "plaintext-in-commit", for_a_commit(_write(CYRILLIC, lambda _: PLAINTEXT)), CYRILLIC),
    ranged("A34", "a plain file that its name calls encrypted for one commit", "plaintext-in-commit", for_a_commit(_write("apps/db.sops.yaml", lambda _: PLAINTEXT)), "apps/db.sops.yaml"),
]  # fmt: skip
IDENTITIES = [
    identity("an identity that PowerShell wrote", "docs/key.txt", lambda text: text.encode("utf-16")),
    identity("an identity in base64 in a workflow", ".github/workflows/x.yml", lambda text: f"env:\n  KEY: {base64.b64encode(text.encode()).decode()}\n"),
    identity("an identity in small letters", "docs/key.txt", str.lower),
    identity("two identities without a line break", "docs/key.txt", lambda text: text.strip() * 2),
    identity("an identity in a comment of the rules", f"apps/{RULES}", lambda text: f"# {text}creation_rules: []\n"),
    place("A43", "an identity as the name of a file", "private-identity", _named, PLAIN),
    place("A43", "an identity as the target of a symlink", "private-identity", _linked, "docs/key"),
    ranged("A34", "an identity as the name of a file for one commit", "plaintext-in-commit", for_a_commit(_named), PLAIN),
    ranged("A34", "an identity as the target of a symlink for one commit", "plaintext-in-commit", for_a_commit(_linked), "docs/key"),
    ranged("A34", "an identity in UTF-16 for one commit", "plaintext-in-commit", for_a_commit(_write("docs/key.txt", lambda ground: f"{ground.world.identity}\n".encode("utf-16"))), "docs/key.txt"),
    _index("an identity in UTF-16 staged", "private-identity", lambda ground: ground.write("docs/key.txt", f"{ground.world.identity}\n".encode("utf-16")), "docs/key.txt"),
    _index("an identity in a symlink that is staged", "private-identity", _linked, "docs/key"),
]  # fmt: skip
OTHERS = [
    beside("A43", "a kubeconfig", "apps/kubeconfig", KUBECONFIG, "plaintext-key", WARNING),
    beside("A43", "an account of a service in JSON", "apps/account.json", ACCOUNT, "plaintext-key", WARNING),
    beside("A43", "a private key of PGP", "apps/key.asc", KEY.replace("PRIVATE KEY", "PGP PRIVATE KEY BLOCK"), "plaintext-key", WARNING),
    beside("A29", "an open Secret that PowerShell wrote", "apps/x.yaml", OPEN_MANIFEST.encode("utf-16"), "plaintext-secret"),
    *(
        beside("A43", f"an open Secret as {name}", f"apps/{name}", OPEN_MANIFEST, "plaintext-secret")
        for name in ("x.yaml.bak", "x.yml~", "x.YAML", "x.yaml.orig", "x.decrypted.yaml", "x.yaml.dec")
    ),
    place("A35", "a password in a comment of the rules", "typed-secret", _typed(RULES, "# old password: hunter2\n"), RULES, WARNING),
    place("A35", "a password in a comment of the settings", "typed-secret", _typed(SETTINGS, '# api_key = "hunter2"\n'), SETTINGS, WARNING),
    beside("A35", "a token in the address of a submodule", ".gitmodules", '[submodule "x"]\n\turl = https://me:hunter2@git.example.com/x.git\n', "typed-secret", WARNING),
    ranged("A34", "a kubeconfig for one commit", "plaintext-in-commit", for_a_commit(_write("apps/kubeconfig", lambda _: KUBECONFIG)), "apps/kubeconfig", WARNING),
    ranged("A34", "a password in the rules for one commit", "plaintext-in-commit", for_a_commit(_typed(RULES, "# password: hunter2\n")), RULES, WARNING),
    ranged("A34", "a symlink to a password for one commit", "plaintext-in-commit", for_a_commit(lambda ground: _link(ground, "infra/secrets/dev/link", "hunter2")), "infra/secrets/dev/link"),
    ranged("A34", "an open Secret as a copy of an editor for one commit", "plaintext-in-commit", for_a_commit(_write("apps/x.yaml~", lambda _: OPEN_MANIFEST)), "apps/x.yaml~"),
    pushed("a kubeconfig on a branch of one's own", "plaintext-key", _kubeconfig_pushed, "A43", "apps/kubeconfig", WARNING),
    _index("an open Secret staged beside the roots", "plaintext-secret", lambda ground: ground.write("apps/x.yaml", SOURCES[MANIFEST]), "apps/x.yaml"),
]  # fmt: skip

ROWS = [*ROOTS, *IDENTITIES, *OTHERS]
