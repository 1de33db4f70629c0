"""Examples of the checks of the content of one file."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final = {
    "yaml": (
        """
first: &copy ENC[...]
second: *copy
""",
        """
first: ENC[...]
second: ENC[...]
""",
    ),
    "merge-conflict": (
        """
<<<<<<< HEAD
password: ENC[...]
=======
password: ENC[...]
>>>>>>> feature
""",
        "password: ENC[...]",
    ),
    "lfs-pointer": (
        """
version https://git-lfs.github.com/spec/v1
oid sha256:...
size 1423
""",
        """
password: ENC[...]
sops: ...
""",
    ),
    "not-sops": (
        "password: hunter2",
        """
password: ENC[...]
sops: ...
""",
    ),
    "not-encrypted": (
        """
user: ENC[...]
password: hunter2
sops: ...
""",
        """
user: ENC[...]
password: ENC[...]
sops: ...
""",
    ),
    "not-canonical": ("password: ENC[...] hunter2", "password: ENC[...]"),
    "stray-ciphertext": (
        """
metadata:
    name: ENC[...]
""",
        """
metadata:
    name: mail
""",
    ),
    "ambiguous-scalar": ("build: 0123", 'build: "0123"'),
    "empty-value": ('password: ""', "password: ENC[...]"),
    "placeholder-value": ("password: changeme", "password: S9f2..."),
    "null-value": ("password: null", "password: ENC[...]"),
    "empty-container": ("users: []", "the key users is removed"),
    "plain-comment": (
        """
# the old one was hunter2
password: ENC[...]
""",
        """
#ENC[...]
password: ENC[...]
""",
    ),
    "readable-comment": (
        """
# restart the pod after a change
kind: Secret
""",
        "kind: Secret",
    ),
    "bad-key-name": ('"db:password": ENC[...]', "db_password: ENC[...]"),
    "twin-keys": (
        """
token: ENC[...]
to<U+200B>ken: ENC[...]
""",
        "token: ENC[...]",
    ),
    "value-in-key-name": ('"password=hunter2": ENC[...]', "password: ENC[...]"),
    "metadata": (
        """
sops:
    note: the password is hunter2
    version: 3.11.0
""",
        """
sops:
    version: 3.11.0
""",
    ),
    "mac-only": (
        """
sops:
    mac_only_encrypted: true
""",
        """
sops:
    version: 3.11.0
""",
    ),
    "key-service": (
        """
sops:
    kms:
        - arn: arn:aws:kms:...
""",
        """
sops:
    age:
        - recipient: age1alice...
""",
    ),
    "stanza": (
        "an entry labelled age1alice... that also opens with the identity of age1mallory...",
        "an entry labelled age1alice... that opens with her identity alone",
    ),
    "undecryptable": (
        """
user: ENC[...]
password: ENC[...]    # copied from another file
""",
        """
user: ENC[...]
password: ENC[...]    # written by plana-secrets set
""",
    ),
    "future-lastmodified": (
        """
sops:
    lastmodified: "2099-01-01T00:00:00Z"
""",
        """
sops:
    lastmodified: "2026-11-23T10:00:00Z"
""",
    ),
    "unencrypted-suffix": ("password_unencrypted: hunter2", "password: ENC[...]"),
    "manifest-shape": (
        """
kind: Secret
spec:
    password: hunter2
""",
        """
kind: Secret
stringData:
    password: ENC[...]
""",
    ),
    "manifest-last-applied": (
        """
metadata:
    annotations:
        kubectl.kubernetes.io/last-applied-configuration: '{"data": ...}'
""",
        """
metadata:
    name: mail
""",
    ),
    "manifest-data": (
        """
stringData:
    port: 587
""",
        """
stringData:
    port: "587"
""",
    ),
    "kubernetes-name": (
        """
metadata:
    name: Shop_API
""",
        """
metadata:
    name: shop-api
""",
    ),
    "flux-not-decrypted": (
        """
metadata:
    annotations:
        kustomize.toolkit.fluxcd.io/decrypt: disabled
""",
        """
metadata:
    annotations: {}
""",
    ),
    "flux-substitution": (
        """
stringData:
    password: a$$b    # once decrypted
""",
        """
metadata:
    annotations:
        kustomize.toolkit.fluxcd.io/substitute: disabled
stringData:
    password: a$$b    # once decrypted
""",
    ),
    "data-not-base64": (
        """
data:
    password: hunter2    # once decrypted
""",
        """
stringData:
    password: hunter2    # once decrypted
""",
    ),
    "value-of-type": (
        """
type: kubernetes.io/dockerconfigjson
stringData:
    .dockerconfigjson: user:hunter2
""",
        """
type: kubernetes.io/dockerconfigjson
stringData:
    .dockerconfigjson: '{"auths": {"ghcr.io": {"auth": "..."}}}'
""",
    ),
    "mac-mismatch": (
        "a line was removed in a text editor",
        "plana-secrets unset FILE PATH removed it",
    ),
}
