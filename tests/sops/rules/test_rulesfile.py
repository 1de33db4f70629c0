"""``.sops.yaml``: the rule that sops would take, and everything that is wrong."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.age.identities import generate_identity
from plana_secrets.errors import MalformedError, PlanaSecretsError, UsageError
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Selector, Severity
from plana_secrets.sops.program.binary import Sops
from plana_secrets.sops.rules.rulesfile import Rules, parse_rules

ALICE, BOB, CAROL = (generate_identity().recipient.text for _ in range(3))


def rules_of(text: str) -> Rules:
    return parse_rules(
        text.replace("ALICE", ALICE).replace("BOB", BOB).replace("CAROL", CAROL).encode()
    )


def checks_of(rules: Rules) -> list[tuple[str, int | None]]:
    return [(defect.check, defect.line) for defect in rules.defects]


ORDINARY = """\
creation_rules:
  - path_regex: ^infra/secrets/.*\\.secret\\.yaml$
    encrypted_regex: ^(data|stringData)$
    age: ALICE, BOB,
  - path_regex: \\.yaml$
    age: [ALICE, CAROL]
"""


def test_ordinary_rules_have_no_defect() -> None:
    rules = rules_of(ORDINARY)
    assert rules.defects == ()
    first, second = rules.creation_rules
    assert first.recipients == (ALICE, BOB)
    assert first.selector == Selector("encrypted_regex", "^(data|stringData)$")
    assert (first.line, second.line) == (2, 5)
    assert second.recipients == (ALICE, CAROL)
    assert second.selector == Selector()
    assert rules.rule_for("infra/secrets/a.secret.yaml") is first
    assert rules.rule_for("infra/secrets/a.yaml") is second
    assert rules.rule_for("README.md") is None


PATTERNS = ["^infra/", "secrets/[^/]+\\.yaml$", "\\.secret\\.yaml$", "a", "^b", "(x|y)/", ""]
FILES = ["infra/secrets/a.yaml", "infra/a.secret.yaml", "b.yaml", "x/c.yaml", "c/d/a.yaml"]


@settings(max_examples=10)
@given(chosen=st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4))
def test_the_first_match_wins_as_in_sops(sops: Sops, tmp_path: Path, chosen: list[str]) -> None:
    """sops encrypts to the recipient of the very rule that is found here."""
    people = [ALICE, BOB, CAROL, generate_identity().recipient.text]
    text = "creation_rules:\n" + "".join(
        f"  - path_regex: '{pattern}'\n    age: {person}\n"
        for pattern, person in zip(chosen, people, strict=False)
    )
    config = tmp_path / ".sops.yaml"
    config.write_text(text)
    rules = parse_rules(text.encode())
    for file in FILES[:3]:
        rule = rules.rule_for(file)
        if rule is None:
            with pytest.raises(UsageError):
                sops.encrypt(Secret.from_text("a: 1\n"), file=file, config=config, root=tmp_path)
            continue
        result = sops.encrypt(Secret.from_text("a: 1\n"), file=file, config=config, root=tmp_path)
        assert f"recipient: {rule.recipients[0]}" in result.decode()


ANCHORED = """\
keys:
  - &alice ALICE
  - &bob BOB
defaults: &defaults
  encrypted_regex: ^value$
creation_rules:
  - <<: *defaults
    path_regex: ^keysets/
    key_groups:
      - merge:
          - age: [*bob]
        age:
          - *alice
          - *alice
stores:
  yaml:
    indent: 2
