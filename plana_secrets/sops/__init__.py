"""SOPS documents, without and with the sops program.

``model``
    A document as data; everything below speaks in these types.
``reading``
    A file to a document, natively and strictly. Starts nothing.
``rules``
    ``.sops.yaml`` as sops reads it, and which leaves a selector encrypts.
``program``
    The sops program, the only writer of ciphertext.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "bad-pattern": (
        "write the pattern with what RE2 and this tool both read: `plana-secrets verify` "
        "names the rule"
    ),
    "bad-rules": "fix .sops.yaml; `plana-secrets verify` names every defect of it",
    "no-rule": "add a creation rule for it to .sops.yaml",
    "already-encrypted": "`plana-secrets edit` or `set` changes it",
    "mac-mismatch": "something other than sops changed it; take the version that git has",
    "not-decryptable": "something other than sops changed it; take the version that git has",
    "defects": "`plana-secrets verify {file}` names them all",
    "not-encrypted": "`plana-secrets encrypt {file}` encrypts it in place",
}
