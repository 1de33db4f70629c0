"""Secret files wherever they are: found by what is in them, by name, and by their rules."""

from __future__ import annotations

import pytest

from plana_secrets.verify.check import Level
from plana_secrets.verify.report import Report
from tests.verify.inprocess import NO_IDENTITY, checks, of_check, verify, write
from tests.world import World

RULES = """\
creation_rules:
  - path_regex: .*\\.sops\\.ya?ml$
    age: {recipients}
  - path_regex: (^|/)secrets?/|src/.*Secret.*
    age: {recipients}
  - path_regex: clusters/.*\\.yaml$
    encrypted_regex: ^(data|stringData)$
    age: {recipients}
"""
SETTINGS = '[files]\nroots = ["**/*.sops.yaml"]\n'
PLAIN_SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: {value}\n"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\n"


@pytest.fixture
def fleet(world: World) -> World:
    world.write_rules(RULES)
    write(world, "plana-secrets.toml", SETTINGS)
    world.encrypt("apps/db/db.sops.yaml", "a: b\n")
    world.commit()
    return world


def found(world: World) -> set[tuple[str, str | None]]:
    """What is found, which is the same with a key and without one."""
    reports = [verify(world), verify(world, identities=NO_IDENTITY)]
    with_key, without = ({one[:2] for one in checks(report)} for report in reports)
    assert with_key == without
    return with_key


def test_ordinary_files_are_no_findings(fleet: World) -> None:
    write(fleet, "clusters/prod/kustomization.yaml", "resources: [web.yaml]\n")
    write(
        fleet, "clusters/flux.yaml",
        "patches:\n- target: {kind: Secret}\n  patch: |\n    [{op: add, path: /data/a, value: '${A}'}]\n",
    )  # fmt: skip
    write(fleet, "clusters/prod/README.md", "```yaml\n" + PLAIN_SECRET + "```\n")
    write(fleet, "apps/secrets/README.md", "how to\n")
    write(
        fleet, "apps/db/sealed-secret.yaml", "apiVersion: b/v1\nkind: SealedSecret\nspec: {a: b}\n"
    )
    write(
        fleet, "external/secrets/store.yaml", "apiVersion: e/v1\nkind: SecretStore\nspec: {a: b}\n"
    )
    write(
        fleet, "chart/templates/secret.yaml", "kind: Secret\ndata:\n  a: {{ .Values.a | b64enc }}\n"
    )
    write(fleet, "apps/flux.yaml", PLAIN_SECRET.replace("{value}", "${DB_PASSWORD}"))
    write(fleet, "apps/empty.yaml", PLAIN_SECRET.replace("{value}", '""'))
    write(fleet, "docs/sops.md", (fleet.repo / "apps/db/db.sops.yaml").read_text())
    write(fleet, ".env.example", "DB_PASSWORD=changeme\n")
    write(fleet, "web/.env", "DB_PASSWORD=\nURL=${URL}\n# A=b\n")
    write(fleet, "web/limits.env", "REPLICAS=3\n")
    write(fleet, "db.sops.yaml.j2", "a: {{ b }}\n")
    write(fleet, "src/SecretStore.java", "class SecretStore { }\n")
    write(fleet, "check.py", "if '-----BEGIN PRIVATE KEY-----' in text: pass\n")
    assert found(fleet) == set()


