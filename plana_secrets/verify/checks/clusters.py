"""What the API server refuses of a Secret manifest, and what Flux changes in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from plana_secrets.document.kinds import FileKind
from plana_secrets.document.kubernetes import (
    REQUIRED_KEYS,
    is_annotation_key,
    is_data_key,
    is_label_key,
    is_label_value,
    is_namespace,
    is_object_name,
)
from plana_secrets.document.manifest import DECRYPT, DISABLED, SUBSTITUTE
from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Leaf
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject

_Rule = tuple[Callable[[str], bool], str]

_NAMES: Final[Mapping[LeafPath, _Rule]] = {
    ("metadata", "name"): (is_object_name, "a DNS name in lower case"),
    ("metadata", "namespace"): (is_namespace, "a DNS label in lower case"),
    ("metadata", "labels"): (is_label_value, "a label value"),
}
_KEYS: Final[Mapping[LeafPath, _Rule]] = {
    ("data",): (is_data_key, "letters, digits, '-', '_' and '.'"),
    ("stringData",): (is_data_key, "letters, digits, '-', '_' and '.'"),
    ("metadata", "labels"): (is_label_key, "a label name"),
    ("metadata", "annotations"): (is_annotation_key, "an annotation name"),
}
VARIABLES: Final = "flux-substitution"
_SUBSTITUTED: Final = (b"${", b"$$")
"""What starts or escapes a variable in a build of Flux.

Source: github.com/fluxcd/pkg/envsubst v1.7, parse/scan.go.
"""


def check_names_for_kubernetes(subject: Subject) -> Iterator[Finding]:
    """Names, labels and keys, and the keys that the type of a Secret needs."""
    if subject.kind is not FileKind.SECRET_MANIFEST:
        return
    for leaf in subject.structure.leaves():
        yield from _check_name(subject, leaf)
        yield from _check_key(subject, leaf)
    yield from _check_required(subject)


def _check_name(subject: Subject, leaf: Leaf) -> Iterator[Finding]:
    rule = _NAMES.get(leaf.path) or _NAMES.get(leaf.path[:-1])
    if rule is None or leaf.plain is None:
        return
    is_valid, wanted = rule
    if not is_valid(leaf.plain.reveal().decode("utf-8", "replace")):
        yield _refused(subject, leaf, f"Kubernetes needs {wanted} here")


def _check_key(subject: Subject, leaf: Leaf) -> Iterator[Finding]:
    rule, key = _KEYS.get(leaf.path[:-1]), leaf.path[-1]
    if rule is None or not isinstance(key, str):
        return
    is_valid, wanted = rule
    # a key with = is a finding of its own, and may be the value
    if "=" not in key and not is_valid(key):
        yield _refused(subject, leaf, f"Kubernetes needs {wanted} in this name")


def _check_required(subject: Subject) -> Iterator[Finding]:
    plain = _readable(subject)
    present = {leaf.path[1] for leaf in subject.structure.leaves() if _is_entry(leaf.path)}
    for key in REQUIRED_KEYS.get(plain.get(("type",), ""), ()):
        if key not in present:
            words = f"a Secret of this type needs the key {key}"
            yield subject.found("kubernetes-name", words, path=("type",))


def _is_entry(path: LeafPath) -> bool:
    return len(path) == 2 and path[0] in {"data", "stringData"}


def _readable(subject: Subject) -> dict[LeafPath, str]:
    return {
        leaf.path: leaf.plain.reveal().decode("utf-8", "replace")
        for leaf in subject.structure.leaves()
        if leaf.plain is not None
    }


def _refused(subject: Subject, leaf: Leaf, words: str) -> Finding:
    return subject.found("kubernetes-name", words, path=leaf.path, line=leaf.line)


def check_decrypt_disabled(subject: Subject) -> Iterator[Finding]:
    """Flux applies such a file as it is, with the ciphertexts."""
    if subject.kind is not FileKind.SECRET_MANIFEST:
        return
    path = ("metadata", "annotations", DECRYPT)
    if _readable(subject).get(path, "").lower() == DISABLED:
        yield subject.found("flux-not-decrypted", "Flux does not decrypt this file", path=path)


def check_substitution(subject: Subject) -> Iterator[Finding]:
    """With the identity: text in which ``postBuild`` would find a variable.

    ``data`` is base64 and has none.
    """
    if subject.kind is not FileKind.SECRET_MANIFEST or subject.document is None:
        return
    plain = _readable(subject)
    for place in ("annotations", "labels"):
        if plain.get(("metadata", place, SUBSTITUTE)) == DISABLED:
            return
    for leaf, value in subject.document.entries():
        is_text = leaf.path[0] == "stringData"
        if is_text and any(sign in value.reveal() for sign in _SUBSTITUTED):
            words = "contains ${ or $$, which Flux replaces if the build has postBuild"
            yield subject.found(VARIABLES, words, path=leaf.path, line=leaf.line)
