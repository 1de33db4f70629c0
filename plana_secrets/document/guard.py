"""What may not be edited, by the kind of the file. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NoReturn

from plana_secrets.document.kinds import ENTRIES, FileKind, kind_of
from plana_secrets.document.manifest import decode_data
from plana_secrets.document.shape import Problem, list_problem, problems_of
from plana_secrets.document.values import SETTABLE_TYPES
from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Item, LeafType, Selector
from plana_secrets.sops.reading.scalars import key_problem
from plana_secrets.sops.rules.selectors import DEFAULT_SUFFIX, is_encrypted_path

_SECRET_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def check_removal(path: LeafPath, selector: Selector, *, by_rotation: bool = False) -> None:
    """Stop the removal of what the kind of the file needs.

    Raises:
        UsageError: kinds ``keyset-file``, ``readable-path``.
    """
    kind = kind_of(selector)
    _check_keyset(path, kind, by_rotation=by_rotation)
    if kind is FileKind.SECRET_MANIFEST and not is_encrypted_path(selector, path):
        _refuse(path, "only data and stringData of a Secret can be edited here", "readable-path")


def check_setting(
    path: LeafPath,
    selector: Selector,
    value: Secret,
    leaf_type: LeafType,
    *,
    by_rotation: bool = False,
) -> None:
    """Stop a value that the kind of the file forbids.

    Raises:
        UsageError: kinds ``keyset-file``, ``bad-key``, ``readable-path``, ``bad-type``,
            ``not-a-string``, ``not-base64``.
    """
    kind = kind_of(selector)
    _check_keyset(path, kind, by_rotation=by_rotation)
    _check_keys(path, kind)
    if not by_rotation and not is_encrypted_path(selector, path):
        _refuse(path, "the value would be unencrypted in the file", "readable-path")
    if leaf_type not in SETTABLE_TYPES and not (by_rotation and leaf_type is LeafType.NULL):
        _refuse(path, f"a value of type {leaf_type} cannot be set here", "bad-type")
    if kind is FileKind.SECRET_MANIFEST and path[0] in ENTRIES:
        _check_secret_entry(path, value, leaf_type)


def _check_keyset(path: LeafPath, kind: FileKind, *, by_rotation: bool) -> None:
    if kind is FileKind.KEYSET and not by_rotation:
        _refuse(path, "a keyset file can only be changed by `rotate`", "keyset-file")


def _check_keys(path: LeafPath, kind: FileKind) -> None:
    if path[0] == "sops":
        _refuse(path, "the top-level key sops is reserved", "bad-key")
    for step in path:
        if not isinstance(step, str):
            continue
        if step == "<<" or key_problem(step, plain=False):
            _refuse(
                path,
                "a key must not be empty or '<<', or contain ':' or characters that do not print",
            )
        if kind is FileKind.PLAIN_MAP and step.endswith(DEFAULT_SUFFIX):
            _refuse(path, f"sops does not encrypt keys that end in {DEFAULT_SUFFIX}")


def _check_secret_entry(path: LeafPath, value: Secret, leaf_type: LeafType) -> None:
    """Kubernetes takes one flat map of texts in each of the two."""
    if len(path) == 1 or not isinstance(path[1], str):
        _refuse(path[:1], "must be a map of names and strings", "not-a-string")
    if len(path) > 2:
        container = "list" if isinstance(path[2], int) else "map"
        refuse_type(path[:2], container)
    if not _SECRET_KEY.fullmatch(path[1]):
        _refuse(path, "a Secret's key can contain only letters, digits, '-', '_' and '.'")
    if leaf_type is not LeafType.STR:
        refuse_type(path, leaf_type)
    if path[0] == "data" and decode_data(value) is None:
        _refuse(path, "data must be base64", "not-base64")


def refuse_type(path: LeafPath, what: str) -> NoReturn:
    """Stop what is no string where a Secret needs one.

    Raises:
        UsageError: always (kind ``not-a-string``).
    """
    _refuse(path, f"a Secret can contain only strings, and this is of type {what}", "not-a-string")


def refuse_list(items: Sequence[Item]) -> None:
    """Stop a List of manifests before each of its fields is found to be at a wrong place.

    Raises:
        UsageError: kind ``bad-manifest``.
    """
    if problem := list_problem(items):
        _refuse_problem(problem)


def refuse_manifest(items: Sequence[Item], before: Sequence[Item] | None = None) -> None:
    """Stop a Secret manifest that `verify` would report; what was so ``before`` may stay.

    Raises:
        UsageError: kind ``bad-manifest``; ``facts["check"]`` is the id of the check.
    """
    known = {(one.check, one.path) for one in problems_of(before)} if before else set()
    for one in problems_of(items):
        if one.severity is None and (one.check, one.path) not in known:
            _refuse_problem(one)


def _refuse_problem(one: Problem) -> NoReturn:
    spelled = format_path(one.path)
    raise UsageError(
        f"{spelled}: {one.message}", kind="bad-manifest", path=spelled, check=one.check
    )


def _refuse(path: LeafPath, reason: str, kind: str = "bad-key") -> NoReturn:
    spelled = format_path(path)
    raise UsageError(f"{spelled}: {reason}", kind=kind, path=spelled)


ADVICE: Final = {
    "bad-key": "choose another name for the key",
    "bad-manifest": "fix it in the text; `plana-secrets explain {check}` tells more",
    "bad-type": "use `plana-secrets edit` for values of other types",
    "keyset-file": "`plana-secrets rotate run` changes it",
    "not-a-string": (
        "in a file, put it in quotes; for `set`, omit --type; write a key with dots as "
        '["like.this"]'
    ),
    "not-base64": (
        "put it below stringData as it is, or encode it: `plana-secrets set` does that with "
        "--encode"
    ),
    "readable-path": "use `plana-secrets edit` to change readable fields",
}
