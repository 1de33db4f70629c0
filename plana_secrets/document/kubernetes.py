"""Which names Kubernetes takes: the API server refuses a manifest with any other.

Sources: k8s.io/apimachinery/pkg/util/validation, k8s.io/kubernetes/pkg/apis/core/validation
(ValidateSecret, ValidateObjectMeta).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*+(?<=[a-z0-9]))?+"
_SUBDOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*+")
_DNS_LABEL: Final = re.compile(_LABEL)
_KEY: Final = re.compile(r"[-._A-Za-z0-9]{1,253}")
_WORD: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*+(?<=[A-Za-z0-9]))?+")

REQUIRED_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
"""The keys that a Secret of a type must have."""

BASIC_AUTH: Final = "kubernetes.io/basic-auth"
BASIC_AUTH_KEYS: Final = ("username", "password")
"""A Secret of that type must have one of them."""

ACCOUNT_TOKEN: Final = "kubernetes.io/service-account-token"  # noqa: S105 - a type
ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
"""A Secret of that type must have this annotation."""

JSON_KEYS: Final[Mapping[str, str]] = {
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/dockercfg": ".dockercfg",
}
"""The value of a Secret of a type that must be JSON."""


def is_object_name(name: str) -> bool:
    """``metadata.name`` of a Secret: a DNS subdomain."""
    return len(name) <= 253 and _SUBDOMAIN.fullmatch(name) is not None


def is_namespace(name: str) -> bool:
    """``metadata.namespace``: a DNS label."""
    return len(name) <= 63 and _DNS_LABEL.fullmatch(name) is not None


def is_data_key(name: str) -> bool:
    """A key of ``data`` or ``stringData``: it becomes the name of a file."""
    return _KEY.fullmatch(name) is not None and name != "." and not name.startswith("..")


def is_label_key(name: str) -> bool:
    """A key of ``metadata.labels``: a word, or a domain, a slash and a word."""
    prefix, slash, word = name.rpartition("/")
    is_word = len(word) <= 63 and _WORD.fullmatch(word) is not None
    return is_word and (not slash or is_object_name(prefix))


def is_annotation_key(name: str) -> bool:
    """A key of ``metadata.annotations``: like one of a label, in any case."""
    return is_label_key(name.lower())


def is_label_value(value: str) -> bool:
    """A value of ``metadata.labels``."""
    return not value or (len(value) <= 63 and _WORD.fullmatch(value) is not None)
