"""What Kubernetes refuses of a Secret manifest, as far as names, types and nesting show it.

sops authenticates no key name, no type and no nesting, so the readable part is held to
a closed list. `verify` reports all of it, and what is written new has none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.document.kinds import ENTRIES
from plana_secrets.document.kubernetes import (
    ACCOUNT_NAME,
    ACCOUNT_TOKEN,
    BASIC_AUTH,
    BASIC_AUTH_KEYS,
    REQUIRED_KEYS,
    is_annotation_key,
    is_data_key,
    is_label_key,
    is_label_value,
    is_namespace,
    is_object_name,
)
from plana_secrets.document.manifest import CREATED, MANIFEST_MAPS, readable_type
from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Comment, Empty, Item, Leaf, LeafType, Severity

_Rule = tuple[Callable[[str], bool], str]

_PARENTS: Final = MANIFEST_MAPS | {("metadata",), *((one,) for one in ENTRIES)}
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_REQUIRED: Final = {("apiVersion",): "v1", ("kind",): "Secret", ("metadata", "name"): None}
_TYPES: Final = {LeafType.STR: "a string", LeafType.BOOL: "true or false"}
_NAMES: Final[Mapping[LeafPath, _Rule]] = {
    ("metadata", "name"): (is_object_name, "a DNS name in lower case"),
    ("metadata", "namespace"): (is_namespace, "a DNS label in lower case"),
    ("metadata", "labels"): (is_label_value, "a label value"),
}
_KEYS: Final[Mapping[LeafPath, _Rule]] = {
    **{(one,): (is_data_key, "letters, digits, '-', '_' and '.'") for one in ENTRIES},
    ("metadata", "labels"): (is_label_key, "a label name"),
    ("metadata", "annotations"): (is_annotation_key, "an annotation name"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """``check``: the id under which `verify` reports it. ``severity`` None: the usual one."""

    check: str
    path: LeafPath
    message: str
    line: int | None = None
    severity: Severity | None = None


def problems_of(items: Sequence[Item]) -> Iterator[Problem]:
    """Everything that is wrong with one v1 Secret of these items; values are not looked at."""
    leaves = {item.path: item for item in items if isinstance(item, Leaf)}
    plain = {path: _text(leaf) for path, leaf in leaves.items() if leaf.plain is not None}
    if problem := list_problem(items):
        yield problem
        yield from _of_list(items)
        return
    yield from _identity(leaves, plain)
    for item in items:
        if not isinstance(item, Comment):
            is_entry = item.path[0] in ENTRIES
            yield from _entry(item) if is_entry else _readable(item)
    for leaf in leaves.values():
        yield from _name(leaf)
        yield from _key(leaf)
    yield from _required_keys(leaves, plain)
    yield from _overridden(leaves)


def overriding(path: LeafPath) -> LeafPath:
    """The path whose value the API server takes, if it is there, in place of that in ``data``."""
    return ("stringData", *path[1:])


def list_problem(items: Sequence[Item]) -> Problem | None:
    """That this is a List of manifests, if it is one."""
    for item in items:
        if isinstance(item, Leaf) and item.path == ("kind",) and _text(item).endswith("List"):
            words = f"a {_text(item)}: write each Secret into a file of its own"
            return Problem("manifest-shape", item.path, words, item.line)
    return None


def _of_list(items: Sequence[Item]) -> Iterator[Problem]:
    """What may not be readable in any Secret of a List, at its own place."""
    for item in items:
        if isinstance(item, Comment) or not (item.path[0] == "items" and len(item.path) > 2):
            continue
        inner = item.path[2:]
        if isinstance(item, Empty) or inner[0] in ENTRIES or inner == CREATED:
            continue
        if readable_type(inner) is None or inner[2:] == (_APPLIED,):
            yield _unknown(item)


def _identity(leaves: Mapping[LeafPath, Leaf], plain: Mapping[LeafPath, str]) -> Iterator[Problem]:
    for path, needed in _REQUIRED.items():
        if path not in leaves:
            yield Problem("manifest-shape", path, "a Secret manifest needs it")
        elif path in plain and needed not in {None, plain[path]}:
            yield Problem("manifest-shape", path, f"must be {needed}", leaves[path].line)


def _readable(item: Leaf | Empty) -> Iterator[Problem]:
    path = item.path
    if isinstance(item, Empty):
        if path not in _PARENTS or item.container == "list":
            yield _unknown(item)
    elif item.type is LeafType.NULL:
        yield _null(item)
    elif (wanted := readable_type(path)) is None:
        yield _unknown(item)
    elif item.type is not wanted:
        words = f"of type {item.type}, but Kubernetes needs {_TYPES[wanted]}"
        yield Problem("manifest-shape", path, words, item.line)
    elif path[2:] == (_APPLIED,):
        words = "this kubectl annotation contains the whole Secret, readable"
        yield Problem("manifest-last-applied", path, words, item.line)


def _null(leaf: Leaf) -> Problem:
    """kubectl writes ``creationTimestamp: null``; any other null is at best an oversight."""
    if leaf.path == CREATED or leaf.path in _PARENTS:
        words = "an empty field left by kubectl"
        return Problem("manifest-shape", leaf.path, words, leaf.line, Severity.NOTE)
    return _unknown(leaf)


def _unknown(item: Leaf | Empty) -> Problem:
    words = "this field must not be readable in a Secret manifest"
    return Problem("manifest-shape", item.path, words, item.line)


def _entry(item: Leaf | Empty) -> Iterator[Problem]:
    """An entry of data or stringData: a string, directly below it."""
    words = None
    if len(item.path) == 1:
        is_empty = isinstance(item, Empty) and item.container == "map"
        if not is_empty and not (isinstance(item, Leaf) and item.type is LeafType.NULL):
            words = "must be a map"
    elif len(item.path) > 2 or isinstance(item, Empty) or isinstance(item.path[1], int):
        words = "a list or a map, but Kubernetes needs a string"
    elif item.type not in {LeafType.STR, LeafType.NULL}:
        words = f"of type {item.type}, but Kubernetes needs a string"
    if words is not None:
        yield Problem("manifest-data", item.path, words, item.line)


def _overridden(leaves: Mapping[LeafPath, Leaf]) -> Iterator[Problem]:
    """What no pod sees: the same key is in ``stringData``."""
    for path, leaf in leaves.items():
        if path[0] == "data" and len(path) > 1 and overriding(path) in leaves:
            words = "the same key is in stringData, and Kubernetes takes that value"
            yield Problem("manifest-data", path, words, leaf.line, Severity.WARNING)


def _name(leaf: Leaf) -> Iterator[Problem]:
    rule = _NAMES.get(leaf.path) or _NAMES.get(leaf.path[:-1])
    if rule is not None and leaf.plain is not None and not rule[0](_text(leaf)):
        yield _refused(leaf, f"Kubernetes needs {rule[1]} here")


def _key(leaf: Leaf) -> Iterator[Problem]:
    rule, key = _KEYS.get(leaf.path[:-1]), leaf.path[-1]
    # a key with = is a finding of its own, and may be the value
    if rule is not None and isinstance(key, str) and "=" not in key and not rule[0](key):
        yield _refused(leaf, f"Kubernetes needs {rule[1]} in this name")


def _refused(leaf: Leaf, words: str) -> Problem:
    return Problem("kubernetes-name", leaf.path, words, leaf.line)


def _required_keys(
    leaves: Mapping[LeafPath, Leaf], plain: Mapping[LeafPath, str]
) -> Iterator[Problem]:
    present = {path[1] for path in leaves if len(path) == 2 and path[0] in ENTRIES}
    kind = plain.get(("type",), "")
    for key in REQUIRED_KEYS.get(kind, ()):
        if key not in present:
            words = f"a Secret of this type needs the key {key}"
            yield Problem("kubernetes-name", ("type",), words)
    if kind == BASIC_AUTH and present.isdisjoint(BASIC_AUTH_KEYS):
        yield _lacking(f"the key {' or '.join(BASIC_AUTH_KEYS)}")
    if kind == ACCOUNT_TOKEN and not plain.get(("metadata", "annotations", ACCOUNT_NAME)):
        yield _lacking(f"the annotation {ACCOUNT_NAME}")


def _lacking(what: str) -> Problem:
    words = f"a Secret of this type needs {what}"
    return Problem("kubernetes-name", ("type",), words, severity=Severity.WARNING)


def _text(leaf: Leaf) -> str:
    return leaf.plain.reveal().decode("utf-8", "replace") if leaf.plain is not None else ""
