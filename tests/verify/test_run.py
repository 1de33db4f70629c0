"""A run over a whole repository: first contact, exceptions, levels, and what stops it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyrage
import pytest

from plana_secrets.errors import IncompleteError, UnavailableError, UsageError
from plana_secrets.mirror.drift import Drift, DriftKind
from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import Intent
from plana_secrets.verify.accepts import propose_accepts
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.check import Level
from plana_secrets.verify.checks.mirror import Compared, compared
from plana_secrets.verify.report.summary import summary
from tests.verify.helpers import NO_IDENTITY, checks, of_check, verify, workspace_of, write
from tests.world import World

ALL_TYPES = """\
# who looks after this: the platform group
database:
    user: admin          # not the owner
    password: pa55
    port: 5432
    ratio: 1.5
    tls: true
    rotated: 2026-01-02T03:04:05Z
    certificate: |
        -----BEGIN-----
        abc
        -----END-----
    empty: ""
    nothing: null
    "quoted.key": x
    path/with/slash: y
list:
    - one
    - 2
    - nested: deep
      more: [a, b]
none: []
"on": switched
unicode: "\u00e4\u20ac"
"""
MANIFEST = """\
# sealed for the cluster
apiVersion: v1
kind: Secret
metadata:
    creationTimestamp: null
    name: app
    namespace: prod
    labels:
        app.kubernetes.io/name: app
        "on": "yes"
        empty: ""
    annotations:
        example.com/owner: "platform"
type: Opaque
immutable: true
stringData:
    PASSWORD: pa55
    EMPTY: ""
data:
    TOKEN: aGVsbG8=
