"""What the rules of a file mean, and for whom they are."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.config.schema import parse_settings
from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.verify.checks.rulelint import lint_rules
from plana_secrets.verify.policy import NamedRecipient, Policy
from tests.verify.inprocess import verify
from tests.world import World

ALICE, BOB = (str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2))
NAMED = {"alice": NamedRecipient(name="alice", key=ALICE, kind="staff")}
APP = "infra/secrets/app.yaml"


def lint(
    *patterns: str | None,
    files: tuple[str, ...] = (),
    policy: Policy | None = None,
    recipients: str = ALICE,
    folder: str = "",
) -> list[tuple[str, str, int]]:
    """Check, severity and the number of the rule."""
    text = "creation_rules:\n" + "".join(
        f"  - age: {recipients}\n" + (f"    path_regex: '{one}'\n" if one is not None else "")
        for one in patterns
    )
    rules = parse_rules(text.encode(), folder=folder)
    found = lint_rules(rules, ("infra/secrets",), files, policy or Policy())
    return [(one.check, str(one.severity), int(one.message.split()[1])) for one in found]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("^infra/secrets/.*",), []),
        (("^/infra/secrets/.*",), [("rules-unreachable", 1)]),
        (("^infra/secrets/", "^infra/secrets/prod/"), [("rules-unreachable", 2)]),
        (("^infra/secrets/prod/", "^infra/secrets/"), []),
        (("^infra/secret/",), [("rules-elsewhere", 1)]),
        (("^infra/secrets/", "infra/secrets/prod/"), [("rules-elsewhere", 2)]),
        (("^infra/secrets/", None), []),
        (("prod/.*",), [("rules-unanchored", 1)]),
        ((".*prod/.*",), []),
        (("(^|/)prod/",), []),
        ((r"prod\^/[^/]*",), [("rules-unanchored", 1)]),
        ((r"\.enc\.yaml$",), []),
        ((None,), []),
        # the reader of the rules names what is after a rule for every file
        ((None, "^/x"), []),
        # sops stops at a pattern that it does not compile
        (("(?!x)", "^/x"), []),
    ],
)
def test_what_a_rule_can_get_is_a_note(
    patterns: tuple[str | None, ...], expected: list[tuple[str, int]]
) -> None:
    assert lint(*patterns) == [(check, "note", rule) for check, rule in expected]


@pytest.mark.parametrize(
    ("folder", "pattern", "expected"),
    [
        ("infra", "^secrets/", []),
        ("infra", "^infra/secrets/", ["rules-elsewhere"]),
        ("infra/secrets", "^anything/", []),
        ("infra/secrets/prod", "^anything/", []),
        ("elsewhere", "^anything/", []),
        ("infra/secrets-old", "^anything/", []),
    ],
)
def test_paths_are_relative_to_the_folder_of_the_rules(
    folder: str, pattern: str, expected: list[str]
) -> None:
    assert [one[0] for one in lint(pattern, folder=folder)] == expected


@pytest.mark.parametrize(
    ("policy", "check"),
    [
        (Policy(min_recipients=2), "too-few-recipients"),
        (Policy(required=("bob",), recipients={"bob": NamedRecipient(name="bob", key=BOB, kind="recovery")}), "required-recipient"),
        (Policy(named=True), "unnamed-recipient"),
    ],
)  # fmt: skip
def test_a_rule_is_held_to_the_policy(policy: Policy, check: str) -> None:
    rule = "^infra/secrets/"
    assert lint(rule, files=(APP,), policy=policy) == [(check, "error", 1)]
    assert lint(rule, policy=policy) == [(check, "warning", 1)], "no file yet"
    assert lint(None, policy=policy) == [(check, "warning", 1)]
    assert lint("secrets", policy=policy) == [], "it may never get a secret file"
    both = Policy(min_recipients=policy.min_recipients, required=policy.required, recipients={
        **policy.recipients, **NAMED, "bobby": NamedRecipient(name="bobby", key=BOB, kind="job")
    }, named=policy.named)  # fmt: skip
    assert lint(rule, files=(APP,), policy=both, recipients=f"{ALICE},{BOB}") == []


def test_rules_for_other_files_are_their_owners_choice() -> None:
    strict = Policy(min_recipients=2, named=True)
    assert lint("^terraform/", policy=strict) == [("rules-elsewhere", "note", 1)]
    late = lint("^infra/secrets/", None, policy=strict, recipients=f"{ALICE},{BOB}")
    assert late == [("unnamed-recipient", "warning", 1)]


def test_many_rules_are_all_looked_at_and_too_many_take_little_time() -> None:
    teams = [f"^infra/secrets/team{at}/.*yaml$" for at in range(60)]
    assert lint(*teams, "^infra/secrets/team7/a.yaml$") == [("rules-unreachable", "note", 61)]
    lint(*(f"^infra/secrets/team{at}/" for at in range(400)))


def test_verify_lints_by_the_settings(world: World) -> None:
    world.encrypt(APP, "a: b\n")
    world.commit()
    (world.repo / "plana-secrets.toml").write_text("[policy]\nnamed = true\n")
    found = [one for one in verify(world).findings if one.check == "unnamed-recipient"]
    # two of the three rules have no file yet
    assert [(one.file, str(one.severity)) for one in found] == [
        (".sops.yaml", "error"), (".sops.yaml", "warning"), (".sops.yaml", "warning"),
    ]  # fmt: skip
    key = world.recipients
    (world.repo / "plana-secrets.toml").write_text(
        f'[policy]\nnamed = true\n[recipients.me]\nkey = "{key}"\nkind = "staff"\n'
    )
    assert not [one for one in verify(world).findings if one.severity != "note"]


def test_the_setting_is_true_or_false() -> None:
    assert parse_settings(b"[policy]\nnamed = true\n").policy.named is True
    with pytest.raises(
        Exception, match=r"policy.named: expected true or false, not a whole number"
    ):
        parse_settings(b"[policy]\nnamed = 1\n")


@pytest.mark.parametrize(
    ("selector", "is_told"),
    [
        ("encrypted_regex: ^(data | stringData)$", True),
        ("encrypted_regex: '^(data|stringData) $'", True),
        ("unencrypted_regex: ( a|b)", True),
        ("encrypted_regex: '^(my key|other)$'", False),
        ("encrypted_regex: ^(data|stringData)$", False),
        ("unencrypted_comment_regex: '(plain | readable)'", False),
        ("encrypted_suffix: ' x '", False),
    ],
)
def test_a_space_that_no_key_has(selector: str, *, is_told: bool) -> None:
    rules = parse_rules(f"creation_rules:\n  - age: {ALICE}\n    {selector}\n".encode())
    found = list(lint_rules(rules, ("infra/secrets",), (), Policy()))
    assert [(one.check, str(one.severity)) for one in found] == (
        [("rules-bad-selector", "warning")] if is_told else []
    )