@pytest.mark.parametrize(
    ("file", "content", "check", "severity"),
    [
        ("clusters/prod/new.yaml", PLAIN_SECRET, "plaintext-secret", "error"),
        ("apps/x.json", '{"kind": "Secret", "data": {"a": "aGk="}}', "plaintext-secret", "error"),
        ("apps/list.yaml", "kind: SecretList\nitems:\n- data: {a: aGk=}\n", "plaintext-secret", "error"),
        ("apps/patch.yaml", "patches:\n- patch: |\n    kind: Secret\n    data: {a: aGk=}\n", "plaintext-secret", "error"),
        ("apps/op.yaml", "patches:\n- target: {kind: Secret}\n  patch: |\n    [{op: add, path: /data/a, value: aGk=}]\n", "plaintext-secret", "error"),
        ("apps/web/db.sops.json", '{"a": "b"}', "not-a-secret-file", "error"),
        ("apps/web/db.sops.yaml", "a: b\n", "not-sops", "error"),
        ("svc/secrets/db.json", '{"password": "b"}', "not-a-secret-file", "error"),
        ("svc/secret/db.ini", "[a]\nb=c\n", "not-a-secret-file", "error"),
        ("svc/secrets/empty.yaml", "", "not-a-secret-file", "error"),
        ("svc/secrets/token", "hunter2\n", "not-a-secret-file", "error"),
        (".env", "PORT=80\n", "plaintext-dotenv", "warning"),
        ("web/.env.production", "export TOKEN='x'\n", "plaintext-dotenv", "warning"),
        ("web/db.env", "DB_PASSWORD=x\n", "plaintext-dotenv", "warning"),
        ("id", "-----BEGIN PRIVATE KEY-----\n" + "A" * 64 + "\n", "plaintext-key", "warning"),
        ("gcp.json", '{"type":"x","private_key":"-----BEGIN PRIVATE KEY-----\\n' + "A" * 64 + '"}', "plaintext-key", "warning"),
        ("old.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\n" + "A" * 64 + "\n", "plaintext-key", "warning"),
        ("a.yaml", "k: '-----BEGIN RSA PRIVATE KEY-----\\n" + "A" * 64 + "'\n", "plaintext-key", "warning"),
    ],
)  # fmt: skip
def test_what_is_plain_is_named_with_and_without_a_key_tracked_or_not(
    fleet: World, file: str, content: str, check: str, severity: str
) -> None:
    write(fleet, file, content.replace("{value}", "hunter2"))
    assert found(fleet) == {(check, file)}
    assert [str(one.severity) for one in of_check(verify(fleet), check)] == [severity]
    fleet.commit()
    assert found(fleet) == {(check, file)}
    if file.startswith("apps/web/"):
        return  # under the roots
    write(fleet, "plana-secrets.toml", SETTINGS + f'plain = ["{file}"]\n')
    assert found(fleet) == set()


def test_what_powershell_wrote_is_read_too(fleet: World) -> None:
    write(fleet, "clusters/wide.yaml", PLAIN_SECRET.replace("{value}", "x").encode("utf-16"))
    assert found(fleet) == {("plaintext-secret", "clusters/wide.yaml")}


def tampered(text: str) -> str:
    return text.replace("tag:", "tag:AAAA", 1)


def test_a_file_of_sops_is_checked_wherever_it_is(fleet: World) -> None:
    fleet.write_rules("creation_rules: [{age: '{recipients}'}]\n")
    path = fleet.encrypt("clusters/prod/db.yaml", "a: b\n")
    assert verify(fleet).files == 2
    assert found(fleet) == set()
    path.write_text(tampered(path.read_text()))
    assert {file for _, file in found(fleet)} == {"clusters/prod/db.yaml"}
    path.write_text("".join(path.read_text().partition("sops:")[:1]))
    assert {file for _, file in found(fleet)} == {"clusters/prod/db.yaml"}


def test_without_a_rule_it_is_its_owner_s_choice_how_it_is_encrypted(fleet: World) -> None:
    fleet.encrypt("apps/secrets/db.yaml", "a: b\n").rename(fleet.repo / "db.yaml")
    settings = SETTINGS + "[policy]\nmin_recipients = 2\n"
    for file in ("apps/db/db.sops.yaml", ".sops.yaml"):
        settings += f'[[verify.accept]]\ncheck = "too-few-recipients"\nfile = "{file}"\n'
        settings += 'reason = "x"\nuntil = 2099-01-01\n'
    write(fleet, "plana-secrets.toml", settings)
    report = verify(fleet)
    assert {one[:2] for one in checks(report)} == {
        ("no-rule", "db.yaml"), ("too-few-recipients", "db.yaml"),
    }  # fmt: skip
    assert report.exit_code() == 0


def test_a_file_for_other_keys_than_age_is_left_out_with_a_note(fleet: World) -> None:
    text = fleet.encrypt("apps/secrets/db.yaml", "a: c\n").read_text()
    (fleet.repo / "apps/secrets/db.yaml").unlink()
    start, end = text.index("    age:"), text.index("    lastmodified")
    kms = "    kms:\n        - arn: arn:aws:kms:x\n          enc: AQ\n"
    write(fleet, "other/db.yaml", text[:start] + kms + text[end:])
    report = verify(fleet, level=Level.L3)
    (note,) = of_check(report, "key-service")
    assert (note.severity, note.file) == ("note", "other/db.yaml")
    assert checks(report) == []
    assert (report.files, report.exit_code()) == (1, 0)
    write(fleet, "apps/secrets/db.yaml", (fleet.repo / "other/db.yaml").read_text())
    assert ("key-service", "apps/secrets/db.yaml") in found(fleet)


