"""Who reads a file and what of it, beside what the rules and the policy say."""

from __future__ import annotations

from datetime import UTC, datetime

import pyrage

from plana_secrets.verify.accepts import propose_accepts
from plana_secrets.verify.check import Level
from tests.verify.inprocess import APP, checks, of_check, verify
from tests.world import World


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
    target = world.encrypt(APP, "user: admin\n")
    text = target.read_text()
    assert checks(verify(world)) == []

    target.write_text(text.replace("alice@laptop", "hunter2"))
    (finding,) = verify(world).findings
    assert (finding.check, finding.severity) == ("recipients-differ", "warning")

    target.write_text(
        text.replace(f"{key} alice@laptop", f"|-\n{' ' * 12}{key}\n{' ' * 12}hunter2")
    )
    assert ("stanza", APP, "sops") in checks(verify(world))


def test_what_is_no_recipient_is_not_repeated(small: World) -> None:
    target = small.repo / APP
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
    target = small.repo / APP
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
