"""Parsers, and the code that works on what they accept. Only our own errors may come out."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from plana_secrets.age.identities import Identities
from plana_secrets.config.schema import parse_settings
from plana_secrets.document.exchange import read_import
from plana_secrets.document.kinds import kind_of
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.keysetfile import parse_keyset, plan_file_edits
from plana_secrets.rotation.kinds.api_key.policy import ApiKeyPolicy
from plana_secrets.rotation.kinds.jwt_hs256.policy import JwtPolicy
from plana_secrets.rotation.plan import describe_keyset
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.listing import glob_match, is_secret_file
from plana_secrets.secretfiles.writing import records
from plana_secrets.sops.formats import Format
from plana_secrets.sops.reading.reader import open_document, read_structure
from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.verify.builds import Flux
from plana_secrets.verify.checks.plainmanifests import find_plain
from plana_secrets.verify.checks.rulelint import lint_rules
from plana_secrets.verify.kustomize import Tree, read_objects
from plana_secrets.verify.policy import Policy
from tests.fuzz.sealed import SEALED
from tests.fuzz.target import Target

ROOT: Final = Path(__file__).parents[2]
NOW: Final = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FILES: Final = ("infra/secrets/prod/a.yaml", "a\udcff/\u00e9.secret.yaml", "x" * 200, "infra/b/")
PATHS: Final = (("data", "a"), ("stringData", 0), ("\u212a",), ())


def check_settings(content: bytes) -> None:
    settings = parse_settings(content)
    for file in FILES:
        is_secret_file(settings.files, file)
        glob_match(settings.mirror.exclude, file)
        for backend in settings.mirror.backends.values():
            backend.places_of([file])
    for policy in settings.keysets:
        for keyset in _keysets(policy.kind):
            _follow(keyset, policy)


def check_rules(content: bytes) -> None:
    rules = parse_rules(content)
    for file in FILES:
        kind_of(rule.selector) if (rule := rules.rule_for(file)) else None
        with contextlib.suppress(PlanaSecretsError):
            rules.usable_rule_for(file)
    for _ in lint_rules(rules, ("infra/secrets",), FILES, Policy(min_recipients=2, named=True)):
        pass


def check_journal(content: bytes) -> None:
    """With right checksums: a wrong one hides all that is behind it."""
    lines = [line.partition(b" ")[2] for line in content.split(b"\n")]
    whole = b"".join(records._checksum(line) + b" " + line + b"\n" for line in lines if line)
    for data in (content, whole):
        with contextlib.suppress(ValueError):  # what decode documents
            records.decode(data)


def check_keyset(content: bytes) -> None:
    structure = read_structure(content)
    with contextlib.suppress(PlanaSecretsError):
        open_document(structure, Identities())
    keyset = parse_keyset(structure)
    if isinstance(keyset, Keyset):
        for policy in (_API, _JWT):
            if policy.kind == keyset.kind:
                _follow(keyset, policy)


def check_readable(content: bytes) -> None:
    find_plain(content)
    flux = Flux()
    flux.read("a.yaml", content)
    flux.own_builds([])
    read_objects(content)
    Tree({"a.yaml", "kustomization.yaml"}, lambda _: content).variables(".")


def check_formats(content: bytes) -> None:
    for form in (Format.JSON, Format.DOTENV):
        with contextlib.suppress(PlanaSecretsError):
            open_document(read_structure(content, form), Identities())
        with contextlib.suppress(PlanaSecretsError):
            read_import(Secret(content), form)


def _follow(keyset: Keyset, policy: ApiKeyPolicy | JwtPolicy) -> None:
    for now in (NOW, datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)):
        with contextlib.suppress(PlanaSecretsError):
            describe_keyset(policy, "f.yaml", keyset, now).is_past(now, 1.25)
    plan_file_edits(keyset, keyset)


def _keysets(kind: str) -> list[Keyset]:
    parsed = (parse_keyset(read_structure(seed)) for seed in _KEYSETS)
    return [one for one in parsed if isinstance(one, Keyset) and one.kind == kind]


_API: Final = ApiKeyPolicy(name="shop/portal", accepted=())
_JWT: Final = JwtPolicy(name="shop/jwt-access", targets=())
_KEYSETS: Final = tuple(
    path.read_bytes() for path in sorted(ROOT.glob("infra/secrets/keysets/**/*.yaml"))
)
_WIDE_SETTINGS: Final = b"""
required_version = ">=0.1"
[files]
roots = ["infra/secrets", "other"]
plain = ["**/README.md", "!a[b-c]?.md", "/x/**"]
keysets = "infra/secrets/keysets"
[git]
branch = "main"
[policy]
min_recipients = 2
required = []
selectors = ["encrypted_regex:^(a|b)+$"]
[[verify.accept]]
check = "empty-value"
file = "infra/secrets/prod/mail.yaml"
path = "smtp_password"
reason = "optional"
until = 2027-03-31
[mirror]
backend = "vaultwarden"
exclude = ["infra/x/**"]
[mirror.vaultwarden]
url = "https://vault.example.com"
organization = "11111111-1111-4111-8111-111111111111"
collections = { "infra/secrets/prod/**" = "prod", "infra/**" = "other" }
break_glass = ["owner@example.com"]
[keysets."a/b"]
kind = "api-key"
accepted = ['infra/secrets/a.yaml#stringData["x.json"]']
external_callers = ["c"]
format = "csv"
rollout = "30m"
drain = "1h"
max_age = "90d"
grace = "7d"
[keysets.c]
kind = "jwt-hs256"
targets = ["infra/secrets/a.yaml#data.b"]
skew = "60s"
cache = "0s"
max_token_lifetime = "15m"
"""
_WIDE_RULES: Final = b"""
keys: &keys
  - &a age199nx02f2esxsq4vndwr5ah7gc8mvyd7k3g0tmmegk8quenx3xvkqht2slw
  - &b age18ml8aac9nar9v6g8up5du6jm9xrkt0auzkludjhvhpflk9sndaeswe7fpv
