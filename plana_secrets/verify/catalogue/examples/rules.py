"""Examples of the checks of ``.sops.yaml``. A test reads each as sops would."""

from __future__ import annotations

from typing import Final

_GOOD: Final = """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      age: age1alice...,age1recovery...
"""

EXAMPLES: Final = {
    "rules-missing": ("no .sops.yaml at the root of the repository", _GOOD),
    "rules-unreadable": (
        """
creation_rules:
    path_regex: ^infra/secrets/
    age: age1alice...
""",
        _GOOD,
    ),
    "rules-unreadable-rule": (
        """
creation_rules:
    - age1alice...
""",
        _GOOD,
    ),
    "rules-unknown-key": (
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      encryptedregex: ^(data|stringData)$
      age: age1alice...
""",
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      encrypted_regex: ^(data|stringData)$
      age: age1alice...
""",
    ),
    "rules-unreachable": (
        """
creation_rules:
    - age: age1alice...
    - path_regex: ^infra/secrets/prod/.*\\.yaml$
      age: age1alice...,age1recovery...
""",
        """
creation_rules:
    - path_regex: ^infra/secrets/prod/.*\\.yaml$
      age: age1alice...,age1recovery...
    - age: age1alice...
""",
    ),
    "rules-elsewhere": (
        """
# files.roots = ["infra/secrets"]
- path_regex: ^infra/secret/.*\\.yaml$
""",
        """
# files.roots = ["infra/secrets"]
- path_regex: ^infra/secrets/.*\\.yaml$
""",
    ),
    "rules-unanchored": (
        "- path_regex: prod/.*\\.yaml$",
        "- path_regex: ^infra/secrets/prod/.*\\.yaml$",
    ),
    "rules-bad-path-regex": (
        """
creation_rules:
    - path_regex: infra/secrets/(?!dev).*
      age: age1alice...
""",
        _GOOD,
    ),
    "rules-bad-selector": (
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      encrypted_regex: ^(data|stringData$
      age: age1alice...
""",
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      encrypted_regex: ^(data|stringData)$
      age: age1alice...
""",
    ),
    "rules-key-groups": (
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      key_groups:
          - age: [age1alice...]
          - age: [age1recovery...]
""",
        _GOOD,
    ),
    "rules-bad-recipient": (
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      age: alice@example.com
""",
        _GOOD,
    ),
    "rules-no-recipients": (
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
""",
        _GOOD,
    ),
    "rules-mac-only": (
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      mac_only_encrypted: true
      age: age1alice...
""",
        _GOOD,
    ),
    "rules-other-keys": (
        """
creation_rules:
    - path_regex: ^infra/secrets/.*\\.yaml$
      kms: arn:aws:kms:...
      age: age1alice...
""",
        _GOOD,
    ),
    "rules-broad": ("path_regex: .*\\.yaml$", "path_regex: .*\\.sops\\.yaml$"),
    "rules-ignored": (".sops.yml", ".sops.yaml"),
    "rules-nested": (
        """
# .sops.yaml
creation_rules:
    - age: age1alice...
# infra/secrets/prod/.sops.yaml
creation_rules:
    - age: age1bob...
""",
        """
# both
creation_rules:
    - age: age1alice...,age1bob...
""",
    ),
}
