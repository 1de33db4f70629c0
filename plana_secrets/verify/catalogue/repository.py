"""Checks of what is in the repository around the secret files."""

from __future__ import annotations

from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.check import Check, Level

REPOSITORY_CHECKS: Final = (
    Check(
        "not-a-secret-file",
        Severity.ERROR,
        Level.L1,
        "A file under the roots is neither a SOPS YAML file nor listed as meant to be readable. "
        "A .gitkeep is exempt when it is empty, a .gitignore, .gitattributes or .sourceignore "
        "when it holds patterns alone.",
        "Whatever lies among secrets is taken for a secret: an editor's backup, a .env, a "
        "decrypted copy.",
        "Encrypt it, move it away, or list it in files.plain.",
        acceptable=False,
    ),
    Check(
        "unread-format",
        Severity.ERROR,
        Level.L1,
        "A file that sops seems to have encrypted, in a format that is not read here.",
        "Only YAML is read natively, so nothing is known about what stands in it.",
        "Make a YAML file of it. If that cannot be, accept it: it then counts as not opened.",
    ),
    Check(
        "plaintext-secret",
        Severity.ERROR,
        Level.L1,
        "A Kubernetes Secret manifest stands in the repository unencrypted.",
        "base64 is not encryption; whoever reads the repository reads the values.",
        "Encrypt it with `plana-secrets encrypt`, and replace the values: git remembers them.",
        acceptable=False,
    ),
    Check(
        "plain-not-yaml",
        Severity.WARNING,
        Level.L1,
        "A YAML or JSON file that is meant to be readable is not YAML.",
        "Only its lines could be searched for a Secret in plain, and a Secret can be written in "
        "many ways.",
        "Correct the line that the finding names. A template that is YAML only when it is filled "
        "in can be accepted.",
    ),
    Check(
        "file-kind",
        Severity.ERROR,
        Level.L1,
        "A secret file is a symlink, a folder or not a regular file.",
        "What is checked here and what is read elsewhere may then be two different files.",
        "Put the regular file in its place.",
    ),
    Check(
        "file-mode",
        Severity.WARNING,
        Level.L1,
        "A secret file is executable.",
        "git keeps that bit, and nobody means it.",
        "chmod -x FILE",
    ),
    Check(
        "unreadable-file",
        Severity.ERROR,
        Level.L1,
        "A file could not be read from the disk.",
        "What was not read was not checked.",
        "Fix its permissions, or remove it.",
        acceptable=False,
    ),
    Check(
        "too-large",
        Severity.ERROR,
        Level.L1,
        "A secret file is larger than 1 MiB, or a readable one larger than 5 MiB.",
        "Kubernetes holds no larger Secret, and what was not read was not checked.",
        "Split a secret file into several; move any other file out of the secret folders.",
        acceptable=False,
    ),
    Check(
        "empty-root",
        Severity.WARNING,
        Level.L1,
        "A folder in files.roots holds no secret file.",
        "Where the name is misspelt, or the files have moved, nobody looks at them any more.",
        "Correct files.roots in plana-secrets.toml.",
        acceptable=False,
    ),
    Check(
        "twin-names",
        Severity.WARNING,
        Level.L1,
        "Two files or folders whose names are the same to a person or to another file system.",
        "A Mac keeps one file for both, whichever was written last; where the names differ in "
        "what cannot be seen, anyone who edits one may mean the other.",
        "Rename one of them with `git mv`.",
    ),
    Check(
        "invisible-name",
        Severity.WARNING,
        Level.L1,
        "The name of a file holds a character that cannot be seen.",
        "It can be taken for another file, and be typed by nobody.",
        "Rename it with `git mv`.",
    ),
    Check(
        "git-attributes",
        Severity.ERROR,
        Level.L1,
        "git attributes change what is stored or merged of a secret file.",
        "A filter or another encoding means that the bytes in git are not the bytes that were "
        "checked; a union merge makes one file out of two without its MAC.",
        "Remove the attribute for the secret files from .gitattributes.",
    ),
    Check(
        "private-identity",
        Severity.ERROR,
        Level.L1,
        "A private age identity stands in a tracked file.",
        "Whoever has a copy of the repository reads every file that is encrypted to it.",
        "Remove the recipient from every rule, rotate data keys and values. A demo identity "
        'that is public on purpose is named in [recipients] with kind = "demo".',
        acceptable=False,
    ),
    Check(
        "copied-file",
        Severity.WARNING,
        Level.L1,
        "Two secret files hold the same ciphertext.",
        "sops does not bind a file to its path: one environment's values copied over "
        "another's decrypt without complaint.",
        "Make the copy anew with `plana-secrets new` and its own values.",
    ),
)
