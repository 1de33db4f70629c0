"""Examples of the checks in ``catalogue/commits.py``."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final[dict[str, tuple[str, str]]] = {
    "plaintext-in-commit": (
        """
commit 1: infra/secrets/prod/mail.yaml in plaintext
commit 2: infra/secrets/prod/mail.yaml encrypted
""",
        "commit 1: infra/secrets/prod/mail.yaml encrypted",
    ),
    "policy-weakened": (
        """
-min_recipients = 2
+min_recipients = 1
""",
        """
-min_recipients = 1
+min_recipients = 2
""",
    ),
    "commit-unsigned": (
        """
$ git commit infra/secrets/prod/mail.yaml
$ git verify-commit HEAD
""",
        """
$ git commit --gpg-sign infra/secrets/prod/mail.yaml
$ git verify-commit HEAD
Good "git" signature for alice@example.com with ED25519 key SHA256:...
""",
    ),
    "commit-by-stranger": (
        """
commit 1: add mallory@example.com to .git-allowed-signers, signed by mallory
commit 2: change infra/secrets/prod/mail.yaml, signed by mallory
""",
        """
merged before: add bob@example.com to .git-allowed-signers, signed by alice
commit 1: change infra/secrets/prod/mail.yaml, signed by bob
""",
    ),
    "commit-key-expired": (
        """
alice@example.com valid-before="20270101" ssh-ed25519 AAAA...
commit 1: signed by alice, dated 2027-03-01
""",
        """
alice@example.com valid-before="20280101" ssh-ed25519 AAAA...
commit 1: signed by alice, dated 2027-03-01
""",
    ),
    "commit-signature-bad": (
        "commit 1: with the signature of another commit",
        "commit 1: git commit --amend --gpg-sign",
    ),
    "recipient-added": (
        """
-      age: age1alice...
+      age: age1alice...,age1unknown...
""",
        """
 [recipients.bob]
 key = "age1bob..."

-      age: age1alice...
+      age: age1alice...,age1bob...
""",
    ),
    "recipient-removed": (
        """
-      age: age1alice...,age1bob...
+      age: age1alice...
""",
        "plana-secrets recipients apply, and new values for what Bob could read",
    ),
    "changed-without-sops": (
        """
-user: ENC[...]
 password: ENC[...]
 sops:
     mac: ENC[the same]
""",
        "plana-secrets unset infra/secrets/prod/mail.yaml user",
    ),
    "moved-value": (
        """
-old: ENC[one]
-new: ENC[two]
+old: ENC[two]
+new: ENC[one]
""",
        "plana-secrets edit infra/secrets/prod/mail.yaml",
    ),
    "reshaped-value": (
        """
-password: ENC[one]
+password:
+    - ENC[one]
""",
        "plana-secrets edit infra/secrets/prod/mail.yaml",
    ),
    "rolled-back": (
        """
commit 1: password: ENC[one]
commit 2: password: ENC[two]
commit 3: password: ENC[one]
""",
        """
commit 1: password: ENC[one]
commit 2: password: ENC[two]
commit 3: password: ENC[three]
""",
    ),
    "merge-dropped": (
        """
db.password changed on the branch, db.user on main
$ git merge -X ours branch
""",
        """
db.password changed on the branch, db.user on main
$ plana-secrets hook install --merge
$ git merge branch
""",
    ),
    "null-changed": (
        """
-password: ENC[...]
+password: null
""",
        "password: ENC[...]",
    ),
}
