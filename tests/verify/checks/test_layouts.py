"""Rules as people write them in public repositories: read as sops reads them, and no false alarm."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.verify.checks.rulelint import lint_rules
from plana_secrets.verify.checks.rules import check_rules
from plana_secrets.verify.policy import Policy

A = "age199nx02f2esxsq4vndwr5ah7gc8mvyd7k3g0tmmegk8quenx3xvkqht2slw"
B = "age18ml8aac9nar9v6g8up5du6jm9xrkt0auzkludjhvhpflk9sndaeswe7fpv"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@host"
MANIFEST = "encrypted_regex: ^(data|stringData)$"


@dataclass(frozen=True)
class Layout:
    """``files``: by which rule sops takes a file; 0 for none. ``found``: what is said of it."""

    text: str
    roots: tuple[str, ...]
    files: dict[str, int]
    found: frozenset[str] = frozenset()


def layout(text: str, roots: str, files: str, *found: str) -> Layout:
    """``files``: each with its rule, as in `a.yaml=1 b.yaml=0`."""
    named = (one.split("=") for one in files.split())
    places = {file: int(place) for file, place in named}
    return Layout(text, tuple(roots.split()), places, frozenset(found))


def rules(*entries: str) -> str:
    return "creation_rules:\n" + "".join(
        "  - " + "\n    ".join(entry.strip().split("\n")) + "\n" for entry in entries
    )


LAYOUTS = {
    "one rule": layout(rules(f"age: {A}"), "secrets", "secrets/a.yaml=1"),
    "one path": layout(rules(f"path_regex: secrets/.*\\.yaml$\nage: {A}"), "secrets", "secrets/a.yaml=1 secrets/a.json=0", "rules-unanchored"),
    "an anchored path": layout(rules(f"path_regex: ^secrets/.*\\.ya?ml$\nage: {A}"), "secrets", "secrets/a.yml=1 other.yaml=0"),
    "home-ops": layout(rules(f"path_regex: kubernetes/.*\\.sops\\.ya?ml\nencrypted_regex: '^(data|stringData)$'\nkey_groups:\n  - age:\n      - {A}"), "kubernetes", "kubernetes/apps/x/secret.sops.yaml=1", "rules-unanchored"),
    "a template of a cluster": layout(rules(f"path_regex: talos/.*\\.sops\\.ya?ml\nmac_only_encrypted: false\nage: {A}", f"path_regex: (bootstrap|kubernetes)/.*\\.sops\\.ya?ml\n{MANIFEST}\nage: {A}"), "talos kubernetes bootstrap", "talos/x.sops.yaml=1 kubernetes/x.sops.yaml=2", "rules-unanchored"),
    "stores": layout("stores:\n  yaml:\n    indent: 2\n" + rules(f"path_regex: \\.sops\\.yaml$\nage: {A}"), "clusters", "clusters/x.sops.yaml=1"),
    "anchors of sops-nix": layout(f"keys:\n  - &admin {A}\n  - &host {B}\n" + rules("path_regex: secrets/[^/]+\\.(yaml|json|env|ini)$\nkey_groups:\n  - age:\n      - *admin\n      - *host"), "secrets", "secrets/a.env=1 secrets/x/a.yaml=0", "rules-unanchored"),
    "hosts of sops-nix": layout(f"keys:\n  - &users:\n    - &me {A}\n  - &hosts:\n    - &one {B}\n" + rules("path_regex: hosts/one/secrets.ya?ml$\nkey_groups:\n  - age:\n      - *me\n      - *one", "path_regex: hosts/common/.*\nkey_groups:\n  - age: [*me, *one]"), "hosts", "hosts/one/secrets.yaml=1 hosts/common/x.yaml=2", "rules-unanchored"),
    "a folded list": layout(rules(f"path_regex: ^secrets/\nage: >-\n  {A},\n  {B}"), "secrets", "secrets/a.yaml=1"),
    "a list": layout(rules(f"path_regex: ^secrets/\nage:\n  - {A}\n  - {B}"), "secrets", "secrets/a.yaml=1"),
    "commas": layout(rules(f'path_regex: ^secrets/\nage: "{A}, {B},"'), "secrets", "secrets/a.yaml=1"),
    "an ssh key": layout(rules(f"path_regex: ^secrets/\nage: {SSH}"), "secrets", "secrets/a.yaml=1"),
    "environments": layout(rules(*(f"path_regex: ^environments/{name}/.*\nage: {A}" for name in ("dev", "staging", "prod"))), "environments", "environments/prod/a.yaml=3"),
    "production first": layout(rules(f"path_regex: prod\nage: {A},{B}", f"age: {A}"), "secrets", "secrets/prod.yaml=1 secrets/dev.yaml=2"),
    "Secrets by name": layout(rules(f"path_regex: .*secret.*\\.yaml$\n{MANIFEST}\nage: {A}"), "apps", "apps/x/secret.yaml=1 apps/x/deployment.yaml=0"),
    "values of Helm": layout(rules(f"path_regex: ^charts/.*/secrets(\\..+)?\\.yaml$\nage: {A}"), "charts", "charts/x/secrets.prod.yaml=1 charts/x/values.yaml=0"),
    "the example of Flux": layout(rules(f"path_regex: .*.yaml\n{MANIFEST}\nage: {A}"), "clusters", "clusters/x.yaml=1"),
    "folders of Flux": layout(rules(f"path_regex: ^clusters/(prod|staging)/.*\\.enc\\.yaml$\n{MANIFEST}\nage: {A},{B}"), "clusters", "clusters/prod/a.enc.yaml=1"),
    "a class for a dot": layout(rules(f"path_regex: ^secrets/.*[.]yaml$\nage: {A}"), "secrets", "secrets/a.yaml=1"),
    "any letter case": layout(rules(f"path_regex: (?i)^secrets/.*\\.YAML$\nage: {A}"), "secrets", "secrets/a.yaml=1"),
    "a suffix": layout(rules(f"path_regex: ^secrets/\nunencrypted_suffix: _plain\nage: {A}"), "secrets", "secrets/a.yaml=1"),
    "an own selector": layout(rules(f'path_regex: ^secrets/\nencrypted_regex: "(?i)(password|token|secret$)"\nage: {A}'), "secrets", "secrets/a.yaml=1"),
    "Ansible": layout(rules(f"path_regex: (group|host)_vars/.*\\.sops\\.ya?ml$\nage: {A}"), "group_vars host_vars", "group_vars/all/a.sops.yaml=1", "rules-unanchored"),
    "Terraform": layout(rules(f"path_regex: \\.tfvars\\.(json|enc)$\nage: {A}", f"path_regex: \\.sops\\.(yaml|json|env)$\nage: {A}"), "infra", "infra/a.tfvars.json=1 infra/a.sops.env=2"),
    "Docker Compose": layout(rules(f"path_regex: (^|/)\\.env(\\.[a-z]+)?$\nage: {A}", f"path_regex: ^stacks/.*/secrets/.*$\nage: {A}"), "stacks", "stacks/x/secrets/a=2"),
    "GitHub and its PGP": layout(rules(f"path_regex: ^secrets/\nage: {A}", 'path_regex: ^legacy/\npgp: "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"'), "secrets", "secrets/a.yaml=1 legacy/a.yaml=2", "rules-elsewhere", "rules-other-keys"),
    "cloud keys for others": layout(rules(f"path_regex: ^secrets/\nage: {A}", 'path_regex: ^aws/\nkms: "arn:aws:kms:eu-west-1:1:key/x"\naws_profile: prod'), "secrets", "secrets/a.yaml=1", "rules-elsewhere", "rules-other-keys"),
    "destinations": layout(rules(f"path_regex: ^secrets/\nage: {A}") + "destination_rules:\n  - s3_bucket: x\n    path_regex: s3/*\n", "secrets", "secrets/a.yaml=1"),
    "a comment for every line": layout(f"# how to\n---\ncreation_rules: # all\n  # the first\n  - path_regex: ^secrets/ # here\n    # for\n    age: {A} # me\n", "secrets", "secrets/a.yaml=1"),
    "quotes of JSON": layout(f'{{"creation_rules": [{{"path_regex": "^secrets/", "age": "{A}"}}]}}\n', "secrets", "secrets/a.yaml=1"),
    "one group, merged": layout(f"admins: &admins\n  - age: [{A}]\n" + rules(f"path_regex: ^secrets/\nkey_groups:\n  - merge: *admins\n    age: [{B}]"), "secrets", "secrets/a.yaml=1"),
    "every folder": layout(rules(f"path_regex: .*/secrets/.*\nage: {A}", f"path_regex: .*\nage: {A}"), ".", "x/secrets/a=1 a.yaml=2"),
}  # fmt: skip
"""Written from what public repositories have in common."""


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_is_read_as_sops_reads_it(name: str) -> None:
    one = LAYOUTS[name]
    parsed = parse_rules(one.text.encode())
    for file, position in one.files.items():
        rule = parsed.rule_for(file)
        assert (rule.position if rule else 0) == position, file


@pytest.mark.parametrize("name", LAYOUTS)
def test_nothing_but_notes_is_said_of_it(name: str) -> None:
    one = LAYOUTS[name]
    parsed = parse_rules(one.text.encode())
    used = [file for file in one.files if any(_is_in(file, root) for root in one.roots)]
    linted = list(lint_rules(parsed, one.roots, used, Policy()))
    book = OneBook(parsed)
    found = [*linted, *check_rules(book, used)]  # type: ignore[arg-type]
    assert [f for f in found if f.severity != "note"] == []
    assert {f.check for f in found} == one.found


def _is_in(file: str, root: str) -> bool:
    return root == "." or file.startswith(f"{root}/")


class OneBook:
    """A book with one page, at the root."""

    def __init__(self, page: object) -> None:
        self.page = page
        self.known = (page,)

    def rules_for(self, _file: str) -> object:
        return self.page

    def in_folder(self, _folder: str) -> object:
        return self.page
