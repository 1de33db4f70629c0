"""Examples of the checks of what is in the repository around the secret files."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final = {
    "not-a-secret-file": (
        "infra/secrets/prod/mail.yaml~",
        """
# plana-secrets.toml
[files]
plain = ["**/README.md"]
""",
    ),
    "unread-format": ("infra/secrets/prod/mail.ini", "infra/secrets/prod/mail.yaml"),
    "plaintext-secret": (
        """
kind: Secret
stringData:
    password: hunter2
""",
        """
kind: Secret
stringData:
    password: ENC[...]
sops: ...
""",
    ),
    "plaintext-key": ("deploy/id_ed25519", "infra/secrets/prod/deploy.yaml"),
    "typed-secret": (
        """
# .sops.yaml
creation_rules:
  - age: age1alice...  # old password: pa55word
""",
        """
# .sops.yaml
creation_rules:
  - age: age1alice...
""",
    ),
    "plaintext-dotenv": ("DB_PASSWORD=hunter2", "DB_PASSWORD="),
    "staged-plaintext": (
        """
git add infra/secrets/prod/mail.yaml
plana-secrets encrypt infra/secrets/prod/mail.yaml
git commit
""",
        """
plana-secrets encrypt infra/secrets/prod/mail.yaml
git add infra/secrets/prod/mail.yaml
git commit
""",
    ),
    "plain-not-yaml": (
        "replicas: {{ .Values.replicas }}",
        "replicas: 2",
    ),
    "file-kind": (
        "infra/secrets/prod/mail.yaml -> /home/alice/mail.yaml",
        "infra/secrets/prod/mail.yaml",
    ),
    "file-mode": ("-rwxr-xr-x mail.yaml", "-rw-r--r-- mail.yaml"),
    "unreadable-file": ("---------- mail.yaml", "-rw-r--r-- mail.yaml"),
    "too-large": ("a secret file of 3 MiB", "three secret files of 700 KiB"),
    "empty-root": (
        """
[files]
roots = ["infra/secret"]
""",
        """
[files]
roots = ["infra/secrets"]
""",
    ),
    "twin-root": (
        "infra/Secrets/prod/mail.yaml",
        "infra/secrets/prod/mail.yaml",
    ),
    "twin-names": (
        """
infra/secrets/prod/Mail.yaml
infra/secrets/prod/mail.yaml
""",
        "infra/secrets/prod/mail.yaml",
    ),
    "invisible-name": ("infra/secrets/prod/ma<U+200B>il.yaml", "infra/secrets/prod/mail.yaml"),
    "git-attributes": (
        """
# .gitattributes
*.yaml merge=union
""",
        """
# .gitattributes
*.yaml text eol=lf
""",
    ),
    "private-identity": (
        "AGE-SECRET-KEY-1... in docs/setup.md",
        "the identity is in the keyring; docs/setup.md has its recipient, age1alice...",
    ),
    "copied-file": (
        "cp infra/secrets/dev/mail.yaml infra/secrets/prod/mail.yaml",
        "plana-secrets new infra/secrets/prod/mail.yaml",
    ),
}
