"""git attributes of secret files: what git would do to their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

_HARMFUL: Final = {
    "filter": "a filter: git stores different bytes",
    "working-tree-encoding": "another encoding: git stores different bytes",
    "ident": "ident: git changes the file",
    "export-subst": "export-subst: git changes the file on export",
}
_ODD: Final = {
    "merge": "combines two files without a valid MAC",
    "diff": "shows the file with a program",
}
_HARMLESS: Final = frozenset({"set", "unset", "unspecified", "plana-secrets", "binary", "text"})


def check_attributes(attributes: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """``attributes``: of each secret file, the attributes that are specified for it."""
    for file, entries in attributes.items():
        reasons = [_HARMFUL[name] for name in sorted(entries.keys() & _HARMFUL.keys())
                   if entries[name] != "unset"]  # fmt: skip
        odd = [
            f"{name}={entries[name]} {_ODD[name]}"
            for name in sorted(entries.keys() & _ODD.keys())
            if entries[name] not in _HARMLESS
        ]
        if reasons or odd:
            severity = Severity.ERROR if reasons else Severity.WARNING
            message = "; ".join([*reasons, *odd])
            yield found("git-attributes", message, file=file, severity=severity)
