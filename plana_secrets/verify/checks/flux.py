"""Keyset files where Flux, or anything else that builds a folder, takes YAML for manifests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

FLUX_MARK: Final = "kustomize.toolkit.fluxcd.io/"
"""The API group of Flux's Kustomization."""

_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DOCUMENT: Final = re.compile(rb"(?m)^---.*$")
_KIND: Final = re.compile(rb"""(?m)^kind:\s*["']?Kustomization["']?\s*$""")
_API: Final = re.compile(rb"""(?m)^apiVersion:\s*["']?kustomize\.toolkit\.fluxcd\.io/""")
_PATH: Final = re.compile(rb"""(?m)^  ++path:[ \t]*+["']?([^"'#\n]++)["']?[ \t\r]*+(?:#.*)?$""")
"""Nothing in it gives back what it took: a line of tabs would take hours."""


def flux_paths(content: bytes) -> Iterator[str]:
    """The folders that the Flux Kustomizations in a file build, relative to the repository."""
    for document in _DOCUMENT.split(content):
        if _KIND.search(document) and _API.search(document):
            match = _PATH.search(document)
            path = match.group(1).decode("utf-8", "replace") if match else ""
            yield str(PurePosixPath(path.strip().removeprefix("./").strip("/") or "."))


def check_flux(
    keysets: Collection[str],
    manifests: Collection[str],
    built: Collection[str],
    present: Collection[str],
) -> Iterator[Finding]:
    """Keyset files below a built folder, with no kustomization.yaml on the way down.

    ``built``: the folders of Flux Kustomizations that this repository holds (an error).
    A folder that holds Secret manifests itself is likely to be built (a warning).
    ``present``: every file under the roots, to see the kustomization.yaml files.
    """
    listed = {str(PurePosixPath(one).parent) for one in present if one.endswith(_NAMES)}
    likely = {str(PurePosixPath(one).parent) for one in manifests}
    for file in sorted(keysets):
        reachable = list(_folders_up(file, listed))
        for folders, certain in ((set(built), True), (likely, False)):
            folder = next((one for one in reachable if one in folders), None)
            if folder is not None:
                yield _finding(file, folder, certain=certain)
                break


def _folders_up(file: str, listed: Collection[str]) -> Iterator[str]:
    """The folders above a file, up to the first that lists what is built in it."""
    for folder in PurePosixPath(file).parents:
        if str(folder) in listed:
            return
        yield str(folder)


def _finding(file: str, folder: str, *, certain: bool) -> Finding:
    message = (
        f"Flux builds {folder}, and no kustomization.yaml excludes this file"
        if certain
        else f"{folder} holds manifests, and no kustomization.yaml excludes this file"
    )
    severity = Severity.ERROR if certain else Severity.WARNING
    return found("keyset-breaks-flux", message, file=file, severity=severity)