def test_a_rule_for_all_manifests_is_one_note(fleet: World) -> None:
    for number in range(30):
        write(fleet, f"clusters/prod/app{number}.yaml", DEPLOYMENT)
    report = verify(fleet)
    (note,) = [one for one in report.findings if one.check != "rules-unanchored"]
    assert (note.check, note.severity, note.file) == ("rules-broad", "note", ".sops.yaml")
    assert "rule 3 also matches 30 files" in note.message
    assert report.exit_code(strict=True) == 0


@pytest.mark.parametrize(
    ("root", "errors"),
    [
        (".", {"plain/a.yaml", "plain/b.txt", "svc/a/secrets/x.yaml"}),
        ("svc/*/secrets", {"svc/a/secrets/x.yaml"}),
        ("**/*.txt", {"plain/b.txt"}),
        ("plain", {"plain/a.yaml", "plain/b.txt"}),
    ],
)
def test_a_root_may_be_everything_or_a_glob(world: World, root: str, errors: set[str]) -> None:
    world.write_rules("creation_rules: [{path_regex: x/y, age: '{recipients}'}]\n")
    write(world, "plana-secrets.toml", f'[files]\nroots = ["{root}"]\nplain = ["*.md"]\n')
    write(world, "x/y/z.yaml", "")
    world.encrypt("x/y/z.yaml", "a: b\n")
    for file in ("plain/a.yaml", "plain/b.txt", "plain/c.md", "svc/a/secrets/x.yaml"):
        write(world, file, "a: b\n")
    report: Report = verify(world)
    failing = {one.file for one in report.findings if one.severity == "error"}
    assert failing == errors


def test_a_sparse_checkout_leaves_out_secret_files_and_not_others(fleet: World) -> None:
    write(fleet, "apps/db/deployment.yaml", DEPLOYMENT)
    write(fleet, "docs/a.yaml", "a: b\n")
    fleet.encrypt("web/secrets/db.yaml", "a: c\n")
    fleet.commit()
    fleet.git("sparse-checkout", "set", "apps")
    report = verify(fleet)
    assert (report.complete, report.files) == (True, 1)
    fleet.git("sparse-checkout", "set", "web")
    (unfinished,) = verify(fleet).unfinished
    assert unfinished.reason == "1 secret file not in this sparse checkout: apps/db/db.sops.yaml"


def test_plaintext_in_the_index_is_found_beside_the_roots(fleet: World) -> None:
    write(fleet, "clusters/db.yaml", PLAIN_SECRET.replace("{value}", "hunter2"))
    fleet.git("add", ".")
    fleet.encrypt("clusters/db.yaml", PLAIN_SECRET.replace("{value}", "hunter2"))
    assert found(fleet) == {("staged-plaintext", "clusters/db.yaml")}


def test_only_what_is_at_stake_is_opened(fleet: World) -> None:
    """A pipe, or a file that may not be read, stops nothing beside the roots."""
    import os

    os.mkfifo(fleet.repo / "apps/pipe.yaml")
    os.mkfifo(fleet.repo / "secret.yaml")
    assert found(fleet) == set()


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Secret\ndata:\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "# padding of comments\n" * 300_000),
        (f"{CONFIG}  a: {'x' * (3 << 20)}\n---\n", ""),
        (f"{CONFIG}  a: b\n---\n" * 9_000, "---\n{{ template }}\n"),
    ],
    ids=["comments", "a large neighbour", "many documents"],
)
def test_a_secret_in_a_file_of_any_size_is_found(fleet: World, before: str, after: str) -> None:
    secret = PLAIN_SECRET.replace("{value}", "hunter2")
    write(fleet, "clusters/all.yaml", f"{before}{secret}{after}")
    report = verify(fleet, identities=NO_IDENTITY)
    (finding,) = of_check(report, "plaintext-secret")
    assert (finding.file, finding.line) == ("clusters/all.yaml", before.count("\n") + 1)


@pytest.mark.parametrize(
    ("kind", "found"), [("Secret", ["too-large"]), ("SecretStore", [])], ids=["secret", "other"]
)
def test_a_document_that_is_too_large_to_be_read_is_a_warning(
    fleet: World, kind: str, found: list[str]
) -> None:
    item = f'{{"kind": "{kind}", "stringData": {{"a": "{"x" * 64}"}}}}'
    write(fleet, "clusters/all.json", f'{{"kind": "List", "items": [{item}{f",{item}" * 30_000}]}}')
    report = verify(fleet, identities=NO_IDENTITY)
    assert [one[0] for one in checks(report)] == found
    assert report.exit_code() == 0
