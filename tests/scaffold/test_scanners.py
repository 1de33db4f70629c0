"""What `init` tells secret scanners: what we write is no finding, what a person wrote is."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from plana_secrets.scaffold.scanners import allow_lists
from tests.gotools import built
from tests.world import World

GITLEAKS, BETTERLEAKS, TRUFFLEHOG = allow_lists(["infra/secrets"])
LINES = [re.compile(one) for one in tomllib.loads(GITLEAKS.text)["allowlists"][0]["regexes"]]
TOKEN = "ENC[AES256_GCM,data:a+/=,iv:b/=,tag:c==,type:str]"
PASSWORD = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"


def is_allowed(line: str) -> bool:
    return any(one.search(line) for one in LINES)


@pytest.mark.parametrize(
    "line",
    [f"api_key: {TOKEN}", f"    - {TOKEN}", f"\n- - key: {TOKEN}", f"    #{TOKEN}",
     f'  "api_key": "{TOKEN}",', f"API_KEY={TOKEN}", 'key = "age1pq1qqqq"', f"mac: {TOKEN}\n",
     'key = "ssh-ed25519 AAAA/+="', 'key_fingerprint = "3f25"'],
)  # fmt: skip
def test_what_is_written_by_sops_and_us_is_allowed(line: str) -> None:
    assert is_allowed(line)


@pytest.mark.parametrize(
    "line",
    [f"api_key: {PASSWORD} # {TOKEN}", f"api_key: {TOKEN}{PASSWORD}", f"{PASSWORD}: {PASSWORD}",
     f"api_key: {PASSWORD}{TOKEN}", f"# {PASSWORD}: {TOKEN}", f'key = "{PASSWORD}"',
     f'key = "age1q" # {PASSWORD}', f"a: {PASSWORD} b: {TOKEN}",
     "- AGE-SECRET-KEY-1QQQ", 'key = "AGE-SECRET-KEY-1QQQ"'],
)  # fmt: skip
def test_a_value_beside_it_is_still_found(line: str) -> None:
    assert not is_allowed(line)


def test_each_scanner_gets_the_same_lines_in_its_own_form() -> None:
    content = tomllib.loads(BETTERLEAKS.text)
    assert content["extend"]["useDefault"]
    assert re.findall("`(.*?)`", content["filter"]) == [one.pattern for one in LINES]


@pytest.mark.parametrize(
    ("root", "inside", "outside"),
    [("infra/secrets", "/src/infra/secrets/a.yaml", "infra/secrets2/a.yaml"),
     ("**/secret.yaml", "a/b/secret.yaml", "a/secretxyaml"),
     ("a.b/**/x/", "a.b/c/d/x/y", "acb/c/x/y"),
     ("apps/*/s-1", "apps/one/s-1/a", "apps/one/two/s-1/a"),
     (".", ".sops.yaml", "a.yaml")],
)  # fmt: skip
def test_trufflehog_leaves_out_what_verify_covers(root: str, inside: str, outside: str) -> None:
    patterns = [re.compile(one) for one in allow_lists([root])[-1].text.splitlines()]
    assert any(one.search(inside) for one in patterns)
    assert not any(one.search(outside) for one in patterns)
    assert any(one.search("/src/plana-secrets.toml") for one in patterns)


def test_init_names_them_in_a_line_and_prints_them_when_asked(world: World) -> None:
    """With the roots of a used repository."""
    world.write_rules("creation_rules:\n    - age: {recipients}\n")
    for name in ("one", "two"):
        world.encrypt(f"{name}/secret.yaml", "a: b\n")
        (world.repo / name / "more.yaml").write_text("a: b\n")
    world.commit()
    said = world.run("init", "--yes")
    assert "regexTarget" not in said.stdout + said.stderr
    (command,) = re.findall(r"`plana-secrets (init --scanners)`", said.stderr)
    printed = world.run(*command.split()).stdout
    for one in (GITLEAKS, BETTERLEAKS):
        assert f"# {one.where}\n{one.text}" in printed
    assert "(^|/)secret\\.yaml(/|$)" in printed
    assert command not in world.run("init", "--yes").stderr, "it was said"


@pytest.mark.long
def test_gitleaks_finds_a_value_and_nothing_that_we_write(world: World, tmp_path: Path) -> None:
    program = built("github.com/zricethezav/gitleaks/v8", "v8.30.1")
    if program is None:
        pytest.skip("gitleaks did not run: there is no Go to build it")
    world.encrypt("infra/secrets/app.yaml", "api_key: pa55\nmore:\n    - token\n")
    settings = f'[recipients.me]\nkey = "{world.identity.to_public()}"\nkind = "staff"\n'
    settings += f'[mirror.vaultwarden]\nkey_fingerprint = "{"3f25a09b" * 8}"\n'
    (world.repo / "plana-secrets.toml").write_text(settings)
    config = tmp_path / "gitleaks.toml"
    # a rule of a strict team: sops's ciphertext is random, too
    strict = "[[rules]]\nid = \"random\"\nregex = '''iv:[\\w+/=]{40,}'''\n"

    def leaks(text: str) -> set[str]:
        config.write_text(text + strict)
        report = tmp_path / "report.json"
        done = subprocess.run(
            [str(program), "dir", str(world.repo), "-c", str(config), "--no-banner", "-r", str(report),
             "-f", "csv"], capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode in {0, 1}, done.stderr
        return {line.split(",")[0] for line in report.read_text().splitlines()[1:]}

    assert leaks("[extend]\nuseDefault = true\n") == {"generic-api-key", "random"}
    assert leaks(GITLEAKS.text) == set()
    (world.repo / "app.yaml").write_text(f"api_key: {PASSWORD}\n")
    assert leaks(GITLEAKS.text) == {"stripe-access-token"}
