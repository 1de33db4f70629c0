"""Examples of the checks of what the rules and the settings demand."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final = {
    "no-rule": (
        """
# .sops.yaml has a rule for ^infra/secrets/prod/ only
infra/secrets/dev/mail.yaml
""",
        """
# .sops.yaml
- path_regex: ^infra/secrets/dev/.*\\.yaml$
  age: age1alice...,age1recovery...
""",
    ),
    "recipients-differ": (
        """
# the rule
age: age1alice...,age1recovery...
# the file
age: age1alice...,age1bob...
""",
        """
# the rule and the file
age: age1alice...,age1recovery...
""",
    ),
    "former-reader": (
        """
# at HEAD~1
age: age1alice...,age1bob...
# at HEAD, with the data key of HEAD~1
age: age1alice...
""",
        """
# at HEAD, with a new data key
age: age1alice...
""",
    ),
    "former-readers-unknown": (
        """
git clone --depth 1 ssh://git.example.com/team/secrets.git
""",
        """
git clone ssh://git.example.com/team/secrets.git
""",
    ),
    "too-few-recipients": (
        """
# policy.min_recipients = 2
age: age1alice...
""",
        """
# policy.min_recipients = 2
age: age1alice...,age1recovery...
""",
    ),
    "required-recipient": (
        """
# policy.required = ["recovery"]
age: age1alice...
""",
        """
# policy.required = ["recovery"]
age: age1alice...,age1recovery...
""",
    ),
    "unnamed-recipient": (
        """
# policy.named = true; age1bob... has no table
age: age1alice...,age1bob...
""",
        """
[recipients.bob]
key = "age1bob..."
kind = "staff"
""",
    ),
    "classic-recipient": ("age: age1alice...,age1pq1bob...", "age: age1pq1alice...,age1pq1bob..."),
    "demo-recipient": ("age: age1demo...", "age: age1alice..."),
    "selector-not-allowed": (
        """
sops:
    encrypted_regex: ^password$
""",
        """
sops:
    encrypted_regex: ^(data|stringData)$
""",
    ),
    "selector-differs": (
        """
# the rule
encrypted_regex: ^(data|stringData)$
# the file
encrypted_regex: ^data$
""",
        """
# the rule and the file
encrypted_regex: ^(data|stringData)$
""",
    ),
    "keyset-schema": (
        """
kind: api-key
note: ask Alice
""",
        "kind: api-key",
    ),
    "keyset-name": (
        """
# infra/secrets/keysets/shop.yaml
name: shop/portal
""",
        """
# infra/secrets/keysets/shop/portal.yaml
name: shop/portal
""",
    ),
    "keyset-unknown": (
        "infra/secrets/keysets/shop/portal.yaml without a table",
        """
[keysets."shop/portal"]
kind = "api-key"
""",
    ),
    "target-differs": (
        "the service has a key that its keyset does not have",
        "the service has exactly what the keyset renders",
    ),
    "target-foreign": (
        "the accepted list has an entry that was added by hand",
        "every entry of the accepted list comes from a keyset",
    ),
    "destroyed-value": (
        "git revert brought a destroyed key back",
        "a destroyed key keeps its fingerprint only",
    ),
    "destroyed-copy": (
        "a destroyed API key is still in another secret file",
        "plana-secrets unset FILE PATH removed it",
    ),
    "key-copied": (
        "the value of a keyset, pasted into a file that is no target of it",
        "the path is in callers, so that every rotation writes it",
    ),
    "target-immutable": (
        """
kind: Secret
immutable: true    # in the file of a target
""",
        """
kind: Secret
""",
    ),
    "reader-removed": (
        "a path was removed from callers, and its file still has the key",
        "the value was removed from the file as well",
    ),
    "since-in-future": (
        'since: "2099-01-01T00:00:00Z"',
        'since: "2026-11-23T10:00:00Z"',
    ),
    "history-incomplete": (
        """
- uses: actions/checkout@v5
""",
        """
- uses: actions/checkout@v5
  with:
      fetch-depth: 0
""",
    ),
    "rotation-overdue": (
        "max_age = 90d, and the active key is 100 days old",
        "max_age = 90d, and the active key is 20 days old",
    ),
    "rotation-unreadable": (
        "the target of a keyset is not in the repository",
        "the keyset file and all of its targets can be read",
    ),
    "keyset-breaks-flux": (
        """
# Flux builds infra/secrets, without a kustomization.yaml
infra/secrets/keysets/shop/portal.yaml
""",
        """
# infra/secrets/kustomization.yaml
resources:
    - prod/mail.secret.yaml
""",
    ),
    "flux-not-a-manifest": (
        """
# Flux builds infra/secrets/prod, without a kustomization.yaml
infra/secrets/prod/mail.yaml    # a plain map
""",
        """
# infra/secrets/prod/kustomization.yaml
resources:
    - shop.secret.yaml
""",
    ),
    "flux-duplicate": (
        """
# infra/secrets/prod/shop.secret.yaml and shop-old.secret.yaml
kind: Secret
metadata:
    name: shop
""",
        """
# infra/secrets/prod/shop.secret.yaml alone
kind: Secret
metadata:
    name: shop
""",
    ),
    "flux-no-decryption": (
        """
kind: Kustomization
spec:
    path: ./infra/secrets/prod
""",
        """
kind: Kustomization
spec:
    path: ./infra/secrets/prod
    decryption:
        provider: sops
        secretRef:
            name: sops-age
""",
    ),
    "mirror-recipient": (
        """
[mirror.local]
recipients = ["age1mallory..."]
""",
        """
[mirror.local]
recipients = ["age1alice..."]    # with a name in [recipients]
""",
    ),
    "mirror-drift": (
        "a password was changed in the vault at night",
        "plana-secrets mirror adopt FILE PATH took it into the file",
    ),
    "accept-invalid": (
        """
[[verify.accept]]
check = "not-encrypted"
""",
        """
[[verify.accept]]
check = "empty-value"
""",
    ),
    "allowed-signers": (
        "alice@example.com ssh-ed25519",
        "alice@example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA...",
    ),
    "accept-expired": ("until = 2020-01-01", "until = 2027-03-31"),
    "accept-unused": (
        """
[[verify.accept]]
check = "empty-value"
file = "infra/secrets/prod/removed.yaml"
""",
        "the entry is removed together with its file",
    ),
}
