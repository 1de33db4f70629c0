"""Checks of ``.sops.yaml`` itself. What the reader of the rules sees is reported under these."""

from __future__ import annotations

from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.check import Check, Level

_FAIL_OPEN: Final = (
    "A regular expression that sops cannot compile matches nothing: sops then writes "
    "the whole file unencrypted and reports success."
)
_IGNORED: Final = "sops silently ignores unknown keys."


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
        "Without rules, the recipients of a file are not defined.",
        "If it was deleted here, `git checkout HEAD -- .sops.yaml` brings it back; `git log --all "
        "-- .sops.yaml` shows whether git had it. If a sparse checkout leaves it out, add it with "
        "`git sparse-checkout add /.sops.yaml`. Otherwise write rules for the files that are "
        "there; where there are none yet, `plana-secrets init` does it.",
    ),
    _rules(
        "rules-unreadable",
        ".sops.yaml is a symlink or not YAML, or creation_rules is not a list.",
        "No file can be compared with its rule.",
        "Fix the line shown, or the permissions; replace a link with the file that it points to.",
    ),
    _rules(
        "rules-unreadable-rule",
        "A creation rule is not in the form that sops reads.",
        "What sops does with it is unknown.",
        "Write the rule as a map with path_regex, age and at most one selector.",
    ),
    _rules(
        "rules-unknown-key",
        "A key in .sops.yaml that sops does not know.",
        f"{_IGNORED} A mistyped encrypted_regex changes what is encrypted.",
        "Fix the spelling, or remove the key.",
    ),
    _rules(
        "rules-unreachable",
        "A creation rule that no file reaches.",
        "sops takes the first rule that matches: the rules before this one match all its files. "
        "Or no path matches it at all, since sops compares `infra/secrets/a.yaml`, without `./` "
        "or a leading `/`.",
        "Move the rule before the one that takes its files, or remove it; a rule that matches "
        "every file goes to the end.",
        Severity.WARNING,
    ),
    _rules(
        "rules-elsewhere",
        "A creation rule gets no file under files.roots.",
        "It matches none, or the rules before it match them all. Its files are not in a folder "
        "where everything must be encrypted: an unencrypted one there is not found.",
        "If it is for other files, there is nothing to do. Otherwise fix path_regex, or add the "
        "folder to files.roots.",
        Severity.NOTE,
    ),
    _rules(
        "rules-unanchored",
        "A path_regex names a folder, but not where the path begins.",
        "sops finds it anywhere in a path: `prod/` also matches files in `nonprod/`, and "
        "encrypts them for the recipients of prod.",
        "Write the path from the root of the repository, with `^` in front.",
        Severity.NOTE,
    ),
    _rules(
        "rules-bad-path-regex",
        "A path_regex that is not supported.",
        "sops may fail on it, or use a different rule than intended.",
        "Use literals, ^ $ . [] () | * + ? and {n,m} only.",
    ),
    _rules(
        "rules-bad-selector",
        "A selector in .sops.yaml that is not supported.",
        _FAIL_OPEN,
        "Use literals, ^ $ . [] () | * + ? and {n,m} only, one selector per rule, and no space "
        "beside a |.",
    ),
    _rules(
        "rules-key-groups",
        "A creation rule splits the data key among several groups.",
        "Only one group of age recipients is supported.",
        "List all recipients in `age`.",
    ),
    _rules(
        "rules-bad-recipient",
        "A recipient in .sops.yaml is not an age recipient.",
        "sops may fail on it or ignore it.",
        "Separate recipients with commas, and copy them whole.",
    ),
    _rules(
        "rules-no-recipients",
        "A creation rule names no recipient.",
        "It cannot encrypt anything.",
        "List the recipients in `age`.",
    ),
    _rules(
        "rules-mac-only",
        "A creation rule sets mac_only_encrypted.",
        "Changes to readable values are then not detected.",
        "Run `plana-secrets repair FILE`: it removes the option, and encrypts the files that have "
        "it again.",
    ),
    _rules(
        "rules-other-keys",
        "A creation rule names keys other than age.",
        "Anyone who runs that key service can read the files; only age is supported. "
        "For files outside the roots, this is a note.",
        "Use age recipients only, or accept it: those files then count as not opened.",
        acceptable=True,
    ),
    _rules(
        "rules-broad",
        "A creation rule also matches files that are not secret files.",
        "The rule does not say which files are secret, so files that it matches were not opened. "
        "A file of sops and a plain Secret are found in them all the same.",
        "Nothing to do; or let path_regex name the secret files, such as .*\\.sops\\.yaml$.",
        Severity.NOTE,
    ),
    _rules(
        "rules-ignored",
        "A file is named .sops.yml.",
        "sops looks for .sops.yaml only; the rules in this file have no effect.",
        "Rename it to .sops.yaml, or remove it.",
        Severity.WARNING,
    ),
    _rules(
        "rules-nested",
        "The .sops.yaml nearest to a file and the one at the root disagree about the file.",
        "sops uses the one nearest to the working directory: started at the root, it "
        "encrypts the file for other recipients. plana-secrets uses the one nearest to the file.",
        "Let the rules at the root leave these files out, or name the same recipients in both.",
        Severity.WARNING,
    ),
)
