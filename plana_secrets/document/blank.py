"""What an empty file of each kind is. Pure.

sops encrypts a document without values: an empty map, or a manifest whose
``stringData`` is empty (Flux applies it as a Secret without entries). Its annotation keeps
``postBuild`` of Flux from replacing what looks like a variable in a value. A keyset file is
never empty and is created by a rotation.
"""

from __future__ import annotations

import json
import re
from typing import Final

from plana_secrets.document.kinds import FileKind
from plana_secrets.document.manifest import DISABLED, SUBSTITUTE
from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUFFIXES: Final = (".secret", ".sops", ".enc")


def empty_file(kind: FileKind, *, name: str | None = None, namespace: str | None = None) -> Secret:
    """The plain YAML of an empty file; ``name`` and ``namespace`` are a Secret's.

    Raises:
        UsageError: the kind cannot be empty (kind ``bad-kind``), or a name is none
            for Kubernetes (kind ``bad-name``).
    """
    if kind is FileKind.PLAIN_MAP:
        if name is not None or namespace is not None:
            raise UsageError("a plain map has no name and no namespace", kind="bad-name")
        return Secret(b"{}\n")
    if kind is not FileKind.SECRET_MANIFEST or name is None:
        raise UsageError(f"an empty file of kind {kind} cannot be created", kind="bad-kind")
    lines = ["apiVersion: v1", "kind: Secret", "metadata:", f"    name: {_checked(name, 253)}"]
    if namespace is not None:
        lines.append(f"    namespace: {_checked(namespace, 63)}")
    lines += [
        "    annotations:",
        f"        {SUBSTITUTE}: {DISABLED}",
        "type: Opaque",
        "stringData: {}",
    ]
    return Secret.from_text("\n".join(lines) + "\n")


def manifest_name(file: str) -> str:
    """The name of the Secret that the name of a file suggests: ``shop`` of ``shop.secret.yaml``."""
    stem = file.rpartition("/")[2].rpartition(".")[0]
    for suffix in _SUFFIXES:
        stem = stem.removesuffix(suffix)
    return stem


def _checked(name: str, longest: int) -> str:
    """A name as Kubernetes takes it, in quotes: ``on`` and ``1`` are names as well."""
    parts = name.split(".") if longest > 63 else [name]
    if len(name) > longest or not all(_LABEL.fullmatch(part) for part in parts):
        raise UsageError(f"not a valid Kubernetes name: {name!r}", kind="bad-name", name=name)
    return json.dumps(name)


ADVICE: Final = {
    "bad-name": "use lowercase letters, digits and '-'",
}
