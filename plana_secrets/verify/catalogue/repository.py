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
        "A file under the roots is neither a SOPS file nor listed in "
        "files.plain. An empty .gitkeep is allowed, and a .gitignore, .gitattributes "
        "or .sourceignore that contains only patterns.",
        "Other files among secrets are often unencrypted secrets: an editor's "
        "backup, a .env, a decrypted copy.",
        "Encrypt it, move it to another folder, or add it to files.plain. If it is empty, "
        "`plana-secrets repair FILE` brings back what git had, and `plana-secrets new FILE` makes "
        "a secret file of it.",
        acceptable=False,
    ),
    Check(
        "unread-format",
        Severity.ERROR,
        Level.L1,
        "A file that sops encrypted in a format that is not read: INI, binary, or another one "
        "than its name says.",
        "sops goes by the name of a file. YAML (.yaml, .yml), JSON (.json) and dotenv (.env) "
        "are read; the content of this file was not checked.",
        "Rename it if its name is wrong, or convert it to YAML. If that is not possible, accept "
        "it: it then counts as not opened.",
    ),
    Check(
        "plaintext-secret",
        Severity.ERROR,
        Level.L1,
        "The repository contains an unencrypted Kubernetes Secret manifest.",
        "base64 is not encryption; anyone who can read the repository can read the values.",
        "Encrypt it with `plana-secrets encrypt FILE`. It says whether git has the values: if so, "
        "replace them.",
        acceptable=False,
    ),
    Check(
        "staged-plaintext",
        Severity.ERROR,
        Level.L1,
        "The index holds plaintext of a file that has another content in the working tree.",
        "`git commit` records what is in the index: a file that was encrypted after `git add` "
        "is committed in plaintext.",
        "Stage the encrypted file with `git add FILE`, or a deleted one with "
        "`git rm --cached FILE`.",
        acceptable=False,
    ),
    Check(
        "plaintext-key",
        Severity.WARNING,
        Level.L1,
        "A file outside the roots contains a private key that is not encrypted.",
        "Anyone who can read the repository can use it.",
        "Encrypt it as a value of a secret file, and replace it: git still has it. If it is a "
        "test's, add the file to files.plain.",
    ),
    Check(
        "typed-secret",
        Severity.WARNING,
        Level.L1,
        "A comment in .sops.yaml or plana-secrets.toml, or an address there or in .gitmodules, "
        "has what looks like a password.",
        "These files are readable; anyone who can read the repository can use it.",
        "Replace it with a new one at its origin, and remove it here: git still has the old one.",
    ),
    Check(
        "plaintext-dotenv",
        Severity.WARNING,
        Level.L1,
        "A dotenv file outside the roots has values in plaintext.",
        "Such files often hold passwords; anyone who can read the repository can read them.",
        "Move its values with `plana-secrets import`, and let git ignore the file. If it is not "
        "secret, add it to files.plain.",
    ),
    Check(
        "plain-not-yaml",
        Severity.WARNING,
        Level.L1,
        "A YAML or JSON file that is meant to be readable is not YAML.",
        "It could only be searched line by line for an unencrypted Secret, which is not reliable.",
        "Fix the line shown. If it is a template that is not YAML yet, accept it.",
    ),
    Check(
        "file-kind",
        Severity.ERROR,
        Level.L1,
        "A secret file is a symlink, a folder or not a regular file.",
        "The file that was checked and the file that others read may be different.",
        "Replace it with a regular file.",
    ),
    Check(
        "file-mode",
        Severity.WARNING,
        Level.L1,
        "A secret file is executable.",
        "The executable bit is usually an accident, and git records it.",
        "Run `chmod -x FILE` in the root folder of the repository.",
    ),
    Check(
        "unreadable-file",
        Severity.ERROR,
        Level.L1,
        "A file could not be read.",
        "A file that was not read was not checked.",
        "Fix its permissions, put the folder in the place of a link to it, or remove it.",
        acceptable=False,
    ),
    Check(
        "too-large",
        Severity.ERROR,
        Level.L1,
        "A secret file is larger than 1 MiB, or a readable one larger than 5 MiB. A manifest "
        "elsewhere that is too large to be read is a warning.",
        "Kubernetes does not allow larger Secrets, and the file was not checked.",
        "Split a secret file; move any other file to another folder.",
        acceptable=False,
    ),
    Check(
        "empty-root",
        Severity.WARNING,
        Level.L1,
        "A folder in files.roots has no secret files.",
        "If the name is misspelled or the files were moved, they are no longer checked.",
        "Fix files.roots in plana-secrets.toml.",
        acceptable=False,
    ),
    Check(
        "twin-root",
        Severity.ERROR,
        Level.L1,
        "A folder looks like one of files.roots, or is the same on another file system, and is "
        "none of them.",
        "A file that is put into it by mistake, or on purpose, need not be encrypted there.",
        "Move its files with `git mv`, or fix the name in files.roots.",
    ),
    Check(
        "twin-names",
        Severity.WARNING,
        Level.L1,
        "Two files or folders whose names look the same, or are the same on another file system.",
        "macOS keeps only the file written last; and if names differ only in "
        "invisible characters, you may edit the wrong file.",
        "Rename one of them with `git mv`.",
    ),
    Check(
        "invisible-name",
        Severity.WARNING,
        Level.L1,
        "The name of a file contains an invisible character.",
        "It can be mistaken for another file, and is hard to type.",
        "Rename it with `git mv`.",
    ),
    Check(
        "git-attributes",
        Severity.ERROR,
        Level.L1,
        "git attributes change how a secret file is stored or merged.",
        "With a filter or another encoding, the bytes in git are not the bytes that "
        "were checked; a union merge combines two files without a valid MAC.",
        "Remove the attribute for secret files from .gitattributes.",
    ),
    Check(
        "private-identity",
        Severity.ERROR,
        Level.L1,
        "A tracked file contains a private age identity, in UTF-16 or base64, too; or the name of "
        "one, a symlink, or in a range a commit or a tag.",
        "Anyone with a copy of the repository can read every file encrypted for it.",
        "Remove it from git. If others may have it, give its owner another key with `recipients "
        "replace --lost`, and replace the values that it could read. A demo identity that is "
        'meant to be public belongs in [recipients] with kind = "demo".',
        acceptable=False,
    ),
    Check(
        "copied-file",
        Severity.WARNING,
        Level.L1,
        "Two secret files contain the same ciphertext, or have the same data key.",
        "sops does not bind a file to its path: values copied from another "
        "environment decrypt without an error. Anyone who ever read one of the files has the data "
        "key of both.",
        "Create the copy again with `plana-secrets new`, with its own values.",
    ),
)
