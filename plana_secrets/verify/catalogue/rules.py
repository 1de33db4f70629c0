"""Checks of ``.sops.yaml`` itself. What the reader of the rules sees is reported under these."""

from __future__ import annotations

from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.check import Check, Level

_FAIL_OPEN: Final = (
    "A regular expression that sops cannot compile matches nothing: sops then writes the "
    "whole file in plain and reports success."
)
_IGNORED: Final = "sops ignores what it does not know, in silence."


def _rules(
    check: str,
    what: str,
    why: str,
    fix: str,
    severity: Severity = Severity.ERROR,
    *,
    acceptable: bool | None = None,
) -> Check:
    if acceptable is None:
        acceptable = severity is not Severity.ERROR
    return Check(check, severity, Level.L1, what, why, fix, acceptable)


RULES_CHECKS: Final = (
    _rules(
        "rules-missing",
        "The repository has no .sops.yaml at its root.",
        "Without rules nobody can tell for whom a file is to be encrypted.",
        "Run `plana-secrets init`, or write the creation rules that the files were made by.",
    ),
    _rules(
        "rules-unreadable",
        ".sops.yaml is not YAML, or its creation_rules are no list.",
        "No file can be compared with its rule.",
        "Correct the line that the finding names.",
    ),
    _rules(
        "rules-unreadable-rule",
        "A creation rule is not of the form that sops reads.",
        "What sops makes of it cannot be told.",
        "Write the rule as a map of path_regex, age and at most one selector.",
    ),
    _rules(
        "rules-unknown-key",
        "A key in .sops.yaml that sops does not know.",
        f"{_IGNORED} A mistyped encrypted_regex changes what is encrypted.",
        "Correct the spelling, or remove the key.",
    ),
    _rules(
        "rules-unreachable",
        "A creation rule that no file reaches.",
        "An earlier rule without path_regex takes every file.",
        "Move the rule that takes every file to the end.",
        Severity.WARNING,
    ),
    _rules(
        "rules-bad-path-regex",
        "A path_regex whose meaning is not certain.",
        "sops stops at it, or takes another rule than the one that was meant.",
        "Use literals, ^ $ . [] () | * + ? and {n,m} only.",
    ),
    _rules(
        "rules-bad-selector",
        "A selector in .sops.yaml whose meaning is not certain.",
        _FAIL_OPEN,
        "Use literals, ^ $ . [] () | * + ? and {n,m} only, and one selector a rule.",
    ),
    _rules(
        "rules-key-groups",
        "A creation rule splits the data key among several groups.",
        "Only one group of age recipients is supported.",
        "Name all recipients in `age`.",
    ),
    _rules(
        "rules-bad-recipient",
        "A recipient in .sops.yaml is not an age recipient.",
        "sops fails on it, or not at all, depending on how it is written.",
        "Separate recipients with commas, and copy them whole.",
    ),
    _rules(
        "rules-no-recipients",
        "A creation rule names no recipient.",
        "Nothing can be encrypted by it.",
        "Name the recipients in `age`.",
    ),
    _rules(
        "rules-mac-only",
        "A creation rule sets mac_only_encrypted.",
        "Readable values can then be changed without anybody noticing.",
        "Remove the option, decrypt the files and encrypt them again.",
    ),
    _rules(
        "rules-other-keys",
        "A creation rule names keys other than age.",
        "Whoever runs that key service can read the files; only age is supported. For files "
        "that lie elsewhere it is a note.",
        "Use age recipients only, or accept it: those files then count as not opened.",
        acceptable=True,
    ),
    _rules(
        "rules-nested",
        "A second .sops.yaml lies under the roots.",
        "sops takes the one that is nearest to the working directory, so the same file is "
        "encrypted by other rules depending on where sops is started.",
        "Move its rules into the .sops.yaml at the root.",
        Severity.WARNING,
    ),
)