base: &base {age: *keys, unencrypted_suffix: _plain}
creation_rules:
  - path_regex: (?i)^infra/[a-z]{2,9}/(prod|dev)/.*[^x]\\.yaml$
    encrypted_regex: ^(data|stringData)$
    key_groups: [{age: [*a, *b], merge: [{age: [*a]}]}]
  - <<: *base
    path_regex: \\d+\\w?
  - age: "age199nx02f2esxsq4vndwr5ah7gc8mvyd7k3g0tmmegk8quenx3xvkqht2slw"
    mac_only_encrypted: false
    shamir_threshold: 1
destination_rules: []
stores: {yaml: {indent: 4}}
"""
_JSON: Final = b"""{
\t"a": "ENC[AES256_GCM,data:GQ==,iv:hShSUCHErDEafSymeTyWMSCFKnha/MX5zgG18a5a5a8=,tag:7KNoBrZH9vc+M/aG7g8Utg==,type:str]",
\t"n": {"f": 1.5e3, "i": -7, "t": true, "l": [null, "\\u00e9\\n", {}]},
\t"sops": {"age": [{"recipient": "age1x", "enc": "x"}], "mac": "ENC[", "version": "3.11.0"}
}
"""
_DOTENV: Final = b"""# a comment
A=1
export B='two $words'
C="a\\nb" # c
sops_age__list_0__map_enc=x
sops_age__list_0__map_recipient=age1x
sops_mac_only_encrypted=true
sops_version=3.11.0
"""
_READABLE: Final = b"""apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
spec:
  path: "./infra/secrets"  # here
---
x: &x {kind: Secret}
items:
- <<: *x
  data: {a: b}
patches:
- patch: |
    kind: Secret
    stringData: {a: b}
secretGenerator:
- name: a
  literals: [a=b]
"""


def _journal_seeds() -> tuple[bytes, ...]:
    files = (
        records.IntendedFile("infra/secrets/a.yaml", "0" * 64, "1" * 64),
        records.IntendedFile("infra/secrets/b.yaml", None, "2" * 64),
    )
    intent = records.Intent(
        "set", "/repo", files, base="3" * 40, branch="main", commit=True, push="main", message="m"
    )
    stages = (records.Stage.BUILT, records.Stage.PUSHING, records.Stage.PUSHED)
    later = b"".join(records.encode_stage(stage, "4" * 40) for stage in stages)
    return (records.encode_intent(intent), records.encode_intent(intent) + later)


TARGETS: Final = (
    Target(
        "settings", ((ROOT / "plana-secrets.toml").read_bytes(), _WIDE_SETTINGS), check_settings
    ),
    Target("rules", ((ROOT / ".sops.yaml").read_bytes(), _WIDE_RULES), check_rules),
    Target("journal", _journal_seeds(), check_journal),
    Target("keyset", _KEYSETS, check_keyset),
    Target("formats", (_JSON, _DOTENV), check_formats),
    Target("readable", (_READABLE,), check_readable),
    *SEALED,
)