"""


def test_anchors_merge_keys_and_a_single_key_group_are_followed(sops: Sops, tmp_path: Path) -> None:
    """Recipients kept in anchors are common; sops reads the same ones."""
    rules = rules_of(ANCHORED)
    assert rules.defects == ()
    assert rules.creation_rules[0].recipients == (BOB, ALICE)
    assert rules.creation_rules[0].selector == Selector("encrypted_regex", "^value$")
    config = tmp_path / ".sops.yaml"
    config.write_text(ANCHORED.replace("ALICE", ALICE).replace("BOB", BOB))
    plain = Secret.from_text("value: 1\nother: 2\n")
    result = sops.encrypt(plain, file="keysets/a.yaml", config=config, root=tmp_path).decode()
    assert ALICE in result
    assert BOB in result
    assert "other: 2" in result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- encrypted_regexp: ^data$\n    age: ALICE", ("rules-unknown-key", 2)),
        ("- path_regexp: ^a\n    age: ALICE", ("rules-unknown-key", 2)),
        ("- path_regex: ^(?!a)\n    age: ALICE", ("rules-bad-path-regex", 2)),
        ("- age: ALICE\n    encrypted_regex: ^(?!a)", ("rules-bad-selector", 3)),
        ("- age: ALICE\n    encrypted_comment_regex: x", ("rules-bad-selector", 3)),
        (
            "- age: ALICE\n    encrypted_regex: a\n    encrypted_suffix: b",
            ("rules-bad-selector", 2),
        ),
        ("- path_regex: ^a", ("rules-no-recipients", 2)),
        ("- age: ''", ("rules-no-recipients", 2)),
        ("- age: |\n      ALICE\n      BOB", ("rules-bad-recipient", 2)),
        ("- age: age1nonsense", ("rules-bad-recipient", 2)),
        ("- age: {a: b}", ("rules-bad-recipient", 2)),
        ("- age: ALICE\n    pgp: ABCDEF", ("rules-other-keys", 3)),
        ("- key_groups:\n      - age: [ALICE]\n        kms: [x]", ("rules-other-keys", 4)),
        ("- key_groups:\n      - age: [ALICE]\n      - age: [BOB]", ("rules-key-groups", 3)),
        ("- age: ALICE\n    mac_only_encrypted: true", ("rules-mac-only", 3)),
        ("- path_regex: [a]\n    age: ALICE", ("rules-unreadable-rule", 2)),
        ("- just a text", ("rules-unreadable-rule", 2)),
        ("- key_groups: [x]", ("rules-unreadable-rule", 2)),
    ],
)
def test_a_rule_that_must_not_be_used_says_why(text: str, expected: tuple[str, int]) -> None:
    """The defect stands at its line, and the rule is refused to a writer."""
    rules = rules_of(f"creation_rules:\n  {text}\n")
    assert expected in checks_of(rules)
    assert rules.creation_rules[0].problem
    with pytest.raises(MalformedError) as caught:
        rules.usable_rule_for("anything.yaml" if "path_regex" not in text else "a")
    assert caught.value.kind == "bad-rule"


def test_an_open_merge_conflict_is_named() -> None:
    rules = parse_rules(b"a: 1\n<<<<<<< x\nb: 1\n=======\nb: 2\n>>>>>>> y\n")
    assert [(one.message, one.line) for one in rules.defects] == [
        ("an unresolved merge conflict", 2)
    ]
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (defect,) = parse_rules(pointer).defects
    assert (defect.message, defect.line) == ("a Git LFS pointer, not the file", 1)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"creation_rules: [", 2),
        (b"a: 1\na: 2\n", 2),
        (b"creation_rules: 3\n", 1),
        (b"- a\n", 1),
        (b"a: *b\n", 1),
        (b"a: &a [*a]\n", 1),
        (b"--- {}\n--- {}\n", 2),
        (b"? [a]\n: b\n", 1),
        (b"a: " + b"[" * 60 + b"]" * 60, 1),
        (b"<<: 3\n", 1),
        (b"x: \xff\n", None),
        (b"#" * (1 << 20) + b"#", 1),
    ],
)
def test_a_file_that_cannot_be_read_is_one_defect(content: bytes, line: int | None) -> None:
    """It has no rules then, and none of its text is repeated."""
    rules = parse_rules(content)
    assert rules.creation_rules == ()
    (defect,) = rules.defects
    assert (defect.check, defect.severity) == ("rules-unreadable", Severity.ERROR)
    assert line is None or defect.line == line
    with pytest.raises(MalformedError) as caught:
        rules.usable_rule_for("a.yaml")
    assert caught.value.kind == "bad-rules"


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"---\n", b"creation_rules:\n", b"{}\n"])
def test_an_empty_file_has_no_rules_and_no_defect(content: bytes) -> None:
    rules = parse_rules(content)
    assert rules == Rules(())
    with pytest.raises(UsageError) as caught:
        rules.usable_rule_for("a.yaml")
    assert caught.value.kind == "no-rule"


def test_a_rule_behind_one_for_every_file_is_never_reached() -> None:
    rules = rules_of("creation_rules:\n  - age: ALICE\n  - path_regex: a\n    age: BOB\n")
    assert checks_of(rules) == [("rules-unreachable", 3)]
    assert rules.defects[0].severity is Severity.WARNING
    assert rules.usable_rule_for("a.yaml").recipients == (ALICE,)


def test_no_rule_behind_an_undecidable_path_is_trusted() -> None:
    """sops would stop there with an error, or might match: the file is refused."""
    rules = rules_of(
        "creation_rules:\n  - path_regex: (?=x)\n    age: ALICE\n  - path_regex: a\n    age: BOB\n"
    )
    rule = rules.rule_for("a.yaml")
    assert rule is not None
    assert rule.position == 1
    with pytest.raises(PlanaSecretsError):
        rules.usable_rule_for("a.yaml")


@pytest.mark.parametrize(
    ("key", "severity"),
    [
        ("creation_rule", Severity.ERROR),
        ("creationrules", Severity.ERROR),
        ("owner", Severity.NOTE),
    ],
)
def test_a_mistyped_top_level_key_is_an_error(key: str, severity: Severity) -> None:
    """An unknown one is a note only, for sops ignores it and so may people."""
    rules = rules_of(f"{key}: x\n")
    assert [(one.check, one.severity) for one in rules.defects] == [("rules-unknown-key", severity)]


RULE = "  - path_regex: a\n    age: "
BOMB = "".join(
    f"{name}: &{name} [*{before}, *{before}]\n"
    for before, name in itertools.pairwise("abcdefghijklmnopqr")
)


@pytest.mark.parametrize(
    "content",
    [
        b"a: &a [x]\n" + BOMB.encode(),
        b"creation_rules:\n" + b"  - age: x\n" * 1001,
        f"creation_rules:\n{RULE}{ALICE}\n{'    x: [' * 200}".encode(),
        b"creation_rules: \xff\n",
        b"creation_rules:\n" + 120 * (b"  - age: [" + b"x," * 200 + b"]\n"),
    ],
    ids=["aliases of aliases", "rules", "depth", "no text", "work"],
)  # fmt: skip
def test_rules_that_are_too_much_are_refused_as_a_whole(content: bytes) -> None:
    rules = parse_rules(content)
    assert rules.is_unreadable
    assert [one.check for one in rules.defects] == ["rules-unreadable"]


def test_a_rule_has_no_recipients_where_there_are_too_many() -> None:
    many = ", ".join(f"{ALICE} {number}" for number in range(501))
    rules = rules_of(f"creation_rules:\n{RULE}{many}\n")
    assert [one.check for one in rules.defects][:1] == ["rules-bad-recipient"]
    assert rules.creation_rules[0].recipients == ()


@pytest.mark.parametrize(
    ("entry", "check"),
    [
        ("age: null", "rules-no-recipients"),
        ("age: [null]", "rules-no-recipients"),
        ("age: {a: ALICE}", "rules-bad-recipient"),
        ("age: ALICE\n    pgp: x", "rules-other-keys"),
        ("age: ALICE\n    kms: [x]", "rules-other-keys"),
        ("age: ALICE\n    kms: {a: x}", "rules-other-keys"),
        ("age: ALICE\n    kms: []", None),
        ("age: ALICE\n    kms: null", None),
        ("age: ALICE\n    pgp: ''", None),
    ],
)
def test_what_a_rule_says_of_keys(entry: str, check: str | None) -> None:
    found = [one.check for one in rules_of(f"creation_rules:\n  - {entry}\n").defects]
    assert check in found if check else found == []
