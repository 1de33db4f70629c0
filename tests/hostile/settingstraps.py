"""Traps in the settings and the rules."""

from __future__ import annotations

import pyrage

from tests.hostile.clone import Clone
from tests.hostile.traps import Outcome, Where, trap

SETTINGS = "plana-secrets.toml"


def add_settings(clone: Clone, text: str) -> None:
    clone.write(SETTINGS, f"{(clone.repo / SETTINGS).read_text()}{text}")


@trap(Where.COMMIT, Outcome.NOTHING, stops=True)
def another_server(clone: Clone) -> None:
    clone.edit(
        SETTINGS,
        '[mirror]\nbackend = "local"\n',
        '[mirror]\nbackend = "vaultwarden"\n[mirror.vaultwarden]\nurl = "https://127.0.0.1:9"\n'
        'organization = "00000000-0000-4000-8000-000000000000"\n'
        'collections = { "infra/secrets/**" = "all" }\n'
        f'key_fingerprint = "{"a" * 64}"\n',
    )


@trap(Where.COMMIT, Outcome.FINDING, says="mirror.local.recipients", stops=True)
def another_reader_of_the_mirror(clone: Clone) -> None:
    stranger = pyrage.x25519.Identity.generate().to_public()
    clone.edit(SETTINGS, "[mirror.local]\n", f'[mirror.local]\nrecipients = ["{stranger}"]\n')


@trap(Where.COMMIT, Outcome.FINDING, says="recipient", stops=True)
def another_reader_of_new_files(clone: Clone) -> None:
    stranger = pyrage.x25519.Identity.generate().to_public()
    rules = (clone.repo / ".sops.yaml").read_text()
    clone.write(".sops.yaml", rules.replace("age: ", f"age: {stranger},"))


@trap(Where.COMMIT, Outcome.NOTHING, stops=True)
def mirror_outside(clone: Clone) -> None:
    clone.edit(SETTINGS, 'path = "mirror.json.age"', f'path = "{clone.outside}/mirror.json.age"')


@trap(Where.COMMIT, Outcome.REFUSED, says=SETTINGS, stops=True)
def keysets_outside(clone: Clone) -> None:
    add_settings(clone, '[files]\nkeysets = "../outside/keysets"\n')


@trap(Where.COMMIT, Outcome.REFUSED, says=SETTINGS, stops=True)
def target_outside(clone: Clone) -> None:
    clone.edit(SETTINGS, "infra/secrets/prod/a.secret.yaml#stringData.KEYS", "../outside/v.yaml#a")


@trap(Where.COMMIT, Outcome.REFUSED, says=SETTINGS, stops=True)
def brackets_in_the_settings(clone: Clone) -> None:
    add_settings(clone, f"x = {'[' * 5000}\n")


@trap(Where.COMMIT, Outcome.REFUSED, says=SETTINGS, stops=True)
def program_in_the_settings(clone: Clone) -> None:
    add_settings(clone, f'[sops]\nprogram = "{clone.program}"\n')


@trap(Where.COMMIT, Outcome.FINDING, says=".sops.yaml", stops=True)
def aliases_of_aliases_in_the_rules(clone: Clone) -> None:
    lines = ["x0: &x0 [A,A,A,A,A,A,A,A,A,A]"]
    lines += [f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]
    clone.write(".sops.yaml", "\n".join([*lines, "creation_rules:", "  - age: *x8", ""]))