"""


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> World:
    """80 files that people made by hand with sops, half of them with another release."""
    world = World(tmp_path_factory.mktemp("used"))
    newest = os.environ.get("PLANA_TEST_SOPS_NEWEST")

    def make(number: int) -> None:
        is_manifest = number % 3 == 0
        suffix = "secret.yaml" if is_manifest else "yaml"
        file = f"infra/secrets/prod/app{number:02}.{suffix}"
        if newest and number % 2:
            plain = MANIFEST if is_manifest else ALL_TYPES
            done = world.command(
                newest, "encrypt", "--filename-override", file, "--input-type", "yaml",
                "--output-type", "yaml", stdin=plain.encode(),
            )  # fmt: skip
            (world.repo / file).write_text(done.stdout)
        else:
            world.encrypt(file, MANIFEST if is_manifest else ALL_TYPES)

    (world.repo / "infra/secrets/prod").mkdir(parents=True)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(80)))
    world.sops("set", "infra/secrets/prod/app01.yaml", '["database"]["password"]', '"new"')
    world.commit()
    return world


@pytest.mark.long
def test_the_first_run_in_a_used_repository_has_no_error(used: World) -> None:
    report = verify(used)
    assert [one for one in report.findings if one.severity == "error"] == []
    assert (report.files, report.checked, report.complete) == (80, 80, True)
    assert report.level is Level.L3
    assert summary(report).startswith("80 files, L3, 0 errors, ")
    assert summary(report).endswith("; next: plana-secrets verify --propose-accepts")


def test_accepting_what_is_proposed_leaves_nothing_and_a_planted_plaintext_is_one_error(
    used: World,
) -> None:
    configuration = used.repo / "plana-secrets.toml"
    proposed = propose_accepts(verify(used).findings, today=datetime.now(UTC).date())
    configuration.write_text(proposed)
    try:
        quiet = verify(used)
        assert checks(quiet) == []
        assert quiet.suppressed > 80
        target = used.repo / "infra/secrets/prod/app01.yaml"
        good = target.read_text()
        target.write_text(good.replace("\nsops:\n", "\nplanted: hunter2\nsops:\n"))
        try:
            planted = verify(used)
        finally:
            target.write_text(good)
    finally:
        configuration.unlink()
    assert checks(planted) == [
        ("not-encrypted", "infra/secrets/prod/app01.yaml", "planted"),
    ]
    assert planted.exit_code() == 1


def test_several_workers_find_the_same_as_one(used: World) -> None:
    one, two = verify(used, workers=1), verify(used, workers=2)
    assert (one.findings, one.file_levels) == (two.findings, two.file_levels)


def test_every_finding_is_of_a_check_that_is_explained(used: World) -> None:
    assert {one.check for one in verify(used).findings} <= CHECKS.keys()


# -- levels


@pytest.fixture
def small(world: World) -> World:
    world.encrypt("infra/secrets/dev/app.yaml", "user: admin\npassword: pa55\n")
    world.commit()
    return world


def test_without_an_identity_the_level_is_l1_and_says_so(small: World) -> None:
    report = verify(small, identities=NO_IDENTITY)
    assert (report.level, report.complete, report.exit_code()) == (Level.L1, True, 0)
    asked = verify(small, identities=NO_IDENTITY, level=Level.L3)
    assert (asked.complete, asked.exit_code()) == (False, 4)


def test_a_file_for_others_keeps_its_own_level(small: World) -> None:
    stranger = pyrage.x25519.Identity.generate().to_public()
    rules = small.repo / ".sops.yaml"
    rules.write_text(
        f"creation_rules:\n    - path_regex: /prod/\n      age: {stranger}\n"
        f"    - age: {small.recipients}\n"
    )
    small.encrypt("infra/secrets/prod/app.yaml", "a: b\n")
    report = verify(small)
    assert report.file_levels == {
        "infra/secrets/dev/app.yaml": Level.L3,
        "infra/secrets/prod/app.yaml": Level.L1,
    }
    assert (report.level, checks(report)) == (Level.L1, [])
    assert verify(small, "infra/secrets/dev/app.yaml", level=Level.L3).exit_code() == 0


def test_a_broken_file_does_not_look_like_a_missing_key(small: World) -> None:
    write(small, "infra/secrets/dev/plain.yaml", "a: b\n")
    assert verify(small, level=Level.L3).exit_code() == 1
    assert verify(small, level=Level.L3, identities=NO_IDENTITY).exit_code() == 3


def test_a_wrong_mac_is_only_seen_with_the_identity(small: World) -> None:
    target = small.repo / "infra/secrets/dev/app.yaml"
    lines = target.read_text().splitlines(keepends=True)
    target.write_text("".join([lines[1], lines[0], *lines[2:]]))
    small.commit()
    assert checks(verify(small, identities=NO_IDENTITY)) == []
    assert checks(verify(small)) == [("mac-mismatch", "infra/secrets/dev/app.yaml", None)]


def test_the_mirror_lifts_the_level_and_its_drift_is_found(small: World) -> None:
    file = "infra/secrets/dev/app.yaml"
    drift = compared([Drift(DriftKind.STALE, file, "app", ("user",))])
    report = verify(small, find_drift={"the mirror": lambda: drift}, level=Level.L4)
    assert (report.level, report.exit_code()) == (Level.L4, 1)
    assert verify(small, find_drift={"the mirror": Compared}, level=Level.L4).exit_code() == 0


def test_a_file_that_the_mirror_does_not_show_keeps_its_level(small: World) -> None:
    """Its collection was renamed, say: nothing was compared."""
    file = "infra/secrets/dev/app.yaml"
    drift = [Drift(DriftKind.UNKNOWN, file, "app", reason="the account sees no collection 'dev'")]
    mirrors = {"one": Compared, "another": lambda: compared(drift)}
    report = verify(small, find_drift=mirrors, level=Level.L4)
    assert (report.level, report.exit_code()) == (Level.L3, 4)
    (finding,) = report.findings
    assert (finding.severity, finding.file) == ("warning", file)
    assert finding.message.endswith(": the account sees no collection 'dev'")


def test_a_mirror_that_does_not_answer_never_looks_complete(small: World) -> None:
    def fail() -> Compared:
        raise UnavailableError("no answer")

    report = verify(small, find_drift={"the mirror": fail})
    assert (report.complete, report.exit_code()) == (False, 5)
    write(small, "infra/secrets/dev/plain.yaml", "a: b\n")
    assert verify(small, find_drift={"the mirror": fail}).exit_code() == 3


def test_a_plaintext_file_is_named_once_however_it_is_written(small: World) -> None:
    """What its form has to be is told by what encrypts it; of an encrypted file it is all."""
    folder = "infra/secrets/dev"
    (app,) = verify(small).file_levels
    plain = (
        b"a: \xff\n", b"\xef\xbb\xbfa: b\n", b"a: b\r\n", b"a: b\na: c\n", b"a: &x b\nc: *x\n",
        b"a: b\n---\nc: d\n", b"a: [\n", "a: b\n".encode("utf-16"),
    )  # fmt: skip
    for number, content in enumerate(plain):
        write(small, f"{folder}/plain{number}.yaml", content)
    wide = write(small, f"{folder}/wide.yaml", (small.repo / app).read_text().encode("utf-16"))
    assert checks(verify(small)) == [
        *(("not-sops", f"{folder}/plain{number}.yaml", None) for number in range(len(plain))),
        ("yaml", f"{folder}/{wide.name}", None),
    ]


def test_a_folder_stands_for_the_files_in_it(small: World) -> None:
    write(small, "infra/secrets/prod/plain.yaml", "a: b\n")
    write(small, "infra/secrets/prod/README.md", "hello\n")
    assert verify(small, "infra/secrets/dev").file_levels.keys() == {"infra/secrets/dev/app.yaml"}
    assert [one[0] for one in checks(verify(small, "infra/secrets/prod"))] == ["not-sops"]
    with pytest.raises(UsageError):
        verify(small, "infra/secrets/none")


@pytest.mark.parametrize(
    "file",
    [
        "infra/secrets/prod/README.md", "infra/secrets/kustomization.yaml", ".sops.yaml",
        "plana-secrets.toml", "README.md", "app/deployment.yaml", "app/kustomization.yaml",
        "infra/secrets/.gitignore", "package.json", "link",
    ],
)  # fmt: skip
def test_a_hook_may_pass_files_that_need_not_be_encrypted(small: World, file: str) -> None:
    contents = {".sops.yaml": (small.repo / ".sops.yaml").read_text(), "plana-secrets.toml": ""}
    contents["infra/secrets/.gitignore"] = "*.tmp\n"
    contents["package.json"] = "{}"
    if file == "link":
        (small.repo / file).symlink_to("nowhere")
    else:
        write(small, file, contents.get(file, "kind: Kustomization\n"))
    report = verify(small, file, level=Level.L3)
    assert checks(report) == []
    assert (report.exit_code(strict=True), report.files, report.readable) == (0, 0, 1)
    assert summary(report).startswith("no secret files among them, 1 readable file, 0 errors")


def test_what_a_hook_passes_is_still_checked(small: World) -> None:
    secret = "kind: Secret\nstringData:\n  a: hunter2\n"
    write(small, "app/secret.yaml", secret)
    write(small, "infra/secrets/kustomization.yaml", secret)
    moved = (small.repo / _APP).read_text().replace(",iv:", ",iv:A", 1)
    write(small, "app/moved.yaml", moved)

    def errors(file: str) -> set[str]:
        return {one.check for one in verify(small, file).findings if one.severity == "error"}

    assert errors("app/secret.yaml") == {"plaintext-secret"}
    assert errors("infra/secrets/kustomization.yaml") == {"plaintext-secret"}
    assert "not-canonical" in errors("app/moved.yaml")
    write(small, ".sops.yaml", "creation_rules:\n  - path_regex: (\n")
    assert errors(".sops.yaml")


def test_a_rule_for_every_file_means_none_beside_the_roots(small: World) -> None:
    write(small, "app/deployment.yaml", "kind: Deployment\n")
    small.write_rules("creation_rules:\n  - age: {recipients}\n")
    assert checks(verify(small, "app/deployment.yaml")) == []
    small.write_rules("creation_rules:\n  - path_regex: ^app/.*\\.yaml$\n    age: {recipients}\n")
    assert checks(verify(small, "app/deployment.yaml")) == []
    write(small, "app/db.secret.yaml", "a: b\n")
    small.write_rules("creation_rules:\n  - path_regex: secret\n    age: {recipients}\n")
    assert [one[0] for one in checks(verify(small, "app/db.secret.yaml"))] == ["not-sops"]


# -- what stops a run


def test_what_a_sparse_checkout_leaves_out_never_looks_checked(small: World) -> None:
    small.encrypt("infra/secrets/prod/app.yaml", "a: b\n")
    small.commit()
    small.git("sparse-checkout", "set", "--no-cone", "/*", "!/infra/secrets/prod/")
    report = verify(small)
    assert (report.files, report.checked, report.complete) == (2, 1, False)
    assert "infra/secrets/prod/app.yaml" in report.unfinished[0].reason
    assert report.exit_code() == 3


def test_nothing_to_check_is_an_error(world: World) -> None:
    with pytest.raises(UsageError) as caught:
        verify(world)
    assert caught.value.kind == "nothing-checked"


def test_a_change_that_stopped_in_the_middle_stops_the_run(small: World) -> None:
    repository = workspace_of(small).repository
    Journal(repository).begin(Intent("set", str(small.repo), ()), [])
    with pytest.raises(IncompleteError):
        verify(small)


# -- policy

_APP = "infra/secrets/dev/app.yaml"


def policy(world: World, text: str) -> None:
    (world.repo / "plana-secrets.toml").write_text(text.replace("{key}", world.recipients))


def test_the_policy_demands_recipients_by_number_and_name(small: World) -> None:
    other = pyrage.x25519.Identity.generate().to_public()
    policy(
        small,
        '[policy]\nmin_recipients = 2\nrequired = ["recovery", "me"]\n'
        f'[recipients.recovery]\nkey = "{other}"\nkind = "recovery"\n'
        '[recipients.me]\nkey = "{key}"\nkind = "staff"\n',
    )
    report = verify(small)
    assert {one[0] for one in checks(report)} == {"too-few-recipients", "required-recipient"}
    assert f"recovery ({other})" in of_check(report, "required-recipient")[0].message


def test_a_rule_that_changed_names_who_is_missing_and_who_is_too_many(small: World) -> None:
    other = str(pyrage.x25519.Identity.generate().to_public())
    (small.repo / ".sops.yaml").write_text(f"creation_rules:\n    - age: {other}\n")
    (finding,) = of_check(verify(small), "recipients-differ")
    assert other in finding.message
    assert small.recipients in finding.message


def test_only_the_text_of_the_rule_may_follow_an_ssh_recipient(world: World) -> None:
    """sops looks at the first two words, so anything could stand behind them in plain."""
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"
    world.write_rules(f"creation_rules:\n    - age: {key} alice@laptop, {{recipients}}\n")
    target = world.encrypt(_APP, "user: admin\n")
    text = target.read_text()
    assert checks(verify(world)) == []

    target.write_text(text.replace("alice@laptop", "hunter2"))
    (finding,) = verify(world).findings
    assert (finding.check, finding.severity) == ("recipients-differ", "warning")

    target.write_text(
        text.replace(f"{key} alice@laptop", f"|-\n{' ' * 12}{key}\n{' ' * 12}hunter2")
    )
    assert ("stanza", _APP, "sops") in checks(verify(world))


def test_what_is_no_recipient_is_not_repeated(small: World) -> None:
    target = small.repo / _APP
    target.write_text(target.read_text().replace(small.recipients, "hunter2"))
    report = verify(small)
    assert {"stanza", "recipients-differ"} <= {one[0] for one in checks(report)}
    assert "hunter2" not in "".join(one.message for one in report.findings)


def test_a_file_without_a_rule_is_named(small: World) -> None:
    small.write_rules("creation_rules:\n    - path_regex: ^elsewhere/\n      age: {recipients}\n")
    assert [one[0] for one in checks(verify(small))] == ["no-rule"]


def test_a_repository_without_rules_says_it_once(small: World) -> None:
    (small.repo / ".sops.yaml").unlink()
    assert checks(verify(small)) == [("rules-missing", ".sops.yaml", None)]


def test_a_rule_that_sops_would_answer_with_plaintext_is_an_error(small: World) -> None:
    small.write_rules("creation_rules:\n    - encrypted_regex: ^(?!x)\n      age: {recipients}\n")
    assert ("rules-bad-selector", ".sops.yaml", None) in checks(verify(small))


def test_a_rule_for_other_keys_is_an_error_only_where_it_decides_a_secret_file(
    small: World,
) -> None:
    rules = (
        "creation_rules:\n    - path_regex: ^{folder}/\n      pgp: 0123456789ABCDEF\n"
        "    - age: {recipients}\n"
    )
    small.write_rules(rules.replace("{folder}", "terraform"))
    report = verify(small)
    assert [(one.check, one.severity) for one in report.findings] == [
        ("rules-elsewhere", "note"),
        ("rules-other-keys", "note"),
    ]

    small.write_rules(rules.replace("{folder}", "infra"))
    names = [one[0] for one in checks(verify(small))]
    assert names == ["recipients-differ", "rules-other-keys"]


def test_a_file_for_other_keys_alone_can_be_accepted_and_counts_as_not_opened(
    small: World,
) -> None:
    target = small.repo / _APP
    text = target.read_text()
    start, end = text.index("    age:\n"), text.index("    lastmodified:")
    entry = "    pgp:\n        - fp: 0123456789ABCDEF\n"
    target.write_text(text[:start] + entry + text[end:])
    report = verify(small)
    assert {one[0] for one in checks(report)} == {
        "key-service", "recipients-differ", "too-few-recipients",
    }  # fmt: skip

    policy(small, propose_accepts(report.findings, today=datetime.now(UTC).date()))
    report = verify(small)
    assert (checks(report), report.level) == ([], Level.L1)


def test_another_selector_is_allowed_by_the_policy_only(world: World) -> None:
    world.write_rules("creation_rules:\n    - encrypted_regex: ^spec$\n      age: {recipients}\n")
    world.encrypt("infra/secrets/a.yaml", "kind: X\nspec: {a: b}\n")
    assert [one[0] for one in checks(verify(world))] == ["selector-not-allowed"]
    policy(world, '[policy]\nselectors = ["^spec$"]\n')
    assert checks(verify(world)) == []


def test_an_exception_ends_with_its_day(small: World) -> None:
    (small.repo / "infra/secrets/dev/app.yaml").chmod(0o755)
    policy(
        small,
        '[[verify.accept]]\ncheck = "file-mode"\nfile = "infra/secrets/dev/app.yaml"\n'
        'reason = "r"\nuntil = 2099-06-30\n',
    )
    assert verify(small, now=datetime(2099, 6, 30, 23, tzinfo=UTC)).suppressed == 1
    after = verify(small, now=datetime(2099, 7, 1, tzinfo=UTC))
    assert [one[0] for one in checks(after)] == ["accept-expired", "file-mode"]


def test_what_git_warns_of_leaves_a_run_incomplete(world: World) -> None:
    """A `.gitattributes` that git does not follow: what it says of the files is not known."""
    world.encrypt("infra/secrets/a.yaml", "a: 1\n")
    (world.repo / "infra/secrets/.gitattributes").symlink_to("elsewhere")
    report = verify(world)
    assert not report.complete
    assert any(".gitattributes" in one.reason for one in report.unfinished), report
    assert report.exit_code() == 3
